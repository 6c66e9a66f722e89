"""Every event we subscribe to, in the shapes of four API versions, says something or is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.webhooks.scenarios import ENDPOINT, START, to_body
from tests.webhooks.stripe.stripe_objects import (
    charge,
    dispute,
    intent,
    invoice,
    invoice_payment,
    payout,
    refund,
    session,
    subscription,
)
from webhooks import get_provider
from webhooks.fact import BadBody, Fact
from webhooks.stripe.facts import TYPES
from webhooks.stripe.recurring import read_subscription_amount
from webhooks.stripe.shapes import (
    find_charge_method,
    find_interval,
    find_invoice_period,
    find_invoice_subscription,
    find_ref,
    find_running_period,
    list_invoice_payments,
    read_invoice_metadata,
)

OBJECTS: dict[str, dict[str, Any]] = {
    "charge": charge("ch_1", 5000),
    "checkout.session": session("cs_1", payment_intent="pi_1"),
    "payment_intent": intent("pi_1", 5000),
    "refund": refund("re_1", 100, status="pending", charge="ch_1"),
    "dispute": dispute("dp_1", 100, status="needs_response", charge="ch_1"),
    "radar.early_fraud_warning": {"id": "issfr_1", "object": "radar.early_fraud_warning", "charge": "ch_1"},
    "invoice": invoice("in_1", 100, sub="sub_1", status="open", period=START),
    "invoice_payment": invoice_payment("inpay_1", "in_1", "pi_1", 100),
    "subscription": subscription("sub_1", 100, period=START),
    "customer": {"id": "cus_1", "object": "customer"},
    "payment_method": {"id": "pm_1", "object": "payment_method", "type": "card"},
    "mandate": {"id": "mandate_1", "object": "mandate", "status": "active", "payment_method": "pm_1"},
    "setup_intent": {"id": "seti_1", "object": "setup_intent", "status": "succeeded"},
    "source_mandate_notification": {
        "id": "srcmn_1",
        "object": "source_mandate_notification",
        "source": "src_1",
    },
    "payout": payout("po_1", 100, status="paid"),
    "application": {"id": "ca_1", "object": "application"},
}
OLDER = {
    "invoice": {
        "parent": None,
        "subscription": "sub_1",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "paid": False,
    },
    "charge": {"invoice": "in_1"},
    "payment_intent": {"invoice": "in_1", "charges": {"object": "list", "data": [charge("ch_1", 5000)]}},
    "subscription": {"current_period_start": START, "current_period_end": START + 5},
}
VERSIONS = ("2020-08-27", "2024-12-18.acacia", "2025-03-31.basil", "2026-10-28.endive")


def facts(type_: str, payload: dict[str, Any], version: str = VERSIONS[-1]) -> list[Fact]:
    body = {"id": "evt_1", "object": "event", "type": type_, "created": START, "livemode": True}
    (raw,) = get_provider("stripe").split_message(
        to_body({**body, "api_version": version, "data": {"object": payload}}), {}, ENDPOINT
    )
    return get_provider("stripe").read_facts(raw)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("type_", sorted(TYPES))
def test_every_event_we_subscribe_to_says_something(type_: str, version: str) -> None:
    payload = OBJECTS[TYPES[type_]]
    if version < "2025":
        payload = {**payload, **OLDER.get(TYPES[type_], {})}
    facts_read = facts(type_, payload, version)
    assert facts_read
    assert all(
        fact.at == START and fact.ev == "evt_1" and fact.state["livemode"] is True for fact in facts_read
    )


@pytest.mark.parametrize(
    "type_",
    ["invoice.created", "invoice.updated", "payment_intent.created", "balance.available", "tax_rate.created"],
)
def test_what_says_nothing_to_us_is_ignored(type_: str) -> None:
    assert facts(type_, OBJECTS["invoice"]) == []


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("charge.succeeded", {**OBJECTS["charge"], "id": None}),
        ("charge.succeeded", {**OBJECTS["charge"], "status": None}),
        ("charge.succeeded", {**OBJECTS["charge"], "currency": None}),
        ("charge.succeeded", {**OBJECTS["charge"], "amount": None}),
        ("charge.dispute.closed", {**OBJECTS["dispute"], "id": None}),
        ("payout.paid", {**OBJECTS["payout"], "arrival_date": "tomorrow"}),
        ("payout.paid", {**OBJECTS["payout"], "arrival_date": 10**15}),
    ],
)
def test_unkeepable_object_is_a_bad_body(type_: str, payload: dict[str, Any]) -> None:
    """An object that cannot be kept is a bad body and no crash."""
    with pytest.raises(BadBody):
        facts(type_, payload)


def test_expandable_field_is_id_or_object() -> None:
    """An expandable field is an id or the object itself, and both give the same reference."""
    assert find_ref("ch_1") == find_ref({"id": "ch_1", "object": "charge"}) == "ch_1"
    assert find_ref(None) is find_ref("") is find_ref(5) is find_ref({}) is find_ref("c" * 256) is None


@pytest.mark.parametrize(
    "invoice_",
    [
        {"parent": {"subscription_details": {"subscription": "sub_1"}}},
        {"subscription": "sub_1"},
        {"subscription": {"id": "sub_1", "object": "subscription"}},
        {"lines": {"data": [{"subscription": None}, {"subscription": "sub_1"}]}},
        {"lines": {"data": [{"parent": {"subscription_item_details": {"subscription": "sub_1"}}}]}},
    ],
)
def test_an_invoice_names_its_subscription_in_five_ways(invoice_: dict[str, Any]) -> None:
    assert find_invoice_subscription(invoice_) == "sub_1"


@pytest.mark.parametrize(
    "invoice_",
    [
        {"payments": {"data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]}},
        {"payment_intent": {"id": "pi_1"}, "charge": "ch_1"},
        {"payment_intent": "pi_1", "payments": {"data": [{"payment": {"payment_intent": "pi_1"}}]}},
    ],
)
def test_an_invoice_names_its_payments_in_several_ways(invoice_: dict[str, Any]) -> None:
    assert list_invoice_payments(invoice_) == ["pi_1"]
    assert list_invoice_payments({"charge": "ch_1"}) == ["ch_1"]
    assert list_invoice_payments({}) == []


def test_invoice_metadata_come_first() -> None:
    """The metadata of an invoice stand over those of its subscription."""
    assert read_invoice_metadata(
        {"parent": {"subscription_details": {"metadata": {"a": "1", "b": "1"}}}, "metadata": {"b": "2"}}
    ) == {"a": "1", "b": "2"}
    assert read_invoice_metadata({"subscription_details": {"metadata": {"a": "1"}}, "metadata": None}) == {
        "a": "1"
    }


def test_period_comes_from_the_line() -> None:
    """The period is that of the invoice's line and not the one before, which the invoice itself names."""
    payload = {"period_start": 1, "period_end": 2, "lines": {"data": [{"period": {"start": 2, "end": 9}}]}}
    assert find_invoice_period(payload) == (2, 9)
    assert find_invoice_period({"period_start": 1, "period_end": 2}) == (1, 2)


def test_running_period_on_items_or_subscription() -> None:
    """The running period stands on the items or, in older versions, on the subscription."""
    new = {"items": {"data": [{"current_period_start": 1, "current_period_end": 2}]}}
    assert (
        find_running_period(new)
        == find_running_period({"current_period_start": 1, "current_period_end": 2})
        == (1, 2)
    )


def test_price_in_three_places() -> None:
    """The price stands on the price, on the plan, or on the oldest plan of all, and is the same."""
    plan = {"amount": 500, "currency": "usd", "interval": "month", "interval_count": 1}
    new = {"unit_amount": 500, "recurring": {"interval": "month", "interval_count": 1}}
    for payload in (
        {"currency": "usd", "items": {"data": [{"price": new, "quantity": 2}]}},
        {"currency": "usd", "items": {"data": [{"plan": plan, "quantity": 2}]}},
        {"plan": plan, "quantity": 2},
    ):
        assert read_subscription_amount(payload) == 1000
        assert find_interval(payload) == ("month", 1)


def test_charge_method_named_or_guessed() -> None:
    """The method of a charge is named since 2019, and guessed from its source before."""
    assert find_charge_method({"payment_method_details": {"type": "blik"}}) == "blik"
    assert (
        find_charge_method({"source": {"object": "card"}})
        == find_charge_method({"card": {"object": "card"}})
        == "card"
    )
    assert find_charge_method({"source": {"object": "source", "type": "sepa_debit"}}) == "sepa_debit"
    assert find_charge_method({}) is None
