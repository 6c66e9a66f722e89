"""Refunds, disputes and late failures of gifts that came through a provider: what was taken back of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Dispute, Gift, Payment, Refund
from donorhub.models.states import DisputeState, TaskKind
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.giving import gifts
from donorhub.services.providers import missing_payments, welcomes
from donorhub.services.providers.account_rows import AccountRows
from donorhub.services.providers.customers import Account
from donorhub.services.receipts import receipt_upkeep
from donorhub.services.recurring import instalments
from donorhub.services.work import events, tasks
from webhooks.views import DisputeView, LateFailureView, PaymentView, RefundView


def follow_losses(rows: AccountRows, gift: Gift, view: PaymentView, *, now: datetime) -> None:
    """Record what was given or taken back of a gift, and let what hangs on it follow; once."""
    for untold in view.untold_refunds:
        _follow_untold_refund(rows.at, gift, untold, view.refunds, now=now)
    for refund in view.refunds:
        _record_refund(rows.at, gift, refund, now=now)
    for dispute in view.disputes:
        _record_dispute(rows.at, gift, dispute, now=now)
    if view.late_failure is not None:
        _record_late_failure(rows.at, gift, view.late_failure, now=now)
    _follow_remainder(gift, view, now=now, actor=rows.at.actor)


def _follow_untold_refund(
    at: Account, gift: Gift, untold: RefundView, told_refunds: Sequence[RefundView], *, now: datetime
) -> None:
    """Record what was given back and no refund tells of, under the attempt's own name.

    It grows and shrinks. When refunds tell of all of it, its row becomes the first of them that has none;
    so each sum counts once, whichever word comes first.
    """
    rows = _find_refunds(at, [untold.ref, *(refund.ref for refund in told_refunds)])
    row = rows.get(untold.ref)
    if row is None:
        if untold.amount_minor:
            _record_refund(at, gift, untold, now=now)
        return
    if untold.amount_minor:
        if (row.amount_minor, row.state) != (untold.amount_minor, untold.state):
            changes = {
                "amount": (
                    str(Money(row.amount_minor, row.currency)),
                    str(Money(untold.amount_minor, untold.currency)),
                ),
                "state": (row.state, "pending"),
            }
            row.amount_minor, row.state = untold.amount_minor, "pending"
            row.refunded_on = organisation.get_past_day(untold.created_at, now)
            audit.record_change(at.actor, "refund.changed", ("gift", row.gift_id), changes, now=now)
        return
    new = next((refund for refund in told_refunds if refund.ref not in rows), None)
    if new is not None:
        row.source_ref, row.amount_minor, row.currency = new.ref, new.amount_minor, new.currency
        row.refunded_on = organisation.get_past_day(new.created_at, now)
        tasks.rename_task(_name_refund_task(untold.ref), _name_refund_task(new.ref))
        _audit_refund(at, row, "refund.named", now=now)
    elif row.state != "cancelled":
        row.state = "cancelled"
        _audit_refund(at, row, "refund.cancelled", now=now)


def _find_refunds(at: Account, refs: Sequence[str]) -> dict[str, Refund]:
    rows = db.session.scalars(select(Refund).where(Refund.source == at.source, Refund.source_ref.in_(refs)))
    return {refund.source_ref: refund for refund in rows}


def _name_refund_task(ref: str) -> str:
    return f"refund:{ref}"


def _audit_refund(at: Account, refund: Refund, what: str, *, now: datetime) -> None:
    audit.record_action(
        at.actor, what, ("gift", refund.gift_id), now=now, data={"minor": refund.amount_minor}
    )


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
        _audit_refund(at, refund, "refund.recorded", now=now)
        _ask_accountant(_name_refund_task(view.ref), "refund", gift, now=now)
        tasks.cancel_task(missing_payments.name_task(view.ref), now=now, actor=at.actor, reason="found")
    elif refund.state != state:
        changes = {"state": (refund.state, state)}
        refund.state = state
        audit.record_change(at.actor, f"refund.{state}", ("gift", gift.id), changes, now=now)


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
        changes = {"state": (dispute.state, state)}
        dispute.state, dispute.kind = state, "warning" if view.is_warning else view.kind
        audit.record_change(at.actor, f"dispute.{state}", ("gift", gift.id), changes, now=now)
    if state != "open":
        tasks.cancel_task(key, now=now, actor=at.actor, reason=state)
    else:
        tasks.reopen_task(key, ("won", "lost"))  # an appeal


def _record_late_failure(at: Account, gift: Gift, view: LateFailureView, *, now: datetime) -> None:
    """Take out a gift whose payment failed after it had succeeded, and tell a person; let it count again
    when its money came by another attempt.

    It is a return that is lost from the start, one for each gift: nobody is asked for evidence.
    """
    ref = f"{gift.source_ref}/failed"
    failure = db.session.scalar(select(Dispute).filter_by(source=at.source, source_ref=ref))
    state: DisputeState = "won" if view.stands else "lost"
    key = _name_failure_task(gift)
    before = None if failure is None else failure.state
    failed_on = organisation.get_past_day(view.failed_at, now)
    if failure is None:
        failure = Dispute(
            gift_id=gift.id,
            kind="return",
            amount_minor=gift.amount_minor,
            currency=gift.currency,
            state=state,
            opened_on=failed_on,
            recorded_at=now,
            source=at.source,
            source_ref=ref,
        )
        db.session.add(failure)
    failure.state, failure.reason, failure.opened_on = state, view.code or "", failed_on
    if before is None:
        events.record_event(
            "gift.returned", ("gift", gift.id), occurred_at=now, now=now, donor_id=gift.donor_id
        )
    if before != state:
        what = "return.recorded" if state == "lost" else "return.undone"
        audit.record_action(at.actor, what, ("gift", gift.id), now=now, data={"minor": failure.amount_minor})
    if state == "won":
        tasks.cancel_task(key, now=now, actor=at.actor, reason="paid_again")
        return
    facts = {"amount": gift.amount.as_text(), "currency": gift.currency, "reason": failure.reason}
    _ask_accountant(key, "returned_gift", gift, now=now, facts=facts)
    tasks.reopen_task(key, ("paid_again",))


def ask_about_failed_payments(*, now: datetime) -> list[int]:
    """Ask the accountant about each gift that counts though its payment is not one that succeeded; return the
    ids of the gifts. A second call asks nothing anew.

    An older version let such gifts stand when a payment failed late.
    """
    query = (
        select(Gift)
        .join(Payment, Payment.gift_id == Gift.id)
        .where(Payment.state != "succeeded")
        .order_by(Gift.id)
    )
    gifts_that_count = [gift for gift in db.session.scalars(query) if gifts.compute_remainder(gift).minor]
    for gift in gifts_that_count:
        facts = {"amount": gift.amount.as_text(), "currency": gift.currency, "reason": "failed"}
        _ask_accountant(_name_failure_task(gift), "returned_gift", gift, now=now, facts=facts)
    return [gift.id for gift in gifts_that_count]


def _name_failure_task(gift: Gift) -> str:
    return f"late_failure:{gift.source_ref}"


def _follow_remainder(gift: Gift, view: PaymentView, *, now: datetime, actor: str) -> None:
    """Let thank-you, instalment, welcome and receipt follow what is left of a gift.

    A gift of which nothing is left is not thanked for; when a refund fails or an appeal is won, all is
    as it was before.
    """
    db.session.flush()  # the sums are asked of the database
    left_minor = gifts.compute_remainder(gift).minor
    is_lost = view.lost_minor > 0 or (view.late_failure is not None and not view.late_failure.stands)
    if is_lost and left_minor == 0:
        instalments.unsettle_instalments(gift.id, "bank_return", now=now)
    elif left_minor == 0:
        instalments.unsettle_instalments(gift.id, "refund", now=now)
    if left_minor == 0:
        tasks.cancel_task(f"thank_you:gift:{gift.id}", now=now, actor=actor, reason=tasks.NOTHING_LEFT)
    else:
        tasks.reopen_task(f"thank_you:gift:{gift.id}", (tasks.NOTHING_LEFT,))
        instalments.resettle_instalments(gift.id)
    welcomes.follow_payments(gift, now=now, actor=actor)
    receipt_upkeep.update_accountant_tasks(gift, now=now, actor=actor)


def _ask_accountant(
    key: str,
    kind: TaskKind,
    gift: Gift,
    *,
    now: datetime,
    due_at: datetime | None = None,
    facts: Mapping[str, str] | None = None,
) -> None:
    tasks.plan_task(
        key,
        kind=kind,
        role="accountant",
        subject=("gift", gift.id),
        donor_id=gift.donor_id,
        due_at=due_at,
        now=now,
        facts=facts or {"amount": gift.amount.as_text(), "currency": gift.currency},
    )
