"""Facts from Stripe's charges, PaymentIntents and Checkout Sessions.

Each says what one object is; how they make one payment is worked out in ``projection``.
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
from webhooks.stripe.amounts import amount, currency_of, required_amount
from webhooks.stripe.fees import fee_of
from webhooks.stripe.methods import method_of
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.refunds import refund_facts
from webhooks.stripe.shapes import (
    Object,
    address_of,
    at,
    charge_method,
    identity,
    metadata_of,
    objects_at,
    ref_of,
    seconds_at,
    text_at,
)

_MOMENTS: Final = frozenset({"charge.succeeded", "charge.captured", "payment_intent.succeeded"})
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


def charge_facts(event: ObjectEvent) -> list[Fact]:
    charge = event.payload
    ref, intent = identity(charge), ref_of(charge.get("payment_intent"))
    group = intent or ref
    status = text_at(charge, "status")
    word = _charge_word(event, status)
    found = [
        event.fact("payment", ref, group=group, state=_charge_state(event, word), step=_CHARGE_STEPS[word]),
        *event.same(ref, intent),
        *_moment(event, ref, group=group, word=word),
        *_charge_refunds(event, word),
    ]
    if invoice := ref_of(charge.get("invoice")):
        found += event.joined(group, invoice)
    if isinstance(charge.get("balance_transaction"), dict):
        found.append(fee_of(event, charge["balance_transaction"], group=group))
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=group, field="status", value=status))
    return found


def _charge_word(event: ObjectEvent, status: str | None) -> PaymentWord:
    charge = event.payload
    if status == "succeeded":
        if charge.get("captured", True):
            return "succeeded"
        # What was only authorised is released by something that looks like a refund.
        released = event.type == "charge.expired" or charge.get("refunded") is True
        return "cancelled" if released else "authorised"
    return {"pending": "processing", "failed": "failed"}.get(status or "", "unknown")  # type: ignore[return-value]


def _charge_state(event: ObjectEvent, word: PaymentWord) -> PaymentState:
    charge = event.payload
    currency = currency_of(charge)
    gross = required_amount(charge, "amount", currency)
    captured = amount(charge, "amount_captured", currency)
    presented = charge.get("presentment_details")
    state = PaymentState(
        object="attempt",
        state=word,
        status=text_at(charge, "status"),
        amount_minor=captured if captured and word == "succeeded" else gross,
        currency=currency,
        method=method_of(charge_method(charge)),
        method_ref=ref_of(charge.get("payment_method")),
        mandate_ref=_charge_mandate(charge),
        created_at=seconds_at(charge, "created"),
        order=ref_of(charge.get("payment_intent")),
        invoice=ref_of(charge.get("invoice")),
        fee_ref=ref_of(charge.get("balance_transaction")),
        is_disputed=bool(charge.get("disputed")),
        # "insufficient_funds" says more than "card_declined".
        failure_code=text_at(charge, "failure_code")
        and (text_at(charge, "outcome", "reason") or text_at(charge, "failure_code")),
        failure_text=text_at(charge, "failure_message"),
        donor=_charge_donor(charge),
        metadata=metadata_of(charge.get("metadata")),
    )
    if isinstance(presented, dict):
        shown = currency_of(presented, "presentment_currency")
        state["presentment_minor"] = amount(presented, "presentment_amount", shown)
        state["presentment_currency"] = shown
    return state


def _charge_mandate(charge: Object) -> str | None:
    method = text_at(charge, "payment_method_details", "type")
    return ref_of(at(charge, "payment_method_details", method, "mandate")) if method else None


def _charge_donor(charge: Object) -> DonorState:
    return DonorState(
        customer=ref_of(charge.get("customer")),
        email=text_at(charge, "billing_details", "email") or text_at(charge, "receipt_email"),
        name=text_at(charge, "billing_details", "name"),
        phone=text_at(charge, "billing_details", "phone"),
        address=address_of(at(charge, "billing_details", "address")),
    )


def _charge_refunds(event: ObjectEvent, word: PaymentWord) -> list[Fact]:
    """Refunds listed on a charge, one by one: endpoints before 2022-11-15 hear of them nowhere else.

    A charge captured in part lists the rest as if it were refunded; that list says nothing.
    """
    charge = event.payload
    if word != "succeeded" or charge.get("amount_captured", charge.get("amount")) != charge.get("amount"):
        return []
    found: list[Fact] = []
    for refund in objects_at(charge, "refunds"):
        whole = {"charge": charge.get("id"), "payment_intent": charge.get("payment_intent"), **refund}
        inner = ObjectEvent("charge.refunds.created", "refund", event.at, event.ev, event.livemode, whole)
        found += refund_facts(inner)
    return found


def _moment(event: ObjectEvent, ref: str, *, group: str, word: PaymentWord) -> list[Fact]:
    if event.type not in _MOMENTS or word != "succeeded":
        return []
    state = PaymentState(object="moment", state="succeeded", created_at=event.at)
    return [event.fact("payment", f"{ref}/succeeded", group=group, state=state)]


def intent_facts(event: ObjectEvent) -> list[Fact]:
    intent = event.payload
    ref = identity(intent)
    charge = ref_of(intent.get("latest_charge"))
    status = text_at(intent, "status")
    word, step = _intent_word(event, status)
    found = [
        event.fact("payment", ref, group=ref, state=_intent_state(event, word, charge), step=step),
        *event.same(charge, ref),
        *_moment(event, ref, group=ref, word=word),
    ]
    if invoice := ref_of(intent.get("invoice")):
        found += event.joined(ref, invoice)
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=ref, field="status", value=status))
    return found


def _intent_word(event: ObjectEvent, status: str | None) -> tuple[PaymentWord, int]:
    if status == "requires_payment_method" and (
        event.type == "payment_intent.payment_failed" or event.payload.get("last_payment_error")
    ):
        return "failed", _INTENT_FAILED_STEP
    return _INTENTS.get(status or "", "unknown"), _INTENT_STEPS.get(status or "", 0)


def _intent_state(event: ObjectEvent, word: PaymentWord, charge: str | None) -> PaymentState:
    intent = event.payload
    currency = currency_of(intent)
    received = amount(intent, "amount_received", currency)
    methods = intent.get("payment_method_types")
    only = methods[0] if isinstance(methods, list) and len(methods) == 1 else None
    return PaymentState(
        object="order",
        state=word,
        status=text_at(intent, "status"),
        amount_minor=received
        if received and word == "succeeded"
        else required_amount(intent, "amount", currency),
        currency=currency,
        method=method_of(only if isinstance(only, str) else None),
        method_ref=ref_of(intent.get("payment_method")),
        created_at=seconds_at(intent, "created"),
        attempt=charge,
        invoice=ref_of(intent.get("invoice")),
        failure_code=text_at(intent, "last_payment_error", "decline_code")
        or text_at(intent, "last_payment_error", "code"),
        failure_text=text_at(intent, "last_payment_error", "message"),
        donor=DonorState(customer=ref_of(intent.get("customer")), email=text_at(intent, "receipt_email")),
        metadata=metadata_of(intent.get("metadata")),
    )


def session_facts(event: ObjectEvent) -> list[Fact]:
    """A Checkout Session: who gives and why. It never makes a payment succeed by itself."""
    session = event.payload
    ref, intent = identity(session), ref_of(session.get("payment_intent"))
    subscription = ref_of(session.get("subscription"))
    if session.get("mode") == "setup":
        return []  # its SetupIntent tells the rest
    donor = _session_donor(session)
    metadata = metadata_of(session.get("metadata"))
    word = _session_word(event)
    if subscription and not intent:
        recurring = RecurringState(object="checkout", donor=donor, metadata=metadata)
        return [
            event.fact("recurring_gift", ref, group=subscription, state=recurring, step=_SESSION_STEPS[word])
        ]
    total = session.get("amount_total")
    currency = currency_of(session) if total is not None else None
    state = PaymentState(
        object="checkout",
        state=word,
        status=text_at(session, "payment_status"),
        amount_minor=amount(session, "amount_total", currency) if currency else None,
        currency=currency,
        created_at=seconds_at(session, "created"),
        order=intent,
        subscription=subscription,
        donor=donor,
        metadata=metadata,
    )
    return [
        event.fact("payment", ref, group=intent or ref, state=state, step=_SESSION_STEPS[word]),
        *event.same(ref, intent),
    ]


def _session_word(event: ObjectEvent) -> PaymentWord:
    if event.type == "checkout.session.async_payment_failed":
        return "failed"
    if event.type == "checkout.session.expired" or event.payload.get("status") == "expired":
        return "expired"
    return "pending"  # also when paid: only a charge or PaymentIntent makes money certain


def _session_donor(session: Object) -> DonorState:
    return DonorState(
        customer=ref_of(session.get("customer")),
        email=text_at(session, "customer_details", "email") or text_at(session, "customer_email"),
        name=text_at(session, "customer_details", "name"),
        phone=text_at(session, "customer_details", "phone"),
        address=address_of(at(session, "customer_details", "address")),
        locale=text_at(session, "locale"),
        promotions=text_at(session, "consent", "promotions"),
        terms=text_at(session, "consent", "terms_of_service"),
    )
