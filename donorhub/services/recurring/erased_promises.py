"""The recurring gifts of somebody who is erased: they end, so that nobody waits for their money."""

from __future__ import annotations

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import RecurringGift
from donorhub.services.donors.erasure import Person
from donorhub.services.recurring import recurring_gifts


def end_promises(person: Person) -> None:
    """End all recurring gifts of the person that have not ended. What a provider charges goes on there
    until somebody ends it at the provider."""
    promises = select(RecurringGift).where(
        RecurringGift.donor_id.in_(person.donor_ids), RecurringGift.state != "closed"
    )
    for promise in db.session.scalars(promises.order_by(RecurringGift.id)).all():
        recurring_gifts.close_recurring_gift(promise, reason="erased", now=person.now, actor=person.actor)
    db.session.flush()  # what follows empties the rows
