"""Up to which day a bank account is known, from the statements that there are.

That money did not come is a fact only for days that statements cover. The chain begins with the
oldest statement, and the first gap ends it, whatever came later: what was paid in the gap is unknown.
"""

from __future__ import annotations

from collections import defaultdict
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
    first_on = waiting[0].first_on
    if gap_after is not None:
        waiting = [waiting[0], *(s for s in waiting[1:] if s.first_on <= gap_after)]
    chain = _chain_statements(waiting, country)
    last_on = max(s.known_to for s in chain)
    if gap_after is not None:
        last_on = min(last_on, gap_after)
    if unseen_from is not None:
        last_on = min(last_on, unseen_from - _DAY)
    return KnownDays(first_on, last_on)


def _chain_statements(statements: Sequence[StatementDays], country: str) -> list[StatementDays]:
    """Return of statements in the order of days the first and each that begins where the chain ends: by its
    days, no banking day between them, or by its balance. A balance of nothing proves nothing: an account that
    is emptied each night has no other. Each is looked at twice, however many there are.
    """
    places_of_opening: dict[int | None, list[int]] = defaultdict(list)
    for place, statement in enumerate(statements):
        places_of_opening[statement.opening].append(place)
    chain: list[StatementDays] = []
    chained_places: set[int] = set()
    end: StatementDays | None = None
    known_to, next_place, joined_places = date.min, 0, [0]
    while joined_places:
        chained_places.update(joined_places)
        for statement in (statements[place] for place in joined_places):
            chain.append(statement)
            known_to = max(known_to, statement.known_to)
            if statement.closing is not None and (end is None or statement.last_on > end.last_on):
                end = statement
        follows_on = roll_forward(known_to + _DAY, country)
        following: set[int] = set()
        while next_place < len(statements) and statements[next_place].first_on <= follows_on:
            following.add(next_place)
            next_place += 1
        if end is not None and end.closing:
            following.update(places_of_opening.pop(end.closing, ()))
        joined_places = sorted(following - chained_places)
    return chain
