"""A no is kept, holds at once, and is taken back with a reason; no mail promises what nobody does."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.messages import wording
from donorhub.domain.messages.letter_wording import LETTERS, Wording
from donorhub.errors import Conflict
from donorhub.models import AuditRecord, Message, Suppression
from donorhub.services.access import organisation
from donorhub.services.messages import suppressions
from tests.services.messages.test_messages import give, work

PROMISES = re.compile(r"\bSTOP\b|answer this|odpisać|përgjigjuni", re.IGNORECASE)


@pytest.mark.parametrize("text", [*wording.MAILS.values(), *LETTERS.values()])
def test_no_mail_promises_that_answers_are_read(text: Wording) -> None:
    assert PROMISES.search(text.subject + text.body) is None


@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
@pytest.mark.parametrize("contact", ["", "hello@example.org"])
def test_mail_names_the_contact_there_is(database: Flask, now: datetime, lang: str, contact: str) -> None:
    """How to stop further mail is told where the organisation has named a contact, and else nothing is."""
    organisation.get_organisation().contact = contact
    give(now, lang=lang)
    work()
    body = db.session.scalars(select(Message.body)).one()
    assert body.count("hello@example.org") == (2 if contact else 0)
    assert "STOP" not in body and ": \n" not in body and "{" not in body


def test_lifted_address_is_written_to(database: Flask, now: datetime) -> None:
    """An address is suppressed once, lifted once with a reason, and may be suppressed anew."""
    give(now)
    first, is_new = suppressions.suppress_address(
        "Lucja@Example.org ", reason="phone", now=now, actor="user:1"
    )
    _, is_new_again = suppressions.suppress_address("lucja@example.org", reason="x", now=now, actor="user:2")
    assert (is_new, is_new_again, first.reason, first.created_by) == (True, False, "phone", "user:1")
    db.session.commit()
    work()
    assert db.session.scalars(select(Message)).all() == []
    later = now + timedelta(days=1)
    for actor in ("user:1", "user:2"):
        lifted = suppressions.lift_suppression(first.id, reason="letter of 3 May", now=later, actor=actor)
    assert (lifted.lifted_by, lifted.lift_reason) == ("user:1", "letter of 3 May")
    assert not suppressions.is_suppressed("lucja@example.org")
    give(now, email="LUCJA@example.org")
    work()
    assert [message.state for message in db.session.scalars(select(Message))] == ["sent"]
    again, is_new = suppressions.suppress_address(
        "lucja@example.org", reason="again", now=later, actor="user:1"
    )
    assert (again.id, is_new, again.reason) == (first.id, True, "again")
    assert suppressions.is_suppressed("lucja@example.org")
    records = select(AuditRecord.what).where(AuditRecord.subject_type == "suppression")
    whats = db.session.scalars(records.order_by(AuditRecord.id)).all()  # else PostgreSQL gives any order
    assert whats == ["address.suppressed", "address.released", "address.suppressed"]


def test_nobody_lifts_a_complaint(database: Flask, now: datetime) -> None:
    row, _ = suppressions.suppress_address(
        "a@example.org", reason="spam button", source="complained", now=now, actor="user:1"
    )
    with pytest.raises(Conflict, match="complained"):
        suppressions.lift_suppression(row.id, reason="please", now=now, actor="user:1")
    assert db.session.scalars(select(Suppression.lifted_at)).one() is None
