"""A donor's timeline: every kind of event in one order, in pages that neither shift nor repeat."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Correction, Dispute, Message, Receipt, Refund
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import recurring_gifts
from donorhub.services.reports import timeline
from donorhub.services.work import tasks

ACTOR = "system:0"
DAY = date(2026, 11, 20)


def at(hour: int, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def make_void_receipt(donor_id: int) -> Receipt:
    return Receipt(
        series="R",
        year=2026,
        number=1,
        kind="single",
        state="void",
        jurisdiction="PL",
        rule_pack_version="1",
        template_version="1",
        lang="pl",
        donor_id=donor_id,
        total_minor=5000,
        currency="PLN",
        payload={},
        payload_sha256="",
        issued_at=at(10),
        issued_on=DAY,
        issued_by=ACTOR,
        voided_at=at(11),
        void_reason="name",
    )


def make_sent_message(donor_id: int) -> Message:
    return Message(
        send_key="1",
        donor_id=donor_id,
        template="thank_you@shipped-1",
        lang="pl",
        to_address="a@example.org",
        subject="Thanks",
        body="Thanks",
        message_id="<1@x>",
        state="sent",
        planned_at=at(9),
        sent_at=at(10),
    )


@pytest.fixture
def donor_id(database: Flask) -> int:
    """A donor with one event of every kind, most of them on one day."""
    donor = donors.create_donor({"name": "Anna Nowak"}, source="bank", now=at(8), actor=ACTOR)
    gift, _ = gifts.record_gift(
        donor.id, Money(5000, "PLN"), received_on=DAY, source="manual", source_ref="1", now=at(9), actor=ACTOR
    )
    common = {
        "gift_id": gift.id,
        "amount_minor": 1000,
        "currency": "PLN",
        "recorded_at": at(12),
        "source": "x",
    }
    db.session.add(Refund(state="succeeded", refunded_on=DAY, source_ref="1", **common))
    db.session.add(Dispute(state="lost", opened_on=DAY, reason="fraud", source_ref="1", **common))
    db.session.add(Correction(reason="typo", actor=ACTOR, source_ref="1", **common))
    db.session.add_all([make_void_receipt(donor.id), make_sent_message(donor.id)])
    tasks.plan_task(
        "call:1",
        kind="call",
        performer="person",
        subject=("donor", donor.id),
        donor_id=donor.id,
        due_at=at(15),
        now=at(10),
    )
    recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(3000, "PLN"),
            kind="standing_order",
            start_on=DAY,
            source="manual",
            source_ref="1",
        ),
        now=at(14),
        actor=ACTOR,
    )
    db.session.commit()
    return donor.id


def test_every_kind_of_event_is_there_newest_first(donor_id: int) -> None:
    events = timeline.read_timeline(donor_id).rows
    assert [event.kind for event in events] == [
        "recurring",
        "correction",
        "void",
        "task",
        "receipt",
        "message",
        "donor",
        "refund",
        "gift",
        "dispute",
    ]
    assert [event.key for event in events] == sorted((event.key for event in events), reverse=True)
    assert events[7].amount == Money(1000, "PLN") and not events[7].has_time


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 10, 11])
def test_pages_of_any_size_agree(donor_id: int, limit: int) -> None:
    """Pages of any size give each event once, in the same order."""
    whole = [event.key for event in timeline.read_timeline(donor_id).rows]
    paged, cursor = [], None
    while True:
        page = timeline.read_timeline(donor_id, cursor, limit)
        paged += [event.key for event in page.rows]
        cursor = page.cursor
        if cursor is None:
            break
    assert paged == whole


def test_what_happens_meanwhile_never_shifts_the_next_page(donor_id: int) -> None:
    whole = [event.key for event in timeline.read_timeline(donor_id).rows]
    first = timeline.read_timeline(donor_id, limit=4)
    gifts.record_gift(
        donor_id,
        Money(100, "PLN"),
        received_on=DAY + timedelta(days=1),
        source="manual",
        source_ref="2",
        now=clock.now(),
        actor=ACTOR,
    )
    db.session.commit()
    second = timeline.read_timeline(donor_id, first.cursor, limit=50)
    assert [event.key for event in (*first.rows, *second.rows)] == whole


def test_timeline_hides_others_events(donor_id: int) -> None:
    """Another donor's events stay out, and a damaged cursor is refused."""
    other = donors.create_donor({"name": "Besnik Çela"}, source="form", now=at(8), actor=ACTOR)
    db.session.commit()
    assert [event.kind for event in timeline.read_timeline(other.id).rows] == ["donor"]
    for damaged in ("x", "2026-11-20~gift~1~2", "yesterday~gift~1", "2026-11-20T00:00:00+00:00~gift~one"):
        with pytest.raises(Rejected):
            timeline.read_timeline(donor_id, damaged)
