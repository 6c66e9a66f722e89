"""Stripe's objects as the demo's messages carry them: only the fields that are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

FEE_MINOR: Final = 100  # and 1.5 %, which is what a Polish card costs
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Payer:
    """Who gave through the page of the provider."""

    name: str
    email: str
    country: str = "PL"


def make_charge(
    name: str, minor: int, payer: Payer, *, method: str, customer: str | None, failure: str | None = None
) -> Object:
    """Return a charge that succeeded, or that failed for the reason ``failure``."""
    address = {"city": None, "country": payer.country, "line1": None, "postal_code": None, "state": None}
    return {
        "id": f"ch_{name}",
        "object": "charge",
        "amount": minor,
        "amount_captured": 0 if failure else minor,
        "captured": failure is None,
        "currency": "pln",
        "customer": customer,
        "failure_code": failure,
        "metadata": {},
        "payment_intent": f"pi_{name}",
        "payment_method_details": {"type": method},
        "status": "failed" if failure else "succeeded",
        "billing_details": {"email": payer.email, "name": payer.name, "phone": None, "address": address},
    }


def make_intent(name: str, minor: int, *, method: str, customer: str | None) -> Object:
    """Return the PaymentIntent of the charge of the same name, paid in full."""
    return {
        "id": f"pi_{name}",
        "object": "payment_intent",
        "amount": minor,
        "amount_received": minor,
        "currency": "pln",
        "customer": customer,
        "latest_charge": f"ch_{name}",
        "metadata": {},
        "payment_method_types": [method],
        "status": "succeeded",
    }


def make_refund(name: str, minor: int) -> Object:
    """Return a refund of the charge of the same name."""
    return {
        "id": f"re_{name}",
        "object": "refund",
        "amount": minor,
        "currency": "pln",
        "status": "succeeded",
        "charge": f"ch_{name}",
        "payment_intent": f"pi_{name}",
        "reason": "duplicate",
    }


def make_customer(ref: str, payer: Payer) -> Object:
    """Return the customer whom a payer's subscription belongs to."""
    return {
        "id": ref,
        "object": "customer",
        "email": payer.email,
        "name": payer.name,
        "metadata": {},
        "preferred_locales": ["pl"],
    }


def make_subscription(ref: str, customer: str, minor: int, period: datetime) -> Object:
    """Return an active monthly subscription whose running period starts at ``period``."""
    start = int(period.timestamp())
    price = {
        "id": "price_demo",
        "currency": "pln",
        "unit_amount": minor,
        "recurring": {"interval": "month", "interval_count": 1},
    }
    item = {
        "quantity": 1,
        "price": price,
        "current_period_start": start,
        "current_period_end": start + 30 * 86400,
    }
    return {
        "id": ref,
        "object": "subscription",
        "billing_cycle_anchor": start,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "currency": "pln",
        "customer": customer,
        "metadata": {},
        "items": {"object": "list", "data": [item]},
        "pause_collection": None,
        "start_date": start,
        "status": "active",
    }


def make_invoice(name: str, sub: str, customer: str, minor: int, at: datetime) -> Object:
    """Return a paid invoice of a subscription for the thirty days from ``at`` on."""
    start = int(at.timestamp())
    return {
        "id": f"in_{name}",
        "object": "invoice",
        "amount_due": minor,
        "amount_paid": minor,
        "attempt_count": 1,
        "attempted": True,
        "billing_reason": "subscription_cycle",
        "currency": "pln",
        "customer": customer,
        "lines": {"object": "list", "data": [{"period": {"start": start, "end": start + 30 * 86400}}]},
        "metadata": {},
        "next_payment_attempt": None,
        "number": f"DEMO-{name}",
        "status": "paid",
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": sub}},
        "period_end": start,
        "period_start": start - 30 * 86400,
        "status_transitions": {"finalized_at": start, "paid_at": start + 2},
    }


def make_invoice_payment(name: str, minor: int) -> Object:
    """Return what joins the PaymentIntent and the invoice of the same name."""
    return {
        "id": f"inpay_{name}",
        "object": "invoice_payment",
        "amount_paid": minor,
        "amount_requested": minor,
        "currency": "pln",
        "invoice": f"in_{name}",
        "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": f"pi_{name}"},
    }


def make_payout_item(name: str, minor: int, *, kind: str = "charge") -> Object:
    """Return a line of the payout: a charge less its fee, or a refund, of which Stripe keeps the fee."""
    fee = FEE_MINOR + minor * 15 // 1000 if kind == "charge" else 0
    ref = {"charge": "ch", "refund": "re"}[kind]
    source = {"id": f"{ref}_{name}", "object": kind, "payment_intent": f"pi_{name}"}
    return {
        "id": f"txn_{ref}_{name}",
        "object": "balance_transaction",
        "amount": minor,
        "currency": "pln",
        "fee": fee,
        "net": minor - fee,
        "reporting_category": kind,
        "type": kind,
        "source": source if kind == "charge" else {**source, "charge": f"ch_{name}"},
    }


def make_payout(ref: str, net: int, at: datetime) -> Object:
    """Return a payout that arrived on the day of ``at`` and lists all its lines."""
    return {
        "id": ref,
        "object": "payout",
        "amount": net,
        "arrival_date": int(at.timestamp()),
        "automatic": True,
        "currency": "pln",
        "reconciliation_status": "completed",
        "statement_descriptor": "STRIPE OTWARTE OCZY",
        "status": "paid",
    }
