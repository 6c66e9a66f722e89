"""Gifts, recurring gifts, late instalments and receipts as lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from donorhub.domain.moving.list_columns import Coded, Column, make_rhythm
from donorhub.models import Instalment, RecurringGift
from donorhub.models.states import (
    GIFT_METHODS,
    OVERDUE_INSTALMENTS,
    RECEIPT_STATES,
    RECURRING_STATES,
    RUNNING_PROMISES,
    RecurringState,
    find_word,
)
from donorhub.money import Money
from donorhub.services.donors import custom_fields, custom_values, restriction
from donorhub.services.giving import history
from donorhub.services.moving.lists import custom_columns
from donorhub.services.moving.lists.description import (
    Filter,
    Filters,
    ListOut,
    Reader,
    Row,
    convert_rows,
    get_day,
    get_number,
    get_text,
)
from donorhub.services.paging import AnyRow, Page
from donorhub.services.receipts import receipt_lists, receipts
from donorhub.services.recurring import promises, waiting_instalments

_TEST: Final = Coded("test")
_DONOR: Final = Column("donor", permission="donors:read")
_AMOUNT: Final = Column("amount", "money", permission="gifts:read")
WITHOUT_MANDATE: Final = ("no_mandate", "mandate_gone")  # why a direct debit that nobody may collect waits


def _read_gifts(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    conditions = history.make_conditions(
        first=get_day(filters, "received_from"),
        last=get_day(filters, "received_to"),
        donor_id=get_number(filters, "donor_id"),
        method=find_word(get_text(filters, "method"), GIFT_METHODS),
    )
    shapes = custom_fields.list_shapes(reader.who, entity="gift")
    custom = custom_values.read_filter(get_text(filters, "custom"), shapes)
    page = history.list_gifts(*conditions, custom=custom, after=after, limit=limit)
    values_of = custom_values.read_values([row.id for row in page.rows], shapes)
    funds, deductions = history.find_fund_names(page.rows), history.find_deduction_states(page.rows)

    def convert_row(row: AnyRow) -> Row:
        return (
            row.received_on,
            row.donor_name,
            Coded(row.method),
            _TEST if row.is_test else None,
            Coded(deductions[row.id]) if row.id in deductions else None,
            ", ".join(funds[row.id]) if row.id in funds else Coded(""),
            Money(row.amount_minor, row.currency),
            *custom_columns.write_cells(values_of[row.id], shapes),
        )

    return convert_rows(page, convert_row)


def list_states(word: str) -> Sequence[RecurringState]:
    """Return the states that a filter of recurring gifts stands for; ``running`` for all that run."""
    state = find_word(word, RECURRING_STATES)
    return RUNNING_PROMISES if word == "running" else (state,) if state else ()


def _read_recurring_gifts(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    page = promises.list_recurring_gift_rows(
        states=list_states(get_text(filters, "state")),
        donor_id=get_number(filters, "donor_id"),
        after=after,
        limit=limit,
    )
    terms = promises.find_terms_on(page.rows, reader.today)

    def convert_row(row: AnyRow) -> Row:
        term = terms[row.id]
        return (
            row.donor_name,
            _TEST if row.is_test else None,
            Coded(row.kind),
            make_rhythm(term.every, term.period, term.day_of_month),
            Coded(row.state),
            Coded("mandate") if row.state_reason in WITHOUT_MANDATE else None,
            row.start_on,
            Money(term.amount_minor, term.currency),
        )

    return convert_rows(page, convert_row)


def _read_late_instalments(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    state = find_word(get_text(filters, "state"), OVERDUE_INSTALMENTS)
    states = (state,) if state else OVERDUE_INSTALMENTS
    is_listed = RecurringGift.donor.has(restriction.may_be_listed())  # they are called, by the phone beside
    page = promises.list_late_instalments(is_listed, states=states, after=after, limit=limit)
    known_days = waiting_instalments.find_known_days(page.rows, today=reader.today, now=reader.now)

    def convert_row(row: Instalment) -> Row:
        donor = row.recurring_gift.donor
        return (
            row.due_on,
            (reader.today - row.due_on).days,
            donor.name,
            donor.phone,
            Coded(row.state),
            (known_days[row.id] or Coded("no_statement")) if row.id in known_days else None,
            row.amount,
        )

    return convert_rows(page, convert_row)


def _read_receipts(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    page = receipt_lists.list_receipts(
        year=get_number(filters, "year"),
        donor_id=get_number(filters, "donor_id"),
        state=find_word(get_text(filters, "state"), RECEIPT_STATES),
        after=after,
        limit=limit,
    )

    def convert_row(row: AnyRow) -> Row:
        return (
            receipts.format_number_of(row),
            row.issued_on,
            row.donor_name,
            Coded(row.state),
            None if row.pdf_sha256 else Coded("waits"),
            Money(row.total_minor, row.currency),
        )

    return convert_rows(page, convert_row)


GIFTS: Final = ListOut(
    "gifts",
    "gifts:read",
    filters=(
        Filter("received_from", "day"),
        Filter("received_to", "day"),
        Filter("donor_id", "id"),
        Filter("method", "word", GIFT_METHODS),
        Filter("custom", "text"),
    ),
    columns=(
        Column("received_on", "day"),
        _DONOR,
        Column("method", "word"),
        Column("test", "word", beside="method"),
        Column("taken", "word", beside="method"),
        Column("funds"),
        _AMOUNT,
    ),
    read_page=_read_gifts,
    list_more_columns=partial(custom_columns.list_columns, "gift"),
)
RECURRING_GIFTS: Final = ListOut(
    "recurring-gifts",
    "recurring:read",
    filters=(Filter("state", "word", ("running", *RECURRING_STATES)), Filter("donor_id", "id")),
    columns=(
        _DONOR,
        Column("test", "word", beside="donor"),
        Column("kind", "word"),
        Column("rhythm", "word"),
        Column("state", "word"),
        Column("waits_for", "word", beside="state"),
        Column("start_on", "day"),
        _AMOUNT,
    ),
    read_page=_read_recurring_gifts,
)
LATE_INSTALMENTS: Final = ListOut(
    "late-instalments",
    "recurring:read",
    filters=(Filter("state", "word", OVERDUE_INSTALMENTS),),
    columns=(
        Column("due_on", "day"),
        Column("days_late", "number", beside="due_on"),
        _DONOR,
        Column("phone", permission="donors:read", field="phone"),
        Column("state", "word"),
        Column("bank_known_to", "day", beside="state"),
        _AMOUNT,
    ),
    read_page=_read_late_instalments,
)
RECEIPTS: Final = ListOut(
    "receipts",
    "receipts:read",
    filters=(
        Filter("year", "year"),
        Filter("state", "word", RECEIPT_STATES),
        Filter("donor_id", "id"),
    ),
    columns=(
        Column("number"),
        Column("issued_on", "day"),
        _DONOR,
        Column("state", "word"),
        Column("pdf", "word", beside="state"),
        _AMOUNT,
    ),
    read_page=_read_receipts,
)
