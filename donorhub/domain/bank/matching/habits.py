"""On which days the money of one promise comes: its payer's own delay, and on which side of a weekend.

Learned of what was settled before; until there is enough of it, the window is that of the policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LEARNED_AFTER: Final = 3  # settled instalments
LAST: Final = 6  # of which the delays count
_EARLIEST, _LATEST = -5, 10


def learn_habit(delays: Sequence[int]) -> tuple[int, int] | None:
    """Return from which to which day, counted from its own, an instalment's money comes, from the days after
    their own on which others were paid, the newest first; None of fewer than three.

    A day less than the earliest of the last six and two more than the latest, from five before to ten after.
    """
    if len(delays) < LEARNED_AFTER:
        return None
    last_ones = delays[:LAST]
    first, last = max(min(last_ones) - 1, _EARLIEST), min(max(last_ones) + 2, _LATEST)
    return (first, last) if first <= last else None
