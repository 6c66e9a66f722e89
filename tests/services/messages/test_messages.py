"""What is said to donors and staff: once for each reason, over a real mail server, never twice by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.gateways.mailer import Smtp
from donorhub.jobs.queue.run import run_due
from donorhub.models import Donor, Fund, Message, Suppression, Task
from donorhub.money import Money
from donorhub.services.access import users
from donorhub.services.donors import donors
from donorhub.services.giving import funds, gifts
from donorhub.services.messages import messages, suppressions
from donorhub.services.work import claims
from tests.api.conftest import dump
from tests.smtp import SmtpServer, smtp_server


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    """A mail server that the application sends to."""
    with smtp_server() as server:
        database.extensions["donorhub.mailer"] = Smtp(server.url)
        yield server
        del database.extensions["donorhub.mailer"]


def give(now: datetime, **fields: Any) -> Donor:
    """A donor who gave 50 zł, whose thank-you is due."""
    known = {"given_name": "Łucja", "family_name": "Żółć", "email": "lucja@example.org", "lang": "pl"}
    donor = donors.create_donor(known | fields, source="test", now=now, actor="t")
    gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=date(2026, 11, 20),
        source="test",
        source_ref=str(donor.id),
        now=now - timedelta(hours=1),
        actor="t",
    )
    db.session.commit()
    return donor


def work() -> None:
    """Perform what is due, as often as something is."""
    while run_due():
        pass
    db.session.rollback()


def only() -> Message:
    return db.session.scalars(select(Message).execution_options(populate_existing=True)).one()


def sending() -> Task:
    query = select(Task).where(Task.kind == "send_message").execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def test_gift_is_thanked_once(mail: SmtpServer, now: datetime) -> None:
    """A gift is thanked for once, in the donor's language."""
    give(now)
    work()
    work()
    (sent,) = mail.wait_for(1)
    assert mail.recipients == [["lucja@example.org"]]
    assert sent["To"] == "Łucja Żółć <lucja@example.org>"
    assert "50,00 zł" in sent["Subject"] and "20 listopada 2026" in sent.get_body(("plain",)).get_content()
    assert "Łucjo" in sent.get_body(("plain",)).get_content()
    assert sent["Auto-Submitted"] == "auto-generated"
    assert (only().state, only().sent_at, only().message_id) == ("sent", now, sent["Message-ID"])
    assert sending().outcome == "sent"


@pytest.mark.parametrize(
    ("lang", "day", "purpose"),
    [
        ("pl", "20 listopada 2026 r.\n", "Przeznaczenie: Szkoła.\n"),
        ("sq", "20 nëntor 2026.\n", "Qëllimi: Szkoła.\n"),
        ("en", "20 November 2026.\n", "It goes to: Szkoła.\n"),
    ],
)
def test_thanks_name_the_fund(mail: SmtpServer, now: datetime, lang: str, day: str, purpose: str) -> None:
    """A thank-you names the fund of its gift, and none where there is none."""
    give(now, lang=lang)
    donor = donors.create_donor(
        {"name": "Besa", "email": "besa@example.org", "lang": lang},  # type: ignore[typeddict-item]
        source="import:t",
        now=now,
        actor="t",
    )
    fund = funds.create_purpose(Fund, {"code": "S", "name": "Szkoła"}, now=now, actor="t")
    db.session.flush()
    gifts.record_gift(
        donor.id,
        Money(700, "EUR"),
        received_on=date(2026, 11, 20),
        source="test",
        source_ref="fund",
        now=now - timedelta(minutes=30),
        actor="t",
        fund_ids={fund.id: 700},
    )
    db.session.commit()
    work()
    without, with_fund = (
        sent.get_body(("plain",)).get_content().replace("\r\n", "\n").replace("\N{NO-BREAK SPACE}", " ")
        for sent in mail.wait_for(2)
    )
    assert day in without and day in with_fund
    assert purpose in with_fund and purpose.partition(":")[0] not in without


def test_late_decision_leaves_error_inbox(mail: SmtpServer, now: datetime) -> None:
    """A message that is decided after all attempts leaves the error inbox."""
    give(now)
    mail.recipient_answer = "451 later"
    for days in range(0, 16, 2):
        clock.use_clock(lambda days=days: now + timedelta(days=days))  # type: ignore[misc]
        work()
    assert sending().state == "dead"
    mail.recipient_answer = "250 OK"
    messages.decide_uncertain_message(only().id, was_received=False, now=clock.now(), actor="user:1")
    db.session.commit()
    work()
    states = db.session.scalars(select(Task.state).where(Task.kind == "send_message").order_by(Task.id)).all()
    assert (states, only().state) == (["cancelled", "done"], "sent")


def test_refused_for_good_is_not_tried_again(mail: SmtpServer, now: datetime) -> None:
    mail.recipient_answer = "550 no such user"
    give(now)
    work()
    assert (only().state, only().last_error) == ("failed", "the address was refused with code 550")
    assert (sending().state, sending().outcome) == ("done", "refused")
    clock.use_clock(lambda: now + timedelta(days=30))
    mail.recipient_answer = "250 OK"
    work()
    assert mail.messages == []


@pytest.mark.parametrize("where", ["recipient_answer", "data_answer"])
def test_temporary_refusal_is_retried_once(mail: SmtpServer, now: datetime, where: str) -> None:
    """An answer "not now" is tried again later, and the mail is sent once."""
    setattr(mail, where, "451 later")
    give(now)
    work()
    assert (only().state, sending().state, sending().attempts) == ("failed", "failed", 1)
    work()
    assert sending().attempts == 1  # not before its time
    setattr(mail, where, "250 OK")
    clock.use_clock(lambda: now + timedelta(minutes=2))
    work()
    assert len(mail.wait_for(1)) == 1
    assert (only().state, sending().state, sending().attempts) == ("sent", "done", 2)


def test_a_server_that_is_away_is_tried_again(database: Flask, now: datetime) -> None:
    with smtp_server() as gone:
        url = gone.url
    database.extensions["donorhub.mailer"] = Smtp(url)
    try:
        give(now)
        work()
    finally:
        del database.extensions["donorhub.mailer"]
    assert (only().state, sending().state) == ("failed", "failed")
    assert "did not let us in" in only().last_error


def test_drop_after_text_needs_person(mail: SmtpServer, now: datetime) -> None:
    """A connection that drops after the text leaves the message to a person, since it may have arrived."""
    mail.drops_after_data = True
    give(now)
    work()
    assert (only().state, sending().state, sending().outcome) == ("unknown", "done", "unknown")
    mail.drops_after_data = False
    for days in (1, 30):
        clock.use_clock(lambda days=days: now + timedelta(days=days))  # type: ignore[misc]
        work()
    assert len(mail.messages) == 1  # it had arrived: sending again would have thanked twice
    messages.decide_uncertain_message(only().id, was_received=True, now=now, actor="user:1")
    db.session.commit()
    assert only().state == "sent"
    with pytest.raises(Conflict):
        messages.decide_uncertain_message(only().id, was_received=True, now=now, actor="user:1")


def test_person_resends_uncertain_message(mail: SmtpServer, now: datetime) -> None:
    """A person may say that an uncertain message never came; it is sent again under the same id."""
    mail.drops_after_data = True
    give(now)
    work()
    mail.drops_after_data = False
    messages.decide_uncertain_message(only().id, was_received=False, now=now, actor="user:1")
    db.session.commit()
    work()
    first, second = mail.wait_for(2)
    assert first["Message-ID"] == second["Message-ID"]  # so that a mailbox can tell they are one
    assert only().state == "sent"


def test_dead_process_needs_person(mail: SmtpServer, now: datetime) -> None:
    """A process that died while sending leaves the message to a person."""
    give(now)
    assert claims.claim_next_tasks(now=now)  # new_donor or thank_you: the message is written by the next line
    db.session.rollback()
    work_until_written(now)
    task_id = sending().id
    assert claims.claim_task(task_id, now=now)
    assert messages.claim_message(only().id) is not None
    db.session.commit()  # and here the process was killed
    clock.use_clock(lambda: now + timedelta(minutes=6))
    work()
    assert (only().state, mail.messages) == ("unknown", [])
    assert "stopped while" in only().last_error


def work_until_written(now: datetime) -> None:
    """Perform all but the sending itself."""
    from donorhub.jobs.queue.run import run_task

    for kind in ("new_donor", "thank_you"):
        for task_id in db.session.scalars(select(Task.id).where(Task.kind == kind)).all():
            run_task(task_id)
    db.session.rollback()


def test_missing_address_asks_person(mail: SmtpServer, now: datetime) -> None:
    """Without an address a person is asked to thank."""
    donor = give(now, email="")
    work()
    assert mail.messages == [] and db.session.query(Message).count() == 0
    asked = db.session.scalars(select(Task).where(Task.performer == "person")).one()
    assert (asked.kind, asked.role, asked.donor_id) == ("thank_by_hand", "fundraiser", donor.id)
    assert asked.facts == {"amount": "50.00", "currency": "PLN"}


@pytest.mark.parametrize(
    ("fields", "outcome"), [({"do_not_contact": True}, "no_contact"), ({"is_deceased": True}, "deceased")]
)
def test_unwanted_contact_is_not_written(
    mail: SmtpServer, now: datetime, fields: dict[str, bool], outcome: str
) -> None:
    """Who wants no contact or has died is not written to."""
    give(now, **fields)
    work()
    thanked = db.session.scalars(select(Task).where(Task.kind == "thank_you")).one()
    assert (thanked.state, thanked.outcome) == ("done", outcome)
    assert mail.messages == []


def test_late_refusal_stops_sending(mail: SmtpServer, now: datetime) -> None:
    """A refusal of contact that comes between writing and sending still counts."""
    donor = give(now)
    work_until_written(now)
    assert only().state == "planned"
    donors.change_donor(donors.get_donor(donor.id), {"do_not_contact": True}, now=now, actor="t")
    db.session.commit()
    work()
    assert (only().state, only().suppressed_reason, mail.messages) == ("suppressed", "no_contact", [])
    assert sending().outcome == "no_contact"  # what the page says of it


def test_suppressed_address_is_kept_hashed(mail: SmtpServer, now: datetime) -> None:
    """A suppressed address is never written to, and is kept as a hash only."""
    suppressions.suppress_address("Lucja+news@Example.org", reason="complaint", now=now, actor="t")
    suppressions.suppress_address("lucja@example.org", reason="bounce", now=now, actor="t")
    db.session.commit()
    assert "lucja" not in str(db.session.scalars(select(Suppression.address_hash)).one()).lower()
    give(now)
    work()
    assert mail.messages == []


def test_corrected_gift_is_not_thanked(mail: SmtpServer, now: datetime) -> None:
    """A gift that was corrected before its thanks is not thanked for."""
    give(now)
    gifts.correct_gift(1, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    work()
    assert mail.messages == []


def test_gift_corrected_while_waiting(mail: SmtpServer, now: datetime) -> None:
    """A gift that was corrected while the mail server was away is not thanked for."""
    give(now)
    mail.recipient_answer = "451 later"
    work()
    assert only().state == "failed"
    gifts.correct_gift(1, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    mail.recipient_answer = "250 OK"
    clock.use_clock(lambda: now + timedelta(minutes=2))
    work()
    assert mail.messages == []
    assert (only().state, only().suppressed_reason) == ("suppressed", "nothing_left_of_the_gift")


def test_drop_before_text_thanks_once(mail: SmtpServer, now: datetime) -> None:
    """A connection that drops before the text is tried again, and thanks once."""
    give(now)
    mail.drops_at_recipient = True
    work()
    assert (only().state, sending().state) == ("failed", "failed")
    mail.drops_at_recipient = False
    clock.use_clock(lambda: now + timedelta(minutes=2))
    work()
    (sent,) = mail.wait_for(1)
    assert (only().state, sent["Date"].datetime) == ("sent", now + timedelta(minutes=2))


def test_staff_hear_of_new_donor_once(mail: SmtpServer, now: datetime) -> None:
    """Staff who look after donors hear of a new one, once each and without the name."""
    for email, roles in (
        ("admin@example.org", ["admin"]),
        ("fund@example.org", ["fundraiser"]),
        ("book@example.org", ["accountant"]),
        ("gone@example.org", ["steward"]),
    ):
        users.create_user(email, name="S", password="a long password", roles=roles, now=now, actor="t")
    users.deactivate_user(4, now=now, actor="t")
    donors.create_donor({"name": "Anna", "email": ""}, source="form", now=now, actor="t")
    db.session.commit()
    work()
    work()
    assert sorted(to for (to,) in mail.recipients) == ["admin@example.org", "fund@example.org"]
    assert all("Anna" not in sent.get_body(("plain",)).get_content() for sent in mail.messages)


@pytest.mark.parametrize(("actor", "readers"), [("user:1", ["fund@example.org"]), ("stripe:acct_1", None)])
def test_nobody_is_told_of_own_donor(
    mail: SmtpServer, now: datetime, actor: str, readers: list[str] | None
) -> None:
    """Who added a donor by hand gets no mail about it; the others do, and all of a donor who came alone."""
    for email in ("admin@example.org", "fund@example.org"):
        users.create_user(
            email, name="S", password="a long password", roles=["fundraiser"], now=now, actor="t"
        )
    donors.create_donor({"name": "Anna", "email": ""}, source="form", now=now, actor=actor)
    db.session.commit()
    work()
    addresses = sorted(to for (to,) in mail.recipients)
    assert addresses == (readers or ["admin@example.org", "fund@example.org"])


def test_the_same_key_writes_one_message(database: Flask, now: datetime) -> None:
    facts = {"code": "DH-1", "source": "form", "link": "x"}

    def plan() -> str:
        planned = messages.plan_message(
            "new_donor",
            facts,
            key="k",
            task_id=None,
            donor=None,
            to_address="a@example.org",
            lang="en",
            now=now,
            domain="example.org",
        )
        db.session.commit()
        return planned

    assert plan() == "planned"
    before = dump()
    assert plan() == "known"
    assert dump() == before


def test_line_break_makes_no_header(mail: SmtpServer, now: datetime) -> None:
    """A line break in a name makes no header, so no name adds a recipient."""
    donor = give(now)
    donors.get_donor(donor.id).name = "Anna\r\nBcc: evil@example.org"
    db.session.commit()
    work()
    assert mail.messages == []
    assert (only().state, sending().outcome) == ("failed", "refused")
