"""Thanks by a person, by phone or letter: nobody is thanked for the same gift by the program too."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import AuditRecord, Donor, Gift
from donorhub.models.states import CallOutcome
from donorhub.services.access import audit
from donorhub.services.donors import interactions
from donorhub.services.donors.interactions import NewInteraction
from donorhub.services.messages import thank_yous, thanked_gifts
from donorhub.services.work import tasks

_SPOKEN_TO: Final[CallOutcome] = "reached"
_NOTE: Final = "gift.thanked_by_hand"


def stop_thanks(donor: Donor, gift_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Let the program thank for these gifts no more; again changes nothing. What has left cannot be stopped.

    A thank-you that waits to leave goes on for the other gifts in it, or is held back without any. Raise
    Conflict where a letter of thanks for one of them waits to be posted: a person has it in their hands.
    """
    thanked_gifts.lock_donor(donor)
    letter_id = thanked_gifts.find_waiting_letter(gift_ids)
    if letter_id is not None:
        raise Conflict(f"letter {letter_id} thanks for one of these gifts", code="thanked_by_letter")
    keys = [f"{kind}:gift:{gift_id}" for gift_id in gift_ids for kind in ("thank_you", "thank_by_hand")]
    tasks.cancel_tasks(dict.fromkeys(keys, "already_sent"), now=now, actor=actor)
    thank_yous.take_out_gifts(donor, gift_ids, now=now, actor=actor)


def note_call(donor: Donor, gift_ids: Collection[int], text: str, *, now: datetime, actor: str) -> bool:
    """Record that somebody thanked a donor on the phone, for these gifts; return whether that is news.

    A gift is noted once. Raise Rejected for a gift of somebody else, and where none is chosen.
    """
    known_ids = db.session.scalars(select(Gift.id).where(Gift.id.in_(gift_ids), Gift.donor_id == donor.id))
    if not gift_ids or set(known_ids) != set(gift_ids):
        raise Rejected("choose gifts of this donor", field="/gift_ids", code="no_gift_chosen")
    stop_thanks(donor, gift_ids, now=now, actor=actor)
    new_ids = sorted(set(gift_ids) - _list_noted_ids(gift_ids))
    if not new_ids:
        return False
    call = NewInteraction(kind="call", at=now, text=text, direction="out", outcome=_SPOKEN_TO)
    row = interactions.record_interaction(donor.id, call, source="form", now=now, actor=actor)
    data = {"donor_id": donor.id, "interaction_id": row.id}
    audit.write_records(
        audit.make_record(actor, _NOTE, ("gift", gift_id), now=now, data=data) for gift_id in new_ids
    )
    return True


def _list_noted_ids(gift_ids: Collection[int]) -> set[int]:
    """Return those of these gifts that somebody thanked for on the phone."""
    query = select(AuditRecord.subject_id).where(
        AuditRecord.subject_type == "gift", AuditRecord.subject_id.in_(gift_ids), AuditRecord.what == _NOTE
    )
    return set(db.session.scalars(query))
