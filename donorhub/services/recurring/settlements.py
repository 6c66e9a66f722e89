"""Gifts that pay instalments, many at once: what ``instalments.settle_instalments`` does for one gift.

The same rows come of both (allocation, state, domain event), which a test compares.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, union

from donorhub.db import db, insert_or_ignore
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.models.gift import TAKEN_MINOR
from donorhub.services.recurring import instalments

Minors = dict[tuple[int, int], int]  # allocated minor units by gift and instalment


class Join(NamedTuple):
    """An instalment that a gift pays, and how much of it where the provider says so."""

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
    minors, left_minors = _read_allocations(joins)
    new_minors: Minors = {}
    joins_that_hold: list[Join] = []
    for join in joins:
        key = join.gift.id, join.instalment.id
        minor_left = join.gift.amount_minor - _sum_of_gift(join.gift.id, minors | new_minors)
        if join.instalment.currency != join.gift.currency or minor_left <= 0:
            continue
        joins_that_hold.append(join)
        if key not in minors and key not in new_minors:
            new_minors[key] = min(minor_left, join.minor or join.instalment.amount_minor)
    new = _insert_allocations(new_minors)
    covered_instalments = []
    for join in joins_that_hold:
        key = join.gift.id, join.instalment.id
        if key not in new or key in minors:
            continue
        minors[key] = new_minors[key]
        settled_minor = sum(
            max(0, min(minor, left_minors[gift_id]))
            for (gift_id, instalment_id), minor in minors.items()
            if instalment_id == join.instalment.id
        )
        is_covered = settled_minor >= join.instalment.amount_minor
        instalments.follow_allocation(join.instalment, join.promise, is_covered=is_covered, now=now)
        if is_covered:
            covered_instalments.append(join.instalment)
    return joins_that_hold, covered_instalments


def _read_allocations(joins: Sequence[Join]) -> tuple[Minors, dict[int, int]]:
    """Return the allocations of these gifts and of all that pay these instalments, and what is left of each
    of these gifts."""
    paying_ids = union(
        select(Gift.id).where(Gift.id.in_({join.gift.id for join in joins})),
        select(Allocation.gift_id).where(
            Allocation.instalment_id.in_({join.instalment.id for join in joins})
        ),
    )
    rows = db.session.execute(
        select(Gift.id, Gift.amount_minor - TAKEN_MINOR, Allocation.instalment_id, Allocation.amount_minor)
        .outerjoin(Allocation, Allocation.gift_id == Gift.id)
        .where(Gift.id.in_(paying_ids))
    )
    minors: Minors = {}
    left_minors: dict[int, int] = {}
    for gift_id, left_minor, instalment_id, minor in rows:
        left_minors[gift_id] = left_minor
        if instalment_id is not None:
            minors[gift_id, instalment_id] = minor
    return minors, left_minors


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
