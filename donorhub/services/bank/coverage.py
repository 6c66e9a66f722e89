"""Up to which day each of our bank accounts is known: written down whenever it has changed.

Statements are read and left as they are. What follows from it for instalments,
:mod:`donorhub.services.recurring.known_banks` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.recurring.coverage import KnownDays, StatementDays, find_known_days
from donorhub.models import Coverage, Entry, ImportFile, Statement
from donorhub.models.states import COUNTED_STATEMENTS
from donorhub.services.access import organisation
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.files.bank_accounts import Gap
from donorhub.services.recurring import known_banks


def note_coverage(*, now: datetime) -> int:
    """Write down for each account up to which day it is known now; return for how many that has changed."""
    return sum(note_coverage_of_account(account.id, now=now) for account in bank_accounts.list_accounts())


def note_coverage_of_account(bank_account_id: int, *, now: datetime) -> bool:
    """Write down up to which day an account is known now; return whether that has changed."""
    source = known_banks.name_source(bank_account_id)
    newest = db.session.execute(
        select(Coverage.known_from, Coverage.known_to)
        .where(Coverage.source == source)
        .order_by(Coverage.id.desc())
        .limit(1)
    ).first()
    gaps = bank_accounts.find_gaps(bank_account_id)
    days = find_days_of_account(bank_account_id, gaps) or (None, None)
    if days == (tuple(newest) if newest is not None else (None, None)):
        return False
    db.session.add(Coverage(source=source, known_from=days[0], known_to=days[1], recorded_at=now))
    db.session.flush()
    return True


def find_days_of_account(bank_account_id: int, gaps: Sequence[Gap]) -> KnownDays | None:
    """Return the days of which an account's statements tell all; None without any. ``gaps`` are those that
    :func:`.bank_accounts.find_gaps` finds in them."""
    return find_known_days(
        _list_statements(bank_account_id),
        gap_after=gaps[0].from_on if gaps else None,
        unseen_from=_find_unseen_day(bank_account_id),
        country=organisation.get_organisation().country,
    )


def _list_statements(bank_account_id: int) -> list[StatementDays]:
    rows = db.session.execute(
        select(
            Statement.period_from,
            Statement.period_to,
            Statement.opening_minor,
            Statement.closing_minor,
            Statement.closing_on,
            ImportFile.uploaded_at,
        )
        .join(ImportFile, ImportFile.id == Statement.import_file_id)
        .where(
            Statement.bank_account_id == bank_account_id,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.posted_at.is_not(None),
            Statement.is_advice.is_(False),
            Statement.period_from.is_not(None),
        )
    )
    zone = organisation.get_zone()
    statements = []
    for first_on, last_on, opening, closing, closing_on, uploaded_at in rows:
        has_balances = opening is not None and closing is not None
        days = [day for day in (first_on, last_on, closing_on if has_balances else None) if day]
        statements.append(
            StatementDays(
                min(days),
                max(days),
                organisation.find_day(uploaded_at, zone),
                opening if has_balances else None,
                closing if has_balances else None,
            )
        )
    return statements


def _find_unseen_day(bank_account_id: int) -> date | None:
    """Return the day of the oldest entry that matching has not looked at yet."""
    day: date | None = db.session.scalar(
        select(func.min(Entry.booked_on)).where(
            Entry.bank_account_id == bank_account_id, Entry.state == "new"
        )
    )
    return day
