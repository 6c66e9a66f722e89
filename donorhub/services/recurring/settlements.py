"""Gifts that pay instalments, many at once: what ``instalments.settle_instalments`` does for one gift.

The same rows come of both (allocation, state, domain event), which a test compares.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select

from donorhub.db import db, insert_or_ignore
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments

Minors = dict[tuple[int, int], int]  # allocated minor units by gift and instalment


class Join(NamedTuple):
    """An instalment that a gift is said to pay, with how much of it where that is told."""

    gift: Gift
    instalment: Instalment
    promise: RecurringGift
    minor: int | None = None


def settle_joins(joins: Sequence[Join], *, now: datetime) -> tuple[list[Join], list[Instalment]]:
    """Allocate gifts to instalments, of each gift at most what is left of it; return the joins that hold
    now and the instalments that this has covered.

    Ignore a join in another currency and one of which nothing of the gift is left. An allocation that is
    there already stays as it is. The caller cancels the tasks about what did not come.
    """
    if not joins:
        return [], []
    minors, gift_minors = _read_allocations(joins)
    wanted: Minors = {}
    holding: list[Join] = []
    for join in joins:
        key = join.gift.id, join.instalment.id
        left = join.gift.amount_minor - _sum_of_gift(join.gift.id, minors | wanted)
        if join.instalment.currency != join.gift.currency or left <= 0:
            continue
        holding.append(join)
        if key not in minors and key not in wanted:
            wanted[key] = min(left, join.minor or join.instalment.amount_minor)
    new = _insert_allocations(wanted)
    deductions = gifts.sum_deductions([*gift_minors])
    covered = []
    for join in holding:
        key = join.gift.id, join.instalment.id
        if key not in new or key in minors:
            continue
        minors[key] = wanted[key]
        settled_minor = sum(
            max(0, min(minor, gift_minors[gift_id] - deductions[gift_id]))
            for (gift_id, instalment_id), minor in minors.items()
            if instalment_id == join.instalment.id
        )
        is_covered = settled_minor >= join.instalment.amount_minor
        instalments.follow_allocation(join.instalment, join.promise, is_covered=is_covered, now=now)
        if is_covered:
            covered.append(join.instalment)
    return holding, covered


def _read_allocations(joins: Sequence[Join]) -> tuple[Minors, dict[int, int]]:
    """Return all allocations of these gifts and to these instalments, and the amounts of their gifts."""
    rows = db.session.execute(
        select(Allocation.gift_id, Allocation.instalment_id, Allocation.amount_minor, Gift.amount_minor)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(
            or_(
                Allocation.gift_id.in_({join.gift.id for join in joins}),
                Allocation.instalment_id.in_({join.instalment.id for join in joins}),
            )
        )
    )
    minors: Minors = {}
    gift_minors = {join.gift.id: join.gift.amount_minor for join in joins}
    for gift_id, instalment_id, minor, gift_minor in rows:
        minors[gift_id, instalment_id] = minor
        gift_minors[gift_id] = gift_minor
    return minors, gift_minors


def _sum_of_gift(gift_id: int, minors: Minors) -> int:
    return sum(minor for (of_gift, _), minor in minors.items() if of_gift == gift_id)


def _insert_allocations(minors: Minors) -> Collection[tuple[int, int]]:
    """Insert allocations; return the gift and instalment of those that are new."""
    if not minors:
        return ()
    rows = [
        {"gift_id": gift_id, "instalment_id": instalment_id, "amount_minor": minor}
        for (gift_id, instalment_id), minor in minors.items()
    ]
    on = (Allocation.gift_id, Allocation.instalment_id)
    statement = insert_or_ignore(Allocation, on=on).returning(Allocation.gift_id, Allocation.instalment_id)
    return {(gift_id, instalment_id) for gift_id, instalment_id in db.session.execute(statement, rows)}
