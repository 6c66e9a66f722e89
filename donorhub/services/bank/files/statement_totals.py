"""Whether the ledger has the same money as a statement, for the days that the statement covers wholly.

Where it has not, the bank has corrected an older statement, or another file was of other days or another
account: entries count that this one does not have. It warns and changes nothing; what is new in a
statement, :mod:`donorhub.domain.bank.files.entry_plan` finds.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from sqlalchemy import case, func, or_, select

from donorhub.db import db, sum_minor
from donorhub.models import Entry, Statement
from donorhub.models.states import COUNTED_STATEMENTS, GONE_ENTRIES
from donorhub.money import Money
from donorhub.services.bank.files.statement_drafts import Draft
from importers.codes import Reason, StatementFault
from importers.statement import Problem, make_problem

_MOST_DAYS_NAMED: Final = 5  # days that the sentence names


def list_remarks(row: Statement, draft: Draft) -> list[Problem]:
    """Return a warning with days and amount where the ledger has other money of the days of the statement.

    The first and last day may be there in part, and are looked at only when the statement is a newer issue
    of one that the ledger has. Days with a doubtful entry wait for a person anyway.
    """
    days = _list_whole_days(row)
    if not days:
        return []
    ledger_sums = _sum_ledger(row, days)
    others = {
        day: minor - draft.day_sums.get(day, 0)
        for day, minor in sorted(ledger_sums.items())
        if minor != draft.day_sums.get(day, 0)
    }
    if not others:
        return []
    day_names = ", ".join(str(day) for day in list(others)[:_MOST_DAYS_NAMED]) + (
        ", …" if len(others) > _MOST_DAYS_NAMED else ""
    )
    more = Money(sum(others.values()), row.currency)
    difference: Reason[StatementFault] = Reason("ledger_differs", {"days": day_names, "missing": str(more)})
    return [make_problem("warning", difference)]


def _list_whole_days(row: Statement) -> frozenset[date]:
    first_on, last_on = row.period_from, row.period_to
    if first_on is None or last_on is None:
        return frozenset()
    day_numbers = (
        range((last_on - first_on).days + 1) if _is_issued_anew(row) else range(1, (last_on - first_on).days)
    )
    return frozenset(first_on + timedelta(days=n) for n in day_numbers)


def _is_issued_anew(row: Statement) -> bool:
    """Return whether the ledger has a statement of this number or name, these days and this opening
    balance.
    """
    if row.opening_minor is None:
        return False
    earlier_id = db.session.scalar(
        select(Statement.id)
        .where(
            Statement.bank_account_id == row.bank_account_id,
            Statement.id != row.id,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
            Statement.period_from == row.period_from,
            Statement.period_to == row.period_to,
            Statement.opening_minor == row.opening_minor,
            or_(Statement.ref == row.ref, Statement.sequence_no == row.sequence_no),
        )
        .limit(1)
    )
    return earlier_id is not None


def _sum_ledger(row: Statement, days: Collection[date]) -> dict[date, int]:
    """Return what counts on these days, without days on which something is doubtful."""
    doubts = func.sum(case((Entry.state == "doubtful", 1), else_=0))
    rows = db.session.execute(
        select(Entry.booked_on, sum_minor(Entry.amount_minor))
        .where(
            Entry.bank_account_id == row.bank_account_id,
            Entry.booked_on.between(min(days), max(days)),
            Entry.state.not_in(GONE_ENTRIES),
        )
        .group_by(Entry.booked_on)
        .having(doubts == 0)
    )
    return {day: minor or 0 for day, minor in rows if day in days}
