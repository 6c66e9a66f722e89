"""Whether a live receipt still says what is left of its gift, and who is asked when it says more.

It changes no receipt: that is for the accountant, who voids or replaces it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Gift, ReceiptLine, Task
from donorhub.models.states import TaskKind
from donorhub.services.giving import gifts
from donorhub.services.work import tasks

KINDS: Final[tuple[TaskKind, ...]] = ("receipt_void", "receipt_correct")
CANCEL_REASON: Final = "given_back"  # why an asking is withdrawn: the receipt says what is left


def update_accountant_tasks(gift: Gift, *, now: datetime, actor: str) -> None:
    """Plan a task to void or replace the receipt that says more than is left of the gift, once for each
    receipt; cancel the task when that is true no more.

    A second call changes nothing.
    """
    db.session.flush()  # the sums are asked of the database
    minor_left = gifts.compute_remainder(gift).minor
    line = db.session.scalar(select(ReceiptLine).filter_by(gift_id=gift.id, released_at=None))
    kind_needed = (
        None if line is None or line.amount_minor <= minor_left else KINDS[0] if minor_left == 0 else KINDS[1]
    )
    _cancel_tasks(gift, [kind for kind in KINDS if kind != kind_needed], now=now, actor=actor)
    if line is not None and kind_needed:
        _plan_task(f"{kind_needed}:{gift.id}:{line.receipt_id}", kind_needed, gift, now=now)


def _plan_task(key: str, kind: TaskKind, gift: Gift, *, now: datetime) -> None:
    is_new = tasks.plan_task(
        key,
        kind=kind,
        role="accountant",
        subject=("gift", gift.id),
        donor_id=gift.donor_id,
        now=now,
        facts={"amount": gift.amount.as_text(), "currency": gift.currency},
    )
    if not is_new:
        tasks.reopen_task(key, (CANCEL_REASON,))


def _cancel_tasks(gift: Gift, kinds: list[TaskKind], *, now: datetime, actor: str) -> None:
    query = select(Task.key).where(
        Task.kind.in_(kinds), Task.subject_type == "gift", Task.subject_id == gift.id, tasks.IS_OPEN
    )
    for key in db.session.scalars(query).all():
        tasks.cancel_task(key, now=now, actor=actor, reason=CANCEL_REASON)
