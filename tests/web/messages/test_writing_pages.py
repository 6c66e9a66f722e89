"""Writing to one donor: an e-mail or a letter, previewed, through the gate; and thanks by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from donorhub.db import db
from donorhub.gateways.mailer import Smtp
from donorhub.models import AuditRecord, Donor, Interaction, Message, Task
from donorhub.services.donors import donors
from tests.conftest import NOW
from tests.contents import read_contents
from tests.receipts.reading import text as text_of_pdf
from tests.services.messages.test_one_thank_you import give, minutes, work
from tests.smtp import SmtpServer, smtp_server
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, key_in

WORDS = {
    "kind": "personal",
    "category": "transactional",
    "subject": "Pytanie o psa",
    "text": "Pies *Reks* ma się dobrze.",
}


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    with smtp_server() as server:
        database.extensions["donorhub.mailer"] = Smtp(server.url)
        yield server
        del database.extensions["donorhub.mailer"]


def received(mail: SmtpServer) -> list[EmailMessage]:
    """What came to the donor; the staff have mail of their own."""
    return [letter for letter in mail.messages if letter["To"].addresses[0].username == "anna"]


def write(staff: Staff, donor_id: int, act: str = "write", **fields: object) -> TestResponse:
    """Preview what is written, and write what was shown."""
    path = f"/donors/{donor_id}/write"
    form: dict[str, object] = {"key": key_in(staff.get(path).text), "channel": "email", **WORDS, **fields}
    shown = staff.post(path, act="preview", **form)
    if act == "preview" or shown.status_code != 200:
        return shown
    digest = re.search(r'name="digest" value="([^"]+)"', shown.text)
    assert digest
    first = staff.post(path, act="write", digest=digest[1], **form)
    again = staff.post(path, act="write", digest=digest[1], **form)
    if first.status_code == 302:
        assert again.headers["Location"] == first.headers["Location"]
    return first


def test_mail_is_shown_then_sent_once(database: Flask, mail: SmtpServer) -> None:
    """Own words leave by the outbox, once, with greeting and end around them."""
    donor_id = add_donor(email="anna@example.org").id
    staff = Staff(database, "fundraiser")
    assert write(staff, donor_id).status_code == 302
    let_write()
    work(minutes(3))
    (letter,) = received(mail)
    text = letter.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text.startswith("Szanowna Pani Anno,\n\nPies *Reks* ma się dobrze.\n")
    assert "Piszemy do osób i instytucji z naszej bazy darczyńców." in text
    message = db.session.scalars(select(Message).where(Message.donor_id == donor_id)).one()
    assert (message.template, message.category) == ("personal@shipped-5", "transactional")


def test_letter_is_printed_and_posted(database: Flask) -> None:
    """A letter is kept, printed with the address in its window, and said to be posted."""
    donor_id = add_donor().id
    staff = Staff(database, "fundraiser")
    place = write(staff, donor_id, channel="post").headers["Location"]
    printed = text_of_pdf(staff.get(f"{place}/letter.pdf").data)
    for words in (
        "Anna Kowalska ul. Lipowa 3 90-001 Łódź",
        "Szanowna Pani Anno,",
        "Pies Reks ma się dobrze.",
    ):
        assert words in printed
    assert "waits to be sent" in staff.text(place)
    for _ in range(2):
        assert staff.post(f"{place}/posted").status_code == 302
    let_write()
    message = db.session.scalars(select(Message)).one()
    assert (message.channel, message.state, message.sent_at is not None) == ("post", "sent", True)
    assert not db.session.scalars(select(Task.id).where(Task.kind == "send_message")).all()
    assert "Pytanie o psa" in staff.text(f"/donors/{donor_id}?show=messages")


def test_preview_writes_nothing(database: Flask) -> None:
    donor_id = add_donor(email="anna@example.org").id
    staff = Staff(database, "fundraiser")
    let_write()
    before = read_contents()
    assert "Szanowna Pani Anno," in words_of(write(staff, donor_id, "preview").text)
    path = f"/donors/{donor_id}/write"
    unseen = staff.post(path, act="write", channel="email", key="k" * 20, **WORDS)
    assert unseen.status_code == 422
    let_write()
    assert read_contents() == before


def test_what_changed_since_is_shown_anew(database: Flask) -> None:
    """Where the donor's name has changed since the preview, nothing is sent and the new text is shown."""
    donor_id = add_donor(email="anna@example.org").id
    staff = Staff(database, "fundraiser")
    path = f"/donors/{donor_id}/write"
    form = {"key": key_in(staff.get(path).text), "channel": "email", **WORDS}
    digest = re.search(r'name="digest" value="([^"]+)"', staff.post(path, act="preview", **form).text)
    assert digest
    let_write()
    donors.change_donor(db.session.get_one(Donor, donor_id), {"given_name": "Ewa"}, now=NOW, actor="t")
    db.session.commit()
    answer = staff.post(path, act="write", digest=digest[1], **form)
    assert answer.status_code == 422 and "Szanowna Pani Ewo," in words_of(answer.text)
    let_write()
    assert db.session.scalars(select(Message)).all() == []


@pytest.mark.parametrize(
    ("fields", "wish", "reason"),
    [
        ({"is_deceased": True}, {}, "the donor has died"),
        ({"street": "", "postcode": ""}, {"channel": "post"}, "there is no whole address"),
        ({}, {"category": "appeal"}, "there is no consent"),
    ],
)
def test_gate_says_why_not(
    database: Flask, fields: dict[str, object], wish: dict[str, object], reason: str
) -> None:
    """Who may not be written to is not, the preview says why, and a form sent all the same writes nothing."""
    donor_id = add_donor(email="anna@example.org", **fields).id
    staff = Staff(database, "fundraiser")
    shown = write(staff, donor_id, "preview", **wish)
    assert f"It may not be sent: {reason}" in words_of(shown.text) and 'value="write"' not in shown.text
    digest = re.search(r'name="digest" value="([^"]+)"', shown.text)
    assert digest
    form = {"key": "k" * 20, "channel": "email", **WORDS, **wish}
    answer = staff.post(f"/donors/{donor_id}/write", act="write", digest=digest[1], **form)
    assert answer.status_code == 422
    let_write()
    assert db.session.scalars(select(Message)).all() == []


def test_letter_of_thanks_stops_the_mail(database: Flask, mail: SmtpServer) -> None:
    """Who is thanked by letter is not thanked by mail for the same gift, but for the next one."""
    donor = add_donor(email="anna@example.org")
    first, donor_id = give(donor, 5000, minutes(0)), donor.id
    staff = Staff(database, "fundraiser")
    place = write(staff, donor_id, channel="post", kind="thank_you", gift_ids=first).headers["Location"]
    assert "50,00 zł" in text_of_pdf(staff.get(f"{place}/letter.pdf").data)
    let_write()
    work(minutes(20))
    assert received(mail) == []
    give(db.session.get_one(Donor, donor_id), 700, minutes(60 * 24))
    work(minutes(60 * 24 + 20))
    (letter,) = received(mail)
    assert (
        "7,00 zł" in letter.get_body(("plain",)).get_content()
        and "50,00" not in letter.get_body(("plain",)).get_content()
    )


def test_call_of_thanks_stops_what_waits(database: Flask, mail: SmtpServer) -> None:
    """A thank-you that waits to leave speaks no more of a gift that was thanked for on the phone."""
    donor = add_donor(email="anna@example.org")
    donor_id = donor.id
    give(donor, 100, minutes(0))
    work(minutes(20))  # leaves at once; those of the same day wait for the morning
    one, two = (give(db.session.get_one(Donor, donor_id), minor, minutes(60)) for minor in (5000, 700))
    work(minutes(80))
    staff = Staff(database, "fundraiser")
    for gift_id in (one, two):
        key = key_in(staff.get(f"/donors/{donor_id}/write").text)
        for _ in range(2):
            answer = staff.post(f"/donors/{donor_id}/thanked", key=key, gift_ids=gift_id, said="")
            assert answer.status_code == 302
        let_write()
        waiting = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert waiting is not None
        if gift_id == one:
            assert "7,00 zł" in waiting.body and "50,00" not in waiting.body
    assert (waiting.state, waiting.suppressed_reason) == ("suppressed", "already_sent")
    work(minutes(60 * 24))
    assert len(received(mail)) == 1
    calls = db.session.scalars(select(Interaction)).all()
    assert [(call.kind, call.text) for call in calls] == [("call", "Thanked on the phone.")] * 2


def test_call_of_thanks_is_noted_once(database: Flask) -> None:
    """A gift is thanked for on the phone once, from a page that was loaded anew too."""
    donor = add_donor(email="anna@example.org")
    donor_id, one = donor.id, give(donor, 5000, minutes(0))
    two = give(db.session.get_one(Donor, donor_id), 700, minutes(0))
    staff = Staff(database, "fundraiser")

    def note(*gift_ids: int) -> None:
        key = key_in(staff.get(f"/donors/{donor_id}/write").text)
        answer = staff.post(f"/donors/{donor_id}/thanked", key=key, gift_ids=list(gift_ids), said="")
        assert answer.status_code == 302
        let_write()

    note(one)
    before = _read_calls()
    assert before == [[one]]
    note(one)
    assert _read_calls() == before and "It was so already." in staff.text(f"/donors/{donor_id}")
    note(one, two)
    assert _read_calls() == [[one], [two]]


def _read_calls() -> list[list[int]]:
    """Of each call, the gifts that the audit says it thanked for."""
    calls = db.session.scalars(select(Interaction.id).order_by(Interaction.id)).all()
    query = select(AuditRecord).where(AuditRecord.what == "gift.thanked_by_hand").order_by(AuditRecord.id)
    records = db.session.scalars(query).all()
    return [
        [record.subject_id for record in records if record.data["interaction_id"] == call] for call in calls
    ]


def test_waiting_letter_stands_against_other_thanks(database: Flask) -> None:
    """While a letter of thanks waits to be posted, its gift is thanked for by no call and no other letter."""
    donor = add_donor(email="anna@example.org")
    donor_id, gift_id = donor.id, give(donor, 5000, minutes(0))
    staff = Staff(database, "fundraiser")
    thanks = {"channel": "post", "kind": "thank_you", "gift_ids": gift_id}
    place = write(staff, donor_id, **thanks).headers["Location"]

    def note() -> TestResponse:
        key = key_in(staff.get(f"/donors/{donor_id}/write").text)
        return staff.post(f"/donors/{donor_id}/thanked", key=key, gift_ids=gift_id, said="")

    let_write()
    before = read_contents()
    for refuse in (note, lambda: write(staff, donor_id, **thanks)):
        answer = refuse()
        assert answer.status_code == 422
        assert "A letter of thanks for one of these gifts waits to be posted" in words_of(answer.text)
        let_write()
        assert read_contents() == before
    assert staff.post(f"{place}/discard").status_code == 302
    assert note().status_code == 302


def test_gift_of_another_is_refused(database: Flask) -> None:
    donor_id, other = add_donor(email="anna@example.org").id, add_donor("Ewa Lis", email="e@example.org")
    gift_id = give(other, 5000, minutes(0))
    staff = Staff(database, "fundraiser")
    let_write()
    before = read_contents()
    answer = write(staff, donor_id, channel="post", kind="thank_you", gift_ids=gift_id)
    assert answer.status_code == 422
    key = key_in(staff.get(f"/donors/{donor_id}/write").text)
    assert staff.post(f"/donors/{donor_id}/thanked", key=key, gift_ids=gift_id).status_code == 422
    let_write()
    assert read_contents() == before


def test_discarded_letter_is_not_posted(database: Flask) -> None:
    staff = Staff(database, "fundraiser")
    place = write(staff, add_donor().id, channel="post").headers["Location"]
    assert staff.post(f"{place}/discard").status_code == 302
    assert "somebody decided against it" in staff.text(place)
    assert staff.post(f"{place}/posted").status_code in (409, 422)
