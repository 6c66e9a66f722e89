"""Instalments whose days of grace are over while the bank is not known that far.

They wait, and nothing is said to anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from donorhub.db import db
from donorhub.domain.recurring.coverage import KnownDays
from donorhub.models import BankAccount, Instalment, RecurringGift
from donorhub.models.states import EXPECTING_PROMISES
from donorhub.services.recurring import known_banks, overdue
from donorhub.services.work import tasks

_LONGEST_WAIT: Final = timedelta(days=45)  # longer than from one monthly import to the next


class BankDays(NamedTuple):
    """One of our accounts in use, and up to which day it is known; None where it is not known at all."""

    account: BankAccount
    known_to: date | None


class Wait(NamedTuple):
    """How many instalments wait for the bank, and up to which day it is known, if at all."""

    instalment_count: int
    known_to: date | None


def list_bank_days(
    *, today: date, now: datetime, coverage: Mapping[int, KnownDays] | None = None
) -> list[BankDays]:
    """Return our accounts in use with the last day that is known of each, the longest unknown first;
    ``coverage``, if read.
    """
    known_days = known_banks.read_coverage(now=now) if coverage is None else coverage
    accounts = db.session.scalars(
        select(BankAccount)
        .where(BankAccount.closed_on.is_(None) | (BankAccount.closed_on > today))
        .order_by(BankAccount.name, BankAccount.id)
    )
    rows = [BankDays(one, known_days[one.id].last_on if one.id in known_days else None) for one in accounts]
    return sorted(rows, key=lambda row: row.known_to or date.min)


def count_waiting(*, today: date, now: datetime) -> Wait:
    """Return how many instalments would be called missed or paid if the bank were known up to today."""
    count = db.session.scalar(
        select(func.count())
        .select_from(Instalment)
        .join(RecurringGift)
        .where(*_make_conditions(today), RecurringGift.is_test.is_(False))
    )
    days = list_bank_days(today=today, now=now)
    return Wait(count or 0, days[0].known_to if days else None)


def find_known_days(
    rows: Sequence[Instalment],
    *,
    today: date,
    now: datetime,
    coverage: Mapping[int, KnownDays] | None = None,
) -> Mapping[int, date | None]:
    """Return for those of these instalments that wait for the bank up to which day it is known for them;
    ``coverage``, if read.
    """
    waiting = [row for row in rows if _is_waiting(row, today)]
    if not waiting:
        return {}
    ids = {row.recurring_gift_id for row in waiting}
    banks = known_banks.read_known_banks(ids, today=today, now=now, coverage=coverage)
    known_days = {row.id: banks.find_days(row.recurring_gift) for row in waiting}
    return {id_: days.last_on if days else None for id_, days in known_days.items()}


def _make_conditions(today: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Instalment.state == "late",
        Instalment.due_on < today - timedelta(days=overdue.WINDOWS.grace),
        RecurringGift.state.in_(EXPECTING_PROMISES),
        RecurringGift.charged_by != "provider",
    )


def _is_waiting(row: Instalment, today: date) -> bool:
    promise = row.recurring_gift
    return (
        row.state == "late"
        and row.due_on < today - timedelta(days=overdue.WINDOWS.grace)
        and promise.state in EXPECTING_PROMISES
        and promise.charged_by != "provider"
    )


def ask_for_statements(*, today: date, now: datetime, actor: str = "system:0") -> int:
    """Ask once for each account whose statements have stopped while instalments wait for it; take the
    question back when they wait no more. Return how many rows changed.
    """
    rows = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(*_make_conditions(today), RecurringGift.is_test.is_(False))
        .options(joinedload(Instalment.recurring_gift))
    ).all()
    banks = known_banks.read_known_banks({row.recurring_gift_id for row in rows}, today=today, now=now)
    counts = Counter(id_ for row in rows for id_ in banks.list_sources(row.recurring_gift))
    count = 0
    for account_id in sorted(banks.currencies):
        days = banks.days.get(account_id)
        has_stopped = days is not None and days.last_on < today - _LONGEST_WAIT
        if counts[account_id] and has_stopped and days is not None:
            count += _ask_for_account(account_id, days.last_on, counts[account_id], now=now)
        else:
            count += tasks.cancel_task(_name_task(account_id), now=now, actor=actor, reason="found")
    return count


def _ask_for_account(account_id: int, known_to: date, waiting_count: int, *, now: datetime) -> int:
    facts = {"known_to": known_to.isoformat(), "count": waiting_count}
    key = _name_task(account_id)
    if tasks.plan_task(
        key,
        kind="statements_stopped",
        role="accountant",
        subject=("bank_account", account_id),
        now=now,
        facts=facts,
    ):
        return 1
    # A day other than the one that was told: statements came, and stopped again.
    return tasks.update_question(
        key, facts, is_other=lambda before: before.get("known_to") != facts["known_to"]
    )


def _name_task(account_id: int) -> str:
    return f"statements_stopped:{account_id}"
