"""Stripe's objects as plain dicts, with the fields that are read and some that must not matter."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def charge(ref: str, minor: int, *, currency: str = "pln", status: str = "succeeded", **more: Any) -> Object:
    captured = status == "succeeded"
    return {
        "id": ref,
        "object": "charge",
        "amount": minor,
        "amount_captured": minor if captured else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {
            "email": "ola@example.org",
            "name": "Ola Wiśniewska",
            "phone": None,
            "address": {
                "city": "Łódź",
                "country": "PL",
                "line1": None,
                "postal_code": "90-001",
                "state": None,
            },
        },
        "captured": captured,
        "currency": currency,
        "customer": None,
        "disputed": False,
        "failure_code": None if captured or status == "pending" else "card_declined",
        "metadata": {},
        "payment_intent": None,
        "payment_method": "pm_1",
        "payment_method_details": {
            "card": {"brand": "visa", "last4": "4242", "mandate": None},
            "type": "card",
        },
        "refunded": False,
        "status": status,
        **more,
    }


def intent(
    ref: str,
    minor: int,
    *,
    currency: str = "pln",
    status: str = "succeeded",
    latest: str | None = None,
    **more: Any,
) -> Object:
    return {
        "id": ref,
        "object": "payment_intent",
        "amount": minor,
        "amount_received": minor if status == "succeeded" else 0,
        "amount_details": {"tip": {}},
        "currency": currency,
        "customer": None,
        "latest_charge": latest,
        "metadata": {},
        "payment_method_types": ["card", "blik"],
        "status": status,
        **more,
    }


def session(ref: str, **more: Any) -> Object:
    return {
        "id": ref,
        "object": "checkout.session",
        "amount_total": 5000,
        "consent": {"promotions": "opt_in", "terms_of_service": None},
        "currency": "pln",
        "customer": None,
        "customer_details": {"email": "ola@example.org", "name": "Aleksandra Wiśniewska", "phone": "+48123"},
        "locale": "pl",
        "metadata": {"campaign": "winter"},
        "mode": "payment",
        "payment_intent": None,
        "payment_status": "paid",
        "status": "complete",
        "subscription": None,
        **more,
    }


def refund(ref: str, minor: int, *, status: str, currency: str = "pln", **more: Any) -> Object:
    return {"id": ref, "object": "refund", "amount": minor, "currency": currency, "status": status, **more}


def dispute(ref: str, minor: int, *, status: str, currency: str = "pln", **more: Any) -> Object:
    return {
        "id": ref,
        "object": "dispute",
        "amount": minor,
        "balance_transactions": [],
        "currency": currency,
        "evidence_details": {"due_by": 1_794_000_000},
        "payment_intent": None,
        "reason": "fraudulent",
        "status": status,
        **more,
    }


def subscription(
    ref: str, minor: int, *, status: str = "active", interval: str = "month", period: int, **more: Any
) -> Object:
    """``period``: when the running period began; it ends 30 days later."""
    price = {
        "id": "price_1",
        "currency": "pln",
        "recurring": {"interval": interval, "interval_count": 1},
        "unit_amount": minor,
        "unit_amount_decimal": str(minor),
    }
    return {
        "id": ref,
        "object": "subscription",
        "billing_cycle_anchor": period,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "currency": "pln",
        "customer": "cus_1",
        "default_payment_method": "pm_1",
        "items": {
            "object": "list",
            "data": [
                {
                    "quantity": 1,
                    "price": price,
                    "current_period_start": period,
                    "current_period_end": period + 30 * 86400,
                }
            ],
        },
        "metadata": {"fund": "dogs"},
        "pause_collection": None,
        "start_date": period,
        "status": status,
        **more,
    }


def invoice(ref: str, minor: int, *, sub: str | None, status: str, period: int, **more: Any) -> Object:
    details = {"subscription": sub, "metadata": {"fund": "dogs"}}
    return {
        "id": ref,
        "object": "invoice",
        "amount_due": minor,
        "amount_paid": minor if status == "paid" else 0,
        "attempt_count": 1 if status == "paid" else 0,
        "attempted": status == "paid",
        "billing_reason": "subscription_cycle",
        "created": period,
        "currency": "pln",
        "customer": "cus_1",
        "customer_email": "ola@example.org",
        "lines": {"object": "list", "data": [{"period": {"start": period, "end": period + 30 * 86400}}]},
        "metadata": {},
        "next_payment_attempt": None,
        "number": f"DH-{ref[-4:]}",
        "parent": {"type": "subscription_details", "subscription_details": details} if sub else None,
        "period_end": period,
        "period_start": period - 30 * 86400,
        "status": status,
        "status_transitions": {"finalized_at": period, "paid_at": period + 5 if status == "paid" else None},
        **more,
    }


def invoice_payment(ref: str, invoice_ref: str, intent_ref: str, minor: int) -> Object:
    return {
        "id": ref,
        "object": "invoice_payment",
        "amount_paid": minor,
        "amount_requested": minor,
        "currency": "pln",
        "invoice": invoice_ref,
        "payment": {"type": "payment_intent", "payment_intent": intent_ref},
        "status": "paid",
    }


def payout(ref: str, minor: int, *, status: str, currency: str = "pln", **more: Any) -> Object:
    return {
        "id": ref,
        "object": "payout",
        "amount": minor,
        "arrival_date": 1_793_145_600,  # 2026-10-28, midnight UTC
        "automatic": True,
        "currency": currency,
        "reconciliation_status": "in_progress",
        "statement_descriptor": "DOGS FUND",
        "status": status,
        "trace_id": {"status": "supported", "value": "ABC123"},
        **more,
    }


def row(txn: str, kind: str, gross: int, fee: int, source: Any, *, currency: str = "pln") -> Object:
    """A balance transaction."""
    return {
        "id": txn,
        "object": "balance_transaction",
        "amount": gross,
        "currency": currency,
        "exchange_rate": None,
        "fee": fee,
        "net": gross - fee,
        "reporting_category": kind,
        "source": source,
        "type": kind,
    }
