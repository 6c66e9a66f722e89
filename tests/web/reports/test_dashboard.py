"""What the first page says beside its figures."""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.models.states import GiftMethod
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.giving.new_gifts import NewGift, record_gifts
from donorhub.services.reports import timeline
from tests.services.providers.test_backlog import store_event
from tests.web.bank.bank_world import Staff


def test_dashboard_shows_unread_messages(database: Flask) -> None:
    """From a minute on, and only to who may look after providers."""
    sentence = "messages have waited unread for"
    assert sentence not in Staff(database, "admin").text("/")
    store_event("old", clock.now() - timedelta(minutes=5, seconds=30))
    assert f"{sentence} 5 minutes" in Staff(database, "admin").text("/")
    assert sentence not in Staff(database, "communications").text("/")


def record(minor: int, currency: str = "PLN", method: GiftMethod = "transfer") -> int:
    """The id of a gift of today."""
    giver = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor="user:1")
    today = organisation.get_day(clock.now())
    gift = NewGift(giver.id, minor, currency, today, "manual", str(uuid.uuid4()), method)
    ids = record_gifts([gift], now=clock.now(), actor="user:1")
    db.session.commit()
    return ids[0]


def take_out(gift_id: int) -> None:
    gifts.correct_gift(
        gift_id, reason="typed twice", source="manual", source_ref="c", now=clock.now(), actor="user:1"
    )
    db.session.commit()


def test_dashboard_shows_gift_taken_out(database: Flask) -> None:
    """A gift that was taken out is shown as taken away among the latest gifts."""
    record(5000)
    gone_id = record(7000)
    admin = Staff(database, "admin")
    assert "taken away" not in admin.text("/")
    take_out(gone_id)
    page = admin.text("/")
    latest = page[page.index("Latest gifts") :]
    assert latest.count("taken away") == 1
    assert "taken away Not earmarked PLN 70.00" in latest


def test_timeline_shows_gift_taken_out(database: Flask) -> None:
    """A gift that was taken out is shown as taken away in its donor's timeline."""
    gift_id = record(7000)
    donor_id = gifts.get_gift(gift_id).donor_id
    admin = Staff(database, "admin")
    assert "taken away" not in admin.text(f"/donors/{donor_id}")
    take_out(gift_id)
    assert "taken away" in admin.text(f"/donors/{donor_id}")
    event = next(event for event in timeline.read_timeline(donor_id).rows if event.kind == "gift")
    assert event.facts["deduction"] == "gone"


def test_chart_names_what_it_leaves_out(database: Flask) -> None:
    """The chart names its currency, and says which money and how many gifts in kind are not in it."""
    record(5000)
    admin = Staff(database, "admin")
    page = admin.text("/")
    assert "last 12 months, in PLN" in page
    assert "Not in this chart" not in page
    record(3000, "EUR")
    record(9000, method="in_kind")
    page = admin.text("/")
    left_out = page[page.index("Not in this chart") :]
    assert "30.00" in left_out[:120] and "Nor is 1 gift in kind." in left_out
