"""What becomes of a message, by what the mail server answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from donorhub.gateways.mailer import MessageRefused, Smtp, TryLater, Uncertain, compose_message
from tests.processes import free_port
from tests.smtp import SmtpServer, smtp_server


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with smtp_server() as running:
        yield running


AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def letter(
    to: str = "anna@example.org", name: str = "Anna Łuk, dr", body: str = "Dzień dobry!"
) -> EmailMessage:
    return compose_message(
        sender="Fundacja <thanks@example.org>",
        to_name=name,
        to_address=to,
        subject="Dziękujemy",
        body=body,
        message_id="<1@example.org>",
        at=AT,
    )


def test_a_message_arrives_as_it_was_written(server: SmtpServer) -> None:
    Smtp(server.url).send_message(letter())
    (came,) = server.wait_for(1)
    assert came["To"].addresses[0].display_name == "Anna Łuk, dr"
    assert came.get_content().strip() == "Dzień dobry!"
    assert came["Date"].datetime == AT  # RFC 5322, 3.6: every message has one
    assert came["Content-Transfer-Encoding"] == "quoted-printable"  # no server is asked for 8BITMIME


def test_full_stops_arrive_as_written(server: SmtpServer) -> None:
    """Lines that begin with full stops arrive as they were written, although SMTP ends a text with one."""
    body = "one\n.\n..two\n.three\n"
    Smtp(server.url).send_message(letter(body=body))
    (came,) = server.wait_for(1)
    assert came.get_content().splitlines() == body.splitlines()


@pytest.mark.parametrize("name", ["a@evil.example, b@evil.example", 'x" <evil@example.org>, "', "a\\", "; y"])
def test_envelope_has_exactly_one_address(server: SmtpServer, name: str) -> None:
    """Whatever a donor is called, the envelope has exactly one address, so no name sends mail to others."""
    Smtp(server.url).send_message(letter(name=name))
    (came,) = server.wait_for(1)
    assert server.recipients == [["anna@example.org"]]
    assert came["To"].addresses[0].display_name == name


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@x.pl", "a@", "a@x..pl", "a@x.pl.", "(a)@x.pl", "a@[1.2", "a@x.pl, b@x.pl", "a\r\n@x.pl"],
)
def test_what_is_no_address_is_a_value_error(address: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the parser says it in many ways
        letter(address)


@pytest.mark.parametrize(
    ("where", "answer", "outcome"),
    [
        ("recipient_answer", "550 no such user", MessageRefused),
        ("recipient_answer", "451 later", TryLater),
        ("data_answer", "554 spam", MessageRefused),
        ("data_answer", "452 full", TryLater),
    ],
)
def test_an_answer_says_whether_to_try_again(
    server: SmtpServer, where: str, answer: str, outcome: type[Exception]
) -> None:
    setattr(server, where, answer)
    with pytest.raises(outcome):
        Smtp(server.url).send_message(letter())
    assert server.messages == []


def test_drop_after_text_is_uncertain(server: SmtpServer) -> None:
    """A connection that drops after the text leaves it uncertain whether the mail was taken."""
    server.drops_after_data = True
    with pytest.raises(Uncertain):
        Smtp(server.url).send_message(letter())


def test_unclear_answer_is_uncertain(server: SmtpServer) -> None:
    """An answer to the text that is neither yes nor no leaves it uncertain whether the mail was taken."""
    server.data_answer = "so be it"
    with pytest.raises(Uncertain, match="no answer that can be understood"):
        Smtp(server.url).send_message(letter())


def test_drop_before_text_is_retried(server: SmtpServer) -> None:
    """A connection that drops before the text is tried again, since nothing was sent."""
    server.drops_at_recipient = True
    with pytest.raises(TryLater, match="hung up"):
        Smtp(server.url).send_message(letter())
    server.drops_at_recipient = False
    Smtp(server.url).send_message(letter())
    assert len(server.wait_for(1)) == 1


def test_nobody_there_is_tried_again() -> None:
    with pytest.raises(TryLater):
        Smtp(f"smtp://127.0.0.1:{free_port()}").send_message(letter())


def test_unwritable_address_is_refused() -> None:
    """An address that the server cannot write is refused and not uncertain."""
    controller = Controller(object(), hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    controller.start()
    try:
        with pytest.raises(MessageRefused, match="letters"):
            Smtp(f"smtp://127.0.0.1:{controller.port}").send_message(letter("lucja@łąka.example.org"))
    finally:
        controller.stop()
