"""The figures of the first page, computed live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select

from donorhub.db import db, sum_minor
from donorhub.domain.recurring.schedule import months_after
from donorhub.models import Entry, ImportFile, Instalment, Message, ProviderEvent, RecurringGift, Task
from donorhub.models.states import (
    ENTRIES_TO_DECIDE,
    OPEN_TASKS,
    OVERDUE_INSTALMENTS,
    RUNNING_PROMISES,
    STUCK_EVENTS,
    STUCK_FILES,
    UNDELIVERED_MESSAGES,
)
from donorhub.money import Money
from donorhub.services.giving import history
from donorhub.services.providers import inbox

MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Month:
    """What one month brought, in minor units of the home currency, by method."""

    first: date
    by_method: dict[str, int]

    @property
    def last(self) -> date:
        return months_after(self.first, 1) - timedelta(days=1)

    def total(self, currency: str) -> Money:
        return Money(sum(self.by_method.values()), currency)


@dataclass(frozen=True, slots=True)
class RecurringFigures:
    active: int
    late: int
    missed: int


def received(first: date, last: date) -> list[Money]:
    """What a period brought in each currency, refunds and lost disputes taken off."""
    movement = history.select_movements(first, last)
    rows = db.session.execute(
        select(movement.c.currency, sum_minor(movement.c.minor)).group_by(movement.c.currency)
    )
    return [Money(int(minor), currency) for currency, minor in sorted(tuple(row) for row in rows)]


def months(today: date, currency: str) -> list[Month]:
    """The last twelve calendar months up to today, oldest first."""
    starts = [months_after(today.replace(day=1), back) for back in range(1 - MONTHS, 1)]
    movement = history.select_movements(starts[0], today, currency=currency)
    rows = db.session.execute(
        select(movement.c.on_day, movement.c.method, sum_minor(movement.c.minor)).group_by(
            movement.c.on_day, movement.c.method
        )
    )
    sums: dict[date, dict[str, int]] = {start: {} for start in starts}
    for on_day, method, minor in rows:
        of_month = sums[on_day.replace(day=1)]
        of_month[method] = of_month.get(method, 0) + int(minor)
    return [Month(start, of_month) for start, of_month in sums.items()]


def recurring_figures() -> RecurringFigures:
    """Running recurring gifts, and instalments that are late or missed."""
    active = db.session.scalar(
        select(func.count()).where(
            RecurringGift.state.in_(RUNNING_PROMISES), RecurringGift.is_test.is_(False)
        )
    )
    late = db.session.execute(
        select(Instalment.state, func.count())
        .join(RecurringGift)
        .where(Instalment.state.in_(OVERDUE_INSTALMENTS), RecurringGift.state != "closed")
        .group_by(Instalment.state)
    )
    counts = dict(late.all())
    return RecurringFigures(active or 0, counts.get("late", 0), counts.get("missed", 0))


def attention(now: datetime) -> dict[str, int]:
    """Return what waits: entries in suspense, files, the error inbox, tasks overdue, and for how many whole
    minutes providers' events lie unread."""
    return {
        "unread_minutes": inbox.measure_backlog(now=now) // timedelta(minutes=1),
        "suspense": _count(Entry.state.in_(ENTRIES_TO_DECIDE)),
        "files": _count(ImportFile.state.in_(STUCK_FILES)),
        "errors": sum(error_counts().values()),
        "overdue": _count(Task.performer == "person", Task.state.in_(OPEN_TASKS), Task.due_at < now),
    }


def error_counts() -> dict[str, int]:
    """How much lies in the error inbox, by kind."""
    return {
        "tasks": _count(Task.state == "dead"),
        "events": _count(ProviderEvent.state.in_(STUCK_EVENTS)),
        "messages": _count(Message.state.in_(UNDELIVERED_MESSAGES)),
    }


def _count(*conditions: ColumnElement[bool]) -> int:
    return db.session.execute(select(func.count()).where(*conditions)).scalar_one()
