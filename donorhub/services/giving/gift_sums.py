"""What the gifts of a list add up to: what is left of each, by currency, and what is in no sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from donorhub.db import db
from donorhub.models import Gift
from donorhub.money import Money, sum_by_currency
from donorhub.services import counting
from donorhub.services.donors.custom_values import ValueFilter
from donorhub.services.giving import gifts


@dataclass(frozen=True, slots=True)
class GiftSums:
    """How many gifts there are, more than ``MOST_COUNTED`` where nobody counted on, and what is left of them.

    ``sums`` has a sum for each currency, none where there are too many gifts. Those taken away
    (``gone_count``) and those of a provider's test mode are in no sum.
    """

    count: int
    sums: Sequence[Money] = ()
    gone_count: int = 0
    part_count: int = 0
    test_count: int = 0


def sum_gifts(*conditions: ColumnElement[bool], custom: ValueFilter | None = None) -> GiftSums:
    """Return what the gifts that meet these conditions, and have a value in a field if one is named, add up
    to."""
    if custom is not None:
        ids = select(custom.model.entity_id).where(*custom.list_conditions())
        conditions = (*conditions, Gift.id.in_(ids))
    count = counting.count_rows(select(Gift.id).where(*conditions))
    if count > counting.MOST_COUNTED:
        return GiftSums(count)
    rows = db.session.execute(
        select(Gift.id, Gift.currency, Gift.amount_minor, Gift.is_test).where(*conditions)
    ).all()
    counted_rows = [row for row in rows if not row.is_test]
    deductions = gifts.sum_deductions([row.id for row in counted_rows])
    gone_count = sum(deductions[row.id] >= row.amount_minor for row in counted_rows)
    return GiftSums(
        len(rows),
        sum_by_currency(
            (max(0, row.amount_minor - deductions[row.id]), row.currency) for row in counted_rows
        ),
        gone_count=gone_count,
        part_count=sum(deductions[row.id] > 0 for row in counted_rows) - gone_count,
        test_count=len(rows) - len(counted_rows),
    )
