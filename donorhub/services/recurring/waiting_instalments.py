"""Instalments whose days of grace are over while the bank is not known that far.

They wait, and nothing is said to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select

from donorhub.db import db
from donorhub.models import BankAccount, Instalment, RecurringGift
from donorhub.models.states import EXPECTING_PROMISES
from donorhub.services.recurring import known_banks, overdue


class BankDays(NamedTuple):
    """One of our accounts in use, and up to which day it is known; None where it is not known at all."""

    account: BankAccount
    known_to: date | None


class Wait(NamedTuple):
    """How many instalments wait for the bank, and up to which day it is known, if at all."""

    instalment_count: int
    known_to: date | None


def list_bank_days(*, today: date, now: datetime) -> list[BankDays]:
    """Return our accounts in use with the last day that is known of each, the longest unknown first."""
    known_days = known_banks.read_coverage(now=now)
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


def find_known_days(rows: Sequence[Instalment], *, today: date, now: datetime) -> Mapping[int, date | None]:
    """Return for those of these instalments that wait for the bank up to which day it is known for them."""
    waiting = [row for row in rows if _is_waiting(row, today)]
    if not waiting:
        return {}
    banks = known_banks.read_known_banks({row.recurring_gift_id for row in waiting}, today=today, now=now)
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
