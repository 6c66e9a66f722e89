"""The messages of somebody who is erased: none leaves any more, and nothing is sent there again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, update

from donorhub.db import db
from donorhub.models import ContactPoint, Message, Suppression
from donorhub.services.donors.erasure import Person
from donorhub.services.messages import suppressions

REASON: Final = "erased"


def stop_messages(person: Person) -> None:
    """Suppress the person's addresses by their hashes, and what was planned for them."""
    addresses = db.session.scalars(
        select(ContactPoint.value)
        .where(ContactPoint.donor_id.in_(person.donor_ids), ContactPoint.kind == "email")
        .distinct()
        .order_by(ContactPoint.value)
    ).all()
    for address in addresses:
        suppressions.suppress_address(address, reason=REASON, now=person.now, actor=person.actor)
    db.session.execute(  # an earlier reason may tell in words who it was
        update(Suppression)
        .where(Suppression.address_hash.in_([suppressions.hash_address(one) for one in addresses]))
        .values(reason=REASON, lift_reason="")
    )
    db.session.execute(
        update(Message)
        .where(Message.donor_id.in_(person.donor_ids), Message.state == "planned")
        .values(state="suppressed", suppressed_reason=REASON)
    )
