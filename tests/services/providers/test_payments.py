"""Stripe's sequences end in the same gifts, refunds, instalments and tasks in whatever order they come."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.jobs.kinds import inbox as inbox_job
from donorhub.models import (
    Allocation,
    Dispute,
    Donor,
    Gift,
    Instalment,
    Payment,
    Payout,
    ProviderEvent,
    RecurringGift,
    Refund,
    Task,
    WebhookEndpoint,
)
from donorhub.services.providers import endpoints, inbox
from donorhub.services.reports import invariants
from tests.shared import STRIPE, list_shared, or_skip
from tests.webhooks.scenarios import STORIES
from webhooks.stripe.events import Stripe

SEQUENCES = list_shared(STRIPE / "synthetic", "*.json")
OWN_STORIES = ("partial_refund", "sepa_late_return", "first_subscription", "dispute_lost", "paid_out")
SECRET = "whsec_test"


def open_endpoint(now: datetime) -> WebhookEndpoint:
    endpoint = endpoints.create_endpoint("stripe", SECRET, now=now, actor="t")
    db.session.commit()
    return endpoint


def deliver(app: Flask, endpoint: WebhookEndpoint, events: Sequence[dict[str, Any]], now: datetime) -> None:
    seen = endpoints.open_endpoint("stripe", endpoint.slug, now=now).seen_by_adapter
    rows = [
        inbox.make_event_row(endpoint.id, "stripe", event, now=now, source="http")
        for body in events
        for event in Stripe().split_message(json.dumps(body).encode(), {}, seen)
    ]
    for row in rows:
        inbox.store_events(db.session.connection(), [row])
    db.session.commit()
    inbox_job.drain_inbox(app.extensions["donorhub.settings"])


def date_refunds_once(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events with the second in which each refund was first said to be made: at Stripe it never
    changes, while some of the sequences date a refund anew in each event."""
    second_by_ref: dict[str, int] = {}
    for event in events:
        body = event["data"]["object"]
        if body.get("object") == "refund":
            body["created"] = second_by_ref.setdefault(body["id"], body["created"])
    return events


def outcome() -> dict[str, list[Any]]:
    """All that must not depend on the order, without ids of ours."""
    found: dict[str, Any] = {
        "gifts": sorted(
            db.session.execute(
                select(Gift.source_ref, Gift.amount_minor, Gift.currency, Gift.received_on, Gift.method)
            )
        ),
        "payments": sorted(
            db.session.execute(select(Payment.payment_key, Payment.state, Payment.amount_minor))
        ),
        "refunds": sorted(db.session.execute(select(Refund.source_ref, Refund.state, Refund.amount_minor))),
        "disputes": sorted(
            db.session.execute(select(Dispute.source_ref, Dispute.state, Dispute.kind, Dispute.amount_minor))
        ),
        "recurring": sorted(db.session.execute(select(RecurringGift.source_ref, RecurringGift.state))),
        "instalments": sorted(
            db.session.execute(
                select(Instalment.source_ref, Instalment.state, Instalment.amount_minor, Instalment.due_on)
            )
        ),
        "allocations": db.session.scalars(select(Allocation.amount_minor)),
        "payouts": db.session.execute(select(Payout.ref, Payout.state, Payout.net_minor)),
        "tasks": db.session.execute(select(Task.kind, Task.state)),
        "donors": db.session.execute(select(Donor.email, Donor.name)),
    }
    return {name: sorted(map(str, rows)) for name, rows in found.items()}


@pytest.mark.parametrize("path", or_skip(SEQUENCES), ids=lambda path: path.stem)
def test_sequence_order_changes_nothing(database: Flask, now: datetime, path: Path) -> None:
    """A sequence of the shared files gives the same in order, doubled and shuffled."""
    assert_order_changes_nothing(database, date_refunds_once(json.loads(path.read_text())), now)


@pytest.mark.parametrize("name", OWN_STORIES)
def test_story_order_changes_nothing(database: Flask, now: datetime, name: str) -> None:
    """A story of our own gives the same in order, doubled and shuffled."""
    assert_order_changes_nothing(database, STORIES[name]("x"), now)


def assert_order_changes_nothing(database: Flask, events: list[dict[str, Any]], now: datetime) -> None:
    """Deliver the events in order, doubled and shuffled: what comes of them is the same each time."""
    endpoint = open_endpoint(now)
    deliver(database, endpoint, events, now)
    expected = outcome()
    assert not db.session.scalars(select(ProviderEvent).where(ProviderEvent.state == "error")).all()
    assert not db.session.scalars(select(ProviderEvent).where(ProviderEvent.state == "quarantined")).all()
    deliver(database, endpoint, events, now)
    assert outcome() == expected
    broken = {name: found for name, found in invariants.check_all(now=now).items() if found}
    assert broken == {}
    expected_printed = json.dumps(expected, default=str)
    for seed in range(6):
        from tests.conftest import empty_database

        empty_database(database, Path(database.extensions["donorhub.settings"].home))
        endpoint = open_endpoint(now)
        shuffled = random.Random(seed).sample(events * 2, len(events) * 2)
        for event in shuffled if seed % 2 else [shuffled]:
            deliver(database, endpoint, event if isinstance(event, list) else [event], now)
        assert json.dumps(outcome(), default=str) == expected_printed
