"""Comparing the ledger of an account again with the files that it came from; it asks and changes no sum.

What an older program took in without a question, :mod:`donorhub.services.reports.mending` finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import BankAccount, EntryQuestion, ImportFile, RefHabit, Statement, WeakRef
from donorhub.models.states import COUNTED_STATEMENTS
from donorhub.services.bank.files import entry_posting, file_reading, statement_drafts, statement_totals
from donorhub.services.bank.files.statement_drafts import Draft


def list_accounts_with_weak_ids() -> list[int]:
    """Return the accounts of whose ids some do not count, or whose files are numbered anew."""
    weak = set(db.session.scalars(select(WeakRef.bank_account_id)))
    return sorted(weak | set(db.session.scalars(select(RefHabit.bank_account_id))))


def list_asked_entries() -> list[int]:
    """Return the entries about which a question is open."""
    return list(
        db.session.scalars(select(EntryQuestion.entry_id).where(EntryQuestion.state == "open").distinct())
    )


def ask_about_account(bank_account_id: int) -> None:
    """Read the proved statements of an account again and ask about entries of their days that they do not
    tell.
    """
    account = db.session.get_one(BankAccount, bank_account_id)
    for row, draft in _read_newest(bank_account_id):
        entry_posting.ask_again(row, draft, account)
        _look_again(row, draft)


def ask_about_lacking(bank_account_id: int) -> int:
    """Read the proved statements of an account again and ask about money that they tell and the ledger
    lacks; return how many entries that is.
    """
    account = db.session.get_one(BankAccount, bank_account_id)
    count = 0
    for row, draft in _read_newest(bank_account_id):
        count += entry_posting.ask_about_lacking(row, draft, account)
        _look_again(row, draft)
    return count


def _look_again(row: Statement, draft: Draft) -> None:
    """Keep the sums of a statement's days, which an older program did not, and compare them."""
    row.day_sums = row.day_sums or draft.plain_day_sums
    statement_totals.refresh_remarks(db.session.get_one(ImportFile, row.import_file_id))


def _read_newest(bank_account_id: int) -> Iterator[tuple[Statement, Draft]]:
    """Yield the proved statements of an account as their files tell them now, the newest first. Of days that
    a newer statement tells, no older one is asked.
    """
    rows = db.session.scalars(
        select(Statement)
        .where(
            Statement.bank_account_id == bank_account_id,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.posted_at.is_not(None),
            Statement.is_advice.is_(False),
            Statement.integrity == "proved",
            Statement.period_from.is_not(None),
        )
        .order_by(Statement.id.desc())
    ).all()
    told_days: set[date] = set()
    for row in rows:
        days = _list_days(row)
        if days <= told_days:
            continue
        draft = _read_again(row)
        if draft is not None:
            told_days |= days
            yield row, draft


def _list_days(row: Statement) -> set[date]:
    if row.period_from is None or row.period_to is None:
        return set()
    count = (row.period_to - row.period_from).days + 1
    return {row.period_from + timedelta(days=n) for n in range(count)}


def _read_again(row: Statement) -> Draft | None:
    """Return a statement as its file tells it now; None where the file no longer says the same."""
    file = db.session.get_one(ImportFile, row.import_file_id)
    to_read = file_reading.take_file_out(
        file, layout=file.layout, bank_account_id=file.bank_account_id, currency=file.currency
    )
    drafts = statement_drafts.draft_statements(to_read.content, to_read.filename, **to_read.options)
    if row.number >= len(drafts.statements):
        return None
    draft = drafts.statements[row.number]
    is_same = (draft.sum_minor, len(draft.items)) == (row.sum_minor, row.entries_count)
    return draft if is_same else None
