"""What is true of recurring gifts and their instalments after each story."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webhooks import scenarios
from tests.webhooks.registers import after, instalment, moment, payment, recurring
from tests.webhooks.scenarios import DAY, START, Story
from tests.webhooks.stripe.stripe_objects import invoice, subscription
from webhooks.views import JoinView


@pytest.mark.parametrize("story", [scenarios.first_subscription, scenarios.old_subscription])
def test_first_subscription_joins_all_versions(story: Any) -> None:
    """A first subscription joins gift, instalment and recurring gift in every version of the API."""
    rows = after(story("x"))
    gift, paid, promise = payment(rows), instalment(rows), recurring(rows)
    assert (promise.state, promise.amount_minor, promise.currency) == ("active", 2500, "PLN")
    assert (promise.period, promise.every) == ("M", 1)
    assert (paid.state, paid.subscription, paid.amount_paid_minor) == ("paid", "sub_x1", 2500)
    assert paid.period_start_at == moment(START)
    assert [join.ref for join in paid.payments] == ["pi_x1"]
    assert ([join.ref for join in gift.invoices], gift.subscription) == (["in_x1"], "sub_x1")
    assert gift.metadata["fund"] == "dogs" and promise.metadata["fund"] == "dogs"
    assert rows["sub_x1"].below == ("in_x1",) and rows["in_x1"].below == ("pi_x1",)


def test_invoice_payment_says_its_share() -> None:
    """An invoice payment says how much of the gift paid the invoice."""
    rows = after(scenarios.first_subscription("x"))
    assert instalment(rows).payments == (JoinView("pi_x1", 2500, "PLN"),)
    assert payment(rows).invoices == (JoinView("in_x1", 2500, "PLN"),)


def test_subscription_checkout_names_its_donor() -> None:
    """The checkout of a subscription says whose it is and what for."""
    promise = recurring(after(scenarios.first_subscription("x")))
    assert promise.donor["name"] == "Aleksandra Wiśniewska" and promise.donor["customer"] == "cus_x1"
    assert promise.metadata == {"campaign": "winter", "fund": "dogs"}


def test_an_invoice_alone_makes_no_payment() -> None:
    events = [event for event in scenarios.first_subscription("x") if event["type"].startswith("invoice")]
    rows = after(events)
    assert instalment(rows).state == "paid"
    assert all(view.payment is None for view in rows.values())


def test_failing_renewal_recovers() -> None:
    """A renewal that fails is seen as failing, and then as recovered."""
    events = scenarios.renewal_recovered("x")
    names = [event["type"] for event in events]
    failing = after(
        events[: names.index("customer.subscription.updated", names.index("invoice.payment_failed")) + 1]
    )
    late = instalment(failing, "in_x2")
    assert (recurring(failing).state, late.state, late.attempt) == ("failing", "failed", 1)
    assert late.next_attempt_at is not None and payment(failing, "pi_x2").failure_code == "insufficient_funds"
    rows = after(events)
    assert (recurring(rows).state, instalment(rows, "in_x2").state) == ("active", "paid")
    assert payment(rows, "pi_x2").state == "succeeded"
    assert [join.ref for join in instalment(rows, "in_x2").payments] == ["pi_x2"]


def test_changed_amount_is_present_term() -> None:
    """A change of amount and interval is the present term."""
    promise = recurring(after(scenarios.amount_change("x")))
    assert (promise.amount_minor, promise.period, promise.every) == (45000, "Y", 1)
    assert promise.stated_at == moment(START + 80 * DAY)


def test_paused_collection_is_pause() -> None:
    """A pause of collection is a pause, although Stripe says active."""
    promise = recurring(after(scenarios.paused_collection("x")))
    assert (promise.state, promise.status, promise.paused_reason) == ("paused", "active", "collection")
    assert promise.resumes_at == moment(START + 90 * DAY)


def test_a_pause_by_status_gives_stripes_reason() -> None:
    s = Story("x")
    details = {"paused": {"subscription": {"type": "pause_requested"}}}
    s.tell(
        "customer.subscription.paused",
        subscription("sub_x1", 2500, status="paused", period=START, status_details=details),
    )
    assert recurring(after(s.events)).paused_reason == "pause_requested"


def test_leaving_is_known_before_it_happens() -> None:
    """Leaving at the end of the period is known before it happens."""
    events = scenarios.cancelled_at_period_end("x")
    leaving = recurring(after(events[:-1]))
    assert (leaving.state, leaving.ends_at) == ("active", moment(START + 30 * DAY))
    gone = recurring(after(events))
    assert (gone.state, gone.closed_reason, gone.comment) == ("closed", "requested", "too_expensive")
    assert gone.ended_at == moment(START + 30 * DAY)


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("incomplete", "pending", None),
        ("trialing", "pending", None),
        ("past_due", "failing", None),
        ("unpaid", "failing", None),
        ("incomplete_expired", "closed", "never_started"),
        ("canceled", "closed", None),
    ],
)
def test_every_status_maps_to_state(status: str, state: str, reason: str | None) -> None:
    """Every status of a subscription is a state of ours."""
    s = Story("x")
    s.tell("customer.subscription.updated", subscription("sub_x1", 2500, status=status, period=START))
    promise = recurring(after(s.events))
    assert (promise.state, promise.closed_reason) == (state, reason)


@pytest.mark.parametrize(
    ("interval", "count", "expected"),
    [
        ("week", 2, ("W", 2)),
        ("month", 3, ("M", 3)),
        ("year", 1, ("Y", 1)),
        ("day", 14, ("W", 2)),
        ("day", 10, (None, None)),
        ("fortnight", 1, (None, None)),
    ],
)
def test_odd_intervals_are_shown_to_staff(
    interval: str, count: int, expected: tuple[str | None, int | None]
) -> None:
    """Intervals are weeks, months or years, and others are shown to staff."""
    s = Story("x")
    payload = subscription("sub_x1", 2500, interval=interval, period=START)
    payload["items"]["data"][0]["price"]["recurring"]["interval_count"] = count
    s.tell("customer.subscription.updated", payload)
    rows = after(s.events)
    assert (recurring(rows).period, recurring(rows).every) == expected
    assert bool(rows["sub_x1"].notices) == (expected == (None, None))


def test_amount_is_sum_of_items() -> None:
    """The amount of a recurring gift is the sum of its items, and unknown where one has no price."""
    s = Story("x")
    payload = subscription("sub_x1", 2500, period=START)
    payload["items"]["data"].append(
        {"quantity": 3, "price": {"unit_amount": None, "unit_amount_decimal": "10.5"}}
    )
    s.tell("customer.subscription.updated", payload)
    assert recurring(after(s.events)).amount_minor == 2532
    payload["items"]["data"].append(
        {"quantity": 1, "price": {"unit_amount": None, "billing_scheme": "tiered"}}
    )
    s.tell("customer.subscription.updated", payload)
    assert recurring(after(s.events)).amount_minor is None


def test_next_invoice_stays_until_update() -> None:
    """The next invoice is announced until the subscription says more."""
    s = Story("x")
    s.tell("customer.subscription.created", subscription("sub_x1", 2500, period=START))
    s.wait(23 * DAY)
    s.tell(
        "invoice.upcoming",
        {
            "object": "invoice",
            "amount_due": 2500,
            "currency": "pln",
            "subscription": "sub_x1",
            "next_payment_attempt": START + 30 * DAY,
        },
    )
    promise = recurring(after(s.events))
    assert (promise.next_at, promise.next_minor) == (moment(START + 30 * DAY), 2500)
    s.wait(8 * DAY)
    s.tell("customer.subscription.updated", subscription("sub_x1", 2500, period=START + 30 * DAY))
    assert recurring(after(s.events)).next_at is None


@pytest.mark.parametrize(
    ("status", "state"), [("void", "skipped"), ("uncollectible", "waived"), ("open", "expected")]
)
def test_abandoned_invoice_abandons_instalment(status: str, state: str) -> None:
    """An invoice that was given up is an instalment given up."""
    s = Story("x")
    s.tell("invoice.voided", invoice("in_x1", 2500, sub="sub_x1", status=status, period=START))
    assert instalment(after(s.events)).state == state


def test_invoice_says_where_to_confirm() -> None:
    """An invoice that needs the donor says where to confirm."""
    s = Story("x")
    payload = invoice("in_x1", 2500, sub="sub_x1", status="open", period=START)
    s.tell(
        "invoice.payment_action_required", {**payload, "hosted_invoice_url": "https://invoice.stripe.com/i/1"}
    )
    view = instalment(after(s.events))
    assert (view.state, view.needs_action, view.hosted_url) == (
        "failed",
        True,
        "https://invoice.stripe.com/i/1",
    )


def test_payment_outside_stripe_is_distinguished() -> None:
    """Money that was paid outside Stripe is distinguished from what Stripe charged."""
    s = Story("x")
    payload = invoice("in_x1", 2500, sub="sub_x1", status="paid", period=START, amount_paid_off_stripe=2500)
    s.tell("invoice.paid", payload)
    assert instalment(after(s.events)).off_provider_minor == 2500


def test_update_follows_creation_in_same_second() -> None:
    """An update in the second of the creation comes after it, in whatever order they arrive."""
    s = Story("x")
    s.tell("customer.subscription.created", subscription("sub_x1", 2500, period=START))
    s.tell("customer.subscription.updated", subscription("sub_x1", 4000, period=START))
    assert recurring(after(s.events)).amount_minor == recurring(after(s.events[::-1])).amount_minor == 4000
