"""On which days banks move money: not on Saturdays, Sundays and public holidays.

The holidays are those of the ``holidays`` package (in Poland 24 December since 2025);
a bank's own closing days are not known here.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import holidays

_FRIDAY: Final = 4
_DAY: Final = timedelta(days=1)


@lru_cache(maxsize=512)
def _list_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


def is_banking_day(day: date, country: str) -> bool:
    """Return whether banks of a country (ISO 3166 code; XK is Kosovo) are open that day.

    Raise NotImplementedError for a country that the package does not know.
    """
    return day.weekday() <= _FRIDAY and day not in _list_holidays(country, day.year)


def roll_forward(day: date, country: str) -> date:
    """Return the day itself, or the next banking day after it."""
    while not is_banking_day(day, country):
        day += _DAY
    return day


def roll_back(day: date, country: str) -> date:
    """Return the day itself, or the last banking day before it."""
    while not is_banking_day(day, country):
        day -= _DAY
    return day


def add_banking_days(day: date, count: int, country: str) -> date:
    """Return the banking day that lies ``count`` banking days after (or, negative, before) a day."""
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day += step
        while not is_banking_day(day, country):
            day += step
    return day
