"""Facts from Stripe's payouts and the balance transactions that fees, refunds and payouts are made of.

Amounts here are signed and in the currency of the balance, which may differ from the gift's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from webhooks.fact import Fact
from webhooks.states import FeeState, ItemWord, PayoutState, PayoutWord
from webhooks.stripe.amounts import currency_of, required_amount, signed_amount
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import Object, identity, objects_at, payment_key, ref_of, seconds_at, text_at

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


def payout_facts(event: ObjectEvent) -> list[Fact]:
    payout = event.payload
    ref, currency = identity(payout), currency_of(payout)
    status = text_at(payout, "status") or ""
    word, step = _PAYOUTS.get(status, ("unknown", 0))
    arrival = seconds_at(payout, "arrival_date")
    state = PayoutState(
        state=word,
        status=status,
        net_minor=required_amount(payout, "amount", currency),
        currency=currency,
        # Stripe writes the day as its midnight in UTC.
        arrival_on=None if arrival is None else datetime.fromtimestamp(arrival, UTC).date().isoformat(),
        statement_descriptor=text_at(payout, "statement_descriptor"),
        trace_id=text_at(payout, "trace_id", "value"),
        is_automatic=bool(payout.get("automatic")),
        is_reconciled=_is_reconciled(payout, word),
        failure_code=text_at(payout, "failure_code"),
        created_at=seconds_at(payout, "created"),
    )
    found = [event.fact("payout", ref, group=ref, state=state, step=step)]
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=ref, field="status", value=status))
    return found


def _is_reconciled(payout: Object, word: PayoutWord) -> bool:
    """Whether the list of items is complete; before 2022-11 nothing told so but that it was paid."""
    if "reconciliation_status" in payout:
        return text_at(payout, "reconciliation_status") == "completed"
    return word == "paid"


def payout_items(event: ObjectEvent) -> list[Fact]:
    """Facts of a fetched list of balance transactions: one in the payout's group, one in the payment's.

    The list object may name its ``payout``; without it only payments learn their fees. Fetch it
    with ``expand[]=data.source``, so that a row names the PaymentIntent and not the charge alone.
    """
    payout = ref_of(event.payload.get("payout"))
    found: list[Fact] = []
    for row in objects_at(event.payload, "data"):
        if payout:
            state = _fee_state(row, payout)
            found.append(event.fact("fee", f"{payout}/{state['ref']}", group=payout, state=state))
        found += _payment_item(event, row)
    return found


def item_facts(event: ObjectEvent) -> list[Fact]:
    """A balance transaction that was fetched by itself."""
    return _payment_item(event, event.payload)


def _payment_item(event: ObjectEvent, row: Object) -> list[Fact]:
    """The fact of one balance transaction in the group of its payment, if it names one."""
    source = row.get("source")
    key = _source_payment(row)
    if key is None:
        return []
    charge = ref_of(source) if _is_charge(ref_of(source)) else None
    intent = ref_of(source.get("payment_intent")) if isinstance(source, Mapping) else None
    if isinstance(source, Mapping):
        charge = charge or ref_of(source.get("charge"))
    return [fee_of(event, row, group=key), *event.same(charge, intent)]


def fee_of(event: ObjectEvent, row: Object, *, group: str) -> Fact:
    """The fact of a balance transaction that is known to belong to a payment."""
    state = _fee_state(row, None)
    state["payment_key"] = state.get("payment_key") or group
    return event.fact("fee", state["ref"], group=group, state=state)


def _fee_state(row: Object, payout: str | None) -> FeeState:
    currency = currency_of(row)
    kind = text_at(row, "type")
    return FeeState(
        ref=identity(row),
        item=_item(row, kind),
        type=kind,
        gross_minor=signed_amount(row, "amount", currency),
        fee_minor=signed_amount(row, "fee", currency),
        net_minor=signed_amount(row, "net", currency),
        currency=currency,
        source_ref=ref_of(row.get("source")),
        payment_key=_source_payment(row),
        payout=payout,
        created_at=seconds_at(row, "created"),
        available_at=seconds_at(row, "available_on"),
        description=text_at(row, "description"),
    )


def _item(row: Object, kind: str | None) -> ItemWord:
    if kind == "adjustment" and (text_at(row, "reporting_category") or "").startswith("dispute"):
        return "dispute"
    return _ITEMS.get(kind or "", "adjustment")


def _source_payment(row: Object) -> str | None:
    """The payment a row is about: of the expanded source, else the charge id that stands there."""
    source = row.get("source")
    if isinstance(source, Mapping) and (key := payment_key(source)):
        return key
    ref = ref_of(source)
    return ref if _is_charge(ref) else None


def _is_charge(ref: str | None) -> bool:
    return ref is not None and ref.startswith(_CHARGE_LIKE)
