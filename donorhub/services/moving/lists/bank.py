"""Bank entries and payouts as lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.moving.list_columns import Coded, Column, Somebody, Value
from donorhub.models import Detail, Entry, Payout
from donorhub.models.states import PAYOUT_STATES, find_word
from donorhub.money import Money
from donorhub.services.access import users
from donorhub.services.bank import bank_views
from donorhub.services.bank.matching import entry_views
from donorhub.services.bank.matching.entry_views import MatchView
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
from donorhub.services.paging import Page, newest_first, read_page
from donorhub.services.providers import payouts

_TAB: Final = "to-decide"


def _read_entries(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    page = entry_views.list_entries(
        get_text(filters, "tab") or _TAB,
        bank_account_id=get_number(filters, "bank_account_id"),
        statement_id=get_number(filters, "statement_id"),
        after=after,
        limit=limit,
    )
    ids = [row.id for row in page.rows]
    accounts, user_names = bank_views.list_account_names(), users.list_user_names()
    views_by_entry, payment_counts = entry_views.list_live_matches(ids), _count_payments(ids)

    def convert_row(row: Entry) -> Row:
        views = views_by_entry.get(row.id, [])
        return (
            row.booked_on,
            accounts.get(row.bank_account_id, ""),
            entry_views.mask_account(row.counterparty_account or ""),
            row.decide_by,
            row.counterparty_name or (None if row.has_details else Coded("nobody")),
            payment_counts.get(row.id) if row.has_details else None,
            row.remittance,
            Money(row.amount_minor, row.currency),
            *_describe_matches(views, user_names),
        )

    return convert_rows(page, convert_row)


def _count_payments(entry_ids: Sequence[int]) -> dict[int, int]:
    """Return how many payments each entry holds that holds several."""
    rows = db.session.execute(
        select(Detail.entry_id, func.count()).where(Detail.entry_id.in_(entry_ids)).group_by(Detail.entry_id)
    )
    return {entry_id: count for entry_id, count in rows}  # noqa: C416  a Row is no pair for dict


def _describe_matches(views: Sequence[MatchView], user_names: dict[int, str]) -> tuple[Value, ...]:
    """Return what an entry was matched to: its kind, donors and payout, and who decided it last and when."""
    if not views:
        return (None, None, None, None, None)
    last = max(views, key=lambda view: (view.row.decided_at, view.row.id)).row
    donors = dict.fromkeys(view.donor.name for view in views if view.donor is not None)
    refs = (f"{view.payout.provider} {view.payout.ref}" for view in views if view.payout is not None)
    return (
        Coded(views[0].row.kind),
        ", ".join(donors),
        ", ".join(dict.fromkeys(refs)),
        Somebody(last.actor, user_names.get(_read_user_id(last.actor), "")),
        last.decided_at,
    )


def _read_user_id(actor: str) -> int:
    kind, _, number = actor.partition(":")
    return int(number) if kind == "user" and number.isdigit() else 0


def _read_payouts(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    query = payouts.select_payouts(
        provider=get_text(filters, "provider") or None,
        state=find_word(get_text(filters, "state"), PAYOUT_STATES),
        arrival_from=get_day(filters, "arrival_from"),
        arrival_to=get_day(filters, "arrival_to"),
    )
    by_day = "arrival_from" in filters or "arrival_to" in filters
    order = newest_first(Payout.arrival_on, Payout.id) if by_day else newest_first(Payout.id)
    page = read_page(query, order, after=after, limit=limit)

    def convert_row(row: Payout) -> Row:
        return (
            row.provider,
            row.account,
            row.ref,
            row.arrival_on,
            Coded(row.state),
            row.descriptor,
            Money(row.net_minor, row.currency),
            row.entry_id,
            Coded("test") if row.is_test else None,
        )

    return convert_rows(page, convert_row)


ENTRIES: Final = ListOut(
    "entries",
    "imports:read",
    filters=(
        Filter("tab", "word", tuple(entry_views.TABS)),
        Filter("bank_account_id", "id"),
        Filter("statement_id", "id"),
    ),
    columns=(
        Column("booked_on", "day"),
        Column("account"),
        Column("payer_account"),
        Column("decide_by", "day"),
        Column("payer"),
        Column("payments", "number"),
        Column("remittance"),
        Column("amount", "money", permission="gifts:read"),
        Column("matched", "word"),
        Column("donor", permission="donors:read"),
        Column("payout"),
        Column("decided_by", "word"),
        Column("decided_at", "moment"),
    ),
    read_page=_read_entries,
)
PAYOUTS: Final = ListOut(
    "payouts",
    "providers:read",
    filters=(
        Filter("provider", "text"),
        Filter("state", "word", PAYOUT_STATES),
        Filter("arrival_from", "day"),
        Filter("arrival_to", "day"),
    ),
    columns=(
        Column("provider"),
        Column("account"),
        Column("ref"),
        Column("arrival_on", "day"),
        Column("state", "word"),
        Column("descriptor"),
        Column("amount", "money", permission="gifts:read"),
        Column("entry_id", "number"),
        Column("test", "word"),
    ),
    read_page=_read_payouts,
)
