"""Two who plan or send thank-yous of one donor at once on PostgreSQL: each gift is thanked for once."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Donor, Message, MessageSubject, Task
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.messages import messages, thank_yous
from tests.races import run_second


@pytest.fixture
def donor(locks: Flask, now: datetime) -> Donor:
    fields = {"name": "Ola Lis", "email": "ola@example.org", "lang": "pl"}
    donor = donors.create_donor(fields, source="import:t", now=now, actor="t")  # type: ignore[arg-type]
    db.session.commit()
    return donor


def give(donor: Donor, minor: int, now: datetime) -> int:
    """Record a gift; return the id of the task to thank for it."""
    gift, _ = gifts.record_gift(
        donor.id,
        Money(minor, "PLN"),
        received_on=date(2026, 11, 20),
        source="t",
        source_ref=str(minor),
        now=now,
        actor="t",
    )
    db.session.commit()
    query = select(Task.id).where(Task.kind == "thank_you", Task.subject_id == gift.id)
    return db.session.scalars(query).one()


def plan_thanks(task_id: int, now: datetime) -> str:
    task = db.session.get_one(Task, task_id)
    return thank_yous.plan_thank_you(task, now=now, domain="example.org")


def count_thanked_gifts() -> list[int]:
    """How many gifts each message speaks of."""
    db.session.rollback()
    ids = db.session.scalars(select(Message.id).where(Message.category == "thanks").order_by(Message.id))
    subjects = [*db.session.scalars(select(MessageSubject.message_id))]
    return [subjects.count(id_) for id_ in ids]


def test_two_workers_write_one_thank_you(locks: Flask, donor: Donor, now: datetime) -> None:
    """The thank-yous of two gifts that two workers take up at once become one message."""
    one, other = give(donor, 5000, now), give(donor, 7000, now)
    plan_thanks(one, now)
    second = run_second(locks, lambda: plan_thanks(other, now))
    assert (second.result, second.error, second.waited) == ("joined", None, True)
    assert count_thanked_gifts() == [2]


def test_gift_joins_no_leaving_message(locks: Flask, donor: Donor, now: datetime) -> None:
    """A gift is not added to a message that is being claimed for sending at the same moment."""
    plan_thanks(give(donor, 5000, now), now)
    db.session.commit()
    message_id = db.session.scalars(select(Message.id).where(Message.category == "thanks")).one()
    late = give(donor, 7000, now)
    assert messages.claim_message(message_id) is not None
    second = run_second(locks, lambda: plan_thanks(late, now))
    assert (second.result, second.error, second.waited) == ("planned", None, True)
    assert count_thanked_gifts() == [1, 1]
