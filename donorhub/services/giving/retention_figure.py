"""How many donors gave again: counted now where there are few gifts, else kept by the clock.

The twelve months move each day, so that nothing that is added up by years or days tells it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select

from donorhub.db import db, insert_or_update
from donorhub.models import KeptRetention
from donorhub.services.giving import history, purpose_sums


@dataclass(frozen=True, slots=True)
class Retention:
    """How many donors gave in the year before the last twelve months, how many of them again, and as of when;
    None as of now.
    """

    again_count: int
    before_count: int
    as_of: datetime | None = None

    @property
    def percentage(self) -> int | None:
        """Return how many of a hundred gave again; None where nobody gave before."""
        return round(100 * self.again_count / self.before_count) if self.before_count else None


def read_retention(today: date, currency: str) -> Retention:
    """Return the retention in a currency: as it was kept last where gifts are many, else counted now."""
    if not purpose_sums.has_few_gifts():
        row = db.session.scalar(select(KeptRetention).where(KeptRetention.currency == currency))
        if row is not None:
            return Retention(row.again_count, row.before_count, row.as_of)
    return Retention(*history.count_retained_donors(today, currency))


def keep_retention(figures: Collection[tuple[str, Retention]], *, now: datetime) -> int:
    """Keep the retention in these currencies, in place of all that was kept before; return how many."""
    upsert = insert_or_update(
        KeptRetention,
        on=(KeptRetention.currency,),
        columns=(KeptRetention.before_count, KeptRetention.again_count, KeptRetention.as_of),
    )
    for currency, figure in figures:
        db.session.execute(
            upsert,
            {
                "currency": currency,
                "before_count": figure.before_count,
                "again_count": figure.again_count,
                "as_of": now,
            },
        )
    db.session.execute(delete(KeptRetention).where(KeptRetention.as_of < now))
    return len(figures)
