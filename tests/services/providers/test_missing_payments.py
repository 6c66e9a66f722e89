"""Where a provider told only one half, somebody is asked to look for the money, once and not too early."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Task
from donorhub.services.providers import missing_payments
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import (
    Event,
    authorised_then_released,
    dispute_lost,
    first_subscription,
    partial_refund,
)

DAY = timedelta(days=1)


def list_questions() -> Sequence[str]:
    query = select(Task.key).where(Task.kind == "payment_missing", Task.state == "planned")
    return db.session.scalars(query.order_by(Task.key)).all()


def only(events: Sequence[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event["type"].startswith(kinds)]


def test_invoice_without_payment_is_asked_about(database: Flask, now: datetime) -> None:
    """A paid invoice without its payment is asked about after a day, once, until the payment comes."""
    endpoint, events = open_endpoint(now), first_subscription("x")
    payment = only(events, "charge.", "payment_intent.")
    deliver(database, endpoint, [event for event in events if event not in payment], now)
    assert missing_payments.ask_about_gaps(now=now + DAY / 2) == 0
    assert missing_payments.ask_about_gaps(now=now + DAY) == 1
    assert missing_payments.ask_about_gaps(now=now + 2 * DAY) == 0
    assert list_questions() == ["payment_missing:in_x1"]
    deliver(database, endpoint, payment, now + 2 * DAY)
    assert list_questions() == []


def test_orphan_refund_is_asked_about(database: Flask, now: datetime) -> None:
    """A refund and a dispute of payments that never came are asked about."""
    endpoint, refunded, disputed = open_endpoint(now), partial_refund("x"), dispute_lost("y")
    deliver(database, endpoint, only(refunded, "refund."), now)
    deliver(database, endpoint, only(disputed, "charge.dispute."), now)
    # What failed came back: nobody has to look for that.
    assert missing_payments.ask_about_gaps(now=now + DAY) == 2
    assert list_questions() == ["payment_missing:dp_y1", "payment_missing:re_x1"]
    deliver(database, endpoint, [*refunded, *disputed], now + DAY)
    assert list_questions() == []


def test_complete_events_raise_no_question(database: Flask, now: datetime) -> None:
    """Nothing is asked where all events have come."""
    endpoint = open_endpoint(now)
    for events in (first_subscription("a"), partial_refund("b"), dispute_lost("c")):
        deliver(database, endpoint, events, now)
    released = authorised_then_released("d")
    refund = {"id": "re_d1", "object": "refund", "amount": 5000, "currency": "pln", "status": "succeeded"}
    told = {"type": "refund.created", "data": {"object": {**refund, "payment_intent": "pi_d1"}}}
    deliver(database, endpoint, [*released, {**released[-1], "id": "evt_d0", **told}], now)
    assert missing_payments.ask_about_gaps(now=now + 2 * DAY) == 0
