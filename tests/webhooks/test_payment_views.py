"""What is true of a payment after each story, from Stripe's words to ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webhooks import scenarios
from tests.webhooks.registers import Registers, after, moment, payment
from tests.webhooks.scenarios import DAY, START, Story, to_raw
from tests.webhooks.stripe.stripe_objects import charge, dispute, intent, refund, session


def test_one_off_has_three_ids() -> None:
    """A one-off is one payment that is known by three ids."""
    rows = after(scenarios.one_off("x"))
    view = payment(rows)
    assert list(rows) == ["pi_x1"]
    assert (view.state, view.amount_minor, view.currency, view.method) == (
        "succeeded",
        5000,
        "PLN",
        "card",
    )
    assert view.refs == ("ch_x1", "cs_x1", "pi_x1") and not view.is_test
    assert view.succeeded_at == moment(START + 20)
    assert view.fee_ref == "txn_x1"


def test_donor_and_purpose_are_merged() -> None:
    """Who gave and what for is merged from session, intent and charge."""
    view = payment(after(scenarios.one_off("x")))
    assert view.metadata == {"campaign": "winter", "appeal": "letter"}
    assert view.donor["name"] == "Aleksandra Wiśniewska"  # as typed at the checkout
    assert view.donor["email"] == "ola@example.org" and view.donor["promotions"] == "opt_in"
    assert (view.donor.get("address") or {})["city"] == "Łódź"


def test_paid_session_completes_no_payment() -> None:
    """A checkout session that says "paid" makes no payment succeed; only the charge does."""
    events = [event for event in scenarios.one_off("x") if event["type"].startswith("checkout")]
    view = payment(after(events))
    assert (view.state, view.succeeded_at) == ("pending", None)


def test_expired_session_is_expired_payment() -> None:
    """An expired session is an expired payment of its own."""
    s = Story("x")
    s.tell("checkout.session.expired", session("cs_x1", status="expired", payment_status="unpaid"))
    assert payment(after(s.events), "cs_x1").state == "expired"


def test_a_test_payment_says_so() -> None:
    assert payment(after(scenarios.one_off("x", livemode=False))).is_test


def test_payment_without_intent_uses_charge() -> None:
    """A payment without a payment intent goes by its charge."""
    s = Story("x")
    s.tell("charge.succeeded", charge("ch_x1", 700))
    view = payment(after(s.events), "ch_x1")
    assert (view.key, view.state, view.amount_minor) == ("ch_x1", "succeeded", 700)


def test_failed_refund_comes_home() -> None:
    """Refunds count one by one, and one that failed counts no more."""
    events = scenarios.partial_refund("x")
    before = payment(after([e for e in events if e["type"] != "refund.failed"]))
    assert before.refunded_minor == 1500
    view = payment(after(events))
    assert (view.amount_minor, view.refunded_minor) == (5000, 1000)
    assert {r.ref: r.state for r in view.refunds} == {"re_x1": "succeeded", "re_x2": "failed"}


def test_sum_counts_where_no_refund_tells() -> None:
    """What an attempt says was given back in all counts once: where refunds tell of it too, only they do."""
    events = [e for e in scenarios.partial_refund("x") if not e["type"].startswith("refund.")]
    assert payment(after(events)).refunded_minor == 1500
    view = payment(after(scenarios.partial_refund("x")))
    assert [(r.state, r.amount_minor) for r in view.untold_refunds] == [("cancelled", 0)]


def test_rest_of_part_capture_is_no_refund() -> None:
    """Of a charge captured in part, the rest that was never taken is no refund, though the sum holds it."""
    s = Story("x")
    paid = charge("ch_x1", 5000, amount_captured=3000)
    s.tell("charge.captured", paid)
    s.tell("charge.refunded", {**paid, "amount_refunded": 2000})
    view = payment(after(s.events), "ch_x1")
    assert (view.amount_minor, view.refunded_minor) == (3000, 0)
    s.wait(60)
    s.tell("charge.refunded", {**paid, "amount_refunded": 2500})
    assert payment(after(s.events), "ch_x1").refunded_minor == 500


def test_late_failure_keeps_what_came_in() -> None:
    """A payment that was captured in part and failed later was of what came in, not of what was asked for."""
    s = Story("x")
    s.tell("charge.captured", charge("ch_x1", 5000, amount_captured=3000))
    s.wait(60)
    s.tell("charge.failed", charge("ch_x1", 5000, status="failed"))
    view = payment(after(s.events), "ch_x1")
    assert (view.state, view.amount_minor) == ("succeeded", 3000)
    assert view.late_failure is not None
    assert not view.late_failure.stands


def test_failed_try_told_again_is_no_late_failure() -> None:
    """A try that failed before another one was paid is no late failure when something is said of it later."""
    view = payment(after(scenarios.failed_once("x")))
    assert (view.state, view.late_failure) == ("succeeded", None)


def test_old_charges_refunds_count_singly() -> None:
    """Refunds that an old charge lists are taken one by one."""
    s = Story("x", api_version="2020-08-27")
    listed = {"object": "list", "data": [refund("re_x1", 300, status="succeeded", charge="ch_x1")]}
    s.tell(
        "charge.refunded", charge("ch_x1", 5000, payment_intent="pi_x1", amount_refunded=300, refunds=listed)
    )
    assert payment(after(s.events)).refunded_minor == 300


def test_uncaptured_rest_is_no_refund() -> None:
    """The rest of a partly captured charge is no refund."""
    s = Story("x", api_version="2020-08-27")
    listed = {"data": [refund("re_x1", 2000, status="succeeded")]}
    s.tell(
        "charge.captured", charge("ch_x1", 5000, amount_captured=3000, amount_refunded=2000, refunds=listed)
    )
    view = payment(after(s.events), "ch_x1")
    assert (view.amount_minor, view.refunded_minor) == (3000, 0)


def test_a_refund_before_its_charge_waits() -> None:
    s = Story("x")
    s.tell("refund.created", refund("re_x1", 400, status="succeeded", charge="ch_x1"))
    registers = Registers()
    registers.drain([to_raw(s.events[0])])
    assert all(view.payment is None for view in registers.rows.values())
    registers.drain([to_raw(event) for event in scenarios.one_off("x")])
    assert payment(registers.rows).refunded_minor == 400


def test_late_debit_return_is_lost() -> None:
    """A debit that comes back weeks later is a lost return, while the payment itself had succeeded."""
    rows = after(scenarios.sepa_late_return("x"))
    view = payment(rows)
    assert (view.state, view.currency, view.method) == ("succeeded", "EUR", "direct_debit")
    assert view.mandate_ref == "mandate_1"
    assert view.succeeded_at == moment(START + 5 * DAY)  # not when the debit was ordered
    assert [(d.state, d.kind, d.amount_minor) for d in view.disputes] == [("lost", "return", 5000)]
    assert (view.lost_minor, view.held_minor) == (5000, 0)


def test_a_debit_on_its_way_is_processing() -> None:
    assert payment(after(scenarios.sepa_late_return("x")[:2])).state == "processing"


@pytest.mark.parametrize(
    ("story", "state", "status", "held_minor", "lost_minor"),
    [
        (scenarios.dispute_won, "won", "won", 0, 0),
        (scenarios.dispute_lost, "lost", "lost", 0, 5000),
        (scenarios.dispute_appealed, "open", "appeal_under_review", 5000, 0),
    ],
)
def test_dispute_holds_or_loses_money(
    story: Any, state: str, status: str, held_minor: int, lost_minor: int
) -> None:
    """A dispute ends as it ends, holding or losing the money, and a lost one may open again."""
    view = payment(after(story("x")))
    (case,) = view.disputes
    assert (case.state, case.status, case.kind) == (state, status, "dispute")
    assert (view.held_minor, view.lost_minor) == (held_minor, lost_minor)
    assert [(item.ref, item.item, item.fee_minor) for item in view.items] == [("txn_x9", "adjustment", 1500)]


@pytest.mark.parametrize(
    ("status", "state"),
    [("warning_needs_response", "open"), ("warning_closed", "won"), ("prevented", "won")],
)
def test_an_enquiry_holds_no_money(status: str, state: str) -> None:
    s = Story("x")
    s.tell("charge.succeeded", charge("ch_x1", 5000))
    s.tell("charge.dispute.created", dispute("dp_x1", 5000, status=status, charge="ch_x1"))
    view = payment(after(s.events), "ch_x1")
    assert (view.disputes[0].state, view.held_minor, view.lost_minor) == (state, 0, 0)


def test_released_authorisation_is_cancelled() -> None:
    """What was only authorised and then released is cancelled, and never refunded."""
    events = scenarios.authorised_then_released("x")
    assert payment(after(events[:2])).state == "authorised"
    view = payment(after(events))
    assert (view.state, view.refunds) == ("cancelled", ())


@pytest.mark.parametrize(
    ("type_", "refunded"), [("charge.expired", False), ("charge.expired", True), ("charge.refunded", True)]
)
def test_charge_shows_released_hold(type_: str, refunded: bool) -> None:
    """A charge alone shows that what it held was released."""
    s = Story("x")
    s.tell(type_, charge("ch_x1", 5000, captured=False, amount_captured=0, refunded=refunded))
    assert payment(after(s.events), "ch_x1").state == "cancelled"


def test_later_success_beats_first_failure() -> None:
    """A payment that first failed and then succeeded has succeeded."""
    events = scenarios.failed_once("x")
    first = payment(after(events[:2]))
    assert (first.state, first.succeeded_at, first.failure_code) == ("failed", None, "insufficient_funds")
    view = payment(after(events))
    assert (view.state, view.failure_code) == ("succeeded", None)
    assert view.refs == ("ch_x1", "ch_x2", "pi_x1")


def test_late_news_keeps_new_attempt() -> None:
    """News about a failed charge does not undo the new attempt."""
    s = Story("x")
    declined = charge("ch_x1", 5000, status="failed", payment_intent="pi_x1", created=s.now)
    s.tell("charge.failed", declined)
    s.wait(60)
    s.tell("payment_intent.processing", intent("pi_x1", 5000, status="processing", latest="ch_x2"))
    s.wait(60)
    s.tell("charge.updated", declined)
    assert payment(after(s.events)).state == "processing"


@pytest.mark.parametrize(
    ("currency", "units", "minor"), [("jpy", 500, 500), ("isk", 500, 5), ("mga", 5, 500), ("kwd", 5120, 5120)]
)
def test_amounts_are_in_minor_units_of_iso_4217(currency: str, units: int, minor: int) -> None:
    view = payment(after(scenarios.one_off("x", units, currency)))
    assert (view.amount_minor, view.currency) == (minor, currency.upper())


def test_shown_amount_stands_beside_ours() -> None:
    """What the donor saw stands beside what we book."""
    s = Story("x")
    shown = {"presentment_amount": 1170, "presentment_currency": "eur"}
    s.tell("charge.succeeded", charge("ch_x1", 5000, presentment_details=shown))
    view = payment(after(s.events), "ch_x1")
    assert (view.amount_minor, view.currency) == (5000, "PLN")
    assert (view.presentment_minor, view.presentment_currency) == (1170, "EUR")


@pytest.mark.parametrize(
    "payload", [charge("ch_x1", 5000, payment_intent="pi_x1"), intent("pi_x1", 5000, latest="ch_x1")]
)
def test_refund_by_charge_finds_intent(payload: dict[str, Any]) -> None:
    """A refund that names only the charge finds the payment intent."""
    s = Story("x")
    s.tell(f"{payload['object']}.succeeded", payload)
    s.tell("refund.created", refund("re_x1", 400, status="succeeded", charge="ch_x1"))
    for events in (s.events, s.events[::-1]):
        registers = Registers()
        for event in events:
            registers.drain([to_raw(event)])
        assert payment(registers.rows).refunded_minor == 400
