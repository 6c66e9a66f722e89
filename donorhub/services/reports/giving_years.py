"""What a donor gave in each of the last years, and how much of it was promised: the chart of their page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, select

from donorhub.db import cut_query_values, db
from donorhub.models import Allocation
from donorhub.money import Money, sum_by_currency
from donorhub.services.giving.history import GivingFacts

YEARS: Final = 5  # this one and those before it


@dataclass(frozen=True, slots=True)
class YearOfGiving:
    """What is left of a year's gifts: what settled instalments of recurring gifts, and the rest."""

    year: int
    recurring: Money
    other: Money

    @property
    def total(self) -> Money:
        """Return both together."""
        return Money(self.recurring.minor + self.other.minor, self.recurring.currency)


@dataclass(frozen=True, slots=True)
class GivingYears:
    """The last years in one currency, the oldest first, and what of them is in other currencies."""

    years: tuple[YearOfGiving, ...] = ()
    in_other_currencies: tuple[Money, ...] = ()


def compute_years(facts: GivingFacts, *, today: date, home_currency: str) -> GivingYears:
    """Return a donor's giving by year, in the home currency, or the first of theirs where they gave none in
    it; no years where nothing is left of any gift since then.
    """
    first_year = today.year - YEARS + 1
    counted_gifts = [
        (gift, left) for gift, left in facts.left_of_gifts if gift.received_on.year >= first_year
    ]
    currencies = sorted({gift.currency for gift, _left in counted_gifts})
    if not currencies:
        return GivingYears()
    currency = home_currency if home_currency in currencies else currencies[0]
    allocated = _read_allocated([gift.id for gift, _left in counted_gifts])
    recurring: Counter[int] = Counter()
    other: Counter[int] = Counter()
    for gift, left in counted_gifts:
        if gift.currency == currency:
            promised = min(left, allocated.get(gift.id, 0))
            recurring[gift.received_on.year] += promised
            other[gift.received_on.year] += left - promised
    years = tuple(
        YearOfGiving(year, Money(recurring[year], currency), Money(other[year], currency))
        for year in range(first_year, today.year + 1)
    )
    elsewhere = sum_by_currency(
        (left, gift.currency) for gift, left in counted_gifts if gift.currency != currency
    )
    return GivingYears(years, tuple(elsewhere))


def _read_allocated(gift_ids: Collection[int]) -> dict[int, int]:
    """Return how much of each gift settled instalments."""
    sums: dict[int, int] = {}
    for chunk in cut_query_values(gift_ids):
        query = select(Allocation.gift_id, func.sum(Allocation.amount_minor))
        rows = db.session.execute(query.where(Allocation.gift_id.in_(chunk)).group_by(Allocation.gift_id))
        sums.update({gift_id: int(minor) for gift_id, minor in rows})
    return sums
