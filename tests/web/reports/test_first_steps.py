"""The first steps of an empty installation: ticked by facts, put off by people."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from donorhub.db import db
from donorhub.jobs.queue.run import run_task
from donorhub.jobs.soundness import Finding
from donorhub.models import AuditRecord, MailTest, Message, Task, User
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving.new_gifts import NewGift, record_gifts
from donorhub.services.receipts import receipts
from donorhub.web.reports.first_steps import describe_finding
from tests.services.bank.bank import open_account
from tests.smtp import OK, SmtpServer, smtp_server
from tests.web.access.test_settings_pages import OURS
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import rows

STEPS = [
    "The organisation: name, address and numbers",
    "A bank account",
    "Mail that arrives",
    "Donors and past gifts",
    "A colleague",
    "The first receipt",
]


@pytest.fixture
def mailbox(database: Flask) -> Iterator[SmtpServer]:
    with smtp_server() as server:
        settings = database.extensions["donorhub.settings"]
        database.extensions["donorhub.settings"] = dataclasses.replace(settings, smtp_url=server.url)
        yield server
        database.extensions["donorhub.settings"] = settings


def list_done(staff: Staff) -> list[str]:
    """The names of the steps that the page calls done."""
    page = staff.get("/first-steps").text
    items = re.findall(r'<li class="step (\w+)">.*?<strong>(.*?)</strong>', page, re.DOTALL)
    assert [name for _state, name in items] == STEPS
    return [name for state, name in items if state == "done"]


def test_steps_are_ticked_by_facts(database: Flask, now: datetime) -> None:
    """Each step is done when there is what it asks for, in whatever way it came, as long as it is there."""
    ours = organisation.get_organisation()
    street, ours.street = ours.street, ""
    db.session.commit()
    admin = Staff(database, "admin")
    assert list_done(admin) == []
    ours.street = street
    db.session.commit()
    assert list_done(admin) == [STEPS[0]]
    open_account()
    assert list_done(admin) == STEPS[:2]
    donor = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="user:1")
    db.session.commit()
    assert list_done(admin) == [*STEPS[:2], STEPS[3]]
    other = Staff(database, "fundraiser")
    assert list_done(admin) == [*STEPS[:2], *STEPS[3:5]]
    fundraiser = db.session.scalars(select(User).order_by(User.id.desc())).first()
    assert fundraiser is not None
    fundraiser.active = False
    db.session.commit()
    assert list_done(admin) == [*STEPS[:2], STEPS[3]]
    fundraiser.active = True
    donor.street, donor.city = "Długa 1", "00-001 Warszawa"
    gift_ids = record_gifts(
        [NewGift(donor.id, 5000, "PLN", now.date(), "manual", "1", "cash")], now=now, actor="user:1"
    )
    receipts.issue_receipt(gift_ids, today=now.date(), now=now, actor="user:1")
    db.session.commit()
    assert list_done(admin) == [*STEPS[:2], *STEPS[3:]]
    assert "First steps" not in other.text("/")


def test_dashboard_is_the_list_until_it_is_over(database: Flask) -> None:
    """An empty installation shows the steps and no figures; put off, each leaves the first page."""
    admin = Staff(database, "admin")
    page = admin.text("/")
    assert all(step in page for step in STEPS)
    assert "Received this month" not in page and "Nothing waits. All is well." not in page
    for step in ("bank_account", "mail", "people", "colleague", "receipt"):
        assert admin.post(f"/first-steps/{step}/put-off").status_code == 302
    page = admin.text("/")
    assert "Donors and past gifts" not in page and "Nothing waits. All is well." in page
    before = rows()
    admin.post("/first-steps/people/put-off")
    assert rows() == before
    assert "put off" in admin.text("/first-steps")
    admin.post("/first-steps/people/resume")
    assert "Donors and past gifts" in admin.text("/")
    after = rows()
    admin.post("/first-steps/people/resume")
    assert rows() == after
    query = select(AuditRecord.what).where(AuditRecord.what.like("first_step%")).order_by(AuditRecord.id)
    whats = db.session.scalars(query).all()
    assert whats == ["first_step.put_off"] * 5 + ["first_step.resumed"]


def test_each_step_leads_to_what_does_it(database: Flask) -> None:
    """The page behind a step has the form that does it, and the organisation leads back to the others."""
    ours = organisation.get_organisation()
    ours.street = ""
    db.session.commit()
    admin = Staff(database, "admin")
    page = admin.get("/first-steps").text
    ways = dict(re.findall(r'<a class="btn" href="(/[^"]*)">([^<]*)</a>', page))
    fields = {
        "/settings/organisation": "legal_name",
        "/bank": "file",
        "/moving-in": "file",
        "/settings/users": "email",
        "/gifts": "method",
    }
    assert ways.keys() == fields.keys()
    for way, field in fields.items():
        assert f'name="{field}"' in admin.get(way).text
    assert 'href="/bank"' in admin.get("/bank/files").text
    whole = {**OURS, "id_NIP": "5252810770", "signatory_name": "Maria Nowak"}
    answers = [admin.post("/settings/organisation", **whole).headers["Location"] for _ in range(2)]
    assert answers == ["/", "/settings/organisation"]


def test_unknown_step_is_not_found(database: Flask) -> None:
    admin = Staff(database, "admin")
    before = rows()
    assert admin.post("/first-steps/coffee/put-off").status_code == 404
    assert rows() == before


def send_waiting_mail() -> None:
    task = db.session.scalars(select(Task).where(Task.kind == "send_message", Task.state == "planned")).one()
    run_task(task.id)
    db.session.commit()
    let_write()


def test_mail_is_done_when_its_address_was_opened(database: Flask, mailbox: SmtpServer) -> None:
    """A mail that was only handed over proves nothing; a program that follows its address neither."""
    admin = Staff(database, "admin")
    assert admin.post("/mail-test").status_code == 302
    tested = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "mail.tested")).one()
    assert tested.actor.startswith("user:")
    assert STEPS[2] not in list_done(admin) and "is on its way out" in admin.text("/first-steps")
    send_waiting_mail()
    assert STEPS[2] not in list_done(admin) and "was handed over for" in admin.text("/first-steps")
    body = mailbox.messages[-1].get_body(("plain",)).get_content()
    found = re.search(r"/mail-test/(\S+)", body)
    assert found, body
    address = f"/mail-test/{found.group(1)}"
    before = rows()
    assert "Did it lie in your inbox?" in admin.text(address)
    assert rows() == before and STEPS[2] not in list_done(admin)
    assert admin.post("/mail-test/stranger").status_code == 404
    assert rows() == before
    admin.post(address)
    assert STEPS[2] in list_done(admin)
    arrived_at = db.session.scalars(select(MailTest.arrived_at)).one()
    admin.post(address)
    assert db.session.scalars(select(MailTest.arrived_at)).one() == arrived_at
    assert Staff(database, "fundraiser").get(address).status_code == 403


def test_mail_that_fails_says_why(database: Flask, mailbox: SmtpServer) -> None:
    """What the mail server answered is shown beside the step, and a second mail can be sent."""
    admin = Staff(database, "admin")
    mailbox.recipient_answer = "550 no such user"
    admin.post("/mail-test")
    send_waiting_mail()
    assert "did not go out" in admin.text("/first-steps")
    mailbox.recipient_answer = OK
    admin.post("/mail-test")
    assert db.session.query(Message).count() == 2


def test_finding_says_day_and_reasons(database: Flask) -> None:
    """A day is written as the reader writes it, and a copy says by what it looks like one."""
    with database.test_request_context(), force_locale("pl"):
        words = describe_finding(Finding("error", "backup_old", {"made": "2026-11-05"}))[0]
        held = describe_finding(Finding("error", "held", {"reasons": "machine"}))[0]
        mail = describe_finding(
            Finding("error", "mail_fails", {"host": "mail.example", "error": "TimeoutError"})
        )
    assert "5 lis 2026" in words.replace("\N{NO-BREAK SPACE}", " ")
    assert "Działa na innym komputerze niż przedtem." in held
    assert mail[0] == "Serwer poczty mail.example nie wpuszcza tego programu (TimeoutError)."


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "No mail leaves this program"),
        ("pl", "Z tego programu nie wychodzi poczta"),
        ("sq", "Nga ky program nuk del postë"),
    ],
)
def test_findings_are_shown_in_words(database: Flask, lang: str, sentence: str) -> None:
    """What `donorhub doctor` finds stands on a page, with its way out."""
    page = Staff(database, "admin", lang=lang).text("/settings/soundness")
    assert sentence in page and "DONORHUB_SMTP_URL" in page
    assert Staff(database, "accountant").get("/settings/soundness").status_code == 403
