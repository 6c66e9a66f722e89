"""Payers drawn as people live: wages, sickness, holidays, and a bank that keeps orders its own way.

Nothing is shared with :mod:`.by_orders` but the values: other days, amounts, delays, breaks and strangers.
"""

from __future__ import annotations

import calendar
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import holidays

from tests.domain.recurring.inference.truth import Payer, Payment

_FIRST_YEAR: Final = 2023
_LAST_ON: Final = date(2026, 2, 28)
_DAYS: Final = (1, 4, 2, 7, 5, 13, 10, 17, 10, 20, 15, 23, 25, 30, 27, 31)
_SUMS: Final = (10, 15, 20, 25, 30, 33, 50, 60, 75, 100, 120, 150, 300)
_POLISH: Final = holidays.country_holidays("PL", years=range(2022, 2028))
_ALBANIAN: Final = holidays.country_holidays("AL", years=range(2022, 2028))


@dataclass(slots=True)
class _Bank:
    """How a bank keeps an order: before or after closed days, and how late it books all it keeps."""

    country: str
    direction: int
    lateness: int

    def book(self, day: date) -> date:
        """Return the day on which an order of a day is booked."""
        while self.direction and self.is_closed(day):
            day += timedelta(days=self.direction)
        for _ in range(self.lateness):
            day += timedelta(days=1)
            while self.is_closed(day):
                day += timedelta(days=1)
        return day

    def is_closed(self, day: date) -> bool:
        """Return whether nothing is booked on a day."""
        return day.isoweekday() >= 6 or day in (_POLISH if self.country == "PL" else _ALBANIAN)


def generate(seed: int, count: int) -> list[Payer]:
    """Draw so many payers with up to three years of payments."""
    return [_live(random.Random(seed * 1_000_003 + number)) for number in range(count)]


def _live(draw: random.Random) -> Payer:
    country = "PL" if draw.random() < 0.8 else "AL"
    payer = Payer(country)
    bank = _Bank(country, draw.choice((1, 1, 1, -1, -1, 0)), draw.choice((0, 0, 0, 0, 0, 1)))
    kind = draw.choices(
        ("order", "two", "yearly", "moody", "seasonal", "after wages", "order and moody"),
        (48, 6, 4, 20, 7, 5, 10),
    )[0]
    if "order" in kind or kind == "two":
        _hold_order(draw, payer, bank, 0)
    if kind == "two":
        _hold_order(draw, payer, bank, 1)
    if kind == "yearly":
        _hold_yearly(draw, payer, bank)
    if "moody" in kind:
        _give_by_mood(draw, payer)
    if kind == "seasonal":
        _give_in_season(draw, payer)
    if kind == "after wages":
        _give_after_wages(draw, payer)
    return payer


def _hold_order(draw: random.Random, payer: Payer, bank: _Bank, number: int) -> None:
    payer.months[number] = every = 3 if draw.random() < 0.1 else 1
    # Two orders of one payer that agree in day and amount nobody can tell apart, so none are drawn.
    day = draw.choice(_DAYS[number::2])
    minor = 100 * draw.choice(_SUMS[number::2])
    month = 12 * (_FIRST_YEAR + 1) + draw.randrange(16)
    ends = month + (draw.randrange(4, 12) if draw.random() < 0.15 else 99)
    while month < ends:
        on = _day_of(month, day)
        if on > _LAST_ON:
            return
        if month % 12 == 0 and draw.random() < 0.2:
            minor = round(minor * draw.uniform(1.05, 1.5), -2)
        chance = draw.random()
        if chance < 0.012:  # a dry spell: two or three are not paid
            month += every * draw.randint(2, 3)
            continue
        if chance > 0.02:
            booked_on = bank.book(on)
            if draw.random() < 0.03:
                booked_on = bank.book(booked_on + timedelta(days=draw.randint(1, 2)))
            payer.payments.append(Payment(booked_on, minor, number))
        month += every


def _hold_yearly(draw: random.Random, payer: Payer, bank: _Bank) -> None:
    payer.months[0] = 12
    month, day = draw.randrange(2), draw.randint(1, 28)
    minor = draw.choice((12000, 24000, 36000, 100000))
    for year in range(_FIRST_YEAR, 2027):
        on = date(year, month + 1, day)
        if on <= _LAST_ON:
            payer.payments.append(Payment(bank.book(on), minor, 0))


def _give_by_mood(draw: random.Random, payer: Payer) -> None:
    """Somebody with a telephone: whole sums at any hour of any day, now more, now less."""
    day = date(2024, 1, 1) + timedelta(days=draw.randrange(300))
    pace = draw.choice((12.0, 25.0, 31.0, 60.0, 140.0))
    favourite = 100 * draw.choice((10, 20, 30, 50, 100))
    while day <= _LAST_ON:
        minor = favourite if draw.random() < 0.6 else 100 * draw.randrange(5, 205, 5)
        payer.payments.append(Payment(day, minor, None))
        day += timedelta(days=1 + int(draw.expovariate(1 / pace)))


def _give_in_season(draw: random.Random, payer: Payer) -> None:
    minor = 100 * draw.choice((50, 100, 200))
    for year in (2023, 2024, 2025):
        payer.payments.append(Payment(date(year, 12, draw.randint(4, 31)), minor, None))
        if draw.random() < 0.7:
            payer.payments.append(Payment(date(year, draw.choice((3, 4)), draw.randint(5, 28)), minor, None))


def _give_after_wages(draw: random.Random, payer: Payer) -> None:
    """By hand, some day of the fortnight after the wages came: often monthly, never a bank's order."""
    minor = 100 * draw.choice((20, 50, 100))
    wages = draw.choice((1, 10, 15))
    for month in range(12 * 2024 + draw.randrange(8), 12 * 2026 + 1):
        if draw.random() < 0.8:
            on = _day_of(month, wages) + timedelta(days=draw.randrange(14))
            payer.payments.append(Payment(on, minor, None))


def _day_of(month: int, day: int) -> date:
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
