"""One person under two rows: a donor made for want of a better one gives way when the better one is named.

A payment may come before anybody says who paid; what says it comes in any order. Nothing here
makes donors, and two donors that staff know are never made one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update

from donorhub.db import db
from donorhub.models import DomainEvent, Donor, Gift, Payment, ProviderMap, Receipt, RecurringGift, Task
from donorhub.services.access import audit
from donorhub.services.donors import search_documents
from donorhub.services.work import tasks

_MOVING: Final = (Gift, RecurringGift, Payment, Task, DomainEvent)


def is_placeholder(donor: Donor, source: str) -> bool:
    """Return whether a donor is only a place-holder of this provider: made by it, with no receipt and no gift
    from elsewhere, and without an address or (an address named for one payment only) a second gift."""
    if donor.source != source or donor.merged_into_id is not None:
        return False
    if db.session.scalar(select(Receipt.id).where(Receipt.donor_id == donor.id).limit(1)) is not None:
        return False
    gifts = db.session.execute(
        select(Gift.source, func.count()).where(Gift.donor_id == donor.id).group_by(Gift.source)
    ).all()
    if any(of != source for of, _ in gifts):
        return False
    promises = select(RecurringGift.id).where(RecurringGift.donor_id == donor.id).limit(1)
    return not donor.email or (sum(count for _, count in gifts) <= 1 and db.session.scalar(promises) is None)


def merge_placeholder(donor: Donor, better: Donor, *, now: datetime, actor: str) -> None:
    """Move all that ``donor`` holds to ``better``, and let its number lead there from now on."""
    tasks.cancel_task(f"new_donor:{donor.id}", now=now, actor=actor, reason="known_before")
    for model in _MOVING:
        condition = model.donor_id == donor.id
        if model is Task:
            condition &= Task.key != f"new_donor:{donor.id}"
        db.session.execute(update(model).where(condition).values(donor_id=better.id))
    db.session.execute(
        update(ProviderMap)
        .where(
            ProviderMap.subject_id == donor.id,
            ProviderMap.kind.in_(("customer", "payment", "subscription")),
        )
        .values(subject_id=better.id, donor_fields={})
    )
    donor.merged_into_id, donor.updated_at = better.id, now
    donor.version += 1
    search_documents.write_documents([better.id, donor.id])
    audit.record_action(actor, "donor.merged", ("donor", donor.id), now=now, data={"into": better.id})
