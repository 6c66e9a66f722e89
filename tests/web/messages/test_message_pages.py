"""Messages on pages, and the error inbox: what was said, what failed, and what a person decides."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import ImportFile, Message, ProviderEvent, Task
from donorhub.services.messages import suppressions
from donorhub.services.providers import endpoints
from donorhub.services.work import tasks
from tests.web.bank.bank_world import Staff, let_write, words_of, work
from tests.web.desk import ACTOR, add_donor, add_gift, moment, rows


@pytest.fixture
def message_id(database: Flask) -> int:
    """A thank-you for 50 PLN that went to the outbox."""
    add_gift(add_donor(email="anna@example.org"), thank_delay=moment(22) - moment(22))
    work()
    return db.session.scalars(select(Message.id)).one()


def set_state(message_id: int, state: str) -> None:
    db.session.get(Message, message_id).state = state  # type: ignore[union-attr]
    db.session.commit()


def test_message_is_shown_as_sent(database: Flask, message_id: int) -> None:
    """A message is shown as the donor gets it."""
    staff = Staff(database, "fundraiser")
    assert "anna@example.org" in staff.text("/messages")
    shown = staff.text(f"/messages/{message_id}")
    assert "Szanowna Pani Anno," in shown and "50,00 zł" in shown and "sent" in shown


def test_text_with_amount_is_hidden(database: Flask, message_id: int) -> None:
    """Who may not see amounts sees no text that names one."""
    staff = Staff(database, "communications")
    for path in ("/messages", f"/messages/{message_id}"):
        assert "50" not in staff.text(path).replace("22 Nov 2026", "") and "Thank-you" in staff.text(path)


@pytest.mark.parametrize(("answer", "state"), [("arrived", "sent"), ("again", "planned")])
def test_person_decides_uncertain_message(database: Flask, message_id: int, answer: str, state: str) -> None:
    """A person decides what became of an uncertain message."""
    staff = Staff(database, "fundraiser")
    set_state(message_id, "unknown")
    assert "Nobody knows whether it arrived" in staff.text(f"/messages/{message_id}")
    assert staff.click(f"/messages/{message_id}/decide", answer=answer).status_code == 302
    let_write()
    assert db.session.get(Message, message_id).state == state  # type: ignore[union-attr]


def test_sent_message_is_not_sent_again(database: Flask, message_id: int) -> None:
    """A message that was sent is not sent again."""
    staff = Staff(database, "fundraiser")
    before = rows()
    assert staff.click(f"/messages/{message_id}/decide", answer="again").status_code == 422
    assert staff.click(f"/messages/{message_id}/decide", answer="maybe").status_code == 422
    assert rows() == before


def poison(kind: str = "thank_you") -> int:
    tasks.plan_task(
        f"{kind}:gift:1",
        kind=kind,
        performer="worker",
        subject=("gift", 1),
        due_at=moment(20),
        now=moment(20),
    )
    task = tasks.find_task(f"{kind}:gift:1")
    assert task is not None
    task.state, task.attempts, task.last_error = "dead", 8, "NotFound at gifts.py:1"
    db.session.commit()
    return task.id


def event(state: str) -> int:
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", now=moment(20), actor=ACTOR)
    row = ProviderEvent(
        endpoint_id=endpoint.id,
        provider="stripe",
        account="",
        external_id="evt_1",
        type="charge.succeeded",
        livemode=True,
        occurred_at=1,
        received_at=moment(20),
        object_kind="charge",
        object_id="ch_1",
        body=zlib.compress(b"{}"),
        body_sha256=hashlib.sha256(b"{}").digest(),
        state=state,
        reason="other account",
    )
    db.session.add(row)
    db.session.commit()
    return row.id


def test_what_failed_is_listed_with_its_reason(database: Flask, message_id: int) -> None:
    poison()
    event("quarantined")
    set_state(message_id, "unknown")
    db.session.add(
        ImportFile(
            sha256="0" * 64,
            filename="wyciag.csv",
            size=3,
            content=b"x",
            state="refused",
            uploaded_by=ACTOR,
            uploaded_at=moment(21),
            problems=[{"level": "error", "code": "x", "message": "cut off", "where": ""}],
        )
    )
    db.session.commit()
    shown = Staff(database, "admin").text("/errors")
    for words in (
        "NotFound at gifts.py:1",
        "evt_1",
        "other account",
        "anna@example.org",
        "wyciag.csv",
        "cut off",
    ):
        assert words in shown
    dashboard = Staff(database, "admin").text("/")
    assert "3 errors in the inbox" in dashboard and "1 bank file waits for you" in dashboard


def test_work_that_gave_up_is_tried_again(database: Flask) -> None:
    staff, task_id = Staff(database, "steward"), poison()
    assert staff.post(f"/errors/tasks/{task_id}/retry").status_code == 302
    let_write()
    assert db.session.get(Task, task_id).state == "planned"  # type: ignore[union-attr]
    assert staff.post(f"/errors/tasks/{task_id}/retry").status_code == 409


def test_only_admin_releases_events(database: Flask) -> None:
    """A quarantined event is released by an administrator only."""
    event_id = event("quarantined")
    assert Staff(database, "steward").post(f"/errors/events/{event_id}/release").status_code == 403
    assert Staff(database, "admin").post(f"/errors/events/{event_id}/release").status_code == 302
    let_write()
    assert db.session.get(ProviderEvent, event_id).state == "received"  # type: ignore[union-attr]


def test_an_empty_inbox_says_so(database: Flask) -> None:
    assert "Nothing failed" in Staff(database, "auditor").text("/errors")
    assert "Nothing waits" in words_of(Staff(database, "admin").get("/").text)


def test_address_is_suppressed_and_lifted_by_page(database: Flask) -> None:
    """On its page an address is suppressed with a reason, and written to again with another."""
    staff = Staff(database, "steward")
    page = "/messages/suppressions"
    answer = staff.post(page, address="anna@example.org", source="told", reason="")
    assert answer.status_code == 422
    assert staff.post(page, address="anna@example.org", source="told", reason="by phone").status_code == 302
    assert suppressions.is_suppressed("anna@example.org")
    assert "by phone" in staff.text(page) and "anna@example.org" not in staff.text(page)
    assert staff.post(f"{page}/1/lift", reason="").status_code == 422
    assert suppressions.is_suppressed("anna@example.org")
    assert staff.post(f"{page}/1/lift", reason="by letter").status_code == 302
    assert not suppressions.is_suppressed("anna@example.org")
    assert "by phone" not in staff.text(page)
