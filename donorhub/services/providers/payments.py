"""Payments at providers: what a view of facts makes of payments and gifts; what was taken is ``losses``.

It takes the present view, not the event that came: applied twice or in another order it
ends in the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from donorhub.db import db
from donorhub.models import Payment
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts, new_gifts
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.providers import losses, missing_payments
from donorhub.services.providers.account_rows import AccountRows, make_giver_of_payment
from donorhub.services.providers.customers import Account
from donorhub.services.recurring import instalments, settlements
from donorhub.services.work import tasks
from donorhub.services.work.tasks import NewTask
from webhooks.views import PaymentView

Pair = tuple[Payment, PaymentView]


def apply_payments(rows: AccountRows, *, now: datetime) -> set[str]:
    """Bring our rows up to what is true of payments now; return the keys of those whose row is new.

    A payment that failed makes no donor and no gift. One in a provider's test mode makes
    test gifts, and only at an endpoint that is for tests. Read and written for all at once.
    """
    views = [view for view in rows.views.payments if view.amount_minor is not None and view.currency]
    pairs, new = [], set()
    for view in views:
        payment = rows.find_payment(view)
        if payment is None:
            payment = rows.payments[view.key] = _make_payment(rows.at, view, now=now)
            new.add(view.key)
        elif payment.gift_id is None:
            payment.payment_key = view.key  # a checkout that now has its order
        _change_payment(payment, view)
        pairs.append((payment, view))
    fresh = _record_gifts(rows, pairs, now=now)
    db.session.add_all(payment for payment, view in pairs if view.key in new)
    if new:
        db.session.flush()  # tasks and instalments name them
    _ask_about_states([payment for payment, view in pairs if view.state == "unknown"], now=now)
    hanging = _list_hanging(rows, pairs, fresh)
    for payment, view in hanging:
        if view.key not in fresh:
            _follow_later_words(rows, payment, view, now=now)
    _join_instalments(rows, hanging, now=now)
    for payment, view in hanging:
        if view.has_losses:
            losses.follow_losses(rows, rows.gifts[payment.gift_id or 0], view, now=now)
    return new


def _make_payment(at: Account, view: PaymentView, *, now: datetime) -> Payment:
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


def _change_payment(payment: Payment, view: PaymentView) -> None:
    if view.method not in (None, "other"):
        payment.method = view.method
    late_code = view.late_failure.code if view.late_failure and not view.late_failure.stands else None
    payment.failure_code = view.failure_code or late_code or ""
    if payment.gift_id is None and view.amount_minor is not None and view.currency:
        payment.amount_minor, payment.currency = view.amount_minor, view.currency
    if view.state != "unknown":
        payment.state = view.state


def _record_gifts(rows: AccountRows, pairs: Sequence[Pair], *, now: datetime) -> set[str]:
    """Record the gifts of payments that succeeded and have none; return the keys of these payments."""
    at = rows.at
    fresh = [
        (payment, view) for payment, view in pairs if view.state == "succeeded" and payment.gift_id is None
    ]
    if not fresh:
        return set()
    gifts_by_ref = gifts.find_gifts(at.source, [payment.payment_key for payment, _ in fresh])
    new: list[tuple[Payment, NewGift]] = []
    for payment, view in fresh:
        giver = make_giver_of_payment(payment, view)
        payment.donor_id = rows.directory.find_or_create_donor(giver, now=now).id
        gift = gifts_by_ref.get(payment.payment_key)
        if gift is None:
            new.append((payment, _make_new_gift(at, payment, view, now=now)))
        else:
            gifts.refuse_other_amount(gift, Money(payment.amount_minor, payment.currency))
            payment.gift_id = gift.id
    ids = new_gifts.record_gifts([gift for _, gift in new], now=now, actor=at.actor)
    for (payment, _), gift_id in zip(new, ids, strict=True):
        payment.gift_id = gift_id
    return {view.key for _, view in fresh}


def _make_new_gift(at: Account, payment: Payment, view: PaymentView, *, now: datetime) -> NewGift:
    return NewGift(
        payment.donor_id or 0,
        payment.amount_minor,
        payment.currency,
        organisation.get_past_day(view.succeeded_at or view.created_at, now),
        at.source,
        payment.payment_key,
        payment.method,
        is_test=view.is_test,
        thank=not view.is_test,
    )


def _list_hanging(rows: AccountRows, pairs: Sequence[Pair], fresh: set[str]) -> list[Pair]:
    """Return the payments on whose gifts something may hang or change; their gifts are read."""
    hanging = [
        (payment, view)
        for payment, view in pairs
        if view.state == "succeeded" and (view.key not in fresh or view.invoices or view.has_losses)
    ]
    gift_ids = {payment.gift_id for payment, _ in hanging if payment.gift_id is not None}
    rows.gifts |= gifts.read_gifts(gift_ids - rows.gifts.keys())
    return hanging


def _follow_later_words(rows: AccountRows, payment: Payment, view: PaymentView, *, now: datetime) -> None:
    """Change what was not known when the gift was recorded: who gave, by what, and on which day.

    The amount never changes, and nothing does any more once a receipt says it.
    """
    gift = rows.gifts[payment.gift_id or 0]
    if gift.id in rows.ids_on_receipts:
        return
    actor = rows.at.actor
    before = donors.get_donor(gift.donor_id)
    donor = rows.directory.keep_up_donor(before, make_giver_of_payment(payment, view), now=now)
    if donor.id != gift.donor_id:
        db.session.flush()
        changes = {"donor": (gift.donor_id, donor.id)}
        gift.donor_id = payment.donor_id = donor.id
        tasks.give_task_to_donor(f"thank_you:gift:{gift.id}", donor.id)
        audit.record_change(actor, "gift.moved", ("gift", gift.id), changes, now=now)
    if payment.method != "other":
        gift.method = payment.method
    gift.received_on = organisation.get_past_day(view.succeeded_at or view.created_at, now)


def _join_instalments(rows: AccountRows, pairs: Sequence[Pair], *, now: datetime) -> None:
    """Let gifts settle the instalments of their invoices, as far as these are there."""
    payments = {}
    joins = []
    for payment, view in pairs:
        for invoice in view.invoices:
            instalment = rows.instalments.get(invoice.ref)
            if instalment is not None:
                gift = rows.gifts[payment.gift_id or 0]
                payments[gift.id] = payment
                promise = rows.promises_by_id[instalment.recurring_gift_id]
                joins.append(settlements.Join(gift, instalment, promise, invoice.amount_minor))
    holding, paid_instalments = settlements.settle_joins(joins, now=now)
    for join in holding:
        payments[join.gift.id].instalment_id = join.instalment.id
        rows.cancel_reasons[missing_payments.name_task(join.instalment.source_ref or "")] = "found"
    for instalment in paid_instalments:
        rows.cancel_reasons[instalments.name_missed_task(instalment)] = "paid"


def _ask_about_states(payments: Sequence[Payment], *, now: datetime) -> None:
    """Plan a question about each payment in a state that we do not know."""
    questions = [
        NewTask(
            key=f"unknown_state:{payment.provider}:{payment.payment_key}",
            kind="unknown_state",
            role="accountant",
            subject=("payment", payment.id),
        )
        for payment in payments
    ]
    tasks.plan_tasks(questions, now=now)
