"""What became of one gift: what was taken away, its receipt, its thank-you, the entry that brought it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import (
    Correction,
    Dispute,
    Gift,
    Match,
    Message,
    MessageSubject,
    Receipt,
    ReceiptLine,
    Refund,
    Task,
)
from donorhub.models.states import COUNTED_REFUNDS
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.giving import gifts
from donorhub.services.work import tasks


@dataclass(frozen=True, slots=True)
class Deduction:
    """Money that was taken away from a gift, or may yet be: only what ``counts`` is taken off."""

    kind: str  # refund, dispute, correction
    on: date
    amount: Money
    state: str
    reason: str
    counts: bool


@dataclass(frozen=True, slots=True)
class GiftStory:
    """One gift's deductions and what is left after them, its receipts, its thank-you and its bank entry."""

    remainder: Money
    deductions: Sequence[Deduction]
    receipt: Receipt | None
    old_receipts: Sequence[Receipt]
    thank_you: Task | None
    message: Message | None
    entry_id: int | None


def read_story(gift: Gift) -> GiftStory:
    """Return what became of a gift, in a fixed number of queries."""
    receipts = db.session.scalars(
        select(Receipt)
        .where(Receipt.id.in_(select(ReceiptLine.receipt_id).where(ReceiptLine.gift_id == gift.id)))
        .order_by(Receipt.id)
    ).all()
    live_id = gifts.find_live_receipt_id(gift.id)
    thank_you = tasks.find_task(f"thank_you:gift:{gift.id}")
    message = db.session.scalar(
        select(Message)
        .join(MessageSubject, MessageSubject.message_id == Message.id)
        .where(MessageSubject.subject_type == "gift", MessageSubject.subject_id == gift.id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    entry_id: int | None = db.session.scalar(
        select(Match.entry_id).where(Match.gift_id == gift.id, Match.undone_at.is_(None)).limit(1)
    )
    return GiftStory(
        remainder=gifts.compute_remainder(gift),
        deductions=_list_deductions(gift),
        receipt=next((one for one in receipts if one.id == live_id), None),
        old_receipts=[one for one in receipts if one.id != live_id],
        thank_you=thank_you,
        message=message,
        entry_id=entry_id,
    )


def _list_deductions(gift: Gift) -> list[Deduction]:
    refunds = db.session.scalars(select(Refund).filter_by(gift_id=gift.id).order_by(Refund.id))
    disputes = db.session.scalars(select(Dispute).filter_by(gift_id=gift.id).order_by(Dispute.id))
    corrections = db.session.scalars(select(Correction).filter_by(gift_id=gift.id).order_by(Correction.id))
    return [
        *(_make_refund(refund) for refund in refunds),
        *(_make_dispute(dispute) for dispute in disputes),
        *(_make_correction(correction) for correction in corrections),
    ]


def _make_refund(refund: Refund) -> Deduction:
    return Deduction(
        kind="refund",
        on=refund.refunded_on,
        amount=Money(refund.amount_minor, refund.currency),
        state=refund.state,
        reason="",
        counts=refund.state in COUNTED_REFUNDS,
    )


def _make_dispute(dispute: Dispute) -> Deduction:
    return Deduction(
        kind="dispute",
        on=dispute.opened_on,
        amount=Money(dispute.amount_minor, dispute.currency),
        state=dispute.state,
        reason=dispute.reason,
        counts=dispute.state == "lost",
    )


def _make_correction(correction: Correction) -> Deduction:
    return Deduction(
        kind="correction",
        on=organisation.get_day(correction.recorded_at),
        amount=Money(correction.amount_minor, correction.currency),
        state="",
        reason=correction.reason,
        counts=True,
    )
