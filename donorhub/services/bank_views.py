"""What the bank's pages and commands show: accounts, files, statements with their figures, entries.

It reads and changes nothing.

Functions::

    accounts() -> list[AccountRow]
    files(after=None) -> Page[ImportFile]
    statements_of_file(file) -> list[StatementView]
    statement_view(statement) -> StatementView
    statements_of_account(bank_account_id, after=None) -> Page[Statement]
    entries(tab, after=None, bank_account_id=None, statement_id=None) -> Page[Entry]
    waiting_counts(bank_account_id=None, statement_id=None) -> {"suspense": …, "doubtful": …}
    details(entry_id) -> list[Detail]
    live_matches(entry_ids) -> {entry id: [MatchView]}
    in_ledger(account, currency, statement) -> Known
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import Select, func, or_, select

from donorhub.db import db
from donorhub.domain import entry_keys
from donorhub.domain.day_shifts import REACH
from donorhub.domain.entry_plan import plan
from donorhub.domain.recurring_states import OPEN_STATES
from donorhub.errors import NotFound
from donorhub.models import (
    BankAccount,
    Detail,
    Donor,
    Entry,
    EntryAlias,
    Gift,
    ImportFile,
    Instalment,
    Match,
    Payout,
    RecurringGift,
    Statement,
)
from donorhub.money import Money
from donorhub.services import bank_accounts, instalments, ledger_rows, statements
from donorhub.services.bank_accounts import COUNTED, Gap
from donorhub.services.paging import Page, newest_first, oldest_first
from donorhub.services.payouts import EXPLAINED
from importers import statement as told

TABS: Final[Mapping[str, tuple[str, ...]]] = {
    "to-decide": ("suspense",),
    "doubtful": ("doubtful",),
    "matched": ("matched",),
    "not-gifts": ("not_gift",),
}
WAITING: Final = ("suspense", "doubtful")
OPEN: Final = ("new", "suspense")  # states in which an entry may be decided
_MOST_PAYOUTS: Final = 20
_MOST_INSTALMENTS: Final = 24


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One of our accounts, its newest statement, the breaks in the chain and what waits."""

    account: BankAccount
    last: Statement | None
    gaps: Sequence[Gap]
    to_decide: int


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement beside its figures; ``off_by`` is what is missing to add up, None where nothing tells."""

    row: Statement
    account: BankAccount
    credits: Money
    debits: Money
    opening: Money | None
    closing: Money | None
    off_by: Money | None
    skipped: int
    release_reason: str = ""

    @property
    def known_count(self) -> int:
        return self.row.entries_count - self.row.new_count


@dataclass(frozen=True, slots=True)
class MatchView:
    """A decision that stands, with the names of what it joins the entry to."""

    row: Match
    donor: Donor | None
    gift: Gift | None
    payout: Payout | None


@dataclass(slots=True)
class Known:
    """How a file's entries would meet the ledger, before anything is stored."""

    new: int = 0
    known: int = 0
    doubtful: int = 0
    states: dict[int, str] = field(default_factory=dict)  # by id() of the entry: "known" or "doubtful"


def accounts() -> list[AccountRow]:
    """Every account of ours, by name."""
    rows = db.session.scalars(select(BankAccount).order_by(BankAccount.name, BankAccount.id)).all()
    waiting = _waiting_by_account()
    return [
        AccountRow(row, _newest(row.id), bank_accounts.gaps(row.id), waiting.get(row.id, 0)) for row in rows
    ]


def _waiting_by_account() -> dict[int, int]:
    rows = db.session.execute(
        select(Entry.bank_account_id, func.count())
        .where(Entry.state.in_(WAITING))
        .group_by(Entry.bank_account_id)
    )
    return {account_id: count for account_id, count in rows}  # noqa: C416  a Row is no pair for dict


def _newest(bank_account_id: int) -> Statement | None:
    return db.session.scalar(
        select(Statement)
        .where(
            Statement.bank_account_id == bank_account_id,
            Statement.state.in_(COUNTED),
            Statement.is_advice.is_(False),
        )
        .order_by(Statement.period_to.desc().nulls_last(), Statement.id.desc())
        .limit(1)
    )


def files(*, after: str | None = None, limit: int = 50) -> Page[ImportFile]:
    """The files that were sent, the newest first."""
    return newest_first(select(ImportFile), [ImportFile.uploaded_at, ImportFile.id], after=after, limit=limit)


def statements_of_file(file: ImportFile) -> list[StatementView]:
    """The statements that a file brought, in its order."""
    rows = db.session.scalars(
        select(Statement).where(Statement.import_file_id == file.id).order_by(Statement.number)
    ).all()
    return [_view(row, file) for row in rows]


def statement_view(row: Statement) -> StatementView:
    """One statement beside its figures."""
    return _view(row, db.session.get_one(ImportFile, row.import_file_id))


def _view(row: Statement, file: ImportFile) -> StatementView:
    said = file.told[row.number] if row.number < len(file.told) else {}
    opening, closing = _money(row.opening_minor, row), _money(row.closing_minor, row)
    credits = Money(int(said.get("in_minor", max(row.sum_minor, 0))), row.currency)
    off_by = None
    if opening is not None and closing is not None:
        off_by = closing - opening - Money(row.sum_minor, row.currency)
    return StatementView(
        row=row,
        account=db.session.get_one(BankAccount, row.bank_account_id),
        credits=credits,
        debits=Money(row.sum_minor, row.currency) - credits,
        opening=opening,
        closing=closing,
        off_by=off_by,
        skipped=int(said.get("skipped", 0)),
        release_reason=statements.release_reasons([row.id]).get(row.id, "") if row.released_at else "",
    )


def _money(minor: int | None, row: Statement) -> Money | None:
    return None if minor is None else Money(minor, row.currency)


def statements_of_account(bank_account_id: int, *, after: str | None = None) -> Page[Statement]:
    """An account's statements, the last that came first."""
    return newest_first(
        select(Statement).where(Statement.bank_account_id == bank_account_id), [Statement.id], after=after
    )


# ---------------------------------------------------------------- entries


def entries(
    tab: str,
    *,
    after: str | None = None,
    bank_account_id: int | None = None,
    statement_id: int | None = None,
    limit: int = 50,
) -> Page[Entry]:
    """A page of one tab: what waits the oldest first, what is decided the newest first."""
    query = _narrowed(select(Entry).where(Entry.state.in_(TABS[tab])), bank_account_id, statement_id)
    keys = [Entry.booked_on, Entry.id]
    if TABS[tab][0] in WAITING:
        return oldest_first(query, keys, after=after, limit=limit)
    return newest_first(query, keys, after=after, limit=limit)


def entries_of_statement(statement_id: int, *, after: str | None = None) -> Page[Entry]:
    """The entries that a statement brought, in the order of the file."""
    query = select(Entry).where(Entry.statement_id == statement_id)
    return oldest_first(query, [Entry.position, Entry.id], after=after)


def _narrowed(query: Select[Entry], bank_account_id: int | None, statement_id: int | None) -> Select[Entry]:
    if bank_account_id is not None:
        query = query.where(Entry.bank_account_id == bank_account_id)
    if statement_id is not None:
        query = query.where(Entry.statement_id == statement_id)
    return query


def waiting_counts(*, bank_account_id: int | None = None, statement_id: int | None = None) -> dict[str, int]:
    """How many entries wait, by state."""
    query = select(Entry.state, func.count()).where(Entry.state.in_(WAITING)).group_by(Entry.state)
    if bank_account_id is not None:
        query = query.where(Entry.bank_account_id == bank_account_id)
    if statement_id is not None:
        query = query.where(Entry.statement_id == statement_id)
    counts = dict.fromkeys(WAITING, 0)
    counts.update({state: count for state, count in db.session.execute(query)})  # noqa: C416  as above
    return counts


def details(entry_id: int) -> Sequence[Detail]:
    """The payments of an entry that holds several."""
    return db.session.scalars(
        select(Detail).where(Detail.entry_id == entry_id).order_by(Detail.position)
    ).all()


def account_names() -> dict[int, str]:
    """The names of our accounts by id."""
    rows = db.session.execute(select(BankAccount.id, BankAccount.name))
    return {id_: name for id_, name in rows}  # noqa: C416  as above


def live_matches(entry_ids: Iterable[int]) -> dict[int, list[MatchView]]:
    """The decisions that stand, by entry."""
    rows = db.session.execute(
        select(Match, Donor, Gift, Payout)
        .outerjoin(Gift, Gift.id == Match.gift_id)
        .outerjoin(Donor, Donor.id == func.coalesce(Gift.donor_id, Match.donor_id))
        .outerjoin(Payout, Payout.id == Match.payout_id)
        .where(Match.entry_id.in_(list(entry_ids)), Match.undone_at.is_(None))
        .order_by(Match.entry_id, Match.detail_id, Match.part)
    )
    found: dict[int, list[MatchView]] = {}
    for match, donor, gift, payout in rows:
        found.setdefault(match.entry_id, []).append(MatchView(match, donor, gift, payout))
    return found


def matches_of(entry_id: int) -> Sequence[Match]:
    """All decisions there ever were on an entry, the last first."""
    return db.session.scalars(select(Match).where(Match.entry_id == entry_id).order_by(Match.id.desc())).all()


def statement_of(entry: Entry) -> Statement:
    """The statement that brought an entry."""
    return db.session.get_one(Statement, entry.statement_id)


def amount_of(entry: Entry, detail_id: int | None) -> Money:
    """What an entry, or one payment of it, comes to."""
    if detail_id is None:
        return Money(entry.amount_minor, entry.currency)
    detail = db.session.get(Detail, detail_id)
    if detail is None or detail.entry_id != entry.id:
        raise NotFound(f"entry {entry.id} has no payment {detail_id}")
    return Money(detail.amount_minor, detail.currency)


def twins(entries: Iterable[Entry]) -> dict[int, Entry]:
    """For doubtful entries, the entry of the same account and amount that each may be: of the same day, or,
    where another format told another day, of the nearest with the same id of the bank."""
    found: dict[int, Entry] = {}
    for entry in entries:
        twin = db.session.scalar(
            select(Entry)
            .where(
                Entry.bank_account_id == entry.bank_account_id,
                Entry.booked_on == entry.booked_on,
                Entry.amount_minor == entry.amount_minor,
                Entry.id < entry.id,
                Entry.state.not_in(ledger_rows.GONE),
            )
            .order_by((Entry.statement_id == entry.statement_id).asc(), Entry.id.desc())
            .limit(1)
        )
        twin = twin or _twin_of_another_day(entry)
        if twin is not None:
            found[entry.id] = twin
    return found


def _twin_of_another_day(entry: Entry) -> Entry | None:
    aliases = select(EntryAlias.entry_id).where(EntryAlias.ref == entry.bank_ref)
    near = db.session.scalars(
        select(Entry).where(
            Entry.bank_account_id == entry.bank_account_id,
            Entry.booked_on.between(entry.booked_on - REACH, entry.booked_on + REACH),
            Entry.amount_minor == entry.amount_minor,
            Entry.id != entry.id,
            Entry.state.not_in((*ledger_rows.GONE, "doubtful")),
            or_(Entry.bank_ref == entry.bank_ref, Entry.id.in_(aliases)),
        )
    ).all()
    return min(near, key=lambda row: abs(row.booked_on - entry.booked_on), default=None)


def payouts_like(entry: Entry) -> Sequence[Payout]:
    """The payouts of this very amount that no entry is joined to, the nearest in time first."""
    rows = db.session.scalars(
        select(Payout)
        .where(
            Payout.net_minor == entry.amount_minor, Payout.currency == entry.currency,
            Payout.entry_id.is_(None), Payout.state.in_(EXPLAINED), Payout.is_test.is_(False),
        )
        .order_by(Payout.arrival_on.desc())
        .limit(_MOST_PAYOUTS)
    ).all()  # fmt: skip
    return sorted(rows, key=lambda payout: abs((payout.arrival_on - entry.booked_on).days))


def open_instalments(donor_id: int, currency: str) -> list[tuple[Instalment, int]]:
    """What a donor owes in a currency, the first due first, each with what is still open of it."""
    rows = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(
            RecurringGift.donor_id == donor_id, Instalment.currency == currency,
            Instalment.state.in_(OPEN_STATES),
        )
        .order_by(Instalment.due_on)
        .limit(_MOST_INSTALMENTS)
    ).all()  # fmt: skip
    paid = instalments.allocated_to([row.id for row in rows])
    return [(row, row.amount_minor - paid.get(row.id, 0)) for row in rows]


# ---------------------------------------------------------------- before an import


def in_ledger(account: BankAccount | None, statement: told.Statement) -> Known:
    """Which entries of a statement the ledger has already; a dry run of what storing it would find.

    How statements of these days lie to each other is not looked at: storing may be
    more careful and call some doubtful.
    """
    booked = [entry for entry in statement.entries if entry.status == "booked"]
    if account is None or not booked:
        return Known(new=len(booked))
    key = bank_accounts.canonical(statement.account or "") or account.number
    items = entry_keys.keyed(key, booked, ids_trusted=not account.ids_untrusted)
    days: list[date] = [item.day for item in items]
    answer = plan(
        ledger_rows.known_entries(account.id, min(days) - REACH, max(days) + REACH), items,
        source_format=entry_keys.source_of(statement.source_format, statement.layout),
        ids_trusted=not account.ids_untrusted,
    )  # fmt: skip
    states = {id(booked[same.position]): "known" for same in answer.same}
    states.update({id(booked[doubt.position]): "doubtful" for doubt in answer.doubtful})
    return Known(len(answer.new), len(answer.same), len(answer.doubtful), states)
