"""Facts from Stripe's payouts and the balance transactions that fees, refunds and payouts are made of.

Amounts here are signed and in the currency of the balance, which may differ from the gift's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from webhooks.fact import Fact
from webhooks.states import FeeState, ItemWord, PayoutState, PayoutWord
from webhooks.stripe.amounts import read_currency, read_signed_amount
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import (
    Object,
    find_payment_key,
    find_ref,
    find_text,
    list_objects,
    read_id,
    read_seconds,
)

_PAYOUTS: Final[dict[str, tuple[PayoutWord, int]]] = {
    "pending": ("pending", 1),
    "in_transit": ("in_transit", 2),
    "paid": ("paid", 3),
    "failed": ("failed", 4),
    "canceled": ("cancelled", 4),
}
_ITEMS: Final[dict[str, ItemWord]] = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "payment_failure_refund": "refund",
    "partial_capture_reversal": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute",
    "fee": "fee",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "fee",
    "application_fee": "fee",
    "application_fee_refund": "fee",
    "network_cost": "fee",
    # One that came back is no transfer of the payout that lists it: it is among what that one is made of.
    "payout": "payout",
    "payout_cancel": "adjustment",
    "payout_failure": "adjustment",
    "payout_reversal": "adjustment",
}
_CHARGE_LIKE: Final = ("ch_", "py_")


def read_payout_facts(event: ObjectEvent) -> list[Fact]:
    """Return a payout, and a notice for a status we do not know."""
    payout = event.payload
    ref, currency = read_id(payout), read_currency(payout)
    status = find_text(payout, "status") or ""
    word, step = _PAYOUTS.get(status, ("unknown", 0))
    arrival = read_seconds(payout, "arrival_date")
    state = PayoutState(
        state=word,
        status=status,
        net_minor=read_signed_amount(payout, "amount", currency),
        currency=currency,
        # Stripe writes the day as its midnight in UTC.
        arrival_on=None if arrival is None else datetime.fromtimestamp(arrival, UTC).date().isoformat(),
        statement_descriptor=find_text(payout, "statement_descriptor"),
        trace_id=find_text(payout, "trace_id", "value"),
        is_automatic=bool(payout.get("automatic")),
        is_reconciled=_is_reconciled(payout, word),
        failure_code=find_text(payout, "failure_code"),
        created_at=read_seconds(payout, "created"),
    )
    facts = [event.make_fact("payout", ref, group=ref, state=state, step=step)]
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=ref, field="status", value=status))
    return facts


def _is_reconciled(payout: Object, word: PayoutWord) -> bool:
    """Return whether the list of items is complete; before 2022-11 only a payout's being paid showed it."""
    if "reconciliation_status" in payout:
        return find_text(payout, "reconciliation_status") == "completed"
    return word == "paid"


def read_payout_items(event: ObjectEvent) -> list[Fact]:
    """Return the facts of a fetched list of balance transactions: each in two groups, payout and payment.

    The list object may name its ``payout``; without it only payments learn their fees. Fetch it
    with ``expand[]=data.source``, so that a row names the PaymentIntent and not the charge alone.
    """
    payout = find_ref(event.payload.get("payout"))
    facts: list[Fact] = []
    for row in list_objects(event.payload, "data"):
        if payout:
            state = _read_fee_state(row, payout)
            facts.append(event.make_fact("fee", f"{payout}/{state['ref']}", group=payout, state=state))
        facts += _read_payment_item(event, row)
    return facts


def read_item_facts(event: ObjectEvent) -> list[Fact]:
    """Return the fact of a balance transaction that was fetched by itself; none if it names no payment."""
    return _read_payment_item(event, event.payload)


def _read_payment_item(event: ObjectEvent, row: Object) -> list[Fact]:
    """Return the fact of one balance transaction in the group of its payment; none if it names none."""
    source = row.get("source")
    key = _find_source_payment(row)
    if key is None:
        return []
    charge = find_ref(source) if _is_charge(find_ref(source)) else None
    intent = find_ref(source.get("payment_intent")) if isinstance(source, Mapping) else None
    if isinstance(source, Mapping):
        charge = charge or find_ref(source.get("charge"))
    return [make_fee_fact(event, row, group=key), *event.link_same_payment(charge, intent)]


def make_fee_fact(event: ObjectEvent, row: Object, *, group: str) -> Fact:
    """Return the fact of a balance transaction of a payment whose group the caller knows."""
    state = _read_fee_state(row, None)
    state["payment_key"] = state.get("payment_key") or group
    return event.make_fact("fee", state["ref"], group=group, state=state)


def _read_fee_state(row: Object, payout: str | None) -> FeeState:
    currency = read_currency(row)
    kind = find_text(row, "type")
    return FeeState(
        ref=read_id(row),
        item=_read_item_word(row, kind),
        type=kind,
        gross_minor=read_signed_amount(row, "amount", currency),
        fee_minor=read_signed_amount(row, "fee", currency),
        net_minor=read_signed_amount(row, "net", currency),
        currency=currency,
        source_ref=find_ref(row.get("source")),
        payment_key=_find_source_payment(row),
        payout=payout,
        created_at=read_seconds(row, "created"),
        available_at=read_seconds(row, "available_on"),
        description=find_text(row, "description"),
    )


def _read_item_word(row: Object, kind: str | None) -> ItemWord:
    if kind == "adjustment" and (find_text(row, "reporting_category") or "").startswith("dispute"):
        return "dispute"
    return _ITEMS.get(kind or "", "adjustment")


def _find_source_payment(row: Object) -> str | None:
    """Return the payment of a row: that of its expanded source, else the charge id that stands there."""
    source = row.get("source")
    if isinstance(source, Mapping) and (key := find_payment_key(source)):
        return key
    ref = find_ref(source)
    return ref if _is_charge(ref) else None


def _is_charge(ref: str | None) -> bool:
    return ref is not None and ref.startswith(_CHARGE_LIKE)
