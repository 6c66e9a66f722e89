"""One thank-you for the gifts of a day: it names each, and takes up what comes before it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.gateways.mailer import Smtp
from donorhub.jobs.queue.run import run_due
from donorhub.models import Donor, Fund, Gift, Message, MessageSubject, Task, Template
from donorhub.money import Money
from donorhub.services.access import users
from donorhub.services.donors import donors
from donorhub.services.giving import funds, gifts
from donorhub.services.messages import messages
from donorhub.services.reports import invariants
from tests.api.conftest import Caller
from tests.conftest import NOW
from tests.smtp import SmtpServer, smtp_server
from tests.web.bank.bank_world import Staff


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    """A mail server that the application sends to."""
    with smtp_server() as server:
        database.extensions["donorhub.mailer"] = Smtp(server.url)
        yield server
        del database.extensions["donorhub.mailer"]


def add_donor(lang: str = "pl", email: str = "ola@example.org") -> Donor:
    fields = {"given_name": "Ola", "family_name": "Lis", "email": email, "lang": lang}
    donor = donors.create_donor(fields, source="import:t", now=NOW, actor="t")  # type: ignore[arg-type]
    db.session.commit()
    return donor


def give(donor: Donor, minor: int, at: datetime, currency: str = "PLN", **more: object) -> int:
    clock.use_clock(lambda: at)
    gift, _ = gifts.record_gift(
        donor.id,
        Money(minor, currency),
        received_on=date(2026, 11, 20),
        source="t",
        source_ref=f"{donor.id}-{minor}-{at}",
        now=at,
        actor="t",
        **more,  # type: ignore[arg-type]
    )
    db.session.commit()
    return gift.id


def work(at: datetime) -> None:
    clock.use_clock(lambda: at)
    while run_due():
        pass
    db.session.rollback()


def read_messages() -> list[Message]:
    query = select(Message).order_by(Message.id).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def list_thanked(message: Message) -> list[int]:
    query = (
        select(MessageSubject.subject_id).filter_by(message_id=message.id).order_by(MessageSubject.subject_id)
    )
    return list(db.session.scalars(query))


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


@pytest.mark.parametrize(
    ("lang", "subject", "first_line"),
    [
        ("pl", "Dziękujemy za darowizny w kwocie 180,50 zł", "- 50,00 zł, 20 listopada 2026 r."),
        ("en", "Thank you for your gifts of PLN 180.50", "- PLN 50.00, 20 November 2026"),
        ("sq", "Faleminderit për donacionet prej 180,50 PLN", "- 50,00 PLN, 20 nëntor 2026"),
    ],
)
def test_four_gifts_make_one_mail(mail: SmtpServer, lang: str, subject: str, first_line: str) -> None:
    """Four gifts within ten minutes are thanked for in one mail, with their sum and list."""
    donor = add_donor(lang)
    fund = funds.create_purpose(Fund, {"code": "S", "name": "Szkoła"}, now=NOW, actor="t")
    db.session.flush()
    ids = [
        give(donor, 5000, minutes(0)),
        give(donor, 10000, minutes(1), fund_ids={fund.id: 10000}),
        give(donor, 2000, minutes(1.5)),
        give(donor, 1050, minutes(1.9)),
    ]
    work(minutes(2.5))
    work(minutes(30))
    (letter,) = mail.wait_for(1)
    text = letter.get_body(("plain",)).get_content().replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n")
    assert letter["Subject"].replace("\N{NO-BREAK SPACE}", " ") == subject
    assert first_line in text and text.count("\n- ") == 4
    assert ": Szkoła" in text and text.count("Szkoła") == 1
    (message,) = read_messages()
    assert (list_thanked(message), message.state, message.category) == (ids, "sent", "thanks")
    outcomes = db.session.scalars(select(Task.outcome).filter_by(kind="thank_you").order_by(Task.id)).all()
    assert outcomes == ["planned", "joined", "joined", "joined"]


def test_late_gift_joins_what_waits(mail: SmtpServer) -> None:
    """A second gift joins the thank-you that could not leave yet, which stays one message with one key."""
    donor = add_donor()
    first = give(donor, 5000, minutes(0))
    mail.recipient_answer = "451 later"
    work(minutes(3))
    (message,) = read_messages()
    assert (message.state, "50,00" in message.subject) == ("failed", True)
    key = message.message_id
    second = give(donor, 700, minutes(4), currency="EUR")
    donors.change_donor(donors.get_donor(donor.id), {"email": "new@example.org"}, now=minutes(5), actor="t")
    db.session.commit()
    work(minutes(7))
    mail.recipient_answer = "250 OK"
    work(minutes(600))
    (letter,) = mail.wait_for(1)
    assert mail.recipients == [["new@example.org"]]
    assert "50,00 zł + 7,00 EUR" in letter["Subject"].replace("\N{NO-BREAK SPACE}", " ")
    (message,) = read_messages()
    assert (message.message_id, letter["Message-ID"]) == (key, key)
    assert list_thanked(message) == [first, second]


def test_gift_after_the_mail_waits_for_morning(mail: SmtpServer) -> None:
    """What comes after the thank-you has left is thanked for by one of its own, the next morning, with all
    that came until then; never two a day."""
    donor = add_donor()
    first = give(donor, 5000, minutes(0))
    work(minutes(3))
    mail.wait_for(1)
    second = give(donor, 600, minutes(60))
    work(minutes(63))
    third = give(donor, 700, minutes(600))
    for hours in (11, 14, 20):  # eight in the evening, one and seven o'clock at night in Warsaw
        work(NOW + timedelta(hours=hours))
    assert len(mail.messages) == 1
    sent, waiting = read_messages()
    assert (list_thanked(sent), list_thanked(waiting), waiting.state) == ([first], [second, third], "planned")
    sending = db.session.scalars(select(Task).filter_by(kind="send_message", subject_id=waiting.id)).one()
    assert sending.due_at == datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    work(datetime(2026, 11, 23, 7, 1, tzinfo=UTC))
    letters = mail.wait_for(2)
    assert "13,00" in letters[1]["Subject"]
    give(donor, 800, datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    work(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    assert len(mail.messages) == 2
    work(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    assert len(mail.wait_for(3)) == 3
    assert {name: said for name, said in invariants.check_all(now=clock.now()).items() if said} == {}


def test_gift_taken_out_leaves_the_mail(mail: SmtpServer) -> None:
    """A gift that is taken out before the mail leaves is named no more; with none left nothing leaves."""
    donor = add_donor()
    ids = [give(donor, minor, minutes(0)) for minor in (5000, 600, 70)]
    mail.recipient_answer = "451 later"
    work(minutes(3))
    mail.recipient_answer = "250 OK"
    gifts.correct_gift(ids[0], reason="twice", source_ref="c0", now=minutes(4), actor="t")
    db.session.commit()
    work(minutes(600))
    (letter,) = mail.wait_for(1)
    text = letter.get_body(("plain",)).get_content().replace("\N{NO-BREAK SPACE}", " ")
    assert "6,70 zł" in letter["Subject"].replace("\N{NO-BREAK SPACE}", " ") and "50,00" not in text
    assert list_thanked(read_messages()[0]) == ids[1:]


def test_mail_without_a_gift_left_stays(mail: SmtpServer) -> None:
    donor = add_donor()
    ids = [give(donor, minor, minutes(0)) for minor in (5000, 600)]
    mail.recipient_answer = "451 later"
    work(minutes(3))
    mail.recipient_answer = "250 OK"
    for id_ in ids:
        gifts.correct_gift(id_, reason="twice", source_ref=str(id_), now=minutes(4), actor="t")
    db.session.commit()
    work(minutes(600))
    assert mail.messages == []
    assert [message.state for message in read_messages()] == ["suppressed"]


def test_given_up_mail_takes_no_gift_with_it(mail: SmtpServer) -> None:
    """A gift does not join a thank-you that the server refused for good: it would never be thanked for."""
    donor = add_donor()
    give(donor, 5000, minutes(0))
    mail.recipient_answer = "550 no such user"
    work(minutes(3))
    mail.recipient_answer = "250 OK"
    second = give(donor, 600, minutes(60))
    work(minutes(63))
    first_message, second_message = read_messages()
    assert (first_message.state, second_message.state) == ("failed", "sent")
    assert list_thanked(second_message) == [second]
    messages.decide_uncertain_message(first_message.id, was_received=False, now=minutes(70), actor="user:1")
    db.session.commit()
    work(minutes(71))
    assert [message.state for message in read_messages()] == ["sent", "sent"]  # a person wanted it


def test_merged_donors_get_one_mail(mail: SmtpServer) -> None:
    """Two rows of one person, merged before the mail leaves, are thanked once; two people, each."""
    donor, twin, other = add_donor(), add_donor(email="o.lis@example.org"), add_donor(email="jan@example.org")
    for one in (donor, twin, other):
        give(one, 5000, minutes(0))
    donors.get_donor(twin.id).merged_into_id = donor.id
    db.session.commit()
    work(minutes(3))
    assert sorted(mail.recipients) == [["jan@example.org"], ["ola@example.org"]]
    assert sorted(len(list_thanked(message)) for message in read_messages()) == [1, 2]


def test_own_wording_names_sum_and_days(mail: SmtpServer) -> None:
    """A wording of the organisation that knows no list says the sum and the days of several gifts."""
    donor = add_donor("en")
    give(donor, 5000, minutes(0))
    gift = db.session.get_one(Gift, give(donor, 600, minutes(0)))
    gift.received_on = date(2026, 11, 21)
    db.session.add(
        Template(
            kind="thank_you",
            lang="en",
            version=1,
            subject="Thanks",
            body="{{ amount }} on {{ received_on }}",
            created_by="user:1",
            created_at=NOW,
        )
    )
    db.session.commit()
    work(minutes(3))
    (letter,) = mail.wait_for(1)
    assert "PLN 56.00 on 20 November 2026, 21 November 2026" in letter.get_body(("plain",)).get_content()


def test_page_and_api_name_the_gifts(database: Flask) -> None:
    """The message says which gifts it speaks of and when it leaves, and each gift leads to it."""
    donor = add_donor()
    first = give(donor, 5000, minutes(0))
    work(minutes(3))
    later = [give(donor, minor, minutes(60)) for minor in (600, 700)]
    work(minutes(63))
    _sent, waiting = read_messages()
    staff = Staff(database, "admin")
    shown = staff.text(f"/messages/{waiting.id}")
    assert "Thanks for PLN 6.00, 20 Nov 2026 · PLN 7.00, 20 Nov 2026" in shown
    assert "It leaves on 23 Nov 2026, 08:00, with what comes until then." in shown
    for gift_id in later:
        assert f"/messages/{waiting.id}" in staff.get(f"/gifts/{gift_id}").text
    _row, token = users.create_token("t", ("messages:read",), now=clock.now(), actor="t")
    db.session.commit()
    api = Caller(database, token)
    assert api.get(f"/messages/{waiting.id}/gifts").get_json() == {"gift_ids": later}
    assert api.get(f"/messages/{_sent.id}/gifts").get_json() == {"gift_ids": [first]}
