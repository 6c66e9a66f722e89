"""How often a rule that decides alone was right, as far as people looked, and when it has to stop.

Of its decisions some are put up for a look, drawn by a digest, so that nobody chooses which. The bounds are
those of a share's 95 % interval by Wilson (E. B. Wilson, 1927).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from math import sqrt
from typing import Final, NamedTuple

ALL_AT_FIRST: Final = 20  # decisions of a rule that are all put up
LEAST_A_MONTH: Final = 5
_ONE_IN: Final = 100
_SHARE: Final = 0.995  # of its decisions that must be right
_ALLOWED: Final = 1  # wrong decisions that may be chance
_Z: Final = 1.959964  # of 95 %


class Looks(NamedTuple):
    """How many decisions people found right, and how many wrong."""

    right: int = 0
    wrong: int = 0

    @property
    def total(self) -> int:
        """How many were looked at."""
        return self.right + self.wrong


def compute_bounds(looks: Looks) -> tuple[float, float]:
    """Return between which shares, 0 to 1, that of right decisions lies; all where none was looked at."""
    if not looks.total:
        return 0.0, 1.0
    share, spread = looks.right / looks.total, _Z * _Z / looks.total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * sqrt(share * (1 - share) / looks.total + spread / (4 * looks.total)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def has_failed(looks: Looks) -> bool:
    """Return whether a rule is shown to be right too seldom to go on deciding alone."""
    return looks.wrong > _ALLOWED and compute_bounds(looks)[1] < _SHARE


def choose_looks(match_ids: Sequence[int], *, rule_count: int, month_count: int) -> list[int]:
    """Return which of a rule's new decisions are put up for a look.

    ``rule_count`` of the rule were put up before, ``month_count`` of all rules in this month.
    """
    in_turn = sorted(match_ids, key=_draw_number)
    least = max(ALL_AT_FIRST - rule_count, LEAST_A_MONTH - month_count, 0)
    return sorted(in_turn[:least] + [id_ for id_ in in_turn[least:] if _draw_number(id_) % _ONE_IN == 0])


def _draw_number(match_id: int) -> int:
    return int.from_bytes(blake2b(f"look:{match_id}".encode(), digest_size=8).digest(), "big")
