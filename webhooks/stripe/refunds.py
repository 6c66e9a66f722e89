"""Facts from what takes money back: Stripe's refunds, disputes and early fraud warnings.

Whether they count is not decided here; they wait in their registers until their payment is seen.
"""

from __future__ import annotations

from typing import Final

from webhooks.fact import Fact
from webhooks.states import DisputeState, DisputeWord, RefundState, RefundWord
from webhooks.stripe.amounts import currency_of, required_amount
from webhooks.stripe.fees import fee_of
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import identity, metadata_of, objects_at, payment_key, ref_of, seconds_at, text_at

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


def refund_facts(event: ObjectEvent) -> list[Fact]:
    refund = event.payload
    ref, group = identity(refund), payment_key(refund)
    if group is None:
        return []  # a refund of something that is no payment, such as a customer balance
    currency = currency_of(refund)
    # Before 2014 a refund had no status: it was made when it was told.
    status = text_at(refund, "status") or "succeeded"
    word, step = _REFUNDS.get(status, ("unknown", 0))
    charge, intent = ref_of(refund.get("charge")), ref_of(refund.get("payment_intent"))
    state = RefundState(
        state=word,
        status=status,
        amount_minor=required_amount(refund, "amount", currency),
        currency=currency,
        reason=text_at(refund, "reason"),
        failure_reason=text_at(refund, "failure_reason"),
        attempt=charge,
        order=intent,
        created_at=seconds_at(refund, "created"),
        metadata=metadata_of(refund.get("metadata")),
    )
    found = [event.fact("refund", ref, group=group, state=state, step=step), *event.same(charge, intent)]
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=group, field="status", value=status))
    return found


def dispute_facts(event: ObjectEvent) -> list[Fact]:
    dispute = event.payload
    ref, group = identity(dispute), payment_key(dispute)
    if group is None:
        return []
    currency = currency_of(dispute)
    status, reason = text_at(dispute, "status") or "", text_at(dispute, "reason")
    word, step = _DISPUTES.get(status, ("unknown", 0))
    charge, intent = ref_of(dispute.get("charge")), ref_of(dispute.get("payment_intent"))
    state = DisputeState(
        state=word,
        status=status,
        kind="return" if reason in _RETURN_REASONS else "dispute",
        is_warning=status.startswith("warning_"),
        amount_minor=required_amount(dispute, "amount", currency),
        currency=currency,
        reason=reason,
        due_at=seconds_at(dispute, "evidence_details", "due_by"),
        attempt=charge,
        order=intent,
        created_at=seconds_at(dispute, "created"),
    )
    found = [event.fact("dispute", ref, group=group, state=state, step=step), *event.same(charge, intent)]
    found += [fee_of(event, row, group=group) for row in objects_at(dispute, "balance_transactions")]
    if word == "unknown":
        found.append(event.notice("unknown_value", ref, group=group, field="status", value=status))
    return found


def fraud_warning_facts(event: ObjectEvent) -> list[Fact]:
    warning = event.payload
    group = payment_key(warning)
    if group is None:
        return []
    charge, intent = ref_of(warning.get("charge")), ref_of(warning.get("payment_intent"))
    kind = text_at(warning, "fraud_type")
    return [
        event.notice("fraud_warning", charge or group, group=group, field="fraud_type", value=kind),
        *event.same(charge, intent),
    ]
