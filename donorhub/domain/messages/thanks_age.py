"""Which money is news: only for that is a donor thanked without anybody asking for it.

A statement of two years ago, gifts taken over from another system, and what a provider tells long after
are booked like any other, and nobody is written to.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal

MAX_AGE: Final = timedelta(days=30)  # of the money on the day on which it is recorded
Hold = Literal["history", "too_old"]
HOLDS: Final[tuple[Hold, ...]] = ("history", "too_old")
TAKEN_OVER: Final = "import:"  # how the source of what another system kept before begins


def find_hold(source: str, received_on: date, *, recorded_on: date) -> Hold | None:
    """Return why a gift is not thanked by itself; None where it is.

    Days are the organisation's. Money of exactly ``MAX_AGE`` is still news.
    """
    if source.startswith(TAKEN_OVER):
        return "history"
    return "too_old" if recorded_on - received_on > MAX_AGE else None
