"""Up to which day a bank account is known, from the statements that there are.

That money did not come is a fact only for days that statements cover. The chain begins with the
oldest statement, and the first gap ends it, whatever came later: what was paid in the gap is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from donorhub.domain.recurring.banking_days import roll_forward

_DAY = timedelta(days=1)


class KnownDays(NamedTuple):
    """The first and the last day of which all entries are known."""

    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class StatementDays:
    """The days that one statement tells of, the day on which it came to us, and its balances in minor units.

    Both balances are None where it does not tell them.
    """

    first_on: date
    last_on: date
    received_on: date
    opening: int | None = None
    closing: int | None = None

    @property
    def known_to(self) -> date:
        """Return its last whole day: one that came during its own last day does not know the rest of it."""
        return min(self.last_on, self.received_on - _DAY)


def find_known_days(
    statements: Sequence[StatementDays],
    *,
    gap_after: date | None = None,
    unseen_from: date | None = None,
    country: str,
) -> KnownDays | None:
    """Return the days that an unbroken chain of statements covers; None without any.

    ``gap_after`` is the last day before the first break in the chain of balances. ``unseen_from`` is the day
    of the oldest entry that nobody has looked at: from there on nothing is known.
    """
    waiting = sorted(statements, key=lambda s: (s.first_on, s.last_on))
    if not waiting:
        return None
    chain = [waiting.pop(0)]
    first_on = chain[0].first_on
    if gap_after is not None:
        waiting = [s for s in waiting if s.first_on <= gap_after]
    while joined := [s for s in waiting if _follows_chain(s, chain, country)]:
        chain += joined
        waiting = [s for s in waiting if s not in joined]
    last_on = max(s.known_to for s in chain)
    if gap_after is not None:
        last_on = min(last_on, gap_after)
    if unseen_from is not None:
        last_on = min(last_on, unseen_from - _DAY)
    return KnownDays(first_on, last_on)


def _follows_chain(statement: StatementDays, chain: Sequence[StatementDays], country: str) -> bool:
    """Return whether a statement begins where the chain ends: by its days, no banking day between them, or by
    its balance. A balance of nothing proves nothing: an account that is emptied each night has no other.
    """
    if statement.first_on <= roll_forward(max(s.known_to for s in chain) + _DAY, country):
        return True
    end = max((s for s in chain if s.closing is not None), key=lambda s: s.last_on, default=None)
    return end is not None and end.closing != 0 and end.closing == statement.opening
