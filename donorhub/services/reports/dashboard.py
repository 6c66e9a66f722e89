"""The figures of the first page: money from the totals of days, what waits counted live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from donorhub.db import db, sum_minor
from donorhub.domain.recurring.schedule import add_months
from donorhub.models import (
    DayTotal,
    Entry,
    ImportFile,
    Instalment,
    Message,
    ProviderEvent,
    RecurringGift,
    Task,
)
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
from donorhub.services.access import organisation
from donorhub.services.counting import count_each
from donorhub.services.donors import duplicate_review
from donorhub.services.providers import inbox
from donorhub.services.recurring import waiting_instalments
from donorhub.services.recurring.waiting_instalments import Wait
from donorhub.services.work import upgrade_notes

MONTHS: Final = 12
NET_MINOR: Final = DayTotal.gross_minor - DayTotal.refunded_minor


@dataclass(frozen=True, slots=True)
class Month:
    """What one month brought, in minor units of the home currency, by method."""

    first: date
    by_method: dict[str, int]

    @property
    def last(self) -> date:
        """Return the last day of the month."""
        return add_months(self.first, 1) - timedelta(days=1)

    def compute_total(self, currency: str) -> Money:
        """Return what all methods brought together."""
        return Money(sum(self.by_method.values()), currency)


@dataclass(frozen=True, slots=True)
class RecurringFigures:
    """How many recurring gifts run, how many instalments are late or missed, and what waits for the bank."""

    active_count: int
    late_count: int
    missed_count: int
    waiting: Wait


def sum_received(first: date, last: date) -> list[Money]:
    """Return what a period brought in each currency, refunds and lost disputes taken off."""
    rows = db.session.execute(
        select(DayTotal.currency, sum_minor(NET_MINOR))
        .where(DayTotal.day.between(first, last), DayTotal.method != "in_kind")
        .group_by(DayTotal.currency)
        .order_by(DayTotal.currency)
    )
    return [Money(int(minor or 0), currency) for currency, minor in rows]


def list_months(today: date, currency: str) -> list[Month]:
    """Return the last twelve calendar months up to today, oldest first."""
    starts = [add_months(today.replace(day=1), back) for back in range(1 - MONTHS, 1)]
    rows = db.session.execute(
        select(DayTotal.day, DayTotal.method, NET_MINOR).where(
            DayTotal.day.between(starts[0], today),
            DayTotal.method != "in_kind",
            DayTotal.currency == currency,
        )
    )
    sums: dict[date, dict[str, int]] = {start: {} for start in starts}
    for day, method, minor in rows:
        of_month = sums[day.replace(day=1)]
        of_month[method] = of_month.get(method, 0) + minor
    return [Month(start, of_month) for start, of_month in sums.items()]


def list_other_currencies(months: Sequence[Month], today: date, currency: str) -> list[Money]:
    """Return what the days of these months brought in other currencies than the one they are reckoned in."""
    return [money for money in sum_received(months[0].first, today) if money.currency != currency]


def count_in_kind(months: Sequence[Month], today: date) -> int:
    """Return how many gifts in kind these months brought; no sum of money has them in it."""
    return (
        db.session.scalar(
            select(func.sum(DayTotal.gift_count)).where(
                DayTotal.method == "in_kind", DayTotal.day.between(months[0].first, today)
            )
        )
        or 0
    )


def compute_recurring_figures(*, today: date, now: datetime) -> RecurringFigures:
    """Return how many recurring gifts run, and how many instalments are late or missed; tests do not
    count.
    """
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
    waiting = waiting_instalments.count_waiting(today=today, now=now)
    return RecurringFigures(active or 0, counts.get("late", 0), counts.get("missed", 0), waiting)


def count_waiting(now: datetime) -> dict[str, int]:
    """Return how much waits for a person: entries in suspense, files, the error inbox, tasks overdue,
    what an upgrade mended, groups of possible duplicates.

    Each is counted as far as :mod:`donorhub.services.counting` does.
    """
    open_tasks = select(Task.id).where(Task.performer == "person", Task.state.in_(OPEN_TASKS))
    counts = count_each(
        {
            "suspense": select(Entry.id).where(Entry.state.in_(ENTRIES_TO_DECIDE)),
            "files": select(ImportFile.id).where(ImportFile.state.in_(STUCK_FILES)),
            "overdue": open_tasks.where(Task.due_at < organisation.get_midnight(organisation.get_day(now))),
            "dead_tasks": select(Task.id).where(Task.state == "dead"),
            "stuck_events": select(ProviderEvent.id).where(ProviderEvent.state.in_(STUCK_EVENTS)),
            "upgrade_notes": upgrade_notes.select_unseen_notes(),
            "duplicates": duplicate_review.select_open(),
            "undelivered_messages": select(Message.id).where(Message.state.in_(UNDELIVERED_MESSAGES)),
        }
    )
    unread_minutes = inbox.measure_backlog(now=now) // timedelta(minutes=1)
    errors = counts["dead_tasks"] + counts["stuck_events"] + counts["undelivered_messages"]
    return {
        "unread_minutes": unread_minutes,
        "suspense": counts["suspense"],
        "files": counts["files"],
        "errors": errors,
        "overdue": counts["overdue"],
        "upgrade_notes": counts["upgrade_notes"],
        "duplicates": counts["duplicates"],
    }
