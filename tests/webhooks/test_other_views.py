"""What is true of payouts, fees, donors and methods; and what is shown to staff."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.webhooks import scenarios
from tests.webhooks.registers import after, payment, payout
from tests.webhooks.scenarios import DAY, START, Story, payout_listing
from tests.webhooks.stripe.stripe_objects import charge, dispute, intent, invoice, refund, row, subscription
from tests.webhooks.stripe.stripe_objects import payout as payout_object
from webhooks.stripe.fetch_events import make_fetch_event, make_items_event


def test_returned_payout_has_failed() -> None:
    """A payout that comes back after it was paid has failed."""
    events = scenarios.paid_out("x")
    paid = payout(after(events[:-1]))
    assert (paid.state, paid.net_minor, paid.arrival_on) == ("paid", 9300, date(2026, 10, 28))
    assert (paid.statement_descriptor, paid.trace_id, paid.is_reconciled) == ("DOGS FUND", "ABC123", True)
    assert payout(after(events)).state == "failed"


def test_payout_items_explain_every_cent() -> None:
    """The items of a payout explain it to the cent, and each finds its payment."""
    view = payout(after(scenarios.paid_out("x"), payout_listing("x")))
    assert (view.items_minor, view.is_explained) == (9300, True)
    by_txn = {item.ref: item for item in view.items}
    assert by_txn["txn_x1"].payment_key == "pi_x1" and by_txn["txn_x1"].source_ref == "ch_x1"
    assert by_txn["txn_x2"].payment_key == "ch_x2"
    assert (by_txn["txn_x3"].item, by_txn["txn_x3"].net_minor) == ("refund", -1000)


def test_payout_missing_an_item_unexplained() -> None:
    """A payout of which an item is missing is not explained."""
    short = make_items_event(
        [row("txn_1", "charge", 5000, 150, "ch_1")],
        page="p",
        payout="po_x1",
        at=START,
        account="",
        livemode=True,
    )
    assert not payout(after(scenarios.paid_out("x"), short)).is_explained
    assert not payout(after(scenarios.paid_out("x"))).is_explained


def test_listed_fee_finds_its_payment() -> None:
    """A listed fee finds its payment by the charge or by the payment intent."""
    for source in ("ch_x1", {"id": "ch_x1", "object": "charge", "payment_intent": "pi_x1"}):
        rows = [row("txn_x1", "charge", 5000, 150, source)]
        listed = make_items_event(rows, page="p", payout=None, at=START + DAY, account="", livemode=True)
        (item,) = payment(after(scenarios.one_off("x"), listed)).items
        assert (item.fee_minor, item.net_minor) == (150, 4850)


def test_fetched_object_beats_event_of_same_second() -> None:
    """What was fetched is newer than what an event brought in the same second."""
    s = Story("x")
    s.tell("charge.pending", charge("ch_x1", 5000, status="pending"))
    newer = make_fetch_event(
        charge("ch_x1", 5000, status="pending", balance_transaction="txn_1"),
        at=START,
        account="",
        livemode=True,
    )
    assert payment(after(s.events, newer), "ch_x1").fee_ref == "txn_1"


def test_customer_stays_a_donor_when_deleted() -> None:
    """A customer is a donor and stays one when deleted at the provider."""
    s = Story("x")
    s.tell(
        "customer.updated",
        {"id": "cus_x1", "object": "customer", "email": "a@b.pl", "preferred_locales": ["pl"]},
    )
    s.tell("customer.deleted", {"id": "cus_x1", "object": "customer", "email": "a@b.pl"})
    view = after(s.events)["cus_x1"].donor
    assert view is not None
    assert (view.is_deleted, view.donor["email"]) == (True, "a@b.pl")


def test_card_mandate_and_setup_are_one() -> None:
    """A card, its mandate and its setup are one payment method."""
    s = Story("x")
    card = {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2030}
    s.tell(
        "payment_method.attached",
        {"id": "pm_x1", "object": "payment_method", "type": "card", "card": card, "customer": "cus_x1"},
    )
    s.tell(
        "setup_intent.succeeded",
        {"id": "seti_x1", "object": "setup_intent", "status": "succeeded", "payment_method": "pm_x1"},
    )
    s.wait(5)
    s.tell(
        "mandate.updated",
        {"id": "mandate_x1", "object": "mandate", "status": "inactive", "payment_method": "pm_x1"},
    )
    s.tell(
        "payment_method.detached", {"id": "pm_x1", "object": "payment_method", "type": "card", "card": card}
    )
    view = after(s.events)["pm_x1"].method
    assert view is not None
    assert (view.status, view.mandate_status, view.setup_status) == ("detached", "inactive", "succeeded")
    assert (view.brand, view.last4, view.exp_month, view.exp_year) == ("visa", "4242", 8, 2030)


def test_fraud_warning_is_payment_notice() -> None:
    """An early fraud warning is a notice on its payment."""
    s = Story("x")
    payload = {
        "id": "issfr_1",
        "object": "radar.early_fraud_warning",
        "charge": "ch_x1",
        "fraud_type": "misc",
    }
    s.tell("radar.early_fraud_warning.created", payload)
    (notice,) = after([*scenarios.one_off("x"), *s.events])["pi_x1"].notices
    assert (notice["code"], notice["subject"]) == ("fraud_warning", "ch_x1")


@pytest.mark.parametrize(
    ("type_", "payload", "key"),
    [
        ("charge.updated", charge("ch_x1", 500, status="teleported"), "ch_x1"),
        ("payment_intent.processing", intent("pi_x1", 500, status="teleported"), "pi_x1"),
        (
            "customer.subscription.updated",
            subscription("sub_x1", 500, status="teleported", period=START),
            "sub_x1",
        ),
        ("invoice.paid", invoice("in_x1", 500, sub=None, status="teleported", period=START), "in_x1"),
        ("payout.updated", payout_object("po_x1", 500, status="teleported"), "po_x1"),
        ("refund.updated", refund("re_x1", 500, status="teleported", charge="ch_x1"), "ch_x1"),
        ("charge.dispute.updated", dispute("dp_x1", 500, status="teleported", charge="ch_x1"), "ch_x1"),
    ],
)
def test_unknown_status_is_shown_to_staff(type_: str, payload: dict[str, Any], key: str) -> None:
    """A status that nobody knows becomes "unknown" and is shown to staff."""
    s = Story("x")
    s.tell(type_, payload)
    view = after(s.events)[key]
    assert [(notice["code"], notice["value"]) for notice in view.notices] == [("unknown_value", "teleported")]
    whole = view.payment or view.recurring or view.instalment or view.payout
    if whole is not None:
        assert whole.state == "unknown"
