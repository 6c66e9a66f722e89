"""Which instalments a donor's credits settle: the cheapest assignment, each instalment once.

It reckons with amounts and days of one donor in one currency; whose money it is,
and whether a person must look, :mod:`donorhub.domain.bank.matching.matching` says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, pairwise
from math import log
from typing import TYPE_CHECKING, Final, NamedTuple

from donorhub.domain.bank.matching.matching_facts import (
    Credit,
    InstalmentFacts,
    NewAllocation,
    Policy,
)
from donorhub.domain.bank.matching.wordings import find_paid_otherwise, names_many_months

if TYPE_CHECKING:
    from donorhub.models.states import Settles

_UNPAID: Final = 10_000.0  # dearer than any instalment, so that a credit settles one where it can
_ADVANCE_DAYS: Final = 31
_ADVANCE_COST: Final = 5.0  # before the days of an instalment, beside two thirds more for each day
_PAUSE_COST: Final = 1.0  # of the same amount on the same day, what is owed goes first
_LATE_DAYS: Final = 20
_CLAIMED_COST: Final = 8.0  # late money is for what nothing came for, rather
_OTHER_WAY_COST: Final = 6.0  # more than another amount, and than the right one for another promise
_OTHER_AMOUNT_COST: Final = 4.0  # the right amount ten days late, for another promise, is nearer
_ARREARS_DAYS: Final = 100  # missed for 90 days at most, after 10 days of grace
_SLOT_EARLY_DAYS: Final = 5  # banks pay before a weekend or a holiday
_SMALL: Final = 8
_Costs = Sequence[Sequence[float]]


class Fit(NamedTuple):
    """What a credit settles; ``days`` is from the nearest due date to the booking."""

    settles: Settles
    allocations: tuple[NewAllocation, ...]
    days: int
    in_window: bool
    is_tied: bool = False  # an instalment of another recurring gift would do as well
    slot_id: int | None = None  # the instalment that a changed amount falls on


ONE_OFF: Final = Fit("one_off", (), 0, in_window=True)


def fit_credits(
    credits: Sequence[Credit], instalments: Iterable[InstalmentFacts], policy: Policy
) -> list[Fit]:
    """Return what each credit of one donor settles, all of them together, in order.

    Cost of a pair: 0 for the exact amount, else 4 and the logarithm of how many times as much (a half is as
    near as the double); a third a day, less after 20 late days, and 5 with a whole one a day before the slot;
    2 more for a missed one; 6 for a promise that came otherwise. In a pause only the exact amount on its day
    pays. The cheapest whole is taken (by the Hungarian method up to 8, the cheapest pair first beyond).

    Another amount costs 4 and not 1, so that the right one nine days late is not taken for a change of the
    promise that is due that day; over a made-up year of 200 payers both said the same of all 2,000 payments.
    """
    currency = credits[0].amount.currency
    open_ = sorted(
        (i for i in instalments if i.open.currency == currency), key=lambda i: (i.due_on, i.instalment_id)
    )
    if not open_:
        return [ONE_OFF] * len(credits)
    costs = [_reckon_costs(credit, open_, policy) for credit in credits]
    column_of_credit = _assign_cheapest(costs)
    settled_ids = {open_[column].instalment_id for column in column_of_credit if column is not None}
    fits = []
    for credit, column in zip(credits, column_of_credit, strict=True):
        credit_fit = _settle_credit(
            credit, None if column is None else open_[column], open_, settled_ids, policy
        )
        settled_ids.update(allocation.instalment_id for allocation in credit_fit.allocations)
        fits.append(credit_fit)
    return fits


def find_nearest(
    credit: Credit, instalments: Iterable[InstalmentFacts], policy: Policy
) -> InstalmentFacts | None:
    """Return the open instalment whose window holds the credit's day: the nearest of several, or None."""
    candidates = [
        i
        for i in instalments
        if i.open.currency == credit.amount.currency and _is_in_window(credit, i, policy)
    ]
    return min(candidates, key=lambda i: abs(i.count_days(credit.booked_on)), default=None)


def _reckon_costs(credit: Credit, open_: Sequence[InstalmentFacts], policy: Policy) -> list[float]:
    """Return the cost of a credit for each instalment; where one whose days are not known yet may be owed, it
    pays none of the same promise in advance.
    """
    other_ids = find_paid_otherwise(credit.text, open_)
    unknown_ids = {i.recurring_gift_id for i in open_ if _may_be_paid(credit, i, policy)}
    return [
        _reckon_cost(credit, i, other_ids, policy)
        if i.recurring_gift_id not in unknown_ids or i.count_days(credit.booked_on) >= -_SLOT_EARLY_DAYS
        else _UNPAID
        for i in open_
    ]


def _reckon_cost(
    credit: Credit, instalment: InstalmentFacts, other_ids: Collection[int], policy: Policy
) -> float:
    """Return the cost of a pair, ``_UNPAID`` where they cannot belong together."""
    if _names_instalment(credit, instalment):
        return -_UNPAID
    days = instalment.count_days(credit.booked_on)
    if not -_ADVANCE_DAYS <= days <= _ARREARS_DAYS or _may_be_paid(credit, instalment, policy):
        return _UNPAID
    paid_minor, open_ = credit.amount.minor, instalment.open.minor
    if not instalment.is_owed:
        is_paid_all_the_same = paid_minor == open_ and _is_on_slot(credit, instalment, policy)
        return _reckon_days(days) + _PAUSE_COST if is_paid_all_the_same else _UNPAID
    cost = _reckon_days(days) + (2.0 if instalment.state == "missed" else 0.0)
    if instalment.is_claimed and days > policy.grace_days:
        cost += _CLAIMED_COST
    cost += _OTHER_WAY_COST if instalment.recurring_gift_id in other_ids else 0.0
    if paid_minor == open_:
        return cost
    several = paid_minor % open_ == 0 and paid_minor // open_ <= policy.max_several
    if several or -_SLOT_EARLY_DAYS <= days <= policy.grace_days:
        return cost + _OTHER_AMOUNT_COST + abs(log(paid_minor / open_))
    return _UNPAID


def _reckon_days(days: int) -> float:
    """Return a third a day, a fifteenth from the twentieth late day on, and more before the slot: money that
    comes far from every due date is more likely late than early, and what is owed goes before what is not due
    yet.
    """
    if days > _LATE_DAYS:
        return _LATE_DAYS / 3 + (days - _LATE_DAYS) / 15
    days_ahead = -days - _SLOT_EARLY_DAYS
    return abs(days) / 3 + (_ADVANCE_COST + days_ahead * 2 / 3 if days_ahead > 0 else 0.0)


def _may_be_paid(credit: Credit, instalment: InstalmentFacts, policy: Policy) -> bool:
    """Return whether an instalment is not known to be owed: what came on its days is not there yet."""
    return instalment.is_unknown and not _is_near(credit, instalment, policy)


def _names_instalment(credit: Credit, instalment: InstalmentFacts) -> bool:
    return bool(instalment.refs) and any(ref in instalment.refs for ref in credit.refs)


def _is_on_slot(credit: Credit, instalment: InstalmentFacts, policy: Policy) -> bool:
    return -_SLOT_EARLY_DAYS <= instalment.count_days(credit.booked_on) <= policy.grace_days


def _is_due(credit: Credit, instalment: InstalmentFacts, policy: Policy) -> bool:
    return instalment.count_days(credit.booked_on) >= -policy.early_days


def _is_near(credit: Credit, instalment: InstalmentFacts, policy: Policy) -> bool:
    return abs(instalment.count_days(credit.booked_on)) <= policy.grace_days


def _is_in_window(credit: Credit, instalment: InstalmentFacts, policy: Policy) -> bool:
    first, last = instalment.habit or (-policy.early_days, policy.late_days)
    return first <= instalment.count_days(credit.booked_on) <= last


def _assign_cheapest(costs: _Costs) -> list[int | None]:
    """Return for each row the column of the cheapest assignment, None where only ``_UNPAID`` is left."""
    if len(costs) == 1:
        row = costs[0]
        best = min(range(len(row)), key=row.__getitem__)
        return [best if row[best] < _UNPAID else None]
    if len(costs) <= _SMALL and len(costs[0]) <= _SMALL:
        return assign_by_least_cost(costs)
    return assign_greedily(costs)


def assign_greedily(costs: _Costs) -> list[int | None]:
    """Return for each row the column that it gets when the cheapest pair is taken first, then the next."""
    pairs = sorted(
        (cost, r, c) for r, row in enumerate(costs) for c, cost in enumerate(row) if cost < _UNPAID
    )
    column_of_row: list[int | None] = [None] * len(costs)
    used_columns: set[int] = set()
    for _, r, c in pairs:
        if column_of_row[r] is None and c not in used_columns:
            column_of_row[r] = c
            used_columns.add(c)
    return column_of_row


def assign_by_least_cost(costs: _Costs) -> list[int | None]:
    """Return the assignment of least total cost (Kuhn-Munkres with potentials); a row may get no column."""
    rows, columns = len(costs), len(costs[0])
    padded_costs = [[*row, *([_UNPAID] * rows)] for row in costs]
    width = columns + rows
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (width + 1)
    row_of = [0] * (width + 1)  # 1-based; 0 is free
    for row in range(1, rows + 1):
        row_of[0] = row
        _add_row(padded_costs, row_price, column_price, row_of)
    column_of_row: list[int | None] = [None] * rows
    for column in range(1, columns + 1):
        row = row_of[column]
        if row and padded_costs[row - 1][column - 1] < _UNPAID:
            column_of_row[row - 1] = column - 1
    return column_of_row


def _add_row(costs: _Costs, row_price: list[float], column_price: list[float], row_of: list[int]) -> None:
    """Bring the row that waits in column 0 in, along the path of least reduced cost."""
    width = len(row_of)
    slack, came_from, done_columns = [float("inf")] * width, [0] * width, [False] * width
    here = 0
    while row_of[here]:
        done_columns[here] = True
        row = row_of[here]
        for column in range(1, width):
            if not done_columns[column]:
                reduced_cost = costs[row - 1][column - 1] - row_price[row] - column_price[column]
                if reduced_cost < slack[column]:
                    slack[column], came_from[column] = reduced_cost, here
        after = min((c for c in range(1, width) if not done_columns[c]), key=slack.__getitem__)
        _change_prices(slack[after], slack, done_columns, row_price, column_price, row_of)
        here = after
    while here:
        row_of[here] = row_of[came_from[here]]
        here = came_from[here]


def _change_prices(
    delta: float,
    slack: list[float],
    done_columns: list[bool],
    row_price: list[float],
    column_price: list[float],
    row_of: list[int],
) -> None:
    for column, is_done in enumerate(done_columns):
        if is_done:
            row_price[row_of[column]] += delta
            column_price[column] -= delta
        else:
            slack[column] -= delta


def _settle_credit(
    credit: Credit,
    first: InstalmentFacts | None,
    open_: Sequence[InstalmentFacts],
    settled_ids: set[int],
    policy: Policy,
) -> Fit:
    paid_minor = credit.amount.minor
    if first is not None and paid_minor == first.open.minor:
        exact = _make_fit("exact", [first], credit, policy)
        return exact._replace(is_tied=_has_twin(credit, first, open_, settled_ids, policy))
    own = first.instalment_id if first else None
    free = [
        i
        for i in open_
        if i.is_owed
        and not i.is_claimed
        and not _may_be_paid(credit, i, policy)
        and (i.instalment_id == own or i.instalment_id not in settled_ids)
    ]
    several = _find_several(credit, first, free, open_, policy) or _find_subset(credit, free, policy)
    if several:
        return _make_fit("several", several, credit, policy)
    if first is None or not (_is_on_slot(credit, first, policy) or _names_instalment(credit, first)):
        return ONE_OFF
    amended_fit = _make_fit("amended", [first], credit, policy)
    return amended_fit._replace(allocations=(), slot_id=first.instalment_id)


def _has_twin(
    credit: Credit,
    first: InstalmentFacts,
    open_: Sequence[InstalmentFacts],
    settled_ids: set[int],
    policy: Policy,
) -> bool:
    """Return whether another recurring gift of the donor waits for the same amount about now."""
    if _names_instalment(credit, first) or not _is_in_window(credit, first, policy):
        return False
    other_ids = {first.recurring_gift_id, *find_paid_otherwise(credit.text, open_)}
    return any(
        i.recurring_gift_id not in other_ids
        and i.is_owed
        and i.open == first.open
        and i.instalment_id not in settled_ids
        and _is_in_window(credit, i, policy)
        for i in open_
    )


def _find_several(
    credit: Credit,
    first: InstalmentFacts | None,
    free: Sequence[InstalmentFacts],
    open_: Sequence[InstalmentFacts],
    policy: Policy,
) -> list[InstalmentFacts]:
    """Return equal instalments of one recurring gift that the credit pays exactly, the oldest first: the one
    on whose day it came, and those owed before it, the last of them; in advance only where they are too few.

    Unless the payer says so, all of them must be due by then and follow each other: twice the amount with
    nothing owed from just before is an order that was changed.
    """
    if first is None or credit.amount.minor % first.open.minor:
        return []
    count = credit.amount.minor // first.open.minor
    alike = [i for i in free if i.recurring_gift_id == first.recurring_gift_id and i.open == first.open]
    if not 1 < count <= policy.max_several or len(alike) < count:
        return []
    place = _find_place(credit, alike, policy)
    start = min(max(0, place + 1 - count), len(alike) - count)
    some = alike[start : start + count]
    is_owed = _is_due(credit, some[-1], policy) and _are_neighbours(some, alike)
    has_unknown = any(
        i.recurring_gift_id == first.recurring_gift_id and _may_be_paid(credit, i, policy) for i in open_
    )
    return some if is_owed or (names_many_months(credit.text) and not has_unknown) else []


def _are_neighbours(some: Sequence[InstalmentFacts], alike: Sequence[InstalmentFacts]) -> bool:
    """Return whether no paid instalment lies between these: no gap is longer than those elsewhere."""
    gaps = [(after.due_on - before.due_on).days for before, after in pairwise(some)]
    usual = min((after.due_on - before.due_on).days for before, after in pairwise(alike))
    return max(gaps) <= usual * 3 / 2


def _find_place(credit: Credit, alike: Sequence[InstalmentFacts], policy: Policy) -> int:
    """Return the place of the instalment on whose days the credit came, else of the last due by then."""
    days = [i.count_days(credit.booked_on) for i in alike]
    on_slot = [place for place, i in enumerate(alike) if _is_on_slot(credit, i, policy)]
    if on_slot:
        return min(on_slot, key=lambda place: abs(days[place]))
    return max((place for place, day in enumerate(days) if day >= 0), default=0)


def _find_subset(credit: Credit, free: Sequence[InstalmentFacts], policy: Policy) -> list[InstalmentFacts]:
    """Return the one set of instalments near the booking that adds up to the credit; none when two do.

    Several of one recurring gift must all be due by then.
    """
    near = [i for i in free if _is_near(credit, i, policy)][:_SMALL]
    if sum(i.open.minor for i in near) < credit.amount.minor:
        return []
    subsets = [
        list(some)
        for size in range(2, min(len(near), policy.max_several) + 1)
        for some in combinations(near, size)
        if sum(i.open.minor for i in some) == credit.amount.minor
        and (
            len({i.recurring_gift_id for i in some}) == size or all(_is_due(credit, i, policy) for i in some)
        )
    ]
    return subsets[0] if len(subsets) == 1 else []


def _make_fit(
    settles: Settles, instalments: Sequence[InstalmentFacts], credit: Credit, policy: Policy
) -> Fit:
    rest_minor, allocations = credit.amount.minor, []
    for instalment in instalments:
        allocations.append(NewAllocation(instalment.instalment_id, min(rest_minor, instalment.open.minor)))
        rest_minor -= allocations[-1].minor
    days = min((i.count_days(credit.booked_on) for i in instalments), key=abs)
    in_window = any(_is_in_window(credit, i, policy) or _names_instalment(credit, i) for i in instalments)
    return Fit(settles, tuple(allocations), days, in_window)
