"""Entries as pages show them: those that wait, their payments, what they were matched to, their twins.

It reads and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import Select, func, select

from donorhub.db import db
from donorhub.errors import NotFound
from donorhub.models import (
    Detail,
    Donor,
    Entry,
    EntryQuestion,
    Gift,
    Instalment,
    Match,
    Payout,
    RecurringGift,
    Statement,
)
from donorhub.models.states import (
    ARRIVING_PAYOUTS,
    ENTRIES_TO_DECIDE,
    UNPAID_INSTALMENTS,
    EntryState,
)
from donorhub.money import Money
from donorhub.services.counting import count_each
from donorhub.services.paging import Page, newest_first, oldest_first, read_page
from donorhub.services.recurring import instalments
from receipts import figures

TABS: Final[Mapping[str, tuple[EntryState, ...]]] = {
    "to-decide": ("suspense",),
    "doubtful": ("doubtful",),
    "unclaimed": ("unclaimed",),
    "matched": ("matched",),
    "not-gifts": ("not_gift",),
}
T = TypeVar("T")
_MOST_PAYOUTS: Final = 20
_MOST_INSTALMENTS: Final = 24


@dataclass(frozen=True, slots=True)
class MatchView:
    """A decision that stands, with the names of what it joins the entry to."""

    row: Match
    donor: Donor | None
    gift: Gift | None
    payout: Payout | None


def list_entries(
    tab: str,
    *,
    after: str | None = None,
    bank_account_id: int | None = None,
    statement_id: int | None = None,
    limit: int = 50,
) -> Page[Entry]:
    """Return a page of one tab: what waits the oldest first, what is decided the newest first."""
    query = _narrow_query(select(Entry).where(Entry.state.in_(TABS[tab])), bank_account_id, statement_id)
    keys = [Entry.booked_on, Entry.id]
    if TABS[tab][0] in ENTRIES_TO_DECIDE:
        is_waiting = Entry.state.in_(ENTRIES_TO_DECIDE)  # said once more: there is an index of those
        return read_page(query.where(is_waiting), oldest_first(*keys), after=after, limit=limit)
    return read_page(query, newest_first(*keys), after=after, limit=limit)


def list_entries_of_statement(statement_id: int, *, after: str | None = None) -> Page[Entry]:
    """Return the entries that a statement brought, in the order of the file."""
    query = select(Entry).where(Entry.statement_id == statement_id)
    return read_page(query, oldest_first(Entry.position, Entry.id), after=after)


def _narrow_query(query: Select[T], bank_account_id: int | None, statement_id: int | None) -> Select[T]:
    if bank_account_id is not None:
        query = query.where(Entry.bank_account_id == bank_account_id)
    if statement_id is not None:
        query = query.where(Entry.statement_id == statement_id)
    return query


def count_waiting(
    *, bank_account_id: int | None = None, statement_id: int | None = None
) -> dict[EntryState, int]:
    """Return how many entries wait, by state, each as far as :mod:`donorhub.services.counting` counts."""
    return count_each(
        {
            state: _narrow_query(select(Entry.id).where(Entry.state == state), bank_account_id, statement_id)
            for state in ENTRIES_TO_DECIDE
        }
    )


def mask_account(account: str) -> str:
    """Return the beginning and the end of an account number: enough to know it by, not enough to use."""
    text = figures.write_account(account).replace("\N{NO-BREAK SPACE}", " ")
    groups = text.split(" ")
    if len(groups) > 3:  # noqa: PLR2004  an IBAN has at least four groups
        return f"{groups[0]} … {''.join(groups)[-4:]}"
    return f"… {account[-4:]}" if len(account) > 4 else account  # noqa: PLR2004


def list_details(entry_id: int) -> Sequence[Detail]:
    """Return the payments of an entry that holds several."""
    return db.session.scalars(
        select(Detail).where(Detail.entry_id == entry_id).order_by(Detail.position)
    ).all()


def list_live_matches(entry_ids: Iterable[int]) -> dict[int, list[MatchView]]:
    """Return the decisions that stand, by entry."""
    rows = db.session.execute(
        select(Match, Donor, Gift, Payout)
        .outerjoin(Gift, Gift.id == Match.gift_id)
        .outerjoin(Donor, Donor.id == func.coalesce(Gift.donor_id, Match.donor_id))
        .outerjoin(Payout, Payout.id == Match.payout_id)
        .where(Match.entry_id.in_(list(entry_ids)), Match.undone_at.is_(None))
        .order_by(Match.entry_id, Match.detail_id, Match.part)
    )
    views_by_entry: dict[int, list[MatchView]] = {}
    for match, donor, gift, payout in rows:
        views_by_entry.setdefault(match.entry_id, []).append(MatchView(match, donor, gift, payout))
    return views_by_entry


def list_matches(entry_id: int) -> Sequence[Match]:
    """Return all decisions there ever were on an entry, the last first."""
    return db.session.scalars(select(Match).where(Match.entry_id == entry_id).order_by(Match.id.desc())).all()


def get_statement_of(entry: Entry) -> Statement:
    """Return the statement that brought an entry."""
    return db.session.get_one(Statement, entry.statement_id)


def get_amount(entry: Entry, detail_id: int | None) -> Money:
    """Return what an entry, or one payment of it, comes to."""
    if detail_id is None:
        return Money(entry.amount_minor, entry.currency)
    detail = db.session.get(Detail, detail_id)
    if detail is None or detail.entry_id != entry.id:
        raise NotFound(f"entry {entry.id} has no payment {detail_id}")
    return Money(detail.amount_minor, detail.currency)


def find_twins(entries: Iterable[Entry]) -> dict[int, Entry]:
    """Return, for doubtful entries, the entry of the same account that each may be, as its question says."""
    rows = db.session.execute(
        select(EntryQuestion.entry_id, Entry)
        .join(Entry, Entry.id == EntryQuestion.twin_id)
        .where(EntryQuestion.entry_id.in_([entry.id for entry in entries]))
        .order_by(EntryQuestion.id)
    )
    return {entry_id: twin for entry_id, twin in rows}  # noqa: C416  a Row is no pair for dict


def list_payouts_like(entry: Entry) -> Sequence[Payout]:
    """Return the payouts of this very amount that no entry is joined to, the nearest in time first."""
    rows = db.session.scalars(
        select(Payout)
        .where(
            Payout.net_minor == entry.amount_minor,
            Payout.currency == entry.currency,
            Payout.entry_id.is_(None),
            Payout.state.in_(ARRIVING_PAYOUTS),
            Payout.is_test.is_(False),
        )
        .order_by(Payout.arrival_on.desc())
        .limit(_MOST_PAYOUTS)
    ).all()
    return sorted(rows, key=lambda payout: abs((payout.arrival_on - entry.booked_on).days))


def list_open_instalments(donor_id: int, currency: str) -> list[tuple[Instalment, int]]:
    """Return what a donor owes in a currency, the first due first, each with what is still open of it."""
    rows = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(
            RecurringGift.donor_id == donor_id,
            Instalment.currency == currency,
            Instalment.state.in_(UNPAID_INSTALMENTS),
        )
        .order_by(Instalment.due_on)
        .limit(_MOST_INSTALMENTS)
    ).all()
    paid_minor = instalments.sum_settled_minor([row.id for row in rows])
    return [(row, row.amount_minor - paid_minor.get(row.id, 0)) for row in rows]
