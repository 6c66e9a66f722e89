"""When the instalments of a recurring gift are due, and how much it is worth a month.

Dates are always counted from the anchor, never from the instalment before, so that
the 31st comes back after February. What becomes of an instalment then is
:mod:`donorhub.domain.recurring.recurring_states`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import count, islice
from typing import TYPE_CHECKING, Final, Literal

from donorhub.domain.recurring.banking_days import roll_forward
from donorhub.money import Money

if TYPE_CHECKING:
    from donorhub.models.states import Period

Day = int | Literal["last"]
ChangeType = Literal["upgrade", "downgrade", "same"]

_MONTHS: Final = {"M": 1, "Y": 12}
_LAST_DAY: Final = 31


@dataclass(frozen=True, slots=True)
class Term:
    """What a recurring gift promises from one date to another; a pause promises nothing.

    ``day`` is a day of the month, ``last``, or None for the anchor's; weeks have none.
    ``to_on`` is the term's last day. ValueError for an interval or a day there is not.
    """

    anchor_on: date
    period: Period
    amount: Money
    from_on: date
    every: int = 1
    day: Day | None = None
    to_on: date | None = None
    is_pause: bool = False
    term_id: int | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError(f"every {self.every} is no interval: count from 1")
        if self.day is not None and self.day != "last" and not 1 <= self.day <= _LAST_DAY:
            raise ValueError(f"{self.day} is no day of a month: 1 to 31, or last")
        if self.to_on is not None and self.to_on < self.from_on:
            raise ValueError(f"a term cannot end on {self.to_on} before it starts on {self.from_on}")


@dataclass(frozen=True, slots=True)
class Slot:
    """One instalment to be: ``nominal_on`` names it, ``due_on`` is the banking day."""

    term_id: int | None
    nominal_on: date
    due_on: date
    amount: Money


def compute_nominal_on(term: Term, k: int) -> date:
    """Return the date of slot ``k`` (0 is in the anchor's month), before it is rolled to a banking day.

    A day that the month has not is its last: 31 January, 28 February, 31 March.
    """
    if term.period == "W":
        return term.anchor_on + timedelta(weeks=term.every * k)
    day = _LAST_DAY if term.day == "last" else term.day or term.anchor_on.day
    return add_months(term.anchor_on, _MONTHS[term.period] * term.every * k, day=day)


def add_months(start: date, months: int, *, day: int | None = None) -> date:
    """Return the same day (or ``day``) so many months later, or the month's last where it is shorter."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return date(year, month, min(day or start.day, calendar.monthrange(year, month)[1]))


def list_slots(
    terms: Iterable[Term],
    horizon: date,
    *,
    country: str,
    instalment_count: int | None = None,
    ends_on: date | None = None,
    first_on: date | None = None,
) -> list[Slot]:
    """Return all slots with a nominal date from ``first_on`` up to ``horizon`` and ``ends_on``, in order.

    ``instalment_count`` limits them to the first so many of all there are; None sets no limit.

    The same terms and a later horizon give the same slots and more: rows can be
    inserted or ignored by ``nominal_on``.
    """
    last_on = horizon if ends_on is None else min(horizon, ends_on)
    counted_from = first_on if instalment_count is None else None
    term_of_day: dict[date, Term] = {}
    for term in sorted(terms, key=lambda term: term.from_on):
        if not term.is_pause:
            term_of_day.update(
                (on, term) for on in _list_nominal_dates(term, counted_from, last_on) if on not in term_of_day
            )
    return [
        Slot(term_of_day[on].term_id, on, roll_forward(on, country), term_of_day[on].amount)
        for on in islice(sorted(term_of_day), instalment_count)
        if first_on is None or on >= first_on
    ]


def _list_nominal_dates(term: Term, first_on: date | None, last_on: date) -> Iterator[date]:
    start = term.from_on if first_on is None else max(term.from_on, first_on)
    end = last_on if term.to_on is None else min(last_on, term.to_on)
    for k in count(_find_first_slot(term, start)):
        on = compute_nominal_on(term, k)
        if on > end:
            return
        if on >= start:
            yield on


def _find_first_slot(term: Term, start: date) -> int:
    """Return a slot of a term before a day, at most two before the first that is not: an old promise is not
    counted from its beginning.
    """
    if term.period == "W":
        return max(0, (start - term.anchor_on).days // (7 * term.every) - 1)
    months = (start.year - term.anchor_on.year) * 12 + start.month - term.anchor_on.month
    return max(0, months // (_MONTHS[term.period] * term.every) - 1)


def compute_monthly_minor(amount_minor: int, period: Period, every: int = 1) -> Fraction:
    """Return a term's value a month in minor units, exact: a week is 12/52 of a month, a year twelve."""
    if period == "W":
        return Fraction(amount_minor * 52, 12 * every)
    return Fraction(amount_minor, _MONTHS[period] * every)


def find_change_type(before: Term, after: Term) -> ChangeType:
    """Return whether the value a month grew, shrank or stayed; raise ValueError between two currencies."""
    if before.amount.currency != after.amount.currency:
        raise ValueError(f"{before.amount.currency} and {after.amount.currency} cannot be compared")
    old = compute_monthly_minor(before.amount.minor, before.period, before.every)
    new = compute_monthly_minor(after.amount.minor, after.period, after.every)
    return "upgrade" if new > old else "downgrade" if new < old else "same"
