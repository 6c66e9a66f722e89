"""Gifts recorded many at once: what :func:`donorhub.services.giving.gifts.record_gift` does for one.

The same rows come of both (gift, thank-you, domain event, audit record), which a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import DomainEvent, Gift, Task
from donorhub.models.states import GiftMethod
from donorhub.services.access import audit
from donorhub.services.giving import gifts


class NewGift(NamedTuple):
    donor_id: int
    minor: int
    currency: str
    received_on: date
    source: str
    source_ref: str
    method: GiftMethod
    campaign_id: int | None = None
    is_test: bool = False


def record_gifts(new: Sequence[NewGift], *, now: datetime, actor: str) -> list[int]:
    """Record gifts that were not recorded before, and plan the thank-yous of those that are no tests;
    return their ids in order.

    The caller holds what they come from, so that no one else records the same. Rejected when one is nothing.
    """
    if not new:
        return []
    if any(gift.minor <= 0 for gift in new):
        raise Rejected("a gift is more than nothing", field="/amount")
    ids = db.session.scalars(
        insert(Gift).returning(Gift.id, sort_by_parameter_order=True),
        [
            {
                "donor_id": gift.donor_id,
                "amount_minor": gift.minor,
                "currency": gift.currency,
                "received_on": gift.received_on,
                "recorded_at": now,
                "source": gift.source,
                "source_ref": gift.source_ref,
                "method": gift.method,
                "campaign_id": gift.campaign_id,
                "note": "",
                "is_test": gift.is_test,
                "thank": not gift.is_test,
            }
            for gift in new
        ],
    ).all()
    pairs = list(zip(ids, new, strict=True))
    thank_yous = [_thank_you(id_, gift, now) for id_, gift in pairs if not gift.is_test]
    if thank_yous:
        db.session.execute(insert(Task), thank_yous)
    db.session.execute(insert(DomainEvent), [_event(id_, gift, now) for id_, gift in pairs])
    audit.write_records(
        audit.make_record(
            actor,
            "gift.recorded",
            ("gift", id_),
            now=now,
            data={
                "donor": gift.donor_id,
                "minor": gift.minor,
                "currency": gift.currency,
                "source": gift.source,
            },
        )
        for id_, gift in pairs
    )
    return list(ids)


def _thank_you(gift_id: int, gift: NewGift, now: datetime) -> dict[str, Any]:
    return {
        "key": f"thank_you:gift:{gift_id}",
        "kind": "thank_you",
        "performer": "worker",
        "role": "",
        "donor_id": gift.donor_id,
        "subject_type": "gift",
        "subject_id": gift_id,
        "facts": {},
        "due_at": gifts.thanked_at(now),
        "created_at": now,
        "state": "planned",
        "attempts": 0,
        "last_error": "",
        "outcome": "",
    }


def _event(gift_id: int, gift: NewGift, now: datetime) -> dict[str, Any]:
    return {
        "kind": "gift.recorded",
        "donor_id": gift.donor_id,
        "subject_type": "gift",
        "subject_id": gift_id,
        "occurred_at": now,
        "recorded_at": now,
        "data": {},
    }
