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
AS_IT_SHOULD: Final = "given_back"  # why an asking is withdrawn: the receipt says what is left


def look_after(gift: Gift, *, now: datetime, actor: str) -> None:
    """Ask the accountant to void or replace the receipt that says more than is left of the gift, once for
    each receipt; withdraw what was asked when it is true no more. Again changes nothing."""
    db.session.flush()  # the sums are asked of the database
    left = gifts.compute_remainder(gift).minor
    line = db.session.scalar(select(ReceiptLine).filter_by(gift_id=gift.id, released_at=None))
    wanted = None if line is None or line.amount_minor <= left else KINDS[0] if left == 0 else KINDS[1]
    _withdraw(gift, [kind for kind in KINDS if kind != wanted], now=now, actor=actor)
    if line is not None and wanted:
        _ask(f"{wanted}:{gift.id}:{line.receipt_id}", wanted, gift, now=now)


def _ask(key: str, kind: TaskKind, gift: Gift, *, now: datetime) -> None:
    is_new = tasks.plan_task(
        key,
        kind=kind,
        performer="person",
        role="accountant",
        subject=("gift", gift.id),
        donor_id=gift.donor_id,
        due_at=now + tasks.SOON,
        now=now,
        facts={"amount": gift.amount.as_text(), "currency": gift.currency},
    )
    if not is_new:
        tasks.reopen_task(key, (AS_IT_SHOULD,))


def _withdraw(gift: Gift, kinds: list[TaskKind], *, now: datetime, actor: str) -> None:
    asked = select(Task.key).where(
        Task.kind.in_(kinds), Task.subject_type == "gift", Task.subject_id == gift.id, tasks.IS_OPEN
    )
    for key in db.session.scalars(asked).all():
        tasks.cancel_task(key, now=now, actor=actor, reason=AS_IT_SHOULD)
