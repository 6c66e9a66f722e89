"""In which state a recurring gift and its instalments are, and what may follow what.

Two tables and the rules of time (windows, grace, lapse). It changes no row: a service
asks for the next state and writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from donorhub.domain.recurring.schedule import add_months

if TYPE_CHECKING:
    from donorhub.models.states import InstalmentState, Period, RecurringState

InstalmentStep = Literal[
    "collect",
    "pay",
    "pay_part",
    "window_over",
    "fail",
    "grace_over",
    "bank_return",
    "skip",
    "refund",
    "waive",
    "undo",
]
RecurringStep = Literal["accept", "start", "pay", "fail", "pause", "resume", "lapse", "close", "reopen"]

# "undo": the allocation was a mistake and was taken out; time then moves the instalment on again.
INSTALMENT_STEPS: Final[Mapping[InstalmentState, Mapping[InstalmentStep, InstalmentState]]] = {
    "expected": {
        "collect": "collecting",
        "pay": "paid",
        "pay_part": "partial",
        "window_over": "late",
        "skip": "skipped",
    },
    "collecting": {"pay": "paid", "pay_part": "partial", "fail": "failed", "bank_return": "returned"},
    "late": {"pay": "paid", "pay_part": "partial", "grace_over": "missed"},
    "partial": {
        "pay": "paid",
        "pay_part": "partial",
        "grace_over": "missed",
        "bank_return": "returned",
        "refund": "skipped",
        "undo": "expected",
    },
    "failed": {
        "collect": "collecting",
        "pay": "paid",
        "pay_part": "partial",
        "grace_over": "missed",
        "skip": "skipped",
    },
    "missed": {"pay": "paid", "pay_part": "partial", "waive": "waived"},
    "paid": {"bank_return": "returned", "refund": "skipped", "undo": "expected"},
    "returned": {
        "collect": "collecting",
        "pay": "paid",
        "pay_part": "partial",
        "grace_over": "missed",
        "skip": "skipped",
    },
    # Nothing is owed, and yet donors pay: an invoice written off, or one of a closed recurring gift.
    "skipped": {"pay": "paid", "pay_part": "partial"},
    "waived": {"pay": "paid", "pay_part": "partial"},
}
RECURRING_STEPS: Final[Mapping[RecurringState, Mapping[RecurringStep, RecurringState]]] = {
    "proposed": {"accept": "active", "close": "closed"},
    "pending": {"start": "active", "pay": "active", "close": "closed"},
    "active": {"pay": "active", "fail": "failing", "pause": "paused", "lapse": "lapsed", "close": "closed"},
    "failing": {
        "start": "active",  # a new mandate
        "pay": "active",
        "fail": "failing",
        "pause": "paused",
        "lapse": "lapsed",
        "close": "closed",
    },
    "paused": {"resume": "active", "close": "closed"},
    "lapsed": {"pay": "active", "close": "closed"},
    "closed": {"reopen": "active"},  # a person says that it goes on, since money has come
}


def find_next_state(state: InstalmentState, step: InstalmentStep) -> InstalmentState | None:
    """Return the instalment's state after a step; None where the step is not allowed."""
    return INSTALMENT_STEPS[state].get(step)


def find_next_recurring_state(state: RecurringState, step: RecurringStep) -> RecurringState | None:
    """Return the recurring gift's state after a step; None where the step is not allowed."""
    return RECURRING_STEPS[state].get(step)


@dataclass(frozen=True, slots=True)
class Windows:
    """Days around the due date: a match needs no person from ``early`` before to ``late`` after."""

    early: int = 1
    late: int = 4
    grace: int = 10

    def __post_init__(self) -> None:
        if not (self.early >= 0 and 0 <= self.late <= self.grace):
            raise ValueError("the window must not end after the grace")

    def include_booking(self, due_on: date, booked_on: date) -> bool:
        """Return whether money of that day may be matched to the instalment without a person."""
        return -self.early <= (booked_on - due_on).days <= self.late


def find_step_of_time(
    state: InstalmentState,
    due_on: date,
    today: date,
    *,
    known_to: date | None,
    windows: Windows,
    next_attempt_on: date | None = None,
) -> InstalmentStep | None:
    """Return what time does to an instalment today, if anything.

    It is late by the calendar. It is missed only where its source is known up to the end of its grace:
    ``known_to``, None where it is not known at all. While another attempt is planned, by us or by a provider,
    nothing is missed.
    """
    if state == "expected":
        return "window_over" if today > due_on + timedelta(days=windows.late) else None
    if state not in ("late", "partial", "failed", "returned") or next_attempt_on is not None:
        return None
    last_on = due_on + timedelta(days=windows.grace)
    return "grace_over" if known_to is not None and today > last_on and known_to >= last_on else None


@dataclass(frozen=True, slots=True)
class LapseRule:
    """When a recurring gift without payments is lapsed, then closed.

    By misses: lapsed after ``misses`` missed in a row where instalments come more often
    than quarterly, else ``long_days`` after the grace of one; closed ``close_months``
    after the first unpaid due date. With ``lapse_days`` and ``close_days`` set, those
    days after the first unpaid due date count instead.
    """

    misses: int = 2
    long_days: int = 30
    close_months: int = 6
    lapse_days: int | None = None
    close_days: int | None = None

    def __post_init__(self) -> None:
        if (self.lapse_days is None) != (self.close_days is None):
            raise ValueError("set both lapse_days and close_days, or neither")
        if self.lapse_days is not None and self.close_days is not None and self.lapse_days >= self.close_days:
            raise ValueError("a recurring gift must lapse before it is closed")


def find_step_of_misses(
    unpaid_due: Sequence[date], period: Period, every: int, today: date, *, rule: LapseRule, windows: Windows
) -> Literal["lapse", "close"] | None:
    """Return what the unpaid instalments at the end do to a recurring gift: lapse it, close it, or nothing.

    ``unpaid_due`` are their due dates, oldest first.
    The caller leaves paused ones out: a pause is exempt.
    """
    if not unpaid_due or today <= unpaid_due[0]:
        return None
    if today >= find_closing_day(unpaid_due, rule=rule):
        return "close"
    if rule.lapse_days is not None:
        return "lapse" if (today - unpaid_due[0]).days > rule.lapse_days else None
    return "lapse" if _is_lapsed(unpaid_due, period, every, today, rule, windows) else None


def find_closing_day(unpaid_due: Sequence[date], *, rule: LapseRule) -> date:
    """Return the day on which a recurring gift is closed if none of these due dates is paid by then."""
    if rule.close_days is not None:
        return unpaid_due[0] + timedelta(days=rule.close_days + 1)
    return add_months(unpaid_due[0], rule.close_months) + timedelta(days=1)


def _is_lapsed(
    unpaid_due: Sequence[date], period: Period, every: int, today: date, rule: LapseRule, windows: Windows
) -> bool:
    missed_days = [due for due in unpaid_due if today > due + timedelta(days=windows.grace)]
    if _is_long(period, every):
        return bool(missed_days) and today > missed_days[0] + timedelta(days=windows.grace + rule.long_days)
    return len(missed_days) >= rule.misses


def _is_long(period: Period, every: int) -> bool:
    return every >= {"W": 13, "M": 3, "Y": 1}[period]
