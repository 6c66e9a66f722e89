"""Each event says whether it was news: what is loaded from years ago is history."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import DomainEvent
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.work import events


@pytest.mark.parametrize(
    ("days", "source", "origin"),
    [
        (0, "bank", "live"),
        (30, "bank", "live"),
        (31, "bank", "history_import"),
        (1, "import:x", "history_import"),
    ],
)
def test_old_gift_is_recorded_as_history(
    database: Flask, now: datetime, days: int, source: str, origin: str
) -> None:
    """Money older than thirty days, or taken over from another system, is no news."""
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=now.date() - timedelta(days=days),
        source=source,
        source_ref="g",
        now=now,
        actor="t",
    )
    found = db.session.scalars(select(DomainEvent.origin).where(DomainEvent.kind == "gift.recorded")).all()
    assert found == [origin]


def test_late_word_of_something_is_history(database: Flask, now: datetime) -> None:
    """What is told two months after it happened is history, what is told in time is news."""
    for age in (timedelta(days=29), timedelta(days=60)):
        events.record_event("recurring_gift.lapsed", ("recurring_gift", 1), occurred_at=now - age, now=now)
    db.session.flush()
    found = db.session.scalars(select(DomainEvent.origin).order_by(DomainEvent.id)).all()
    assert found == ["live", "history_import"]
