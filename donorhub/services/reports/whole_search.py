"""One search over everything: donors, receipts, gifts and entries, the best few of each.

What the reader may not see is asked of nothing: without the right to gifts there are no amounts and no
receipts, and who has an own list finds what is on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, column, func, literal_column, select, table

from donorhub.db import MAX_ID, db, write_literal
from donorhub.domain import plain_text
from donorhub.domain.access.permissions import Principal
from donorhub.domain.donors.search_words import split_words
from donorhub.domain.reports.money_questions import (
    AmountQuestion,
    read_amount,
    read_gift_number,
    read_receipt_number,
)
from donorhub.models import Donor, Entry, Gift, Receipt
from donorhub.models.search_ddl import PAYER_POSTGRESQL_SQL
from donorhub.models.states import UNCOUNTED_ENTRIES
from donorhub.services.donors import custom_fields, custom_values, ranked_search, search_documents
from donorhub.services.donors.ranked_search import DonorHit
from donorhub.services.paging import AnyRow, AnySelect

MOST: Final = 8  # answers of a kind, and of all kinds while one types
_MOST_CANDIDATES: Final = 200  # gifts of an own list
_MOST_ENTRIES: Final = 50  # of a payer, of which the newest are shown
_MOST_AMOUNTS: Final = 4  # of those about another, to either side
_AT_LEAST: Final = 2  # answers of each kind that has some
_SHORTEST_WORD: Final = 3
_entry_words = table("entry_words", column("rowid"), column("entry_words"))
_GIFTS: Final = (
    select(
        Gift.id,
        Gift.donor_id,
        Donor.name.label("donor_name"),
        Gift.received_on,
        Gift.amount_minor,
        Gift.currency,
        Gift.is_test,
    )
    .join(Donor, Donor.id == Gift.donor_id)
    .where(Donor.removed_at.is_(None))
)
_RECEIPTS: Final = select(
    Receipt.id,
    Receipt.series,
    Receipt.year,
    Receipt.number,
    Receipt.state,
    Receipt.issued_on,
    Receipt.total_minor,
    Receipt.currency,
    Donor.name.label("donor_name"),
).join(Donor, Donor.id == Receipt.donor_id)
_ENTRIES: Final = select(
    Entry.id, Entry.counterparty_name, Entry.booked_on, Entry.amount_minor, Entry.currency, Entry.state
).where(Entry.state.not_in(UNCOUNTED_ENTRIES))


@dataclass(frozen=True, slots=True)
class Answers:
    """What a text finds, the best of each kind first."""

    donors: Sequence[DonorHit] = ()
    receipts: Sequence[AnyRow] = ()
    gifts: Sequence[AnyRow] = ()
    entries: Sequence[AnyRow] = ()

    @property
    def count(self) -> int:
        """Return how many there are of all kinds."""
        return len(self.donors) + len(self.receipts) + len(self.gifts) + len(self.entries)

    def cut_to(self, most: int) -> Answers:
        """Return at most so many of all kinds; of each that has some, a few."""
        kinds = (self.donors, self.receipts, self.gifts, self.entries)
        counts = [min(len(kind), _AT_LEAST) for kind in kinds]
        for place, kind in enumerate(kinds):
            counts[place] += min(len(kind) - counts[place], most - sum(counts))
        return Answers(
            donors=self.donors[: counts[0]],
            receipts=self.receipts[: counts[1]],
            gifts=self.gifts[: counts[2]],
            entries=self.entries[: counts[3]],
        )


def find_everything(text: str, reader: Principal, *, limit: int = MOST) -> Answers:
    """Return the donors, receipts, gifts and entries that a text finds, up to so many of each."""
    text = plain_text.blank_out_unprintable(text).strip()
    sees_gifts = reader.has_permission("gifts:read")
    sees_receipts = sees_gifts and reader.has_permission("receipts:read")
    sees_entries = reader.has_permission("imports:read") and reader.row_scope == "all"
    return Answers(
        donors=ranked_search.find_best_donors(text, reader, limit=limit),
        receipts=_find_receipts(text, reader, limit) if sees_receipts else (),
        gifts=_find_gifts(text, reader, limit) if sees_gifts else (),
        entries=_find_entries(text, limit) if sees_entries else (),
    )


def _find_receipts(text: str, reader: Principal, limit: int) -> Sequence[AnyRow]:
    question = read_receipt_number(text)
    if question is None:
        return ()
    query = _RECEIPTS.where(Receipt.number == question.number, *ranked_search.list_conditions(reader))
    if question.year is not None:
        query = query.where(Receipt.year + 0 == question.year)  # the number tells more than the year
    if question.series:
        query = query.where(func.upper(Receipt.series) == question.series)
    return db.session.execute(query.order_by(Receipt.id.desc()).limit(write_literal(limit))).all()


# ---------------------------------------------------------------- gifts


def _find_gifts(text: str, reader: Principal, limit: int) -> Sequence[AnyRow]:
    """Return the gift of a number, those in a field of which the text stands, then those of an amount, the
    nearest and newest first."""
    number, amount = read_gift_number(text), read_amount(text)
    rows: list[AnyRow] = []
    query = _GIFTS.where(*ranked_search.list_conditions(reader))
    if number is not None and number <= MAX_ID:
        rows += db.session.execute(query.where(Gift.id == number))
    shapes = custom_fields.list_shapes(reader, entity="gift", kind="text")
    if gift_ids := custom_values.find_owner_ids(text, shapes, limit=limit):
        rows += db.session.execute(query.where(Gift.id.in_(gift_ids)).order_by(Gift.id.desc()))
    if amount is not None:
        ids = {row.id for row in rows}
        rows += [row for row in _list_of_amount(query, amount, reader, limit) if row.id not in ids]
    return rows[:limit]


def _list_of_amount(query: AnySelect, amount: AmountQuestion, reader: Principal, limit: int) -> list[AnyRow]:
    if reader.row_scope != "all":  # an own list is short: its gifts are looked at, and not all of an amount
        between = (Gift.amount_minor + 0).between(amount.low, amount.high)
        rows = db.session.execute(query.where(between).limit(write_literal(_MOST_CANDIDATES))).all()
        return _sort_near(rows, amount)[:limit]

    def read_newest(minor: int) -> Sequence[AnyRow]:
        newest = (Gift.received_on.desc(), Gift.id.desc())
        of_amount = query.where(Gift.amount_minor == minor).order_by(*newest)
        return db.session.execute(of_amount.limit(write_literal(limit))).all()

    return _gather_near(Gift.amount_minor, amount, read_newest, limit)


def _gather_near(
    minor: Any, amount: AmountQuestion, read_newest: Callable[[int], Sequence[AnyRow]], limit: int
) -> list[AnyRow]:
    """Return the rows of an amount, or of the nearest ones about it, until there are enough.

    Each amount is one step in the index, however many rows have it.
    """
    rows: list[AnyRow] = []
    for one in _stream_amounts(minor, amount):
        rows += read_newest(one)
        if len(rows) >= limit:
            break
    return _sort_near(rows, amount)[:limit]


def _stream_amounts(minor: Any, amount: AmountQuestion) -> Iterator[int]:
    """Yield an amount, or those that there are about it, in turn to either side."""
    if not amount.is_about:
        yield amount.minor
        return
    below: int | None = amount.minor + 1
    above: int | None = amount.minor
    for _step in range(_MOST_AMOUNTS):
        if below is not None:
            below = db.session.scalar(select(func.max(minor)).where(minor < below, minor >= amount.low))
        if above is not None:
            above = db.session.scalar(select(func.min(minor)).where(minor > above, minor <= amount.high))
        yield from (one for one in (below, above) if one is not None)


def _sort_near(rows: Sequence[AnyRow], amount: AmountQuestion) -> list[AnyRow]:
    """Return rows by how near their amounts are, the newest of equal ones first."""
    newest = sorted(rows, key=lambda row: row.id, reverse=True)
    return sorted(newest, key=lambda row: abs(abs(row.amount_minor) - amount.minor))


# ---------------------------------------------------------------- entries


def _find_entries(text: str, limit: int) -> Sequence[AnyRow]:
    amount = read_amount(text)
    if amount is not None:

        def read_newest(minor: int) -> Sequence[AnyRow]:
            newest = _ENTRIES.order_by(Entry.booked_on.desc(), Entry.id.desc()).limit(write_literal(limit))
            return [
                row
                for one in ((minor,) if amount.is_about else (minor, -minor))
                for row in db.session.execute(newest.where(Entry.amount_minor == one))
            ]

        return _gather_near(Entry.amount_minor, amount, read_newest, limit)
    words = [word for word in split_words(text) if len(word) >= _SHORTEST_WORD and word.isalpha()]
    if not words or "@" in text:
        return ()
    query = _narrow_by_payer(search_documents.write_query([[f"{word}*"] for word in words]))
    with search_documents.use_word_index():
        rows_of_payer = db.session.execute(query.limit(write_literal(_MOST_ENTRIES))).all()
    return sorted(rows_of_payer, key=lambda row: (row.booked_on, row.id), reverse=True)[:limit]


def _narrow_by_payer(question: str) -> AnySelect:
    if db.session.get_bind().dialect.name == "sqlite":
        return (
            _ENTRIES.join(_entry_words, _entry_words.c.rowid == Entry.id)
            .where(_entry_words.c.entry_words.op("MATCH")(question))
            .order_by(_entry_words.c.rowid.desc())
        )
    payer: ColumnElement[Any] = literal_column(PAYER_POSTGRESQL_SQL)
    return _ENTRIES.where(payer.op("@@")(write_literal(question)))
