"""Facts from what takes money back: Stripe's refunds, disputes and early fraud warnings.

Whether they count is not decided here; they wait in their registers until their payment is seen.
"""

from __future__ import annotations

from typing import Final

from webhooks.fact import Fact
from webhooks.states import DisputeState, DisputeWord, RefundState, RefundWord
from webhooks.stripe.amounts import read_currency, read_required_amount
from webhooks.stripe.fees import make_fee_fact
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import (
    find_payment_key,
    find_ref,
    find_text,
    list_objects,
    read_id,
    read_metadata,
    read_seconds,
)

_REFUNDS: Final[dict[str, tuple[RefundWord, int]]] = {
    "pending": ("pending", 1),
    "requires_action": ("pending", 2),
    "succeeded": ("succeeded", 3),
    "failed": ("failed", 4),
    "canceled": ("cancelled", 4),
}
_DISPUTES: Final[dict[str, tuple[DisputeWord, int]]] = {
    "warning_needs_response": ("open", 1),
    "warning_under_review": ("open", 2),
    "needs_response": ("open", 3),
    "under_review": ("open", 4),
    "won": ("won", 6),
    "warning_closed": ("won", 6),
    "prevented": ("won", 6),
    "lost": ("lost", 6),
    "appeal_needs_response": ("open", 7),
    "appeal_under_review": ("open", 8),
}
# Reasons by which a bank sends a debit back, without asking anyone first.
_RETURN_REASONS: Final = frozenset(
    "bank_cannot_process check_returned customer_initiated debit_not_authorized "
    "incorrect_account_details insufficient_funds".split()
)


def read_refund_facts(event: ObjectEvent) -> list[Fact]:
    """Return a refund in the group of its payment, and a notice for a status we do not know.

    None of a refund of something that is no payment, such as a customer's balance.
    """
    refund = event.payload
    ref, group = read_id(refund), find_payment_key(refund)
    if group is None:
        return []
    currency = read_currency(refund)
    # Before 2014 a refund had no status: it was through when its event came.
    status = find_text(refund, "status") or "succeeded"
    word, step = _REFUNDS.get(status, ("unknown", 0))
    charge, intent = find_ref(refund.get("charge")), find_ref(refund.get("payment_intent"))
    state = RefundState(
        state=word,
        status=status,
        amount_minor=read_required_amount(refund, "amount", currency),
        currency=currency,
        reason=find_text(refund, "reason"),
        failure_reason=find_text(refund, "failure_reason"),
        attempt=charge,
        order=intent,
        created_at=read_seconds(refund, "created"),
        metadata=read_metadata(refund.get("metadata")),
    )
    facts = [
        event.make_fact("refund", ref, group=group, state=state, step=step),
        *event.link_same_payment(charge, intent),
    ]
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=group, field="status", value=status))
    return facts


def read_dispute_facts(event: ObjectEvent) -> list[Fact]:
    """Return a dispute in the group of its payment with the fees it names; none if it names no payment."""
    dispute = event.payload
    ref, group = read_id(dispute), find_payment_key(dispute)
    if group is None:
        return []
    currency = read_currency(dispute)
    status, reason = find_text(dispute, "status") or "", find_text(dispute, "reason")
    word, step = _DISPUTES.get(status, ("unknown", 0))
    charge, intent = find_ref(dispute.get("charge")), find_ref(dispute.get("payment_intent"))
    state = DisputeState(
        state=word,
        status=status,
        kind="return" if reason in _RETURN_REASONS else "dispute",
        is_warning=status.startswith("warning_"),
        amount_minor=read_required_amount(dispute, "amount", currency),
        currency=currency,
        reason=reason,
        due_at=read_seconds(dispute, "evidence_details", "due_by"),
        attempt=charge,
        order=intent,
        created_at=read_seconds(dispute, "created"),
    )
    facts = [
        event.make_fact("dispute", ref, group=group, state=state, step=step),
        *event.link_same_payment(charge, intent),
    ]
    facts += [make_fee_fact(event, row, group=group) for row in list_objects(dispute, "balance_transactions")]
    if word == "unknown":
        facts.append(event.make_notice("unknown_value", ref, group=group, field="status", value=status))
    return facts


def read_fraud_warning_facts(event: ObjectEvent) -> list[Fact]:
    """Return a notice in the group of the payment that a bank calls fraud; none if it names no payment."""
    warning = event.payload
    group = find_payment_key(warning)
    if group is None:
        return []
    charge, intent = find_ref(warning.get("charge")), find_ref(warning.get("payment_intent"))
    kind = find_text(warning, "fraud_type")
    return [
        event.make_notice("fraud_warning", charge or group, group=group, field="fraud_type", value=kind),
        *event.link_same_payment(charge, intent),
    ]
