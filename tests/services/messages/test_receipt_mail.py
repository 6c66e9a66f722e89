"""A receipt goes to its donor by e-mail: the stored PDF, once, and to nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.gateways.mailer import Smtp
from donorhub.jobs.queue.run import run_due
from donorhub.models import Donor, Message, MessageAttachment, Receipt, ReceiptPdf, Task
from donorhub.models.states import SuppressionSource
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.messages import receipt_mail, suppressions
from donorhub.services.receipts import receipts
from tests.smtp import SmtpServer, smtp_server

PDF = b"%PDF-1.7 of Anna"


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    """A mail server that the application sends to."""
    with smtp_server() as server:
        database.extensions["donorhub.mailer"] = Smtp(server.url)
        yield server
        del database.extensions["donorhub.mailer"]


def issue(now: datetime, *, email: str = "anna@example.org", pdf: bytes | None = PDF) -> Receipt:
    """A receipt of a donor, with a PDF that no program drew."""
    organisation.get_organisation().jurisdiction = "XX"
    fields = {"given_name": "Anna", "family_name": "Żółć", "email": email, "lang": "pl"}
    donor = donors.create_donor(fields, source="import:t", now=now, actor="t")
    gift, _ = gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=now.date(),
        source="t",
        source_ref=email,
        now=now,
        actor="t",
        thank=False,
    )
    receipt = receipts.issue_receipt([gift.id], today=now.date(), now=now, actor="t")
    if pdf is not None:
        receipts.keep_pdf(receipt, "issued", pdf, hashlib.sha256(pdf).hexdigest())
    db.session.execute(Task.__table__.delete().where(Task.kind == "render_receipt"))
    db.session.commit()
    return receipt


def send(receipt: Receipt, now: datetime) -> tuple[Message, bool]:
    sent = receipt_mail.send_receipt(receipt.id, now=now, actor="user:1", domain="example.org")
    db.session.commit()
    return sent


def work() -> None:
    while run_due():
        pass
    db.session.rollback()


def only() -> Message:
    return db.session.scalars(select(Message).execution_options(populate_existing=True)).one()


def test_receipt_arrives_with_its_pdf(mail: SmtpServer, now: datetime) -> None:
    """The stored PDF reaches the donor in their language, with a row that says what left."""
    send(issue(now), now)
    work()
    (letter,) = mail.wait_for(1)
    assert mail.recipients == [["anna@example.org"]]
    assert letter["Subject"] == "Potwierdzenie R/2026/000001"
    (file,) = letter.iter_attachments()
    assert file.get_content() == PDF
    assert (file.get_filename(), file.get_content_type()) == ("R-2026-000001.pdf", "application/pdf")
    for kind in ("plain", "html"):
        assert "R/2026/000001 z dnia 22 listopada 2026" in letter.get_body((kind,)).get_content()
    row = db.session.scalars(select(MessageAttachment)).one()
    assert (row.sha256, row.size, row.receipt_id) == (hashlib.sha256(PDF).hexdigest(), len(PDF), 1)
    assert only().state == "sent"


def test_receipt_sent_twice_arrives_once(mail: SmtpServer, now: datetime) -> None:
    receipt = issue(now)
    first, is_new = send(receipt, now)
    work()
    second, is_new_again = send(receipt, now + timedelta(days=3))
    work()
    assert (is_new, is_new_again, second.id) == (True, False, first.id)
    assert len(mail.messages) == 1
    assert len(db.session.scalars(select(MessageAttachment)).all()) == 1


def test_receipt_without_pdf_waits_for_it(mail: SmtpServer, now: datetime) -> None:
    """A mail whose PDF is not made yet waits, and leaves when it is there."""
    receipt = issue(now, pdf=None)
    send(receipt, now)
    work()
    assert (mail.messages, only().state) == ([], "planned")
    receipts.keep_pdf(receipts.get_receipt(receipt.id), "issued", PDF, hashlib.sha256(PDF).hexdigest())
    db.session.commit()
    clock.use_clock(lambda: now + timedelta(minutes=2))
    work()
    assert (len(mail.wait_for(1)), only().state) == (1, "sent")


def test_voided_receipt_does_not_leave(mail: SmtpServer, now: datetime) -> None:
    """A receipt that was voided after its mail was planned stays, and a void one is not planned."""
    receipt = issue(now)
    send(receipt, now)
    receipts.void_receipt(receipt.id, reason="wrong", now=now, actor="t")
    db.session.commit()
    db.session.execute(Task.__table__.delete().where(Task.kind == "render_receipt"))
    db.session.commit()
    work()
    assert mail.messages == []
    assert (only().state, only().suppressed_reason) == ("suppressed", "receipt_void")
    with pytest.raises(Conflict, match="is void"):
        receipt_mail.send_receipt(receipt.id, now=now, actor="t", domain="x")


def test_changed_pdf_does_not_leave(mail: SmtpServer, now: datetime) -> None:
    """A PDF that is not the one that was made is sent to nobody, and the error inbox says so."""
    send(issue(now), now)
    db.session.scalars(select(ReceiptPdf)).one().content = b"%PDF of somebody else"
    db.session.commit()
    work()
    assert (mail.messages, only().state) == ([], "planned")
    assert "was changed" in db.session.scalars(select(Task).filter_by(kind="send_message")).one().last_error


def test_nobody_gets_receipt_of_another(mail: SmtpServer, now: datetime) -> None:
    """An attachment that is not of the donor whom the message goes to stops it."""
    send(issue(now), now)
    other = issue(now, email="besa@example.org", pdf=b"%PDF of Besa")
    db.session.scalars(select(MessageAttachment)).one().receipt_id = other.id
    db.session.commit()
    work()
    assert mail.messages == []


def test_receipt_follows_a_merged_donor(mail: SmtpServer, now: datetime) -> None:
    """Of a donor who was merged into another the receipt goes to the other."""
    receipt = issue(now)
    better = donors.create_donor(
        {"name": "Anna", "email": "new@example.org"}, source="import:t", now=now, actor="t"
    )
    donors.get_donor(receipt.donor_id).merged_into_id = better.id
    db.session.commit()
    send(receipt, now)
    work()
    mail.wait_for(1)
    assert mail.recipients == [["new@example.org"]]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"email": ""}, "no_address"),
        ({"is_deceased": True}, "deceased"),
    ],
)
def test_unreachable_donor_is_refused(database: Flask, now: datetime, fields: dict, reason: str) -> None:  # type: ignore[type-arg]
    receipt = issue(now)
    donors.change_donor(db.session.get_one(Donor, receipt.donor_id), fields, now=now, actor="t")
    db.session.commit()
    with pytest.raises(Rejected) as refused:
        receipt_mail.send_receipt(receipt.id, now=now, actor="t", domain="x")
    assert (refused.value.specific_code, refused.value.facts["state"]) == ("donor_unreachable", reason)
    assert db.session.scalars(select(Message)).all() == []


def test_no_contact_never_stops_receipt(mail: SmtpServer, now: datetime) -> None:
    """A donor who wants no contact gets the receipt that a person sends, whenever the no was said."""
    receipt, other = issue(now), issue(now, email="besa@example.org")
    refuse_contact(receipt, now)
    send(receipt, now)
    send(other, now)
    refuse_contact(other, now)
    work()
    mail.wait_for(2)
    assert sorted(mail.recipients) == [["anna@example.org"], ["besa@example.org"]]


def refuse_contact(receipt: Receipt, now: datetime) -> None:
    donor = db.session.get_one(Donor, receipt.donor_id)
    donors.change_donor(donor, {"do_not_contact": True}, now=now, actor="t")
    db.session.commit()


@pytest.mark.parametrize("source", ["told", "bounced", "complained"])
def test_suppressed_address_gets_no_receipt(
    mail: SmtpServer, now: datetime, source: SuppressionSource
) -> None:
    """An address that is suppressed gets none, neither planned before nor asked for after."""
    receipt = issue(now)
    send(receipt, now)
    suppressions.suppress_address("anna@example.org", reason="x", source=source, now=now, actor="user:1")
    db.session.commit()
    work()
    assert (mail.messages, only().suppressed_reason) == ([], "suppressed")
    other = issue(now, email="ANNA@example.org")
    with pytest.raises(Rejected) as refused:
        receipt_mail.send_receipt(other.id, now=now, actor="t", domain="x")
    assert refused.value.facts["state"] == "suppressed"
