"""Messages that cannot be booked are put where people see them, and are booked once they can be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.jobs.kinds import inbox as inbox_job
from donorhub.models import Gift, ProviderEvent, Task, WebhookEndpoint
from donorhub.services.providers import endpoints, inbox
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import Event, one_off
from webhooks.stripe.events import Stripe

THIN: Event = {
    "object": "v2.core.event",
    "id": "evt_thin",
    "type": "v1.charge.succeeded",
    "created": "2026-11-22T08:00:00Z",
    "livemode": True,
    "related_object": {"id": "ch_x1", "type": "charge", "url": "/v1/charges/ch_x1"},
}


def another_endpoint(now: datetime, **told: Any) -> WebhookEndpoint:
    endpoint = endpoints.create_endpoint("stripe", "whsec_other", now=now, actor="t", **told)
    db.session.commit()
    return endpoint


def reasons() -> list[tuple[str, str]]:
    query = select(ProviderEvent.state, ProviderEvent.reason).order_by(ProviderEvent.id)
    return [(state, reason) for state, reason in db.session.execute(query)]


def gifts() -> Sequence[str]:
    return db.session.scalars(select(Gift.source_ref)).all()


def test_thin_message_is_quarantined(database: Flask, now: datetime) -> None:
    """A thin message is not passed over in silence, but waits in quarantine."""
    deliver(database, open_endpoint(now), [THIN], now)
    assert reasons() == [("quarantined", "thin_message")]


@pytest.mark.parametrize("order", [1, -1])
def test_a_thin_message_gives_way_to_its_snapshot(database: Flask, now: datetime, order: int) -> None:
    endpoint = open_endpoint(now)
    snapshot = one_off("x")[1]
    thin = {**THIN, "snapshot_event": snapshot["id"]}
    for event in (thin, snapshot)[::order]:
        deliver(database, endpoint, [event], now)
    assert reasons() == [("done", "")]
    assert gifts() == ["pi_x1"]
    event = db.session.scalars(select(ProviderEvent)).one()
    assert (event.deliveries, event.other_body, event.needs_fetch) == (2, False, False)


@pytest.mark.parametrize("is_wrong_first", [True, False])
def test_right_endpoint_books_event(database: Flask, now: datetime, is_wrong_first: bool) -> None:
    """An event is booked by the endpoint that it belongs to, whichever hears of it first."""
    right = open_endpoint(now)
    for_tests = another_endpoint(now, livemode=False)
    for endpoint in (for_tests, right) if is_wrong_first else (right, for_tests):
        deliver(database, endpoint, one_off("x")[1:2], now)
    assert reasons() == [("done", "")]
    assert gifts() == ["pi_x1"]


def test_payment_in_test_mode_is_not_thanked_for(database: Flask, now: datetime) -> None:
    """A payment of the test mode makes a gift that is marked as a test, and plans no thank-you."""
    endpoint = another_endpoint(now, livemode=False)
    deliver(database, endpoint, one_off("x", livemode=False)[1:2], now)
    assert reasons() == [("done", "")]
    assert db.session.execute(select(Gift.is_test, Gift.thank)).all() == [(True, False)]
    assert db.session.scalars(select(Task.id).where(Task.kind == "thank_you")).all() == []


def test_wrong_endpoint_stays_quarantined(database: Flask, now: datetime) -> None:
    """An event at the wrong endpoint stays in quarantine when it comes again."""
    for_tests = another_endpoint(now, livemode=False)
    for _ in range(2):
        deliver(database, for_tests, one_off("x")[1:2], now)
    assert reasons() == [("quarantined", "mode_mismatch")]


def test_money_of_a_connected_account_is_not_ours(database: Flask, now: datetime) -> None:
    told = {**one_off("x")[1], "account": "acct_other"}
    deliver(database, open_endpoint(now), [told], now)
    assert reasons() == [("quarantined", "unknown_account")]
    assert gifts() == []
    named = another_endpoint(now, account="acct_other")
    deliver(database, named, [told], now)
    assert reasons() == [("done", "")]
    assert gifts() == ["pi_x1"]


def test_account_at_two_endpoints_counts_once(database: Flask, now: datetime) -> None:
    """One account at two endpoints, named and unnamed, is counted once."""
    endpoint, named = open_endpoint(now), another_endpoint(now, account="acct_1")
    for at in (endpoint, named):
        deliver(database, at, one_off("x")[1:3], now)
    assert reasons() == [("done", "")] * 2 + [("quarantined", "told_elsewhere")] * 2
    assert gifts() == ["pi_x1"]


def test_unreadable_event_shows_its_reason(database: Flask, now: datetime) -> None:
    """What can never be read is shown at once, with its reason."""
    told = one_off("x")[1]
    told["data"]["object"]["status"] = None
    deliver(database, open_endpoint(now), [told], now)
    assert reasons() == [("dead", "a charge without a status is older than 2014 and cannot be read")]


def test_several_events_are_stored_with_one_statement(database: Flask, now: datetime) -> None:
    endpoint = open_endpoint(now)
    seen = endpoints.open_endpoint("stripe", endpoint.slug, now=now).seen_by_adapter
    rows = [
        inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http")
        for told in one_off("x") * 2
        for event in Stripe().split_message(json.dumps(told).encode(), {}, seen)
    ]
    inbox.store_events(db.session.connection(), rows)
    db.session.commit()
    inbox_job.drain_inbox(database.extensions["donorhub.settings"])
    assert gifts() == ["pi_x1"]
    assert set(db.session.scalars(select(ProviderEvent.deliveries))) == {2}
