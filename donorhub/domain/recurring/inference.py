"""Standing orders that nobody told us of, found in the payments of one payer.

Days and amounts in, series with a score out; nothing is decided here, and no row is read. A series is what a
bank pays by itself: the same amount on the same day of every first, third, sixth or twelfth month, moved
forward, back or not at all where that day is no banking day. The cost grows with the payments, not with
their square: for each amount only the days on which it came are tried, month by month.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from donorhub.domain.recurring.banking_days import is_banking_day
from donorhub.domain.recurring.inferred_series import (
    EARLY_DAYS,
    LAST_DAY,
    LATE_DAYS,
    ROLLS,
    Credit,
    Hit,
    Rhythm,
    Roll,
    Series,
    find_due_day,
    find_slot,
    join_series,
    measure_rarity,
)

PERIODS: Final = (1, 3, 6, 12)  # months
LEAST_HITS: Final = 3
_LEAST_SHARE: Final = (3, 4)  # of the slots, that are filled
_MOST_ROUNDS: Final = 8  # so many orders of the same amount; it keeps the cost in step with the payments
_MOST_HOLES: Final = 3  # in a row, after which nothing that came alone is of an order
_LEAST_CHANGED: Final = 2  # payments of another amount that make it the new one
_DAY: Final = timedelta(days=1)
# The day itself first, then those beside it: where two payments fit, the one nearer to the day is its.
_OFFSETS: Final = tuple(sorted(range(-EARLY_DAYS, LATE_DAYS + 1), key=abs))

Purse = dict[int, list[Credit]]  # payments by the ordinal of their day


def infer_series(credits_of_payer: Iterable[Credit], *, country: str, lowest: int) -> list[Series]:
    """Return the series with at least a score (thousandths) among the payments of one payer in one currency,
    the first first; no payment is in two. The order of the payments does not matter.
    """
    by_minor: dict[int, list[Credit]] = defaultdict(list)
    for credit in sorted(
        credits_of_payer, key=lambda credit: (credit.booked_on, credit.minor, credit.credit_id)
    ):
        by_minor[credit.minor].append(credit)
    days = [credit.booked_on for some in by_minor.values() for credit in some]
    day_count = (max(days) - min(days)).days if days else 0
    parts = [
        series
        for _, some in sorted(by_minor.items())
        if len(some) >= LEAST_HITS
        for series in _find_series(some, country, lowest, day_count)
    ]
    taken_ids = {hit.credit.credit_id for part in parts for hit in part.hits}
    loose = _index_days(
        credit for some in by_minor.values() for credit in some if credit.credit_id not in taken_ids
    )
    parts.sort(key=lambda part: (-len(part.hits), part.hits))
    parts = [_extend_series(part, loose, country) for part in parts]
    chains = join_series(parts, country)
    return sorted((one for one in chains if one.score >= lowest), key=lambda one: one.hits)


def _index_days(some: Iterable[Credit]) -> Purse:
    by_day: Purse = defaultdict(list)
    for credit in some:
        by_day[credit.booked_on.toordinal()].append(credit)
    return by_day


def _find_series(some: Sequence[Credit], country: str, lowest: int, day_count: int) -> Iterator[Series]:
    """Yield the series of one amount, the best first, each of what those before it have left."""
    rest = list(some)
    for _ in range(_MOST_ROUNDS):
        best = _find_best(rest, country, lowest, day_count)
        if best is None:
            return
        yield best
        taken_ids = {hit.credit.credit_id for hit in best.hits}
        rest = [credit for credit in rest if credit.credit_id not in taken_ids]
        if len(rest) < LEAST_HITS:
            return


def _find_best(some: Sequence[Credit], country: str, lowest: int, day_count: int) -> Series | None:
    """Return the series that explains most payments best, if any has the score."""
    by_day = _index_days(some)
    slots = range(find_slot(some[0].booked_on) - 1, find_slot(some[-1].booked_on) + 2)
    best: Series | None = None
    best_rank: tuple[int, ...] = ()
    for roll in ROLLS:
        for day in sorted(_list_days(by_day, roll, country)):
            hits = _find_hits(by_day, slots, day, roll, country)
            if len(hits) < LEAST_HITS:
                continue
            for months, run in _list_runs(hits, slots):
                loose_count = len(some) - len(run)
                rarity = measure_rarity(run, months, loose_count=loose_count, day_count=day_count)
                series = Series(Rhythm(months, day, roll), tuple(run), rarity)
                rank = (len(run) * series.score, series.score, -months)
                if series.score >= lowest and rank > best_rank:
                    best, best_rank = series, rank
    return best


def _list_days(by_day: Purse, roll: Roll, country: str) -> set[int]:
    """Return the days of the month that an order may be of that was paid on these days."""
    days: set[int] = set()
    for ordinal in by_day:
        day = date.fromordinal(ordinal)
        days |= _read_day(day)
        if roll == "none":
            continue
        step = -_DAY if roll == "forward" else _DAY
        day += step
        while not is_banking_day(day, country):
            days |= _read_day(day)
            day += step
    return days


def _read_day(day: date) -> set[int]:
    last = calendar.monthrange(day.year, day.month)[1]
    return set(range(day.day, LAST_DAY + 1)) if day.day == last else {day.day}


def _find_hits(by_day: Purse, slots: Iterable[int], day: int, roll: Roll, country: str) -> dict[int, Hit]:
    hits: dict[int, Hit] = {}
    for slot in slots:
        hit = _find_hit(by_day, slot, find_due_day(slot, day, roll, country))
        if hit is not None:
            hits[slot] = hit
    return hits


def _find_hit(by_day: Mapping[int, Sequence[Credit]], slot: int, due: int) -> Hit | None:
    for offset in _OFFSETS:
        some = by_day.get(due + offset)
        if some:
            return Hit(slot, offset, some[0])
    return None


def _list_runs(hits: Mapping[int, Hit], slots: range) -> Iterator[tuple[int, list[Hit]]]:
    """Yield the runs of hits by their period, without two holes side by side and filled enough."""
    for months in PERIODS:
        for phase in range(months):
            run: list[Hit] = []
            for slot in slots[phase::months]:
                hit = hits.get(slot)
                if hit is None:
                    continue
                if run and hit.slot - run[-1].slot > 2 * months:
                    yield from _trim_run(run, months)
                    run = []
                run.append(hit)
            yield from _trim_run(run, months)


def _trim_run(run: list[Hit], months: int) -> Iterator[tuple[int, list[Hit]]]:
    """Yield a run where enough of its slots are filled, if need be without its ends that stand alone."""
    while len(run) >= LEAST_HITS:
        slot_count = (run[-1].slot - run[0].slot) // months + 1
        if len(run) * _LEAST_SHARE[1] >= slot_count * _LEAST_SHARE[0]:
            yield months, run
            return
        first_gap, last_gap = run[1].slot - run[0].slot, run[-1].slot - run[-2].slot
        run = run[1:] if first_gap >= last_gap else run[:-1]


def _extend_series(series: Series, loose: Purse, country: str) -> Series:
    """Return a series with what was paid on its slots before and after in other amounts; those go out of
    ``loose``.
    """
    after = _follow_order(series, loose, country, step=series.rhythm.months)
    before = _follow_order(series, loose, country, step=-series.rhythm.months)
    if not before and not after:
        return series
    return Series(series.rhythm, (*reversed(before), *series.hits, *after), series.rarity)


def _follow_order(series: Series, loose: Purse, country: str, *, step: int) -> list[Hit]:
    """Return the payments on the slots that follow in a direction: of the same amount, with what was not paid
    just before, or at least twice running of another.
    """
    end = series.hits[-1 if step > 0 else 0]
    slot, minor, holes = end.slot + step, end.credit.minor, 0
    hits: list[Hit] = []
    while holes < _MOST_HOLES:
        hit = _find_hit(loose, slot, _find_due(series, slot, country))
        if hit is not None and hit.credit.minor in {minor, minor * (holes + 1) if step > 0 else minor}:
            streak = [hit]
        else:
            streak = _find_streak(series, loose, country, slot=slot, step=step)
        for one in streak:
            loose[one.credit.booked_on.toordinal()].remove(one.credit)
        hits += streak
        holes = 0 if streak else holes + 1
        slot += step * max(1, len(streak))
    return hits


def _find_streak(series: Series, loose: Purse, country: str, *, slot: int, step: int) -> list[Hit]:
    """Return the payments of one amount on a slot and those that follow, if there are two or more that keep
    their days.
    """
    streak: list[Hit] = []
    while hit := _find_hit(loose, slot, _find_due(series, slot, country)):
        if abs(hit.residual) > 1 or (streak and hit.credit.minor != streak[0].credit.minor):
            break
        streak.append(hit)
        slot += step
    return streak if len(streak) >= _LEAST_CHANGED else []


def _find_due(series: Series, slot: int, country: str) -> int:
    return find_due_day(slot, series.rhythm.day, series.rhythm.roll, country)
