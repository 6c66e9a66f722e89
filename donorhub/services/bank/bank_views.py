"""What the bank's pages and commands show: accounts, files, statements with their figures.

It reads and changes nothing; entries are shown by :mod:`.entry_views`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from donorhub.db import db, write_literal
from donorhub.domain.bank.files import entry_keys
from donorhub.domain.bank.files.corrections import REACH
from donorhub.domain.bank.files.entry_keys import PartyText
from donorhub.domain.bank.files.entry_plan import Ledger, plan_entries
from donorhub.models import (
    BankAccount,
    Entry,
    ImportFile,
    Statement,
)
from donorhub.models.states import COUNTED_STATEMENTS, ENTRIES_TO_DECIDE
from donorhub.money import Money
from donorhub.services.bank.files import (
    bank_accounts,
    entry_posting,
    ledger_rows,
    ref_trust,
    statements,
)
from donorhub.services.bank.files.bank_accounts import Gap
from donorhub.services.counting import count_each
from donorhub.services.paging import Page, newest_first, read_page
from importers.statement import Entry as EntryInFile
from importers.statement import Statement as StatementInFile


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One of our accounts, its newest statement, the breaks in the chain and what waits."""

    account: BankAccount
    last: Statement | None
    gaps: Sequence[Gap]
    to_decide: int


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement beside its figures; ``off_by`` is what is missing to add up, None where it has no
    balances.
    """

    row: Statement
    account: BankAccount
    credits: Money
    debits: Money
    opening: Money | None
    closing: Money | None
    off_by: Money | None
    skipped_count: int
    release_reason: str = ""

    @property
    def known_count(self) -> int:
        """Return how many entries the ledger had already."""
        return self.row.entries_count - self.row.new_count


@dataclass(slots=True)
class LedgerOverlap:
    """How a file's entries would meet the ledger, before anything is stored."""

    new_count: int = 0
    known_count: int = 0
    doubtful_count: int = 0
    states: dict[int, str] = field(default_factory=dict)  # by id() of the entry: "known" or "doubtful"


def list_account_rows() -> list[AccountRow]:
    """Return every account of ours with what its page shows, by name."""
    rows = db.session.scalars(select(BankAccount).order_by(BankAccount.name, BankAccount.id)).all()
    waiting = count_each(
        {
            row.id: select(Entry.id).where(
                Entry.bank_account_id == row.id, Entry.state.in_(ENTRIES_TO_DECIDE)
            )
            for row in rows
        }
    )
    return [
        AccountRow(row, _find_newest_statement(row.id), bank_accounts.find_gaps(row.id), waiting[row.id])
        for row in rows
    ]


def _find_newest_statement(bank_account_id: int) -> Statement | None:
    """Return the statement that reaches farthest; one that names no days only where none does."""
    statements_of_account = select(Statement).where(
        Statement.bank_account_id == bank_account_id,
        Statement.state.in_(COUNTED_STATEMENTS),
        Statement.is_advice.is_(False),
    )
    with_days = statements_of_account.where(Statement.period_to.is_not(None))
    newest = db.session.scalar(
        with_days.order_by(Statement.period_to.desc(), Statement.id.desc()).limit(write_literal(1))
    )
    if newest is not None:
        return newest
    return db.session.scalar(statements_of_account.order_by(Statement.id.desc()).limit(write_literal(1)))


def list_files(*, after: str | None = None, limit: int = 50) -> Page[ImportFile]:
    """Return the files of banks that were sent, the newest first."""
    return read_page(
        select(ImportFile).where(ImportFile.kind == "statement"),
        newest_first(ImportFile.uploaded_at, ImportFile.id),
        after=after,
        limit=limit,
    )


def list_files_by_id(ids: Sequence[int]) -> list[ImportFile]:
    """Return the files that are there of these, in this order."""
    rows = {row.id: row for row in db.session.scalars(select(ImportFile).where(ImportFile.id.in_(ids)))}
    return [rows[id_] for id_ in dict.fromkeys(ids) if id_ in rows]


def list_statements_of_file(file: ImportFile) -> list[StatementView]:
    """Return the statements that a file brought, in its order."""
    rows = db.session.scalars(
        select(Statement).where(Statement.import_file_id == file.id).order_by(Statement.number)
    ).all()
    return [_make_view(row, file) for row in rows]


def make_statement_view(row: Statement) -> StatementView:
    """Return one statement beside its figures."""
    return _make_view(row, db.session.get_one(ImportFile, row.import_file_id))


def _make_view(row: Statement, file: ImportFile) -> StatementView:
    summary = file.summaries[row.number] if row.number < len(file.summaries) else {}
    opening, closing = _make_money(row.opening_minor, row), _make_money(row.closing_minor, row)
    credits = Money(int(summary.get("in_minor", max(row.sum_minor, 0))), row.currency)
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
        skipped_count=int(summary.get("skipped", 0)),
        release_reason=statements.find_release_reasons([row.id]).get(row.id, "") if row.released_at else "",
    )


def _make_money(minor: int | None, row: Statement) -> Money | None:
    return None if minor is None else Money(minor, row.currency)


def list_statements_of_account(bank_account_id: int, *, after: str | None = None) -> Page[Statement]:
    """Return an account's statements, the last that came first."""
    return read_page(
        select(Statement).where(Statement.bank_account_id == bank_account_id),
        newest_first(Statement.id),
        after=after,
    )


def list_account_names() -> dict[int, str]:
    """Return the names of our accounts by id."""
    rows = db.session.execute(select(BankAccount.id, BankAccount.name))
    return {id_: name for id_, name in rows}  # noqa: C416  a Row is no pair for dict


# ---------------------------------------------------------------- before an import


@dataclass(frozen=True, slots=True)
class _EntryTexts:
    """Reads who is behind entries of a file and of the ledger, and what they say."""

    entries: Sequence[EntryInFile]

    def read_items(self, positions: Collection[int]) -> Mapping[int, PartyText]:
        """Return what entries of the file say, by their positions."""
        return {position: entry_keys.describe_party(self.entries[position]) for position in positions}

    def read_rows(self, entry_ids: Collection[int]) -> Mapping[int, PartyText]:
        """Return what rows of the ledger say, by their ids."""
        return entry_posting.read_texts_of_rows(entry_ids)


def compare_with_ledger(account: BankAccount | None, statement: StatementInFile) -> LedgerOverlap:
    """Return which entries of a statement the ledger has already, as storing it would find; change
    nothing.

    How statements of these days lie to each other is not looked at: storing may be more careful and call
    some doubtful.
    """
    booked_entries = [entry for entry in statement.entries if entry.status == "booked"]
    if account is None or not booked_entries:
        return LedgerOverlap(len(booked_entries))
    key = bank_accounts.normalise_number(statement.account or "") or account.number
    source = entry_keys.make_source_name(statement.source_format, statement.layout)
    trust = ref_trust.read_trust(account.id, source)
    items = ref_trust.clean_items(entry_keys.key_entries(key, booked_entries), trust)
    first_on, last_on = min(item.day for item in items), max(item.day for item in items)
    rows = ledger_rows.list_known_entries(account.id, first_on - REACH, last_on + REACH)
    ledger = Ledger(ref_trust.clean_rows(rows, trust), _EntryTexts(booked_entries))
    answer = plan_entries(ledger, items, source_format=source, first_on=first_on, last_on=last_on)
    states = {id(booked_entries[same.position]): "known" for same in answer.same}
    states.update({id(booked_entries[doubt.position]): "doubtful" for doubt in answer.doubtful})
    return LedgerOverlap(len(answer.new), len(answer.same), len(answer.doubtful), states)
