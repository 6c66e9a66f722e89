"""What becomes of a message, by what the mail server answers."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from donorhub.gateways.mailer import Refused, Smtp, TryLater, Uncertain, compose
from tests.processes import free_port
from tests.smtp import SmtpServer, smtp_server


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with smtp_server() as running:
        yield running


def letter(to: str = "anna@example.org") -> EmailMessage:
    return compose(
        sender="Fundacja <thanks@example.org>", to_name="Anna Łuk, dr", to_address=to, subject="Dziękujemy",
        body="Dzień dobry!", message_id="<1@example.org>",
    )  # fmt: skip


def test_a_message_arrives_as_it_was_written(server: SmtpServer) -> None:
    Smtp(server.url).send(letter())
    (came,) = server.wait_for(1)
    assert came["To"].addresses[0].display_name == "Anna Łuk, dr"
    assert came.get_content().strip() == "Dzień dobry!"


@pytest.mark.parametrize(
    ("where", "answer", "outcome"),
    [
        ("recipient_answer", "550 no such user", Refused),
        ("recipient_answer", "451 later", TryLater),
        ("data_answer", "554 spam", Refused),
        ("data_answer", "452 full", TryLater),
    ],
)
def test_an_answer_says_whether_to_try_again(
    server: SmtpServer, where: str, answer: str, outcome: type[Exception]
) -> None:
    setattr(server, where, answer)
    with pytest.raises(outcome):
        Smtp(server.url).send(letter())
    assert server.messages == []


def test_a_line_that_drops_after_the_text_leaves_it_uncertain(server: SmtpServer) -> None:
    server.drops_after_data = True
    with pytest.raises(Uncertain):
        Smtp(server.url).send(letter())


def test_nobody_there_is_tried_again() -> None:
    with pytest.raises(TryLater):
        Smtp(f"smtp://127.0.0.1:{free_port()}").send(letter())


def test_an_address_that_the_server_cannot_write_is_refused_and_not_uncertain() -> None:
    controller = Controller(object(), hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    controller.start()
    try:
        with pytest.raises(Refused, match="letters"):
            Smtp(f"smtp://127.0.0.1:{controller.port}").send(letter("lucja@łąka.example.org"))
    finally:
        controller.stop()
