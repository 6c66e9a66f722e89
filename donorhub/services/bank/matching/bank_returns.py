"""Money that a donor's bank took back: a dispute of kind ``return`` on the gift, lost from the start.

Neither the gift nor its entry changes; the instalment is owed again, and people are told.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Allocation, Dispute, Gift, Instalment
from donorhub.models.states import TaskKind, TaskRole
from donorhub.services.access import audit
from donorhub.services.bank.matching.credits import SOURCE, Place
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipt_upkeep
from donorhub.services.recurring import instalments
from donorhub.services.work import events, tasks


def _make_ref(place: Place) -> str:
    return f"{place.entry_id}/{place.position}"


def record_return(place: Place, gift_id: int, *, now: datetime, actor: str) -> Dispute:
    """Record that an entry takes a gift back; the same entry again returns the same row.

    The bank's fee in it is not the gift's. Raise Rejected when nothing is left of the gift.
    """
    ref = _make_ref(place)
    gift = gifts.get_gift(gift_id)
    dispute = db.session.scalar(select(Dispute).filter_by(source=SOURCE, source_ref=ref))
    if dispute is not None and dispute.state == "lost":
        return dispute
    left_minor = gifts.compute_remainder(gift).minor
    if left_minor == 0:
        raise Rejected(f"nothing is left of gift {gift_id}: it was taken back before", code="nothing_left")
    if dispute is None:
        dispute = Dispute(source=SOURCE, source_ref=ref, kind="return", opened_on=place.booked_on)
        db.session.add(dispute)
    dispute.gift_id, dispute.currency, dispute.state = gift.id, gift.currency, "lost"
    dispute.amount_minor = min(left_minor, -place.credit.amount.minor)
    dispute.reason, dispute.recorded_at = place.credit.return_code or "", now
    db.session.flush()  # what is left of the gift is asked of the database
    events.record_event("gift.returned", ("gift", gift.id), occurred_at=now, now=now, donor_id=gift.donor_id)
    audit.record_action(
        actor, "return.recorded", ("gift", gift.id), now=now, data={"minor": dispute.amount_minor}
    )
    _tell_people(gift, ref, dispute, now=now, actor=actor)
    return dispute


def _tell_people(gift: Gift, ref: str, dispute: Dispute, *, now: datetime, actor: str) -> None:
    left_minor = gifts.compute_remainder(gift).minor
    if left_minor == 0:
        instalments.unsettle_instalments(gift.id, "bank_return", now=now)
        tasks.cancel_task(f"thank_you:gift:{gift.id}", now=now, actor=actor, reason="nothing_left")
    facts = {"amount": gift.amount.as_text(), "currency": gift.currency, "reason": dispute.reason}
    _plan_task(f"returned_gift:{ref}", "returned_gift", "fundraiser", gift, facts, now=now)
    receipt_upkeep.update_accountant_tasks(gift, now=now, actor=actor)


def _plan_task(
    key: str, kind: TaskKind, role: TaskRole, gift: Gift, facts: dict[str, str], *, now: datetime
) -> None:
    tasks.plan_task(
        key,
        kind=kind,
        role=role,
        subject=("gift", gift.id),
        donor_id=gift.donor_id,
        now=now,
        facts=facts,
    )


def take_out_return(place: Place, *, now: datetime, actor: str) -> None:
    """Let the gift count again of which an entry was no return after all; the row stays, as won."""
    dispute = db.session.scalar(select(Dispute).filter_by(source=SOURCE, source_ref=_make_ref(place)))
    if dispute is None or dispute.state != "lost":
        return
    dispute.state, dispute.reason = "won", "undone"
    tasks.cancel_task(f"returned_gift:{_make_ref(place)}", now=now, actor=actor, reason="undone")
    _settle_instalments_again(dispute.gift_id)
    receipt_upkeep.update_accountant_tasks(gifts.get_gift(dispute.gift_id), now=now, actor=actor)
    audit.record_action(actor, "return.undone", ("gift", dispute.gift_id), now=now)


def _settle_instalments_again(gift_id: int) -> None:
    """Mark the instalments of a gift that counts again as paid."""
    rows = db.session.scalars(
        select(Instalment)
        .join(Allocation, Allocation.instalment_id == Instalment.id)
        .where(Allocation.gift_id == gift_id, Instalment.state == "returned")
    )
    for row in rows:
        instalments.change_state(row, "pay")
