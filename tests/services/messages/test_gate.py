"""Every sending asks the gate, when it is planned and before it leaves; and it says why not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.messages.gate import Held, Later, Ok
from donorhub.models import Donor, Message
from donorhub.models.states import CHANNELS, MESSAGE_CATEGORIES
from donorhub.services.donors import contacts, donors, households
from donorhub.services.messages import consents, gate, preferences, suppressions
from donorhub.services.messages.consents import NewConsent
from tests.services.messages.test_messages import give, work, work_until_written

ACTOR = "user:1"


def refuse(
    donor: Donor, now: datetime, purpose: Any = "all", channel: Any = "any", state: Any = "opt_out"
) -> None:
    consents.record_consent(
        donor, NewConsent(state, "letter", now.date(), purpose, channel), now=now, actor=ACTOR
    )
    db.session.commit()


def read_states() -> list[tuple[str, str]]:
    query = select(Message.state, Message.suppressed_reason).order_by(Message.id)
    return [(state, reason) for state, reason in db.session.execute(query)]


@pytest.mark.parametrize(
    ("purpose", "channel", "reason"),
    [
        ("all", "any", "no_contact"),
        ("all", "email", "opted_out"),
        ("thanks", "email", "opted_out"),
        ("thanks", "any", "opted_out"),
    ],
)
def test_no_to_thanks_is_asked_twice(
    database: Flask, now: datetime, purpose: str, channel: str, reason: str
) -> None:
    """A no stops a thank-you that is planned, and one that was written and had not left."""
    donor = give(now)
    refuse(donor, now, purpose, channel)
    work()
    assert read_states() == []
    other = give(now, email="other@example.org")
    work_until_written(now)
    refuse(donors.get_donor(other.id), now, purpose, channel)
    work()
    assert read_states() == [("suppressed", reason)]


@pytest.mark.parametrize(("purpose", "channel"), [("appeal", "email"), ("all", "phone"), ("thanks", "post")])
def test_other_no_leaves_thanks(database: Flask, now: datetime, purpose: str, channel: str) -> None:
    """A no to something else, or to another channel, stops no thank-you by mail."""
    donor = give(now)
    refuse(donor, now, purpose, channel)
    work()
    assert read_states() == [("sent", "")]


def test_two_donors_on_one_mailbox(database: Flask, now: datetime) -> None:
    """The withdrawal of one does not speak for the other; what comes back speaks for both."""
    first, second = give(now), give(now, email="Lucja+b@example.org")
    refuse(first, now)
    reasons = [gate.find_hold(donor, "thanks", at=now) for donor in (first, second)]
    assert reasons == ["no_contact", None]
    contact = contacts.list_contacts(first.id)[0]
    contacts.mark_contact(contact, "bounced", now=now, actor=ACTOR)
    reasons = [gate.find_hold(donor, "transactional", at=now) for donor in (first, second)]
    assert reasons == ["address_bounced", "address_bounced"]


def test_unconfirmed_is_of_one_donor(database: Flask, now: datetime) -> None:
    """That one of two has not confirmed a mailbox says nothing of the other."""
    first, second = give(now), give(now)
    contact = contacts.list_contacts(first.id)[0]
    contacts.mark_contact(contact, "unconfirmed", now=now, actor=ACTOR)
    for donor in (first, second):
        refuse(donor, now, "bulletin", "email", "given")
    reasons = [gate.find_hold(donor, "bulletin", at=now) for donor in (first, second)]
    assert reasons == ["address_unconfirmed", None]
    assert gate.find_hold(first, "thanks", at=now) is None


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [
        ("marketing", {"stewardship", "bulletin", "appeal"}),
        ("all_but_legal", {"dunning", "thanks", "stewardship", "bulletin", "appeal"}),
        ("everything", set(MESSAGE_CATEGORIES)),
    ],
)
def test_scope_of_suppression(database: Flask, now: datetime, scope: Any, stopped: set[str]) -> None:
    """A suppression stops what its scope says; it is only ever widened, and lifted whole."""
    donor = give(now)
    for category in ("stewardship", "bulletin", "appeal"):
        refuse(donor, now, category, "email", "given")
    suppressions.suppress_address(donor.email, reason="r", scope=scope, now=now, actor=ACTOR)
    found = {one for one in MESSAGE_CATEGORIES if gate.find_hold(donor, one, at=now) == "suppressed"}
    assert found == stopped
    _, is_new = suppressions.suppress_address(
        donor.email, reason="s", scope="marketing", now=now, actor=ACTOR
    )
    assert not is_new
    row, is_new = suppressions.suppress_address(donor.email, reason="t", now=now, actor=ACTOR)
    assert (is_new, row.scope, row.reason) == (scope != "everything", "everything", "t" if is_new else "r")


def test_complaint_that_stops_more_stays_one(database: Flask, now: datetime) -> None:
    """A wider suppression of an address that complained is a complaint still."""
    row, _ = suppressions.suppress_address(
        "a@example.org", reason="r", source="complained", scope="marketing", now=now, actor=ACTOR
    )
    suppressions.suppress_address("a@example.org", reason="s", now=now, actor=ACTOR)
    assert (row.scope, row.source) == ("everything", "complained")


def test_call_is_asked_for(database: Flask, now: datetime) -> None:
    """A call asks by phone: without a number, at night, and after a no it says so."""
    noon = datetime.fromisoformat("2026-11-23T12:00:00+01:00")
    donor = give(now)
    assert gate.may_send(donor, "thanks", "phone", at=noon) == Held("no_address")
    donors.change_donor(donor, {"phone": "+48 501 222 333"}, now=now, actor=ACTOR)
    assert gate.may_send(donor, "thanks", "phone", at=noon) == Ok()
    night = noon + timedelta(hours=8)
    morning = datetime.fromisoformat("2026-11-24T08:00:00+01:00")
    assert gate.may_send(donor, "thanks", "phone", at=night) == Later("quiet_hours", morning)
    refuse(donor, now, "all", "phone")
    assert gate.may_send(donor, "thanks", "phone", at=noon + timedelta(days=9)) == Held("opted_out", now)


def test_post_asks_the_donors_country(database: Flask, now: datetime) -> None:
    """By post the donor's country decides, and the organisation's where none is known."""
    donor = give(now, street="Długa 1", city="Warszawa", country="")
    assert gate.may_send(donor, "appeal", "post", at=now) == Ok()  # the organisation is in Poland
    donors.change_donor(donor, {"country": "DE"}, now=now, actor=ACTOR)
    assert gate.may_send(donor, "appeal", "post", at=now) == Held("no_consent")


def test_household_of_a_dead_member_is_not_asked(database: Flask, now: datetime) -> None:
    """A letter that asks for money is not sent to a household one of whom has died."""
    member = donors.create_donor({"name": "Jan Nowak"}, source="t", now=now, actor=ACTOR)
    household = donors.create_donor(
        {"name": "Anna i Jan Nowakowie", "kind": "household", "street": "Długa 1", "country": "PL"},
        source="t",
        now=now,
        actor=ACTOR,
    )
    households.add_member(household, member, role="partner", is_head=True, now=now, actor=ACTOR)
    assert gate.may_send(household, "appeal", "post", at=now) == Ok()
    donors.change_donor(member, {"is_deceased": True}, now=now, actor=ACTOR)
    assert gate.may_send(household, "appeal", "post", at=now) == Held("deceased")
    assert gate.may_send(household, "thanks", "post", at=now) == Ok()


def test_monthly_is_kept_to(database: Flask, now: datetime) -> None:
    """AC 12 of messages.md: who asked for once a month gets one in a calendar month, and receipts still."""
    donor = give(now, street="Długa 1", country="PL")
    wish: preferences.Wish = {"channel": "any", "topic": "any", "format": "any", "frequency": "monthly"}
    preferences.set_preference(donor, wish, source="form", now=now, actor=ACTOR)
    assert gate.may_send(donor, "bulletin", "post", at=now) == Ok()
    message = Message(
        send_key="k",
        donor_id=donor.id,
        channel="post",
        category="bulletin",
        template="t@1",
        lang="pl",
        to_address="",
        subject="s",
        body="b",
        message_id="m",
        state="sent",
        planned_at=now,
        sent_at=now,
    )
    db.session.add(message)
    db.session.flush()
    first_of_next = datetime.fromisoformat("2026-12-01T00:00:00+01:00")
    assert gate.may_send(donor, "appeal", "post", at=first_of_next - timedelta(seconds=1)) == Held("cap")
    assert gate.may_send(donor, "appeal", "post", at=first_of_next) == Ok()
    assert gate.may_send(donor, "transactional", "post", at=now) == Ok()
    assert gate.find_hold_of_message(message, donor, at=now) is None  # it does not stand in its own way


def test_every_line_is_explained(database: Flask, now: datetime) -> None:
    """For each category and channel there is one line, with what marketing rests on and since when not."""
    donor = give(now, country="PL")
    refuse(donor, now, "appeal", "email")
    lines = {(line.category, line.channel): line for line in gate.explain_verdicts(donor, at=now)}
    assert list(lines) == [(category, channel) for category in MESSAGE_CATEGORIES for channel in CHANNELS]
    assert lines["appeal", "email"].verdict == Held("opted_out", now)
    assert lines["bulletin", "email"].verdict == Held("no_consent")
    assert lines["thanks", "email"] == ("thanks", "email", Ok(), None)
    rule = lines["bulletin", "email"].rule
    assert rule is not None
    assert (rule.basis, rule.checked_on) == ("consent", date(2026, 11, 30))
    assert lines["thanks", "post"].verdict == Held("no_address")
