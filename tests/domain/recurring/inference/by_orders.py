"""Payers drawn from the standing orders they hold: a bank keeps its calendar, and people give beside."""

from __future__ import annotations

import calendar
import random
from datetime import date, timedelta
from typing import Final

import holidays

from tests.domain.recurring.inference.truth import Payer, Payment

START: Final = date(2024, 3, 1)
MONTHS: Final = 24
AMOUNTS: Final = (2000, 3000, 5000, 5000, 10000, 10000, 20000, 4500)
_CLOSED: Final = {c: holidays.country_holidays(c, years=range(2023, 2028)) for c in ("PL", "AL", "XK")}


def generate(seed: int, count: int) -> list[Payer]:
    """Draw so many payers with two years of payments."""
    draw = random.Random(seed)
    return [_draw_payer(draw) for _ in range(count)]


def _draw_payer(draw: random.Random) -> Payer:
    payer = Payer(draw.choices(("PL", "AL", "XK"), (70, 20, 10))[0])
    what = draw.random()
    if what < 0.66:
        roll = draw.choices(("forward", "back", "none"), (60, 25, 15))[0]
        for number in range(1 + (draw.random() < 0.12)):
            _pay_order(draw, payer, number, roll)
    if what > 0.58:
        _give_freely(draw, payer)
    if what > 0.92:
        _give_on_feasts(draw, payer)
    return payer


def _pay_order(draw: random.Random, payer: Payer, number: int, roll: str) -> None:
    every = draw.choices((1, 3, 6), (84, 12, 4))[0]
    payer.months[number] = every
    # Two orders that agree in day and amount nobody can tell apart: the second is of other ones.
    day, minor = (
        draw.randint(1, 31) if not number else draw.randint(1, 5),
        draw.choice(AMOUNTS) + 700 * number,
    )
    first = draw.choices((0, draw.randrange(MONTHS - 4)), (60, 40))[0]
    last = draw.choices((MONTHS, draw.randint(first + 3, MONTHS)), (75, 25))[0]
    says_so = draw.random() < 0.3
    for month in range(first, last, every):
        if draw.random() < 0.08 * every / 12:
            minor = minor * draw.choice((2, 3, 4, 6)) // 3
        if draw.random() < 0.03:
            continue
        day_paid = _find_day(payer.country, month, day, roll)
        day_paid += timedelta(days=draw.choices((0, 1, 2), (94, 4, 2))[0])
        payer.payments.append(Payment(day_paid, minor, number, says_so))


def _give_freely(draw: random.Random, payer: Payer) -> None:
    """A person who gives when they think of it, mostly the same sum."""
    usual = draw.choice(AMOUNTS)
    for _ in range(draw.choices((2, 4, 8, 14), (40, 30, 20, 10))[0]):
        day = START + timedelta(days=draw.randrange(MONTHS * 30))
        minor = usual if draw.random() < 0.7 else draw.choice(AMOUNTS)
        payer.payments.append(Payment(day, minor, None))


def _give_on_feasts(draw: random.Random, payer: Payer) -> None:
    minor = draw.choice(AMOUNTS)
    for year in (2024, 2025):
        for month, day in ((4, 1), (12, 20)):
            payer.payments.append(
                Payment(date(year, month, day) + timedelta(days=draw.randrange(-12, 6)), minor, None)
            )


def _find_day(country: str, month: int, day: int, roll: str) -> date:
    index = START.year * 12 + START.month - 1 + month
    year, month = index // 12, index % 12 + 1
    on = date(year, month, min(day, calendar.monthrange(year, month)[1]))
    step = {"forward": 1, "back": -1, "none": 0}[roll]
    while step and (on.weekday() > 4 or on in _CLOSED[country]):
        on += timedelta(days=step)
    return on
