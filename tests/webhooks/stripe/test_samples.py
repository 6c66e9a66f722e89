"""Third-party messages of 2011 to 2026, where they are at hand: facts, an explicit ignore, or a reason."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.shared import STRIPE, list_shared, needs_shared, or_skip
from tests.webhooks.registers import Registers
from tests.webhooks.scenarios import ENDPOINT, to_body, to_raw
from webhooks import get_provider
from webhooks.fact import BadBody

SAMPLES = list_shared(STRIPE, "*/*.json")
# Files that hold an event's data, or a bare object, under a name of their makers' own.
REAL_TYPES = {
    "invoice": "invoice.paid",
    "link": "payment_method.attached",
    "subscription.created": "customer.subscription.created",
    "subscription.deleted": "customer.subscription.deleted",
    "subscription.trial_ended": "customer.subscription.updated",
    "subscription.trial_will_end": "customer.subscription.trial_will_end",
    "subscription.updated": "customer.subscription.updated",
}
IGNORED = tuple(
    "account. balance. customer.discount. customer.source. invoice.created invoice.updated invoiceitem. "
    "payment_intent.created payment_link. setup_intent.created setup_intent.canceled subscription_schedule. "
    "transfer.".split()
)
OF_BEFORE_2014 = {"charge.dispute.closed", "charge.dispute.updated", "charge.updated"}

pytestmark = needs_shared(STRIPE)


def events(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_bytes())
    if isinstance(content, list):
        return content
    if "data" in content and "type" in content:
        return [{"object": "event", **content}]
    payload = content["object"] if isinstance(content.get("object"), dict) else content
    type_ = REAL_TYPES.get(path.stem, path.stem)
    if path.parent.name == "openapi-objects":
        type_ = f"fetch.{payload['object']}"
    common = {
        "id": "evt_1",
        "object": "event",
        "api_version": None,
        "created": 1_700_000_000,
        "livemode": True,
    }
    return [{**common, "type": type_, "data": {"object": payload}}]


def outcome(event: dict[str, Any]) -> str:
    stripe = get_provider("stripe")
    try:
        (raw,) = stripe.split_message(to_body(event), {}, ENDPOINT)
        return "facts" if stripe.read_facts(raw) else "ignored"
    except BadBody:
        return "refused"


@pytest.mark.parametrize(
    "path", or_skip([p for p in SAMPLES if p.parent.name == "ruby-mock"]), ids=lambda p: p.stem
)
def test_event_of_any_age_is_handled(path: Path) -> None:
    """An event of any age gives facts, or is ignored, or is refused as too old, but never crashes."""
    (event,) = events(path)
    known = {"ignored"} if path.stem.startswith(IGNORED) or "setup_mode" in path.stem else {"facts"}
    if path.stem.startswith("account.application"):
        known = {"facts"}
    if path.stem in OF_BEFORE_2014:
        known = {"refused"}
    assert {outcome(event)} == known


@pytest.mark.parametrize(
    "path", or_skip([p for p in SAMPLES if p.parent.name == "pay"]), ids=lambda p: p.stem
)
def test_an_event_of_a_rails_project_gives_facts(path: Path) -> None:
    (event,) = events(path)
    assert outcome(event) == ("ignored" if path.stem in ("account.updated", "invoice.updated") else "facts")


def test_objects_of_the_published_api_description_give_facts() -> None:
    found = Counter(outcome(*events(path)) for path in SAMPLES if path.parent.name == "openapi-objects")
    assert found == {"facts": 16, "ignored": 4}


def test_command_line_recipes_are_no_events() -> None:
    """The recipes of Stripe's command-line tool are no events and are refused."""
    recipes = [path for path in SAMPLES if path.parent.name == "cli-triggers"]
    assert {outcome(json.loads(path.read_bytes())) for path in recipes} == {"refused"}


def rows(name: str) -> Registers:
    registers = Registers()
    raw_events = [to_raw(event) for event in events(STRIPE / "synthetic" / f"{name}.json")]
    for event in [*reversed(raw_events), *raw_events]:
        registers.drain([event])
    return registers


@pytest.mark.parametrize(
    ("name", "amount", "currency", "refunded", "lost"),
    [
        ("one_off", 5000, "PLN", 0, 0),
        ("partial_refund", 5000, "PLN", 1500, 0),
        ("sepa", 5000, "EUR", 0, 5000),
        ("jpy_zero", 500, "JPY", 0, 0),
    ],
)
def test_backwards_sequence_is_one_payment(
    name: str, amount: int, currency: str, refunded: int, lost: int
) -> None:
    """A sequence that arrives backwards, and then once more, is one payment."""
    (payment,) = (view.payment for view in rows(name).rows.values() if view.payment)
    assert (payment.state, payment.amount_minor, payment.currency) == ("succeeded", amount, currency)
    assert (payment.refunded_minor, payment.lost_minor) == (refunded, lost)


def test_the_payout_sequence_ends_failed() -> None:
    (payout,) = (view.payout for view in rows("payout").rows.values() if view.payout)
    assert (payout.state, payout.net_minor, payout.currency) == ("failed", 9300, "PLN")


def test_first_subscription_joins_gift_and_instalment() -> None:
    """The first sequence of a subscription joins one gift to one instalment."""
    views = rows("sub_first").rows.values()
    (payment,) = (view.payment for view in views if view.payment)
    (instalment,) = (view.instalment for view in views if view.instalment)
    (recurring,) = (view.recurring for view in views if view.recurring)
    assert payment.subscription == instalment.subscription == recurring.ref
    assert [join.ref for join in instalment.payments] == [payment.key]
    assert [join.ref for join in payment.invoices] == [instalment.ref]
    assert payment.state == "succeeded" and instalment.state == "paid"
