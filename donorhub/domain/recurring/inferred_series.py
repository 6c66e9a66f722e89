"""A series of payments as a bank's standing order makes it: its slots, its hits, and how sure it is.

How series are found among the payments of a payer is :mod:`donorhub.domain.recurring.inference`.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from donorhub.domain.recurring.banking_days import roll_back, roll_forward

Roll = Literal["forward", "back", "none"]
ROLLS: Final[tuple[Roll, ...]] = ("forward", "back", "none")
EARLY_DAYS: Final = 1
LATE_DAYS: Final = 4
LAST_DAY: Final = 31
CERTAIN: Final = 1000  # of a score: thousandths
_MONTHS: Final = 12
_ENOUGH_HITS: Final = 6
_WAYS: Final = 24  # a day, a period and a roll by which two payments may belong together
_LEAST_DAYS: Final = 365
_MOODY: Final = 3  # so many payments on other days make it likely that all come by mood
_RARE: Final = 3.3  # decades: one in two thousand
_DOUBT: Final = 150  # thousandths for each decade more often
_NEVER: Final = -8
_TRUST: Final = 20  # thousandths for each decade more seldom, up to so many
_MOST_TRUST: Final = 100
_SELDOM: Final = {1: 0.0, 3: 0.5, 6: 0.5, 12: 1.0}  # decades: fewer people order so
_FAR_DAYS: Final = Fraction(5, 2)  # a mean of so many days beside its day says nothing for a series


class Credit(NamedTuple):
    """Money in from one payer; ``says_so`` where its words or code call it a standing order."""

    credit_id: int
    booked_on: date
    minor: int
    says_so: bool = False


class Hit(NamedTuple):
    """A payment on a slot: the months since year 0, and by how many days it missed the banking day."""

    slot: int
    residual: int
    credit: Credit


class _GoesOn(NamedTuple):
    """After how many periods at most an order goes on, and how many days beside its own in the mean."""

    slots: int
    days_beside: Fraction


_SAME_AMOUNT: Final = _GoesOn(6, Fraction(2))
_OTHER_AMOUNT: Final = _GoesOn(3, Fraction(3, 2))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every how many months, on which day (31 is the last of each), and where it goes on closed days."""

    months: int
    day: int
    roll: Roll


@dataclass(frozen=True, slots=True)
class Series:
    """Payments that one standing order made, the first first; amounts may have changed under way."""

    rhythm: Rhythm
    hits: tuple[Hit, ...]
    rarity: int = 0  # thousandths: how seldom payments on any day look so by chance; below 0, too often

    @property
    def slot_count(self) -> int:
        """Return how many payments there should have been from the first to the last."""
        return (self.hits[-1].slot - self.hits[0].slot) // self.rhythm.months + 1

    @property
    def first_on(self) -> date:
        """Return the day, not yet moved to a banking day, of the first payment."""
        return find_nominal_on(self.hits[0].slot, self.rhythm.day)

    @property
    def last_on(self) -> date:
        """Return the day, not yet moved to a banking day, of the last payment."""
        return find_nominal_on(self.hits[-1].slot, self.rhythm.day)

    @property
    def minor(self) -> int:
        """Return the amount that was paid last."""
        return self.hits[-1].credit.minor

    @property
    def score(self) -> int:
        """Return how sure it is, in thousandths: slots filled, payments at all, and days kept."""
        return max(0, min(CERTAIN, score_hits(self.hits, self.slot_count) + self.rarity))


def score_hits(hits: Sequence[Hit], slot_count: int) -> int:
    """Return how sure it is that payments are of one standing order, in thousandths."""
    count = len(hits)
    days_beside = sum(abs(hit.residual) for hit in hits)
    score = 450 * count // slot_count
    score += 250 * min(count, _ENOUGH_HITS) // _ENOUGH_HITS
    score += max(0, int(300 * (1 - days_beside / (_FAR_DAYS * count))))
    if 2 * sum(hit.credit.says_so for hit in hits) > count:
        score += 50
    return min(score, CERTAIN)


def measure_rarity(hits: Sequence[Hit], months: int, *, loose_count: int, day_count: int) -> int:
    """Return the thousandths that a score gains, or loses, by how seldom such hits come about by chance.

    ``loose_count`` payments of the same amount fall on other days of the ``day_count`` on which the payer was
    seen: who gives fifty times a year has three gifts a month apart, and no order. What chance makes of one
    payer in two thousand changes nothing; what it never makes is an order, though its bank be slow at times.
    """
    count, slot_count = len(hits), (hits[-1].slot - hits[0].slot) // months + 1
    by_mood = count * loose_count / (loose_count + _MOODY)
    density = (loose_count + 1 + by_mood) / max(day_count, _LEAST_DAYS)
    decades = math.log10((loose_count + count) * _WAYS * math.comb(slot_count - 2, count - 2))
    decades += (count - 1) * math.log10(min(1.0, density))
    decades += sum(math.log10(min(2 * abs(hit.residual) + 1, LATE_DAYS - EARLY_DAYS + 3)) for hit in hits)
    too_often = decades + _RARE + _SELDOM[months]
    if too_often > 0:
        return -round(_DOUBT * too_often)
    return min(_MOST_TRUST, max(0, round(_TRUST * (_NEVER - decades))))


def find_slot(day: date) -> int:
    """Return the number of a day's month."""
    return day.year * _MONTHS + day.month - 1


def find_nominal_on(slot: int, day: int) -> date:
    """Return the day of a month by its number, or its last where it is shorter."""
    year, month = slot // _MONTHS, slot % _MONTHS + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


@lru_cache(maxsize=1 << 16)
def find_due_day(slot: int, day: int, roll: Roll, country: str) -> int:
    """Return the ordinal of the day on which a bank of a country pays what is due in a month."""
    nominal_on = find_nominal_on(slot, day)
    if roll == "none":
        return nominal_on.toordinal()
    roll_day = roll_forward if roll == "forward" else roll_back
    return roll_day(nominal_on, country).toordinal()


def join_series(parts: Iterable[Series], country: str) -> list[Series]:
    """Return series with those made one that follow one another on the same day: an order whose amount
    changed, or that was not paid for a while.
    """
    chains: list[Series] = []
    for part in sorted(parts, key=lambda part: part.hits[0].credit.booked_on):
        longer_ones = [
            (part.hits[0].credit.booked_on - chain.hits[-1].credit.booked_on, n, whole)
            for n, chain in enumerate(chains)
            if (whole := _join_parts(chain, part, country)) is not None
        ]
        if longer_ones:
            _, n, whole = min(longer_ones, key=lambda one: one[:2])
            chains[n] = whole
        else:
            chains.append(part)
    return chains


def _join_parts(chain: Series, part: Series, country: str) -> Series | None:
    """Return two series as one where the second goes on with the first; else None."""
    if chain.rhythm.months != part.rhythm.months:
        return None
    rhythm = chain.rhythm if len(chain.hits) >= len(part.hits) else part.rhythm
    goes_on = _SAME_AMOUNT if chain.minor == part.hits[0].credit.minor else _OTHER_AMOUNT
    before = _read_by(rhythm, chain.hits, country, most_beside=goes_on.days_beside)
    after = _read_by(rhythm, part.hits, country, most_beside=goes_on.days_beside)
    if not before or not after:
        return None
    slots, rest = divmod(after[0].slot - before[-1].slot, rhythm.months)
    if rest or not 1 <= slots <= goes_on.slots:
        return None
    return Series(rhythm, (*before, *after), max(chain.rarity, part.rarity))


def _read_by(rhythm: Rhythm, hits: Sequence[Hit], country: str, *, most_beside: Fraction) -> list[Hit]:
    """Return payments as hits of a rhythm; nothing where they miss its days by more than that in the mean."""
    hits_by_rhythm = []
    for hit in hits:
        ordinal = hit.credit.booked_on.toordinal()
        month = find_slot(hit.credit.booked_on)
        residuals = {
            ordinal - find_due_day(slot, rhythm.day, rhythm.roll, country): slot
            for slot in (month - 1, month, month + 1)
        }
        residual = min(residuals, key=abs)
        slot = residuals[residual]
        hits_by_rhythm.append(Hit(slot, residual, hit.credit))
    slots = [hit.slot for hit in hits_by_rhythm]
    days_beside = sum(abs(hit.residual) for hit in hits_by_rhythm)
    is_apart = all(after - before >= rhythm.months for before, after in pairwise(slots))
    return hits_by_rhythm if is_apart and days_beside <= most_beside * len(hits) else []
