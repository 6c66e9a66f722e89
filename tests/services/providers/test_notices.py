"""What Stripe tells that moves no money with us gives a person something to do, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Gift, Instalment, ProviderEvent, RecurringGift, Task
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import DAY, Event, Story, _first_subscription, one_off
from tests.webhooks.stripe.stripe_objects import invoice, subscription


def told_twice(app: Flask, now: datetime, events: list[Event]) -> list[str]:
    """The tasks of people after the events came, one by one and then all again."""
    endpoint = open_endpoint(now)
    for event in [*events, *events]:
        deliver(app, endpoint, [event], now)
    assert set(db.session.scalars(select(ProviderEvent.state))) <= {"done", "ignored"}
    return sorted(db.session.scalars(select(Task.kind).where(Task.performer == "person")))


def test_a_warning_of_fraud_is_the_accountants(database: Flask, now: datetime) -> None:
    s = Story("x")
    s.events = one_off("x")
    warning = {"charge": s.ref("ch"), "payment_intent": s.ref("pi"), "fraud_type": "made_with_lost_card"}
    s.tell(
        "radar.early_fraud_warning.created",
        {"id": "issfr_1", "object": "radar.early_fraud_warning", **warning},
    )
    assert told_twice(database, now, s.events) == ["fraud_warning"]


def test_lost_account_access_is_reported(database: Flask, now: datetime) -> None:
    """That a provider's account shuts us out is reported to people."""
    s = Story("x")
    s.tell("account.application.deauthorized", {"id": "ca_1", "object": "application"})
    assert told_twice(database, now, s.events) == ["account_deauthorized"]


def test_invoice_paid_elsewhere_is_no_gift(database: Flask, now: datetime) -> None:
    """An invoice that was paid elsewhere is no gift, and somebody looks for the money."""
    s = _first_subscription("x")
    s.wait(10 * DAY)
    paid = invoice(s.ref("in", 2), 2500, sub=s.ref("sub"), status="paid", period=s.now)
    s.tell("invoice.paid", {**paid, "amount_paid_off_stripe": 2500})
    assert told_twice(database, now, s.events) == ["paid_elsewhere", "welcome_recurring"]
    assert db.session.scalars(select(Gift.amount_minor)).all() == [2500]
    assert db.session.scalars(select(Instalment.state)).all() == ["paid", "paid"]


def _price_subscription(s: Story, **price: Any) -> dict[str, Any]:
    said = subscription(s.ref("sub"), 2500, period=s.now, customer=s.ref("cus"))
    said["items"]["data"][0]["price"] |= price
    return said


def test_subscription_without_amount_is_asked_about(database: Flask, now: datetime) -> None:
    """A subscription without a fixed amount is asked about."""
    s = Story("x")
    s.tell(
        "customer.subscription.created", _price_subscription(s, unit_amount=None, unit_amount_decimal=None)
    )
    assert told_twice(database, now, s.events) == ["unknown_state"]


def test_a_subscription_that_costs_nothing_is_asked_about(database: Flask, now: datetime) -> None:
    s = Story("x")
    s.tell("customer.subscription.created", _price_subscription(s, unit_amount=0, unit_amount_decimal="0"))
    assert told_twice(database, now, s.events) == ["unknown_state"]
    assert db.session.scalars(select(RecurringGift.id)).all() == []


def test_daily_subscription_is_not_monthly(database: Flask, now: datetime) -> None:
    """A daily subscription is not taken for a monthly one."""
    s = Story("x")
    s.tell(
        "customer.subscription.created",
        _price_subscription(s, recurring={"interval": "day", "interval_count": 1}),
    )
    assert told_twice(database, now, s.events) == ["unknown_state"]
    assert db.session.scalars(select(RecurringGift.id)).all() == []


def test_price_of_nothing_keeps_term(database: Flask, now: datetime) -> None:
    """A price that falls to nothing keeps the term and is asked about."""
    s = _first_subscription("x")
    s.wait(DAY)
    s.tell("customer.subscription.updated", _price_subscription(s, unit_amount=0, unit_amount_decimal="0"))
    assert told_twice(database, now, s.events) == ["unknown_state", "welcome_recurring"]
    gift = db.session.scalars(select(RecurringGift)).one()
    assert [term.amount_minor for term in gift.terms] == [2500]
