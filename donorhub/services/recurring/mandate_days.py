"""On which days a direct debit may be collected: those that its mandates allow. Nothing is written here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import exists, select

from donorhub.db import cut_query_values, db
from donorhub.models import Mandate, RecurringGift

NO_MANDATE: Final = "no_mandate"  # why a debit is pending that never had one
MANDATE_GONE: Final = "mandate_gone"  # why one fails, or expects nothing


class AllowedDays(NamedTuple):
    """The first and the last day on which a mandate lets us collect; without a last one it runs on."""

    after_on: date
    to_on: date | None

    def include_day(self, day: date) -> bool:
        """Return whether something may be collected on a day: after the one on which it became active."""
        return self.after_on < day and (self.to_on is None or day <= self.to_on)


def needs_mandate(gift: RecurringGift) -> bool:
    """Return whether a recurring gift can be collected under a mandate only."""
    return gift.kind == "direct_debit"


def has_active_mandate(recurring_gift_id: int) -> bool:
    """Return whether a mandate of a recurring gift is active."""
    return bool(
        db.session.scalar(
            select(exists().where(Mandate.recurring_gift_id == recurring_gift_id, Mandate.state == "active"))
        )
    )


def lacks_mandate(gift: RecurringGift) -> bool:
    """Return whether a recurring gift cannot be collected, because no mandate of it is active."""
    return gift.kind == "direct_debit" and not has_active_mandate(gift.id)


def list_allowed_days(recurring_gift_ids: Collection[int]) -> dict[int, list[AllowedDays]]:
    """Return the days that the mandates of recurring gifts allow, by the id of the gift."""
    days: dict[int, list[AllowedDays]] = defaultdict(list)
    for chunk in cut_query_values(sorted(recurring_gift_ids)):
        rows = db.session.execute(
            select(Mandate.recurring_gift_id, Mandate.active_from, Mandate.ended_on).where(
                Mandate.recurring_gift_id.in_(chunk),
                Mandate.active_from.is_not(None),
            )
        )
        for id_, active_from, ended_on in rows:
            if active_from is not None:
                days[id_].append(AllowedDays(active_from, ended_on))
    return days


def is_allowed(days: Iterable[AllowedDays], day: date) -> bool:
    """Return whether one of the mandates allows a day."""
    return any(some.include_day(day) for some in days)


def list_mandates(recurring_gift_id: int) -> Sequence[Mandate]:
    """Return the mandates of a recurring gift, the newest first."""
    return db.session.scalars(
        select(Mandate).where(Mandate.recurring_gift_id == recurring_gift_id).order_by(Mandate.id.desc())
    ).all()
