"""Facts from Stripe's charges, PaymentIntents and Checkout Sessions.

Each says what one object is; ``webhooks.payment_projection`` joins them to one payment.
"""

from __future__ import annotations

from typing import Final

from webhooks.fact import Fact
from webhooks.states import (
    DonorState,
    PaymentState,
    PaymentWord,
    RecurringState,
)
from webhooks.stripe.amounts import read_amount, read_currency, read_required_amount
from webhooks.stripe.fees import make_fee_fact
from webhooks.stripe.methods import find_method
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.refunds import read_refund_facts
from webhooks.stripe.shapes import (
    Object,
    find_address,
    find_charge_method,
    find_ref,
    find_text,
    find_value,
    list_objects,
    read_id,
    read_metadata,
    read_seconds,
)

_MOMENTS: Final[dict[PaymentWord, frozenset[str]]] = {
    "succeeded": frozenset({"charge.succeeded", "charge.captured", "payment_intent.succeeded"}),
    "failed": frozenset({"charge.failed", "payment_intent.payment_failed"}),
}
_REFUND_TYPES: Final = frozenset({"charge.refunded", "fetch.charge"})
_CHARGE_STEPS: Final[dict[PaymentWord, int]] = {
    "unknown": 0,
    "processing": 1,
    "authorised": 3,
    "failed": 4,
    "cancelled": 5,
    "succeeded": 6,
}
_INTENT_STEPS: Final = {
    "requires_payment_method": 1,
    "requires_confirmation": 2,
    "requires_action": 3,
    "processing": 4,
    "requires_capture": 6,
    "canceled": 7,
    "succeeded": 8,
}
_INTENT_FAILED_STEP: Final = 5
_INTENTS: Final[dict[str, PaymentWord]] = {
    "requires_payment_method": "pending",
    "requires_confirmation": "pending",
    "requires_action": "pending",
    "processing": "processing",
    "requires_capture": "authorised",
    "canceled": "cancelled",
    "succeeded": "succeeded",
}
_SESSION_STEPS: Final[dict[PaymentWord, int]] = {"pending": 1, "expired": 3, "failed": 4}


def read_charge_facts(event: ObjectEvent) -> list[Fact]:
    """Return an attempt with all that its charge carries: refunds, fee, and links to order and invoice."""
    charge = event.payload
    ref, intent = read_id(charge), find_ref(charge.get("payment_intent"))
    group = intent or ref
    status = find_text(charge, "status")
    word = _read_charge_word(event, status)
    state = _read_charge_state(event, word)
    facts = [
        event.make_fact("payment", ref, group=group, state=state, step=_CHARGE_STEPS[word]),
        *event.link_same_payment(ref, intent),
        *_make_moment(event, ref, group=group, state=state),
        *_read_charge_refunds(event, word),
        *_read_refunded_sum(event, ref, group=group, word=word),
    ]
    if invoice := find_ref(charge.get("invoice")):
        facts += event.link_upwards(group, invoice)
    if isinstance(charge.get("balance_transaction"), dict):
        facts.append(make_fee_fact(event, charge["balance_transaction"], group=group))
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=group, field="status", value=status))
    return facts


def _read_charge_word(event: ObjectEvent, status: str | None) -> PaymentWord:
    charge = event.payload
    if status == "succeeded":
        if charge.get("captured", True):
            return "succeeded"
        # What was only authorised is released by something that looks like a refund.
        is_released = event.type == "charge.expired" or charge.get("refunded") is True
        return "cancelled" if is_released else "authorised"
    return {"pending": "processing", "failed": "failed"}.get(status or "", "unknown")  # type: ignore[return-value]


def _read_charge_state(event: ObjectEvent, word: PaymentWord) -> PaymentState:
    charge = event.payload
    currency = read_currency(charge)
    gross = read_required_amount(charge, "amount", currency)
    captured_minor = read_amount(charge, "amount_captured", currency)
    presentment = charge.get("presentment_details")
    state = PaymentState(
        object="attempt",
        state=word,
        status=find_text(charge, "status"),
        amount_minor=captured_minor if captured_minor and word == "succeeded" else gross,
        currency=currency,
        method=find_method(find_charge_method(charge)),
        method_ref=find_ref(charge.get("payment_method")),
        mandate_ref=_find_charge_mandate(charge),
        created_at=read_seconds(charge, "created"),
        order=find_ref(charge.get("payment_intent")),
        invoice=find_ref(charge.get("invoice")),
        fee_ref=find_ref(charge.get("balance_transaction")),
        is_disputed=bool(charge.get("disputed")),
        # "insufficient_funds" says more than "card_declined".
        failure_code=find_text(charge, "failure_code")
        and (find_text(charge, "outcome", "reason") or find_text(charge, "failure_code")),
        failure_text=find_text(charge, "failure_message"),
        donor=_read_charge_donor(charge),
        metadata=read_metadata(charge.get("metadata")),
    )
    if isinstance(presentment, dict):
        shown_currency = read_currency(presentment, "presentment_currency")
        state["presentment_minor"] = read_amount(presentment, "presentment_amount", shown_currency)
        state["presentment_currency"] = shown_currency
    return state


def _find_charge_mandate(charge: Object) -> str | None:
    method = find_text(charge, "payment_method_details", "type")
    return find_ref(find_value(charge, "payment_method_details", method, "mandate")) if method else None


def _read_charge_donor(charge: Object) -> DonorState:
    return DonorState(
        customer=find_ref(charge.get("customer")),
        email=find_text(charge, "billing_details", "email") or find_text(charge, "receipt_email"),
        name=find_text(charge, "billing_details", "name"),
        phone=find_text(charge, "billing_details", "phone"),
        address=find_address(find_value(charge, "billing_details", "address")),
    )


def _read_charge_refunds(event: ObjectEvent, word: PaymentWord) -> list[Fact]:
    """Return the refunds that a charge lists: before API 2022-11-15 they come nowhere else.

    None of a charge captured in part, which lists the rest as if it were refunded.
    """
    charge = event.payload
    if word != "succeeded" or charge.get("amount_captured", charge.get("amount")) != charge.get("amount"):
        return []
    facts: list[Fact] = []
    for refund in list_objects(charge, "refunds"):
        whole = {"charge": charge.get("id"), "payment_intent": charge.get("payment_intent"), **refund}
        inner = ObjectEvent("charge.refunds.created", "refund", event.at, event.ev, event.livemode, whole)
        facts += read_refund_facts(inner)
    return facts


def _read_refunded_sum(event: ObjectEvent, ref: str, *, group: str, word: PaymentWord) -> list[Fact]:
    """Return how much of a charge was given back in all; since API 2022-11-15 nothing else in it tells.

    What a charge captured in part did not take is listed as if it were refunded too.
    """
    charge = event.payload
    if word != "succeeded" or event.type not in _REFUND_TYPES:
        return []
    currency = read_currency(charge)
    refunded_minor = read_amount(charge, "amount_refunded", currency)
    if refunded_minor is None:
        return []
    gross_minor = read_required_amount(charge, "amount", currency)
    captured_minor = read_amount(charge, "amount_captured", currency)
    untaken_minor = 0 if captured_minor is None else gross_minor - captured_minor
    state = PaymentState(
        object="refunded",
        state=word,
        amount_minor=max(0, refunded_minor - max(0, untaken_minor)),
        currency=currency,
    )
    return [event.make_fact("payment", f"{ref}/refunded", group=group, state=state)]


def _make_moment(event: ObjectEvent, ref: str, *, group: str, state: PaymentState) -> list[Fact]:
    """Return when an attempt or order succeeded or failed, or only that it has succeeded."""
    word = state["state"]
    moment = PaymentState(
        object="moment", state=word, amount_minor=state.get("amount_minor"), currency=state.get("currency")
    )
    if event.type in _MOMENTS.get(word, ()):
        moment["created_at"] = event.at
        return [event.make_fact("payment", f"{ref}/{word}", group=group, state=moment)]
    if word == "succeeded":
        return [event.make_fact("payment", f"{ref}/money", group=group, state=moment)]
    return []


def read_intent_facts(event: ObjectEvent) -> list[Fact]:
    """Return an order with links to its latest attempt and its invoice."""
    intent = event.payload
    ref = read_id(intent)
    charge = find_ref(intent.get("latest_charge"))
    status = find_text(intent, "status")
    word, step = _read_intent_word(event, status)
    state = _read_intent_state(event, word, charge)
    facts = [
        event.make_fact("payment", ref, group=ref, state=state, step=step),
        *event.link_same_payment(charge, ref),
        *_make_moment(event, ref, group=ref, state=state),
    ]
    if invoice := find_ref(intent.get("invoice")):
        facts += event.link_upwards(ref, invoice)
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=ref, field="status", value=status))
    return facts


def _read_intent_word(event: ObjectEvent, status: str | None) -> tuple[PaymentWord, int]:
    if status == "requires_payment_method" and (
        event.type == "payment_intent.payment_failed" or event.payload.get("last_payment_error")
    ):
        return "failed", _INTENT_FAILED_STEP
    return _INTENTS.get(status or "", "unknown"), _INTENT_STEPS.get(status or "", 0)


def _read_intent_state(event: ObjectEvent, word: PaymentWord, charge: str | None) -> PaymentState:
    intent = event.payload
    currency = read_currency(intent)
    received_minor = read_amount(intent, "amount_received", currency)
    methods = intent.get("payment_method_types")
    only_method = methods[0] if isinstance(methods, list) and len(methods) == 1 else None
    return PaymentState(
        object="order",
        state=word,
        status=find_text(intent, "status"),
        amount_minor=received_minor
        if received_minor and word == "succeeded"
        else read_required_amount(intent, "amount", currency),
        currency=currency,
        method=find_method(only_method if isinstance(only_method, str) else None),
        method_ref=find_ref(intent.get("payment_method")),
        created_at=read_seconds(intent, "created"),
        attempt=charge,
        invoice=find_ref(intent.get("invoice")),
        failure_code=find_text(intent, "last_payment_error", "decline_code")
        or find_text(intent, "last_payment_error", "code"),
        failure_text=find_text(intent, "last_payment_error", "message"),
        donor=DonorState(customer=find_ref(intent.get("customer")), email=find_text(intent, "receipt_email")),
        metadata=read_metadata(intent.get("metadata")),
    )


def read_session_facts(event: ObjectEvent) -> list[Fact]:
    """Return a checkout: who gives and what for. It never makes a payment succeed by itself.

    One that opened a subscription speaks of the recurring gift; one that only sets up a method says nothing.
    """
    session = event.payload
    ref, intent = read_id(session), find_ref(session.get("payment_intent"))
    subscription = find_ref(session.get("subscription"))
    if session.get("mode") == "setup":
        return []  # its SetupIntent tells the rest
    donor = _read_session_donor(session)
    metadata = read_metadata(session.get("metadata"))
    word = _read_session_word(event)
    if subscription and not intent:
        recurring = RecurringState(object="checkout", donor=donor, metadata=metadata)
        return [
            event.make_fact(
                "recurring_gift", ref, group=subscription, state=recurring, step=_SESSION_STEPS[word]
            )
        ]
    total = session.get("amount_total")
    currency = read_currency(session) if total is not None else None
    state = PaymentState(
        object="checkout",
        state=word,
        status=find_text(session, "payment_status"),
        amount_minor=read_amount(session, "amount_total", currency) if currency else None,
        currency=currency,
        created_at=read_seconds(session, "created"),
        order=intent,
        subscription=subscription,
        donor=donor,
        metadata=metadata,
    )
    return [
        event.make_fact("payment", ref, group=intent or ref, state=state, step=_SESSION_STEPS[word]),
        *event.link_same_payment(ref, intent),
    ]


def _read_session_word(event: ObjectEvent) -> PaymentWord:
    if event.type == "checkout.session.async_payment_failed":
        return "failed"
    if event.type == "checkout.session.expired" or event.payload.get("status") == "expired":
        return "expired"
    return "pending"  # also when paid: only a charge or PaymentIntent makes money certain


def _read_session_donor(session: Object) -> DonorState:
    return DonorState(
        customer=find_ref(session.get("customer")),
        email=find_text(session, "customer_details", "email") or find_text(session, "customer_email"),
        name=find_text(session, "customer_details", "name"),
        phone=find_text(session, "customer_details", "phone"),
        address=find_address(find_value(session, "customer_details", "address")),
        locale=find_text(session, "locale"),
        promotions=find_text(session, "consent", "promotions"),
        terms=find_text(session, "consent", "terms_of_service"),
    )
