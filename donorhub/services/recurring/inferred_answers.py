"""What a person says of a recurring gift that was found in payments: it is one, or it is none.

What was said to be none is not found again: the closed row, with its amount and rhythm, remembers it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from donorhub.db import db
from donorhub.domain.recurring.inferred_promises import NOT_RECURRING
from donorhub.errors import Conflict, Rejected
from donorhub.models import Allocation, Instalment, RecurringGift
from donorhub.services.access import audit
from donorhub.services.recurring import inferred, instalments, recurring_gifts
from donorhub.services.work import tasks


def accept_found(gift: RecurringGift, *, now: datetime, actor: str) -> bool:
    """Let a proposal be a recurring gift, its past paid by the gifts that made it; return False where it is
    one already. Raise Conflict for one that is closed.
    """
    _refuse_told(gift)
    if gift.state == "closed":
        raise Conflict(f"recurring gift {gift.id} is closed", code="recurring_gift_state", state=gift.state)
    if gift.state != "proposed":
        return False
    recurring_gifts.change_state(gift, "accept")
    inferred.start_found(gift, now=now, actor=actor)
    audit.record_action(actor, "recurring_gift.accepted", ("recurring_gift", gift.id), now=now)
    db.session.flush()  # the look at the donor's payments asks the database for it
    inferred.infer_recurring_gifts([gift.donor_id], now=now, actor=actor)
    return True


def refuse_found(gift: RecurringGift, *, now: datetime, actor: str) -> bool:
    """Note that what was found is no recurring gift, proposed or made: nothing of it is expected or paid any
    more, and it is not found again. Return False where that was said before.
    """
    _refuse_told(gift)
    if gift.state == "closed" and gift.state_reason == NOT_RECURRING:
        return False
    rows = db.session.scalars(select(Instalment).where(Instalment.recurring_gift_id == gift.id)).all()
    db.session.execute(delete(Allocation).where(Allocation.instalment_id.in_([row.id for row in rows])))
    for row in rows:
        tasks.cancel_task(instalments.name_missed_task(row), now=now, actor=actor, reason=NOT_RECURRING)
        row.state, row.state_reason, row.missed_at = "skipped", NOT_RECURRING, None
    if gift.state == "closed":
        gift.state_reason = NOT_RECURRING
    else:
        recurring_gifts.close_recurring_gift(gift, reason=NOT_RECURRING, now=now, actor=actor)
    audit.record_action(actor, "recurring_gift.not_recurring", ("recurring_gift", gift.id), now=now)
    return True


def _refuse_told(gift: RecurringGift) -> None:
    if gift.origin != "inferred":
        raise Rejected(f"recurring gift {gift.id} was not found in payments", code="recurring_gift_told")
