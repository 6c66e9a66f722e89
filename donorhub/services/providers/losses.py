"""Refunds and disputes of gifts that came through a provider: what was given or taken back of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Dispute, Gift, Refund
from donorhub.models.states import TaskKind
from donorhub.services.access import audit, organisation
from donorhub.services.giving import gifts
from donorhub.services.providers import missing_payments
from donorhub.services.providers.account_rows import AccountRows
from donorhub.services.providers.customers import Account
from donorhub.services.receipts import receipt_upkeep
from donorhub.services.recurring import instalments
from donorhub.services.work import events, tasks
from webhooks.views import DisputeView, PaymentView, RefundView


def follow_losses(rows: AccountRows, gift: Gift, view: PaymentView, *, now: datetime) -> None:
    """Record what was given or taken back of a gift, and let what hangs on it follow; once."""
    for refund in view.refunds:
        _record_refund(rows.at, gift, refund, now=now)
    for dispute in view.disputes:
        _record_dispute(rows.at, gift, dispute, now=now)
    _follow_remainder(gift, view, now=now, actor=rows.at.actor)


def _record_refund(at: Account, gift: Gift, view: RefundView, *, now: datetime) -> None:
    refund = db.session.scalar(select(Refund).filter_by(source=at.source, source_ref=view.ref))
    state = "pending" if view.state == "unknown" else view.state
    if refund is None:
        refund = Refund(
            gift_id=gift.id,
            amount_minor=view.amount_minor,
            currency=view.currency,
            state=state,
            refunded_on=organisation.get_past_day(view.created_at, now),
            recorded_at=now,
            source=at.source,
            source_ref=view.ref,
        )
        db.session.add(refund)
        events.record_event(
            "gift.refunded", ("gift", gift.id), occurred_at=now, now=now, donor_id=gift.donor_id
        )
        audit.record_action(
            at.actor, "refund.recorded", ("gift", gift.id), now=now, data={"minor": view.amount_minor}
        )
        _ask_accountant(f"refund:{view.ref}", "refund", gift, now=now)
        tasks.cancel_task(missing_payments.name_task(view.ref), now=now, actor=at.actor, reason="found")
    elif refund.state != state:
        refund.state = state
        audit.record_action(at.actor, f"refund.{state}", ("gift", gift.id), now=now)


def _record_dispute(at: Account, gift: Gift, view: DisputeView, *, now: datetime) -> None:
    dispute = db.session.scalar(select(Dispute).filter_by(source=at.source, source_ref=view.ref))
    state = "open" if view.state == "unknown" else view.state
    key = f"dispute:{view.ref}"
    if dispute is None:
        dispute = Dispute(
            gift_id=gift.id,
            kind="warning" if view.is_warning else view.kind,
            amount_minor=view.amount_minor,
            currency=view.currency,
            state=state,
            reason=view.reason or "",
            due_at=view.due_at,
            opened_on=organisation.get_past_day(view.created_at, now),
            recorded_at=now,
            source=at.source,
            source_ref=view.ref,
        )
        db.session.add(dispute)
        events.record_event(
            "gift.disputed", ("gift", gift.id), occurred_at=now, now=now, donor_id=gift.donor_id
        )
        audit.record_action(
            at.actor, "dispute.opened", ("gift", gift.id), now=now, data={"minor": view.amount_minor}
        )
        _ask_accountant(key, "dispute", gift, now=now, due_at=view.due_at)
        tasks.cancel_task(missing_payments.name_task(view.ref), now=now, actor=at.actor, reason="found")
    elif dispute.state != state or (dispute.kind == "warning") != view.is_warning:
        dispute.state, dispute.kind = state, "warning" if view.is_warning else view.kind
        audit.record_action(at.actor, f"dispute.{state}", ("gift", gift.id), now=now)
    if state != "open":
        tasks.cancel_task(key, now=now, actor=at.actor, reason=state)
    else:
        tasks.reopen_task(key, ("won", "lost"))  # an appeal


def _follow_remainder(gift: Gift, view: PaymentView, *, now: datetime, actor: str) -> None:
    """Let thank-you, instalment and receipt follow what is left of a gift.

    A gift of which nothing is left is not thanked for; when a refund fails or an appeal is won, all is
    as it was before.
    """
    db.session.flush()  # the sums are asked of the database
    left_minor = gifts.compute_remainder(gift).minor
    if view.lost_minor and left_minor == 0:
        instalments.unsettle_instalments(gift.id, "bank_return", now=now)
    elif left_minor == 0:
        instalments.unsettle_instalments(gift.id, "refund", now=now)
    if left_minor == 0:
        tasks.cancel_task(f"thank_you:gift:{gift.id}", now=now, actor=actor, reason="nothing_left")
    else:
        tasks.reopen_task(f"thank_you:gift:{gift.id}", ("nothing_left",))
        instalments.resettle_instalments(gift.id)
    receipt_upkeep.update_accountant_tasks(gift, now=now, actor=actor)


def _ask_accountant(
    key: str, kind: TaskKind, gift: Gift, *, now: datetime, due_at: datetime | None = None
) -> None:
    tasks.plan_task(
        key,
        kind=kind,
        performer="person",
        role="accountant",
        subject=("gift", gift.id),
        donor_id=gift.donor_id,
        due_at=due_at or now + tasks.SOON,
        now=now,
        facts={"amount": gift.amount.as_text(), "currency": gift.currency},
    )
