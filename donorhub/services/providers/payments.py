"""Payments at providers: what a view of facts makes of payments, gifts, refunds and disputes.

It takes the present view, not the event that came: applied twice or in another order it
ends in the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Dispute, Gift, Instalment, Payment, Refund
from donorhub.models.states import TaskKind
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts, new_gifts
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.providers import missing_payments
from donorhub.services.providers.customers import Account, Directory, Giver, keep_up
from donorhub.services.receipts import receipt_upkeep
from donorhub.services.recurring import instalments
from donorhub.services.work import events, tasks
from webhooks.views import DisputeView, PaymentView, RefundView


def apply_payments(at: Account, views: Sequence[PaymentView], *, now: datetime) -> set[str]:
    """Bring our rows up to what is true of payments now; return the keys of those whose row is new.

    A payment that failed makes no donor and no gift. One in a provider's test mode makes
    test gifts, and only at an endpoint that is for tests. Read and written for all at once.
    """
    views = [
        view
        for view in views
        if view.amount_minor is not None and view.currency and (not view.is_test or at.projects_tests)
    ]
    if not views:
        return set()
    by_key = _read_payments(at, views)
    pairs, new = [], set()
    for view in views:
        payment = _find(by_key, view)
        if payment is None:
            payment = by_key[view.key] = _make(at, view, now=now)
            new.add(view.key)
        _move(payment, view)
        pairs.append((payment, view))
    fresh = _record_gifts(at, pairs, now=now)
    db.session.add_all(payment for payment, view in pairs if view.key in new)
    db.session.flush()  # tasks and instalments name them
    for payment, view in pairs:
        if view.state == "succeeded":
            _follow(at, payment, view, is_fresh=view.key in fresh, now=now)
        elif view.state == "unknown":
            _ask_about(payment, now=now)
    return new


def local_day(moment: datetime | None, now: datetime) -> date:
    """The organisation's calendar day of an instant, never later than today."""
    return organisation.get_day(min(moment or now, now))


def _read_payments(at: Account, views: Sequence[PaymentView]) -> dict[str, Payment]:
    refs = {ref for view in views for ref in view.refs}
    rows = db.session.scalars(
        select(Payment).where(
            Payment.provider == at.provider, Payment.account == at.account, Payment.payment_key.in_(refs)
        )
    )
    return {payment.payment_key: payment for payment in rows}


def _find(by_key: dict[str, Payment], view: PaymentView) -> Payment | None:
    rows = [payment for ref in view.refs if (payment := by_key.get(ref)) is not None]
    if not rows:
        return None
    # A checkout and its order may have a row each, told of before they were linked.
    payment = min(rows, key=lambda row: (row.payment_key != view.key, row.id or 0))
    if payment.gift_id is None:
        payment.payment_key = view.key  # a checkout that now has its order
    return payment


def _make(at: Account, view: PaymentView, *, now: datetime) -> Payment:
    return Payment(
        provider=at.provider,
        account=at.account,
        payment_key=view.key,
        state="pending",
        amount_minor=view.amount_minor or 0,
        currency=view.currency or "",
        method=view.method or "other",
        occurred_at=view.created_at or now,
        is_test=view.is_test,
    )


def _move(payment: Payment, view: PaymentView) -> None:
    if view.method not in (None, "other"):
        payment.method = view.method
    payment.failure_code = view.failure_code or ""
    if payment.gift_id is None and view.amount_minor is not None and view.currency:
        payment.amount_minor, payment.currency = view.amount_minor, view.currency
    if view.state != "unknown":
        payment.state = view.state


def _record_gifts(at: Account, pairs: Sequence[tuple[Payment, PaymentView]], *, now: datetime) -> set[str]:
    """Record the gifts of payments that succeeded and have none; return the keys of these payments."""
    fresh = [
        (payment, view) for payment, view in pairs if view.state == "succeeded" and payment.gift_id is None
    ]
    if not fresh:
        return set()
    directory = Directory(at, [_giver(payment, view) for payment, view in fresh])
    recorded = gifts.find_gifts(at.source, [payment.payment_key for payment, _ in fresh])
    new: list[tuple[Payment, NewGift]] = []
    for payment, view in fresh:
        payment.donor_id = directory.find_or_make(_giver(payment, view), now=now).id
        gift = recorded.get(payment.payment_key)
        if gift is None:
            new.append((payment, _new_gift(at, payment, view, now=now)))
        else:
            gifts.refuse_other_amount(gift, Money(payment.amount_minor, payment.currency))
            payment.gift_id = gift.id
    ids = new_gifts.record_gifts([gift for _, gift in new], now=now, actor=at.actor)
    for (payment, _), gift_id in zip(new, ids, strict=True):
        payment.gift_id = gift_id
    return {view.key for _, view in fresh}


def _giver(payment: Payment, view: PaymentView) -> Giver:
    return Giver(view.donor, view.metadata, payment.payment_key, "payment")


def _new_gift(at: Account, payment: Payment, view: PaymentView, *, now: datetime) -> NewGift:
    return NewGift(
        payment.donor_id or 0,
        payment.amount_minor,
        payment.currency,
        local_day(view.succeeded_at or view.created_at, now),
        at.source,
        payment.payment_key,
        payment.method,
        is_test=view.is_test,
        thank=not view.is_test,
    )


def _follow(at: Account, payment: Payment, view: PaymentView, *, is_fresh: bool, now: datetime) -> None:
    """Bring the gift of a payment up to what is true of it now, and what hangs on it."""
    if is_fresh and not (view.invoices or view.refunds or view.disputes):
        return
    gift = gifts.get_gift(payment.gift_id or 0)
    if not is_fresh:
        _learn(at, gift, payment, view, now=now)
    _join_instalments(gift, payment, view, now=now, actor=at.actor)
    for refund in view.refunds:
        _refund(at, gift, refund, now=now)
    for dispute in view.disputes:
        _dispute(at, gift, dispute, now=now)
    _after_what_was_taken(gift, view, now=now, actor=at.actor)


def _learn(at: Account, gift: Gift, payment: Payment, view: PaymentView, *, now: datetime) -> None:
    """What was not told yet when the gift was recorded: who gave, by what, and on which day.

    The amount never changes, and nothing does any more once a receipt says it.
    """
    if gifts.find_live_receipt_id(gift.id) is not None:
        return
    before = donors.get_donor(gift.donor_id)
    donor = keep_up(at, before, _giver(payment, view), now=now)
    if donor.id != gift.donor_id:
        db.session.flush()
        gift.donor_id = payment.donor_id = donor.id
        tasks.give_task_to_donor(f"thank_you:gift:{gift.id}", donor.id)
        audit.record_action(at.actor, "gift.moved", ("gift", gift.id), now=now, data={"donor": donor.id})
    if payment.method != "other":
        gift.method = payment.method
    gift.received_on = local_day(view.succeeded_at or view.created_at, now)


def _join_instalments(gift: Gift, payment: Payment, view: PaymentView, *, now: datetime, actor: str) -> None:
    if not view.invoices:
        return
    left = gift.amount_minor - instalments.sum_allocations_of_gift(gift.id)
    for join in view.invoices:
        instalment: Instalment | None = db.session.scalar(
            select(Instalment).where(Instalment.source_ref == join.ref)
        )
        if instalment is None or instalment.currency != gift.currency or left <= 0:
            continue
        part = min(left, join.amount_minor or instalment.amount_minor)
        left -= instalments.settle_instalments(gift, {instalment.id: part}, now=now, actor=actor) * part
        tasks.cancel_task(missing_payments.key_of(join.ref), now=now, actor=actor, reason="found")
        payment.instalment_id = instalment.id


def _refund(at: Account, gift: Gift, view: RefundView, *, now: datetime) -> None:
    refund = db.session.scalar(select(Refund).filter_by(source=at.source, source_ref=view.ref))
    state = "pending" if view.state == "unknown" else view.state
    if refund is None:
        refund = Refund(
            gift_id=gift.id,
            amount_minor=view.amount_minor,
            currency=view.currency,
            state=state,
            refunded_on=local_day(view.created_at, now),
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
        _for_accountant(f"refund:{view.ref}", "refund", gift, now=now)
        tasks.cancel_task(missing_payments.key_of(view.ref), now=now, actor=at.actor, reason="found")
    elif refund.state != state:
        refund.state = state
        audit.record_action(at.actor, f"refund.{state}", ("gift", gift.id), now=now)


def _dispute(at: Account, gift: Gift, view: DisputeView, *, now: datetime) -> None:
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
            opened_on=local_day(view.created_at, now),
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
        _for_accountant(key, "dispute", gift, now=now, due_at=view.due_at)
        tasks.cancel_task(missing_payments.key_of(view.ref), now=now, actor=at.actor, reason="found")
    elif dispute.state != state or (dispute.kind == "warning") != view.is_warning:
        dispute.state, dispute.kind = state, "warning" if view.is_warning else view.kind
        audit.record_action(at.actor, f"dispute.{state}", ("gift", gift.id), now=now)
    if state != "open":
        tasks.cancel_task(key, now=now, actor=at.actor, reason=state)
    else:
        tasks.reopen_task(key, ("won", "lost"))  # an appeal


def _after_what_was_taken(gift: Gift, view: PaymentView, *, now: datetime, actor: str) -> None:
    """When nothing is left of a gift it is not thanked for, and its instalment and receipt follow; when
    a refund fails or an appeal is won, it is as it was before."""
    if not view.refunds and not view.disputes:
        return
    db.session.flush()  # the sums are asked of the database
    left = gifts.compute_remainder(gift).minor
    if view.lost_minor and left == 0:
        instalments.unsettle_instalments(gift.id, "bank_return", now=now)
    elif left == 0:
        instalments.unsettle_instalments(gift.id, "refund", now=now)
    if left == 0:
        tasks.cancel_task(f"thank_you:gift:{gift.id}", now=now, actor=actor, reason="nothing_left")
    else:
        tasks.reopen_task(f"thank_you:gift:{gift.id}", ("nothing_left",))
        instalments.resettle_instalments(gift.id)
    receipt_upkeep.update_accountant_tasks(gift, now=now, actor=actor)


def _for_accountant(
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


def _ask_about(payment: Payment, *, now: datetime) -> None:
    tasks.plan_task(
        f"unknown_state:{payment.provider}:{payment.payment_key}",
        kind="unknown_state",
        performer="person",
        role="accountant",
        subject=("payment", payment.id),
        due_at=now + tasks.SOON,
        now=now,
    )
