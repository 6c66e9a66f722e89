"""Who is a target of a campaign is neither asked for money nor thanked, and it is said why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.jobs.queue.run import run_due
from donorhub.models import Donor, Instalment, Message, Task
from donorhub.money import Money
from donorhub.services.donors import contacts, donor_roles, donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import overdue, recurring_gifts
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.services.recurring.known_bank import know_bank
from tests.webhooks.hard_stories import HARD

ME = "user:1"
START = date(2026, 11, 2)


def add_target(now: datetime, email: str) -> Donor:
    donor = donors.create_donor({"name": "Ola", "email": email}, source="form", now=now, actor=ME)
    donor_roles.give_role(donor.id, "target", stance="against", since_on=START, now=now, actor=ME)
    db.session.commit()
    return donor


@pytest.mark.parametrize("email", ["ola@example.org", "", "bounced@example.org"])
def test_target_is_not_thanked(database: Flask, now: datetime, email: str) -> None:
    """No message is written and nobody is asked to call, also where mail came back, and the task says why."""
    donor = add_target(now, email)
    if email == "bounced@example.org":
        contacts.mark_contact(contacts.list_contacts(donor.id)[0], "bounced", now=now, actor=ME)
    gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=now.date(),
        source="manual",
        source_ref="g",
        now=now - timedelta(hours=1),
        actor=ME,
    )
    db.session.commit()
    while run_due():
        pass
    db.session.rollback()
    thanks = db.session.scalars(select(Task).where(Task.kind == "thank_you")).one()
    assert (thanks.state, thanks.outcome) == ("done", "target")
    assert db.session.scalars(select(Message).where(Message.donor_id == donor.id)).all() == []
    assert db.session.scalars(select(Task).where(Task.performer == "person")).all() == []


def test_target_is_not_asked_for_what_is_missed(database: Flask, now: datetime) -> None:
    """An instalment that did not come is missed all the same, and nobody is asked to ask for it."""
    donor = add_target(now, "")
    recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(5000, "PLN"),
            start_on=START,
            kind="standing_order",
            source="t",
            source_ref="r",
        ),
        now=now,
        actor=ME,
    )
    know_bank(START + timedelta(days=17))
    today = START + timedelta(days=18)
    overdue.advance_recurring_gifts(today=today, now=datetime.combine(today, time(3), UTC))
    db.session.commit()
    states = db.session.scalars(select(Instalment.state).order_by(Instalment.due_on)).all()
    assert states[0] == "missed"
    assert db.session.scalars(select(Task).where(Task.kind == "missed_instalment")).all() == []


def test_target_is_not_written_about_a_failed_charge(database: Flask, now: datetime) -> None:
    """A subscription whose card fails asks about anybody but a target."""
    endpoint = open_endpoint(now)
    for event in HARD["never_paid"]("x"):
        deliver(database, endpoint, [event], now)
        for donor_id in db.session.scalars(select(Donor.id)):
            donor_roles.give_role(donor_id, "target", since_on=START, now=now, actor=ME)
        db.session.commit()
    assert db.session.scalars(select(Donor.id)).all() != []
    assert db.session.scalars(select(Task).where(Task.kind == "dunning")).all() == []
