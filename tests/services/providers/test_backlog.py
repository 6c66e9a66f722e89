"""How long providers' events lie unread."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from donorhub.db import db
from donorhub.services.providers import endpoints, inbox
from tests.webhooks.scenarios import one_off, to_raw


def store_event(ref: str, received_at: datetime) -> None:
    endpoint_id = endpoints.create_endpoint("stripe", "whsec_x", now=received_at, actor="t").id
    row = inbox.make_event_row(endpoint_id, "stripe", to_raw(one_off(ref)[0]), now=received_at, source="http")
    inbox.store_events(db.session.connection(), [row])
    db.session.commit()


def test_backlog_is_as_old_as_its_oldest(database: Flask, now: datetime) -> None:
    assert inbox.measure_backlog(now=now) == timedelta()
    store_event("early", now)
    store_event("late", now + timedelta(minutes=9))
    assert inbox.measure_backlog(now=now + timedelta(minutes=10)) == timedelta(minutes=10)
    assert inbox.measure_backlog(now=now - timedelta(minutes=1)) == timedelta(), "a clock that was set back"
