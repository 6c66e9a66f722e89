"""Who gives regularly is welcomed once money of theirs has come and stayed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.services.access import organisation
from donorhub.services.donors import donor_roles
from donorhub.services.providers import subscription_tasks
from donorhub.services.work import tasks


def follow_payments(gift: Gift, *, now: datetime, actor: str) -> None:
    """Cancel the planned welcome of the promises that a gift paid for and nothing paid is left of; plan that
    of the others again. What a person has done stays.
    """
    promises = _list_promises(gift)
    if not promises:
        return
    paid_ids = _find_paid({promise.id for promise in promises})
    targets = donor_roles.find_targets(
        {promise.donor_id for promise in promises}, today=organisation.get_day(now)
    )
    for promise in promises:
        welcome = subscription_tasks.make_welcome_task(promise)
        if promise.id not in paid_ids:
            tasks.cancel_task(welcome.key, now=now, actor=actor, reason=tasks.NOTHING_LEFT)
        elif promise.donor_id not in targets:
            tasks.plan_tasks([welcome], now=now)


def _list_promises(gift: Gift) -> Sequence[RecurringGift]:
    """Return the promises of a provider that a gift is allocated to."""
    query = (
        select(RecurringGift)
        .join(Instalment)
        .join(Allocation)
        .where(Allocation.gift_id == gift.id, RecurringGift.origin == "provider")
        .distinct()
    )
    return db.session.scalars(query).all()


def _find_paid(promise_ids: Collection[int]) -> set[int]:
    """Return which promises have an instalment that is paid."""
    query = select(Instalment.recurring_gift_id).where(
        Instalment.recurring_gift_id.in_(promise_ids), Instalment.state == "paid"
    )
    return set(db.session.scalars(query.distinct()))
