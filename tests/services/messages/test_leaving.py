"""The last moment before a message leaves: who must not get it any more, and what is committed by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db, read_only
from donorhub.gateways.mailer import TryLater
from donorhub.jobs.queue.run import run_due
from donorhub.models import Message, Task
from donorhub.services.donors import contacts, donor_roles, donors
from donorhub.services.giving import gifts
from donorhub.services.messages import messages, suppressions, thank_yous
from tests.services.messages.test_messages import give, work_until_written


class Killed(BaseException):
    """The process ends here: nothing that would follow is done."""


class Mailbox:
    """A mailer that notes what it got, and what another process would find in the database just then."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.seen: list[str] = []
        self.before_sending: Callable[[], None] = lambda: None

    def send_message(self, letter: EmailMessage) -> None:
        with db.engine.connect() as other, read_only():
            self.seen.append(other.execute(select(Message.state)).scalar_one())
        self.before_sending()
        self.letters.append(letter)


@pytest.fixture
def mailbox(database: Flask) -> Iterator[Mailbox]:
    database.extensions["donorhub.mailer"] = mailbox = Mailbox()
    yield mailbox
    del database.extensions["donorhub.mailer"]


def read_message() -> Message:
    db.session.rollback()
    return db.session.scalars(select(Message).execution_options(populate_existing=True)).one()


def work() -> None:
    while run_due():
        pass
    db.session.rollback()


def die(donor_id: int, now: datetime) -> None:
    donors.change_donor(donors.get_donor(donor_id), {"is_deceased": True}, now=now, actor="user:1")


def say_no(donor_id: int, now: datetime) -> None:
    donors.change_donor(donors.get_donor(donor_id), {"do_not_contact": True}, now=now, actor="user:1")


def complain(donor_id: int, now: datetime) -> None:
    suppressions.suppress_address("lucja@example.org", reason="complaint", now=now, actor="user:1")


def come_back(donor_id: int, now: datetime) -> None:
    contact = next(one for one in contacts.list_contacts(donor_id) if one.kind == "email")
    contacts.mark_contact(contact, "bounced", now=now, actor="user:1")


def come_back_from_another(_donor_id: int, now: datetime) -> None:
    fields: donors.DonorFields = {"name": "Jan", "email": "Lucja+x@example.org"}
    other = donors.create_donor(fields, source="form", now=now, actor="user:1")
    come_back(other.id, now)


def complain_as_a_contact(donor_id: int, now: datetime) -> None:
    contact = next(one for one in contacts.list_contacts(donor_id) if one.kind == "email")
    contacts.mark_contact(contact, "complained", now=now, actor="user:1")


def end_address(donor_id: int, now: datetime) -> None:
    donors.change_donor(donors.get_donor(donor_id), {"email": ""}, now=now, actor="user:1")


def take_gift_out(donor_id: int, now: datetime) -> None:
    gifts.correct_gift(1, reason="twice", source_ref="c", now=now, actor="user:1")


def become_target(donor_id: int, now: datetime) -> None:
    donor_roles.give_role(donor_id, "target", since_on=now.date(), now=now, actor="user:1")


REASONS = [
    (become_target, "target"),
    (die, "deceased"),
    (say_no, "no_contact"),
    (complain, "suppressed"),
    (come_back, "address_bounced"),
    (come_back_from_another, "address_bounced"),
    (complain_as_a_contact, "address_complained"),
    (end_address, "no_address"),
    (take_gift_out, "nothing_left_of_the_gift"),
]


@pytest.mark.parametrize(("happens", "reason"), REASONS)
@pytest.mark.parametrize("is_tried_before", [False, True])
def test_what_happens_before_it_leaves_stops_it(
    mailbox: Mailbox,
    now: datetime,
    happens: Callable[[int, datetime], None],
    reason: str,
    is_tried_before: bool,
) -> None:
    donor_id = give(now).id
    work_until_written(now)
    assert read_message().state == "planned"
    if is_tried_before:

        def refuse() -> None:
            raise TryLater("come again")

        mailbox.before_sending = refuse
        work()
        mailbox.before_sending = lambda: None
        assert read_message().state == "failed"
    happens(donor_id, now)
    db.session.commit()
    clock.use_clock(lambda: now + timedelta(hours=1))
    work()
    assert mailbox.letters == []
    message = read_message()
    assert (message.state, message.suppressed_reason) == ("suppressed", reason)


@pytest.mark.parametrize(("happens", "reason"), REASONS)
def test_early_reason_keeps_message_unwritten(
    mailbox: Mailbox, now: datetime, happens: Callable[[int, datetime], None], reason: str
) -> None:
    """What happens before a message is written keeps it unwritten."""
    donor_id = give(now).id
    happens(donor_id, now)
    db.session.commit()
    work()
    assert mailbox.letters == []
    assert db.session.scalars(select(Message)).all() == []
    thanking = db.session.scalars(select(Task).filter_by(kind="thank_you")).one()
    assert thanking.outcome in (reason, "nothing_left") or thanking.state == "cancelled"


def test_message_follows_a_changed_address(mailbox: Mailbox, now: datetime) -> None:
    """What was written to an address that is the donor's no more goes to the one that they have now."""
    donor = give(now)
    work_until_written(now)
    donors.change_donor(donors.get_donor(donor.id), {"email": "new@example.org"}, now=now, actor="user:1")
    db.session.commit()
    clock.use_clock(lambda: now + timedelta(hours=1))
    work()
    assert [letter["To"].addresses[0].addr_spec for letter in mailbox.letters] == ["new@example.org"]
    assert (read_message().state, read_message().to_address) == ("sent", "new@example.org")


def test_second_live_address_gets_its_message(mailbox: Mailbox, now: datetime) -> None:
    """A message goes where it was written to as long as that is an address of the donor, preferred or not."""
    donor = give(now)
    work_until_written(now)
    contacts.add_contact(
        donor.id,
        {"kind": "email", "value": "new@example.org", "is_preferred": True},
        source="form",
        now=now,
        actor="user:1",
    )
    db.session.commit()
    clock.use_clock(lambda: now + timedelta(hours=1))
    work()
    assert [letter["To"].addresses[0].addr_spec for letter in mailbox.letters] == ["lucja@example.org"]


def test_message_is_claimed_before_sending(mailbox: Mailbox, now: datetime) -> None:
    """A message is committed as claimed before it leaves, so that a killed worker cannot send it twice."""
    give(now)
    work()
    assert (mailbox.seen, len(mailbox.letters), read_message().state) == (["claimed"], 1, "sent")


@pytest.mark.parametrize("has_left", [False, True])
def test_killed_sender_never_sends_again(mailbox: Mailbox, now: datetime, has_left: bool) -> None:
    """A worker that is killed while a message leaves never sends it again."""
    give(now)

    def kill() -> None:
        if has_left:
            mailbox.letters.append(EmailMessage())
        raise Killed

    mailbox.before_sending = kill
    with pytest.raises(Killed):
        work()
    db.session.rollback()
    mailbox.before_sending = lambda: None
    for hours in range(1, 4):
        clock.use_clock(lambda hours=hours: now + timedelta(hours=hours))  # type: ignore[misc]
        work()
    assert (read_message().state, len(mailbox.letters)) == ("unknown", int(has_left))


def test_late_thanks_do_not_leave(mailbox: Mailbox, now: datetime) -> None:
    """A thank-you that could not be sent for more than thirty days is held back, unless a person sends it
    again."""
    give(now)
    work_until_written(now)
    message_id = read_message().id
    clock.use_clock(lambda: now + timedelta(days=31))
    work()
    assert mailbox.letters == []
    assert (read_message().state, read_message().suppressed_reason) == ("suppressed", "expired")
    read_message().state = "failed"
    messages.decide_uncertain_message(message_id, was_received=False, now=clock.now(), actor="user:1")
    db.session.commit()
    work()
    assert len(mailbox.letters) == 1


def test_old_plan_of_before_thanks_nobody(mailbox: Mailbox, now: datetime) -> None:
    """A thank-you for old money that was planned or written before there was an age rule does not leave."""
    donor_id = give(now).id
    gift = gifts.get_gift(1)
    gift.received_on = gift.received_on - timedelta(days=400)
    db.session.commit()
    work()
    assert (mailbox.letters, db.session.scalars(select(Message)).all()) == ([], [])
    assert db.session.scalars(select(Task).filter_by(kind="thank_you")).one().outcome == "too_old"
    assert thank_yous.ask_for_thanks([gift.id], now=now, actor="user:1") == [1]
    db.session.commit()
    work()
    assert [letter["To"].addresses[0].addr_spec for letter in mailbox.letters] == ["lucja@example.org"]
    assert donor_id == 1
