"""Facts from Stripe's subscriptions, invoices and the payments of invoices.

An invoice is an instalment; it never makes a payment, and a subscription never makes a gift.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from webhooks.fact import Fact
from webhooks.states import DonorState, InstalmentState, InstalmentWord, RecurringState, RecurringWord
from webhooks.stripe.amounts import amount, currency_of, rounded_to_minor, unit_amount
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import (
    Object,
    address_of,
    at,
    count_at,
    identity,
    inv_metadata,
    inv_payments,
    inv_period,
    inv_subscription,
    metadata_of,
    payment_of,
    ref_of,
    seconds_at,
    sub_interval,
    sub_items,
    sub_period,
    sub_price,
    text_at,
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
_CLOSED: Final = {
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


def sub_amount(subscription: Object) -> int | None:
    """The sum of unit amount x quantity in minor units; None where an item has no fixed amount."""
    total = Decimal(0)
    items = sub_items(subscription)
    for item in items:
        price = sub_price(item)
        unit = unit_amount(price)
        if unit is None:
            return None
        quantity = count_at(item, "quantity")
        total += unit * (1 if quantity is None else quantity)
    return rounded_to_minor(total, sub_currency(subscription)) if items else None


def sub_currency(subscription: Object) -> str:
    """The subscription's currency; before 2018 only its plan named one."""
    if subscription.get("currency") is not None:
        return currency_of(subscription)
    items = sub_items(subscription)
    return currency_of(sub_price(items[0]) if items else subscription)


def interval_of(subscription: Object) -> tuple[Period | None, int | None]:
    """The interval as W, M or Y and how many; days only where they make whole weeks."""
    word, count = sub_interval(subscription)
    if word == "day":
        return ("W", count // _WEEK) if count % _WEEK == 0 else (None, None)
    periods: dict[str | None, Period] = {"week": "W", "month": "M", "year": "Y"}
    period = periods.get(word)
    return (period, count) if period else (None, None)


def subscription_facts(event: ObjectEvent) -> list[Fact]:
    ref = identity(event.payload)
    status = text_at(event.payload, "status") or ""
    word, step = _SUBSCRIPTIONS.get(status, ("unknown", 0))
    state = _subscription_state(event, word)
    found = [event.fact("recurring_gift", ref, group=ref, state=state, step=step)]
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=ref, field="status", value=status))
    if state["period"] is None:
        interval, count = sub_interval(event.payload)
        value = f"{count} {interval}"
        found.append(event.notice("unknown_value", ref, group=ref, field="interval", value=value))
    return found


def _subscription_state(event: ObjectEvent, word: RecurringWord) -> RecurringState:
    said = event.payload
    period, every = interval_of(said)
    start, end = sub_period(said)
    state = RecurringState(
        object="subscription",
        state=word,
        status=text_at(said, "status"),
        amount_minor=sub_amount(said),
        currency=sub_currency(said),
        period=period,
        every=every,
        started_at=_first_second(said, "start_date", "start", "created"),
        anchor_at=seconds_at(said, "billing_cycle_anchor"),
        period_start_at=start,
        period_end_at=end,
        trial_ends_at=seconds_at(said, "trial_end"),
        ends_at=_ends_at(said, end),
        method_ref=ref_of(said.get("default_payment_method")) or ref_of(said.get("default_source")),
        latest_invoice=ref_of(said.get("latest_invoice")),
        donor=DonorState(customer=ref_of(said.get("customer"))),
        metadata=metadata_of(said.get("metadata")),
    )
    if word == "closed":
        state["ended_at"] = _first_second(said, "ended_at", "canceled_at")
        state["closed_reason"] = _closed_reason(said)
    state["comment"] = text_at(said, "cancellation_details", "comment") or text_at(
        said, "cancellation_details", "feedback"
    )
    return _paused(said, state)


def _paused(said: Object, state: RecurringState) -> RecurringState:
    """Two different pauses: collection is held back while the status goes on, or the status says so."""
    collection = said.get("pause_collection")
    if state["state"] == "paused":
        # Until 2026-09 the only way there was a trial that ended without a payment method.
        state["paused_reason"] = (
            text_at(said, "status_details", "paused", "subscription", "type")
            or "trial_end_without_payment_method"
        )
    elif isinstance(collection, dict) and state["state"] in ("active", "failing", "pending"):
        state["state"] = "paused"
        state["paused_reason"] = "collection"
        state["resumes_at"] = seconds_at(collection, "resumes_at")
    return state


def _closed_reason(said: Object) -> str | None:
    if said.get("status") == "incomplete_expired":
        return "never_started"
    return _CLOSED.get(text_at(said, "cancellation_details", "reason") or "")


def _ends_at(said: Object, period_end: int | None) -> int | None:
    cancel_at = seconds_at(said, "cancel_at")
    return (
        cancel_at
        if cancel_at is not None
        else (period_end if said.get("cancel_at_period_end") is True else None)
    )


def _first_second(said: Object, *keys: str) -> int | None:
    return next((found for key in keys if (found := seconds_at(said, key)) is not None), None)


def invoice_facts(event: ObjectEvent) -> list[Fact]:
    if event.type == "invoice.upcoming":
        return _upcoming(event)
    invoice = event.payload
    ref, subscription = identity(invoice), inv_subscription(invoice)
    status = _invoice_status(invoice)
    word, step = _invoice_word(event, status)
    found = [event.fact("instalment", ref, group=ref, state=_invoice_state(event, word, status), step=step)]
    if subscription:
        found += event.joined(ref, subscription)
    for key in inv_payments(invoice):
        found += event.joined(key, ref)
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=ref, field="status", value=status))
    return found


def _invoice_status(invoice: Object) -> str:
    """The status; before 2018 an invoice said the same by ``paid``, ``forgiven`` and ``closed``."""
    if status := text_at(invoice, "status"):
        return status
    if invoice.get("paid") is True:
        return "paid"
    if invoice.get("forgiven") is True:
        return "uncollectible"
    return "void" if invoice.get("closed") is True else "open"


def _invoice_word(event: ObjectEvent, status: str) -> tuple[InstalmentWord, int]:
    word, step = _INVOICES.get(status, ("unknown", 0))
    if word != "expected":
        return word, step
    if event.type == "invoice.payment_action_required":
        return "failed", _ACTION_STEP
    # A debit on its way is attempted too, but no next attempt is planned for it.
    planned_again = (
        event.payload.get("attempted") is True and event.payload.get("next_payment_attempt") is not None
    )
    if event.type == "invoice.payment_failed" or (planned_again and (_attempts(event.payload) > 0)):
        return "failed", _FAILED_STEP
    return word, step


def _attempts(invoice: Object) -> int:
    return max(count_at(invoice, "attempt_count") or 0, 0)


def _invoice_state(event: ObjectEvent, word: InstalmentWord, status: str) -> InstalmentState:
    invoice = event.payload
    currency = currency_of(invoice)
    start, end = inv_period(invoice)
    finalized = seconds_at(invoice, "status_transitions", "finalized_at")
    created = _first_second(invoice, "created", "date")
    due = seconds_at(invoice, "due_date")
    return InstalmentState(
        state=word,
        status=status,
        subscription=inv_subscription(invoice),
        number=text_at(invoice, "number"),
        is_first=_is_first(text_at(invoice, "billing_reason")),
        period_start_at=start,
        period_end_at=end,
        due_at=due if due is not None else (finalized if finalized is not None else created),
        finalized_at=finalized,
        paid_at=seconds_at(invoice, "status_transitions", "paid_at") if word == "paid" else None,
        amount_due_minor=amount(invoice, "amount_due", currency),
        amount_paid_minor=amount(invoice, "amount_paid", currency),
        off_provider_minor=_paid_elsewhere(invoice, currency),
        overpaid_minor=amount(invoice, "amount_overpaid", currency),
        currency=currency,
        attempt=_attempts(invoice),
        next_attempt_at=seconds_at(invoice, "next_payment_attempt"),
        needs_action=event.type == "invoice.payment_action_required",
        hosted_url=text_at(invoice, "hosted_invoice_url"),
        donor=_invoice_donor(invoice),
        metadata=inv_metadata(invoice),
    )


def _is_first(billing_reason: str | None) -> bool | None:
    return None if billing_reason is None else billing_reason == "subscription_create"


def _paid_elsewhere(invoice: Object, currency: str) -> int | None:
    """What was paid outside Stripe: told as an amount since 2026-05-27, as all or nothing before 2025."""
    if invoice.get("amount_paid_off_stripe") is not None:
        return amount(invoice, "amount_paid_off_stripe", currency)
    return amount(invoice, "amount_due", currency) if invoice.get("paid_out_of_band") is True else None


def _invoice_donor(invoice: Object) -> DonorState:
    return DonorState(
        customer=ref_of(invoice.get("customer")),
        email=text_at(invoice, "customer_email"),
        name=text_at(invoice, "customer_name"),
        phone=text_at(invoice, "customer_phone"),
        address=address_of(at(invoice, "customer_address")),
    )


def _upcoming(event: ObjectEvent) -> list[Fact]:
    """What Stripe is about to ask for next: it has no id, so it belongs to its subscription."""
    subscription = inv_subscription(event.payload)
    if subscription is None:
        return []
    currency = currency_of(event.payload)
    state = RecurringState(
        object="upcoming",
        currency=currency,
        next_at=_first_second(event.payload, "next_payment_attempt", "due_date", "created"),
        next_minor=amount(event.payload, "amount_due", currency),
    )
    return [event.fact("recurring_gift", f"{subscription}/upcoming", group=subscription, state=state)]


def invoice_payment_facts(event: ObjectEvent) -> list[Fact]:
    """Which payment paid which invoice, and how much of it: the only link since 2025-03-31."""
    said = event.payload
    invoice, key = ref_of(said.get("invoice")), payment_of(said)
    if invoice is None or key is None:
        return []
    paid = said.get("amount_paid")
    currency = currency_of(said) if paid is not None else None
    paid_minor = amount(said, "amount_paid", currency) if currency else None
    return event.joined(key, invoice, by=identity(said), amount_minor=paid_minor, currency=currency)
