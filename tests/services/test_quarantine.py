"""Messages that cannot be booked are put where people see them."""

from __future__ import annotations

import json
from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.jobs import inbox as inbox_job
from donorhub.models import ProviderEvent
from donorhub.services import endpoints, inbox
from tests.services.test_payments import open_endpoint
from webhooks.stripe_events import Stripe


def test_a_thin_message_is_not_passed_over_in_silence(database: Flask, now: datetime) -> None:
    endpoint = open_endpoint(now)
    thin = {
        "object": "v2.core.event", "id": "evt_thin", "type": "v1.payment_intent.succeeded",
        "created": "2026-11-22T08:00:00Z", "livemode": True,
        "related_object": {"id": "pi_1", "type": "payment_intent", "url": "/v1/payment_intents/pi_1"},
    }  # fmt: skip
    seen = endpoints.open_endpoint("stripe", endpoint.slug, now=now).seen_by_adapter
    events = Stripe().split(json.dumps(thin).encode(), {}, seen)
    rows = [inbox.columns(endpoint.id, "stripe", event, now=now, source="http") for event in events]
    inbox.store(db.session.connection(), rows)
    db.session.commit()
    inbox_job.drain(database.extensions["donorhub.settings"])
    event = db.session.query(ProviderEvent).one()
    assert (event.state, event.reason) == ("quarantined", "thin_message")
