"""What each of Stripe's events says, as facts; ``webhooks.states`` lists what a fact's state holds.

=====================================================  ==============================================
event                                                  facts
=====================================================  ==============================================
checkout.session.*                                     payment ``cs_``, or recurring_gift ``cs_``
                                                       when it opened a subscription
payment_intent.*                                       payment ``pi_``; link to its latest charge
charge.*                                               payment ``ch_``; link to its PaymentIntent,
                                                       before 2025-03-31 also to its invoice; its
                                                       refunds one by one where it lists them
charge.succeeded, .captured, payment_intent.succeeded  also payment ``../succeeded``: when it was
charge.failed, payment_intent.payment_failed           also payment ``../failed``: when it was
charge.refunded                                        also payment ``../refunded``: how much was given
                                                       back in all, beside what refunds tell
refund.*, charge.refund.updated                        refund ``re_``
charge.dispute.*                                       dispute ``dp_``; fee ``txn_`` for each row
radar.early_fraud_warning.created                      notice
invoice.* but .upcoming                                instalment ``in_``; links to subscription and
                                                       payments
invoice.upcoming                                       recurring_gift ``sub_/upcoming``
invoice_payment.paid                                   links invoice and payment
customer.subscription.*                                recurring_gift ``sub_``
customer.*                                             donor ``cus_``
payment_method.*, mandate.updated, setup_intent.*      mandate ``pm_``, ``mandate_``, ``seti_``
payout.*                                               payout ``po_``
fetch.<object>                                         the same as any event about the object
fetch.balance_transactions                             fee ``txn_`` and ``po_/txn_`` for each row
account.application.deauthorized,                      notice
source.mandate_notification
=====================================================  ==============================================

Everything else is of no interest and gives no facts. A status that is not known becomes
``unknown`` beside the raw word, and a notice. A fact's version is the event's second, then how
far in its life the object is, then the event's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from webhooks.fact import BadBody, Fact
from webhooks.stripe.donors import (
    read_customer_facts,
    read_debit_announcement,
    read_mandate_facts,
    read_method_facts,
    read_setup_facts,
    read_withdrawal_of_access,
)
from webhooks.stripe.fees import read_item_facts, read_payout_facts, read_payout_items
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.payments import read_charge_facts, read_intent_facts, read_session_facts
from webhooks.stripe.recurring import read_invoice_facts, read_invoice_payment_facts, read_subscription_facts
from webhooks.stripe.refunds import read_dispute_facts, read_fraud_warning_facts, read_refund_facts
from webhooks.stripe.shapes import Object

# The events we subscribe to, and some that say the same to endpoints of old API versions.
TYPES: Final[Mapping[str, str]] = {
    f"{family}.{name}": kind
    for family, kind, names in (
        (
            "checkout.session",
            "checkout.session",
            "completed async_payment_succeeded async_payment_failed expired",
        ),
        (
            "payment_intent",
            "payment_intent",
            "succeeded payment_failed processing requires_action canceled partially_funded "
            "amount_capturable_updated",
        ),
        ("charge", "charge", "pending succeeded failed captured expired updated refunded"),
        ("refund", "refund", "created updated failed"),
        ("charge.refund", "refund", "updated"),
        ("charge.dispute", "dispute", "created updated closed funds_withdrawn funds_reinstated"),
        ("radar.early_fraud_warning", "radar.early_fraud_warning", "created updated"),
        (
            "invoice",
            "invoice",
            "finalized paid payment_succeeded payment_failed payment_action_required upcoming voided "
            "marked_uncollectible overpaid",
        ),
        ("invoice_payment", "invoice_payment", "paid"),
        (
            "customer.subscription",
            "subscription",
            "created updated deleted paused resumed trial_will_end pending_update_applied "
            "pending_update_expired",
        ),
        ("customer", "customer", "created updated deleted"),
        ("payment_method", "payment_method", "attached updated automatically_updated detached"),
        ("mandate", "mandate", "updated"),
        ("setup_intent", "setup_intent", "succeeded setup_failed"),
        ("source", "source_mandate_notification", "mandate_notification"),
        ("payout", "payout", "created updated paid failed canceled reconciliation_completed"),
        ("account.application", "application", "deauthorized"),
    )
    for name in names.split()
}
# Stripe sends invoice.payment_succeeded and invoice.paid together; each alone tells all, and
# both write the same register. What is left out on purpose: drafts (invoice.created, .updated)
# and attempts not yet made (payment_intent.created).

_READERS: Final[Mapping[str, Callable[[ObjectEvent], list[Fact]]]] = {
    "checkout.session": read_session_facts,
    "payment_intent": read_intent_facts,
    "charge": read_charge_facts,
    "refund": read_refund_facts,
    "dispute": read_dispute_facts,
    "radar.early_fraud_warning": read_fraud_warning_facts,
    "invoice": read_invoice_facts,
    "invoice_payment": read_invoice_payment_facts,
    "subscription": read_subscription_facts,
    "customer": read_customer_facts,
    "payment_method": read_method_facts,
    "mandate": read_mandate_facts,
    "setup_intent": read_setup_facts,
    "source_mandate_notification": read_debit_announcement,
    "payout": read_payout_facts,
    "application": read_withdrawal_of_access,
    "balance_transaction": read_item_facts,
    "balance_transactions": read_payout_items,
}

SUBJECTS: Final[Mapping[str, str]] = {  # what each of Stripe's objects is to us
    "checkout.session": "payment",
    "payment_intent": "payment",
    "charge": "payment",
    "radar.early_fraud_warning": "dispute",
    "refund": "refund",
    "dispute": "dispute",
    "invoice": "instalment",
    "invoice_payment": "instalment",
    "subscription": "promise",
    "customer": "payer",
    "payment_method": "payer",
    "mandate": "promise",
    "setup_intent": "promise",
    "source_mandate_notification": "promise",
    "payout": "payout",
    "balance_transaction": "payout",
    "balance_transactions": "payout",
    "application": "access",
}


def is_wanted(type_: str) -> bool:
    """Return whether events of this type give facts."""
    return _find_kind(type_) in _READERS


def may_hold_money(kind: str) -> bool:
    """Return whether objects of this kind give facts, so that their amounts must be sound."""
    return kind in _READERS


def find_reader(event: ObjectEvent) -> Callable[[ObjectEvent], list[Fact]] | None:
    """Return what reads the facts of an event about an object; None when it is of no interest.

    Raise BadBody for an object that is too old to be read; so does the reader for one that cannot be kept.
    """
    if event.kind == "charge" and event.payload.get("status") is None:
        raise BadBody("a charge without a status is older than 2014 and cannot be read")
    return _READERS.get(event.kind)


def choose_kind(type_: str, payload: Object) -> str:
    """Return what kind of object an event is about: an event's name and its object differ in places, as in
    customer.deleted and charge.refund.updated."""
    kind, own_kind = _find_kind(type_), payload.get("object")
    return own_kind if kind is not None and isinstance(own_kind, str) and own_kind in _READERS else kind or ""


def _find_kind(type_: str) -> str | None:
    if type_.startswith("fetch."):
        return type_.removeprefix("fetch.")
    return TYPES.get(type_)
