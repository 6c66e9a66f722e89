"""New gifts, one or many: their rows, and what follows from each (thank-you, domain event, audit record).

Whether a gift may be recorded is judged before: by :func:`donorhub.services.giving.gifts.record_gift`
for one of a person or program, by matching and by providers for theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import insert

from donorhub.db import Base, db, insert_or_ignore
from donorhub.domain.messages import thanks_age
from donorhub.errors import Rejected
from donorhub.models import Gift, Task
from donorhub.models.states import GiftMethod
from donorhub.services.access import audit, organisation
from donorhub.services.donors import stage_upkeep
from donorhub.services.giving import rollups

_EVENTS: Final = Base.metadata.tables["domain_event"]  # past the ORM, which is slow where they are many
_GIFTS: Final = Base.metadata.tables["gift"]
_thank_delay = timedelta(seconds=120)


class NewGift(NamedTuple):
    """What a gift is made of. The reference is the only one of its source; ``thank`` plans a thank-you."""

    donor_id: int
    minor: int
    currency: str
    received_on: date
    source: str
    source_ref: str
    method: GiftMethod
    campaign_id: int | None = None
    appeal_id: int | None = None
    note: str = ""
    goods: str = ""
    is_test: bool = False
    thank: bool = True
    receipted_elsewhere: str = ""


def set_thank_delay(delay: timedelta) -> None:
    """Let thank-yous of this process wait so long after their gift (DONORHUB_SETTLE_S), so that what
    belongs to the gift has arrived when they are written."""
    global _thank_delay  # noqa: PLW0603  one process has one such setting
    _thank_delay = delay


def record_gifts(new: Sequence[NewGift], *, now: datetime, actor: str) -> list[int]:
    """Record gifts that were not recorded before; return their ids in order.

    The caller holds what they come from, so that no one else records the same. Raise Rejected when one
    is nothing.
    """
    if not new:
        return []
    for gift in new:
        refuse_nothing(gift)
    db.session.flush()  # what is written past the ORM comes after what is not written yet
    ids = (
        db.session.connection()
        .execute(
            insert(_GIFTS).returning(_GIFTS.c.id, sort_by_parameter_order=True),
            [_make_row(gift, now) for gift in new],
        )
        .scalars()
        .all()
    )
    record_effects(dict(zip(ids, new, strict=True)), now=now, actor=actor)
    return list(ids)


def refuse_nothing(gift: NewGift) -> None:
    """Raise Rejected for a gift of no money."""
    if gift.minor <= 0:
        raise Rejected("a gift is more than nothing", field="/amount")


def insert_gift(new: NewGift, *, now: datetime) -> Gift:
    """Write the row of one gift and return it; its effects are recorded afterwards."""
    return db.session.scalars(insert(Gift).returning(Gift), [_make_row(new, now)]).one()


def record_effects(
    new: Mapping[int, NewGift], *, now: datetime, actor: str, thank_delay: timedelta | None = None
) -> None:
    """Record what follows from new gifts, given by their ids: plan the thank-yous, write the domain events
    and the audit.

    The thank-you of money that is no news is there and cancelled, so that a person may ask for it.
    """
    stage_upkeep.mark_donors({gift.donor_id for gift in new.values()})
    rollups.mark_new_gifts(new)
    thank_at = now + (_thank_delay if thank_delay is None else thank_delay)
    db.session.flush()  # what is written past the ORM comes after what is not written yet
    today = organisation.get_day(now)
    holds = {
        id_: thanks_age.find_hold(gift.source, gift.received_on, recorded_on=today)
        for id_, gift in new.items()
    }
    thank_yous = [
        _make_thank_you(id_, gift, thank_at, now, hold=holds[id_]) for id_, gift in new.items() if gift.thank
    ]
    if thank_yous:
        db.session.connection().execute(insert_or_ignore(Task, on=(Task.key,)), thank_yous)
    db.session.execute(
        insert(_EVENTS), [_make_event(id_, gift, now, hold=holds[id_]) for id_, gift in new.items()]
    )
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
        for id_, gift in new.items()
    )


def _make_row(gift: NewGift, now: datetime) -> dict[str, Any]:
    return {
        "donor_id": gift.donor_id,
        "amount_minor": gift.minor,
        "currency": gift.currency,
        "received_on": gift.received_on,
        "recorded_at": now,
        "source": gift.source,
        "source_ref": gift.source_ref,
        "method": gift.method,
        "campaign_id": gift.campaign_id,
        "appeal_id": gift.appeal_id,
        "note": gift.note,
        "goods": gift.goods,
        "is_test": gift.is_test,
        "thank": gift.thank,
        "receipted_elsewhere": gift.receipted_elsewhere,
    }


def _make_thank_you(
    gift_id: int, gift: NewGift, due_at: datetime, now: datetime, *, hold: thanks_age.Hold | None
) -> dict[str, Any]:
    return {
        "key": f"thank_you:gift:{gift_id}",
        "kind": "thank_you",
        "performer": "worker",
        "role": "",
        "donor_id": gift.donor_id,
        "subject_type": "gift",
        "subject_id": gift_id,
        "facts": {},
        "due_at": due_at,
        "created_at": now,
        "state": "cancelled" if hold else "planned",
        "attempts": 0,
        "failures": 0,
        "last_error": "",
        "outcome": hold or "",
        "done_at": now if hold else None,
        "done_by": "system:0" if hold else None,
    }


def _make_event(
    gift_id: int, gift: NewGift, now: datetime, *, hold: thanks_age.Hold | None
) -> dict[str, Any]:
    return {
        "kind": "gift.recorded",
        "donor_id": gift.donor_id,
        "subject_type": "gift",
        "subject_id": gift_id,
        "occurred_at": now,
        "recorded_at": now,
        "origin": "history_import" if hold else "live",
        "data": {},
    }
