"""What became of one gift: what was taken away, its receipt, its thank-you, the entry that brought it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Correction, Dispute, Gift, Match, Message, Receipt, ReceiptLine, Refund, Task
from donorhub.models.states import COUNTED_REFUNDS
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.giving import gifts
from donorhub.services.work import tasks


@dataclass(frozen=True, slots=True)
class Taken:
    """Money taken away from a gift, or perhaps: only what ``counts`` is off."""

    kind: str  # refund, dispute, correction
    on: date
    amount: Money
    state: str
    reason: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Story:
    left: Money
    taken: Sequence[Taken]
    receipt: Receipt | None
    old_receipts: Sequence[Receipt]
    thank_you: Task | None
    message: Message | None
    entry_id: int | None


def of(gift: Gift) -> Story:
    """All of it, read in a handful of queries."""
    found = db.session.scalars(
        select(Receipt)
        .where(Receipt.id.in_(select(ReceiptLine.receipt_id).where(ReceiptLine.gift_id == gift.id)))
        .order_by(Receipt.id)
    ).all()
    live_id = gifts.live_receipt_id(gift.id)
    thank_you = tasks.find_task(f"thank_you:gift:{gift.id}")
    message = db.session.scalar(select(Message).filter_by(task_id=thank_you.id)) if thank_you else None
    entry_id: int | None = db.session.scalar(
        select(Match.entry_id).where(Match.gift_id == gift.id, Match.undone_at.is_(None)).limit(1)
    )
    return Story(
        left=gifts.counts_for(gift),
        taken=_taken(gift),
        receipt=next((one for one in found if one.id == live_id), None),
        old_receipts=[one for one in found if one.id != live_id],
        thank_you=thank_you,
        message=message,
        entry_id=entry_id,
    )


def _taken(gift: Gift) -> list[Taken]:
    refunds = db.session.scalars(select(Refund).filter_by(gift_id=gift.id).order_by(Refund.id))
    disputes = db.session.scalars(select(Dispute).filter_by(gift_id=gift.id).order_by(Dispute.id))
    corrections = db.session.scalars(select(Correction).filter_by(gift_id=gift.id).order_by(Correction.id))
    return [
        *(
            Taken(
                "refund",
                one.refunded_on,
                Money(one.amount_minor, one.currency),
                one.state,
                "",
                one.state in COUNTED_REFUNDS,
            )
            for one in refunds
        ),
        *(
            Taken(
                "dispute",
                one.opened_on,
                Money(one.amount_minor, one.currency),
                one.state,
                one.reason,
                one.state == "lost",
            )
            for one in disputes
        ),
        *(
            Taken(
                "correction",
                organisation.get_day(one.recorded_at),
                Money(one.amount_minor, one.currency),
                "",
                one.reason,
                counts=True,
            )
            for one in corrections
        ),
    ]
