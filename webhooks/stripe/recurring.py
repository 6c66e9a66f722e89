"""Facts from Stripe's subscriptions, invoices and the payments of invoices.

An invoice is an instalment; it never makes a payment, and a subscription never makes a gift.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from webhooks.fact import Fact
from webhooks.states import DonorState, InstalmentState, InstalmentWord, RecurringState, RecurringWord
from webhooks.stripe.amounts import read_amount, read_currency, read_unit_amount, round_to_minor
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import (
    Object,
    find_address,
    find_count,
    find_interval,
    find_invoice_period,
    find_invoice_subscription,
    find_joined_payment,
    find_ref,
    find_running_period,
    find_text,
    find_value,
    list_invoice_payments,
    list_subscription_items,
    read_id,
    read_invoice_metadata,
    read_item_price,
    read_metadata,
    read_seconds,
)

Period = Literal["W", "M", "Y"]

_SUBSCRIPTIONS: Final[dict[str, tuple[RecurringWord, int]]] = {
    "incomplete": ("pending", 1),
    "trialing": ("pending", 2),
    "active": ("active", 3),
    "past_due": ("failing", 4),
    "unpaid": ("failing", 5),
    "paused": ("paused", 5),
    "canceled": ("closed", 8),
    "incomplete_expired": ("closed", 8),
}
_CLOSING_REASONS: Final = {
    "cancellation_requested": "requested",
    "payment_failed": "payment_failed",
    "payment_disputed": "payment_disputed",
    "canceled_by_retention_policy": "retention_policy",
}
_INVOICES: Final[dict[str, tuple[InstalmentWord, int]]] = {
    "draft": ("expected", 1),
    "open": ("expected", 2),
    "uncollectible": ("waived", 6),
    "void": ("skipped", 7),
    "paid": ("paid", 8),
}
_ACTION_STEP: Final = 3
_FAILED_STEP: Final = 4
_WEEK: Final = 7


def read_subscription_amount(subscription: Object) -> int | None:
    """Return the sum of unit amount x quantity in minor units; None where an item has no fixed amount."""
    total = Decimal(0)
    items = list_subscription_items(subscription)
    for item in items:
        price = read_item_price(item)
        unit = read_unit_amount(price)
        if unit is None:
            return None
        quantity = find_count(item, "quantity")
        total += unit * (1 if quantity is None else quantity)
    return round_to_minor(total, read_subscription_currency(subscription)) if items else None


def read_subscription_currency(subscription: Object) -> str:
    """Return the subscription's currency, before 2018 its plan's; raise BadBody when neither names one."""
    if subscription.get("currency") is not None:
        return read_currency(subscription)
    items = list_subscription_items(subscription)
    return read_currency(read_item_price(items[0]) if items else subscription)


def read_interval(subscription: Object) -> tuple[Period | None, int | None]:
    """Return the interval as W, M or Y and how many; None for both where it is no such period.

    Days are read only where they make whole weeks.
    """
    word, count = find_interval(subscription)
    if word == "day":
        return ("W", count // _WEEK) if count % _WEEK == 0 else (None, None)
    periods: dict[str | None, Period] = {"week": "W", "month": "M", "year": "Y"}
    period = periods.get(word)
    return (period, count) if period else (None, None)


def read_subscription_facts(event: ObjectEvent) -> list[Fact]:
    """Return a recurring gift, and a notice for a status or an interval that we do not know."""
    ref = read_id(event.payload)
    status = find_text(event.payload, "status") or ""
    word, step = _SUBSCRIPTIONS.get(status, ("unknown", 0))
    state = _read_subscription_state(event, word)
    facts = [event.make_fact("recurring_gift", ref, group=ref, state=state, step=step)]
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=ref, field="status", value=status))
    if state["period"] is None:
        interval, count = find_interval(event.payload)
        value = f"{count} {interval}"
        facts.append(event.make_notice("unknown_value", ref, group=ref, field="interval", value=value))
    return facts


def _read_subscription_state(event: ObjectEvent, word: RecurringWord) -> RecurringState:
    subscription = event.payload
    period, every = read_interval(subscription)
    start, end = find_running_period(subscription)
    state = RecurringState(
        object="subscription",
        state=word,
        status=find_text(subscription, "status"),
        amount_minor=read_subscription_amount(subscription),
        currency=read_subscription_currency(subscription),
        period=period,
        every=every,
        started_at=_find_first_second(subscription, "start_date", "start", "created"),
        anchor_at=read_seconds(subscription, "billing_cycle_anchor"),
        period_start_at=start,
        period_end_at=end,
        trial_ends_at=read_seconds(subscription, "trial_end"),
        ends_at=_find_end(subscription, end),
        method_ref=find_ref(subscription.get("default_payment_method"))
        or find_ref(subscription.get("default_source")),
        latest_invoice=find_ref(subscription.get("latest_invoice")),
        donor=DonorState(customer=find_ref(subscription.get("customer"))),
        metadata=read_metadata(subscription.get("metadata")),
    )
    if word == "closed":
        state["ended_at"] = _find_first_second(subscription, "ended_at", "canceled_at")
        state["closed_reason"] = _find_closing_reason(subscription)
    state["comment"] = find_text(subscription, "cancellation_details", "comment") or find_text(
        subscription, "cancellation_details", "feedback"
    )
    return _add_pause(subscription, state)


def _add_pause(subscription: Object, state: RecurringState) -> RecurringState:
    """Return the state with its pause, if there is one: of the collection alone, or of the subscription."""
    collection = subscription.get("pause_collection")
    if state["state"] == "paused":
        # Until 2026-09 the only way there was a trial that ended without a payment method.
        state["paused_reason"] = (
            find_text(subscription, "status_details", "paused", "subscription", "type")
            or "trial_end_without_payment_method"
        )
    elif isinstance(collection, dict) and state["state"] in ("active", "failing", "pending"):
        state["state"] = "paused"
        state["paused_reason"] = "collection"
        state["resumes_at"] = read_seconds(collection, "resumes_at")
    return state


def _find_closing_reason(subscription: Object) -> str | None:
    if subscription.get("status") == "incomplete_expired":
        return "never_started"
    return _CLOSING_REASONS.get(find_text(subscription, "cancellation_details", "reason") or "")


def _find_end(subscription: Object, period_end: int | None) -> int | None:
    cancel_at = read_seconds(subscription, "cancel_at")
    return (
        cancel_at
        if cancel_at is not None
        else (period_end if subscription.get("cancel_at_period_end") is True else None)
    )


def _find_first_second(holder: Object, *keys: str) -> int | None:
    return next((second for key in keys if (second := read_seconds(holder, key)) is not None), None)


def read_invoice_facts(event: ObjectEvent) -> list[Fact]:
    """Return an instalment with links to its subscription and its payments; of an invoice that is only
    announced, the next date and amount of the recurring gift."""
    if event.type == "invoice.upcoming":
        return _read_upcoming_invoice(event)
    invoice = event.payload
    ref, subscription = read_id(invoice), find_invoice_subscription(invoice)
    status = _read_invoice_status(invoice)
    word, step = _read_invoice_word(event, status)
    facts = [
        event.make_fact(
            "instalment", ref, group=ref, state=_read_invoice_state(event, word, status), step=step
        )
    ]
    if subscription:
        facts += event.link_upwards(ref, subscription)
    for key in list_invoice_payments(invoice):
        facts += event.link_upwards(key, ref)
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=ref, field="status", value=status))
    return facts


def _read_invoice_status(invoice: Object) -> str:
    """Return the status; before 2018 an invoice said the same by ``paid``, ``forgiven`` and ``closed``."""
    if status := find_text(invoice, "status"):
        return status
    if invoice.get("paid") is True:
        return "paid"
    if invoice.get("forgiven") is True:
        return "uncollectible"
    return "void" if invoice.get("closed") is True else "open"


def _read_invoice_word(event: ObjectEvent, status: str) -> tuple[InstalmentWord, int]:
    word, step = _INVOICES.get(status, ("unknown", 0))
    if word != "expected":
        return word, step
    if event.type == "invoice.payment_action_required":
        return "failed", _ACTION_STEP
    # A debit on its way is attempted too, but no next attempt is planned for it.
    is_planned_again = (
        event.payload.get("attempted") is True and event.payload.get("next_payment_attempt") is not None
    )
    if event.type == "invoice.payment_failed" or (is_planned_again and (_count_attempts(event.payload) > 0)):
        return "failed", _FAILED_STEP
    return word, step


def _count_attempts(invoice: Object) -> int:
    return max(find_count(invoice, "attempt_count") or 0, 0)


def _read_invoice_state(event: ObjectEvent, word: InstalmentWord, status: str) -> InstalmentState:
    invoice = event.payload
    currency = read_currency(invoice)
    start, end = find_invoice_period(invoice)
    finalized_at = read_seconds(invoice, "status_transitions", "finalized_at")
    created_at = _find_first_second(invoice, "created", "date")
    due_at = read_seconds(invoice, "due_date")
    return InstalmentState(
        state=word,
        status=status,
        subscription=find_invoice_subscription(invoice),
        number=find_text(invoice, "number"),
        is_first=_is_first(find_text(invoice, "billing_reason")),
        period_start_at=start,
        period_end_at=end,
        due_at=due_at if due_at is not None else (finalized_at if finalized_at is not None else created_at),
        finalized_at=finalized_at,
        paid_at=read_seconds(invoice, "status_transitions", "paid_at") if word == "paid" else None,
        amount_due_minor=read_amount(invoice, "amount_due", currency),
        amount_paid_minor=read_amount(invoice, "amount_paid", currency),
        off_provider_minor=_read_paid_elsewhere(invoice, currency),
        overpaid_minor=read_amount(invoice, "amount_overpaid", currency),
        currency=currency,
        attempt=_count_attempts(invoice),
        next_attempt_at=read_seconds(invoice, "next_payment_attempt"),
        needs_action=event.type == "invoice.payment_action_required",
        hosted_url=find_text(invoice, "hosted_invoice_url"),
        donor=_read_invoice_donor(invoice),
        metadata=read_invoice_metadata(invoice),
    )


def _is_first(billing_reason: str | None) -> bool | None:
    return None if billing_reason is None else billing_reason == "subscription_create"


def _read_paid_elsewhere(invoice: Object, currency: str) -> int | None:
    """Return what was paid outside Stripe: an amount since 2026-05-27, before that all or nothing."""
    if invoice.get("amount_paid_off_stripe") is not None:
        return read_amount(invoice, "amount_paid_off_stripe", currency)
    return read_amount(invoice, "amount_due", currency) if invoice.get("paid_out_of_band") is True else None


def _read_invoice_donor(invoice: Object) -> DonorState:
    return DonorState(
        customer=find_ref(invoice.get("customer")),
        email=find_text(invoice, "customer_email"),
        name=find_text(invoice, "customer_name"),
        phone=find_text(invoice, "customer_phone"),
        address=find_address(find_value(invoice, "customer_address")),
    )


def _read_upcoming_invoice(event: ObjectEvent) -> list[Fact]:
    """Return what Stripe will ask for next as a fact of the subscription, for the invoice has no id yet."""
    subscription = find_invoice_subscription(event.payload)
    if subscription is None:
        return []
    currency = read_currency(event.payload)
    state = RecurringState(
        object="upcoming",
        currency=currency,
        next_at=_find_first_second(event.payload, "next_payment_attempt", "due_date", "created"),
        next_minor=read_amount(event.payload, "amount_due", currency),
    )
    return [event.make_fact("recurring_gift", f"{subscription}/upcoming", group=subscription, state=state)]


def read_invoice_payment_facts(event: ObjectEvent) -> list[Fact]:
    """Return which payment paid which invoice, and how much of it: the only link since 2025-03-31."""
    payload = event.payload
    invoice, key = find_ref(payload.get("invoice")), find_joined_payment(payload)
    if invoice is None or key is None:
        return []
    amount_paid = payload.get("amount_paid")
    currency = read_currency(payload) if amount_paid is not None else None
    paid_minor = read_amount(payload, "amount_paid", currency) if currency else None
    return event.link_upwards(key, invoice, by=read_id(payload), amount_minor=paid_minor, currency=currency)
