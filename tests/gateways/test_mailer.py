"""What becomes of a message, by what the mail server answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from donorhub.gateways.mailer import (
    UNWRITABLE,
    File,
    MessageRefused,
    Page,
    Smtp,
    TryLater,
    Uncertain,
    compose_message,
)
from donorhub.web.words import codes
from tests.processes import free_port
from tests.smtp import SmtpServer, smtp_server


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with smtp_server() as running:
        yield running


LOGO = File("logo.png", "image/png", b"\x89PNG\r\n\x1a\n and more")
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


@contextmanager
def plain_server() -> Iterator[SmtpServer]:
    """A server that knows nothing of letters beyond ASCII in addresses, as many do."""
    with smtp_server(knows_all_letters=False) as running:
        yield running


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("anna@żółć.pl", "anna@xn--kda4b0koi.pl"),
        ("anna@straße.de", "anna@xn--strae-oqa.de"),  # not strasse.de, which is somebody else's
        ("anna@posta.shqipëri.al", "anna@posta.xn--shqipri-vya.al"),
        ("anna@ŻÓŁĆ.pl", "anna@xn--kda4b0koi.pl"),
    ],
)
def test_domain_in_own_letters_is_written_to(address: str, written: str) -> None:
    """A domain in letters of its own is written to through any server, by the name that servers know."""
    with plain_server() as server:
        Smtp(server.url).send_message(letter(address))
        (came,) = server.wait_for(1)
        assert server.recipients == [[written]]
        assert came["To"].addresses[0].addr_spec == written
        assert came["To"].addresses[0].display_name == "Anna Łuk, dr"


def test_letters_before_the_at_are_written(server: SmtpServer) -> None:
    """Letters before the @ are written where the server knows them, beside a domain that it knows too."""
    Smtp(server.url).send_message(letter("łucja@żółć.pl"))
    (came,) = server.wait_for(1)
    assert server.recipients == [["łucja@xn--kda4b0koi.pl"]]
    header = str(came["To"].addresses[0].addr_spec)  # Python reads its letters as single bytes
    assert header.encode("utf-8", "surrogateescape").decode() == "łucja@xn--kda4b0koi.pl"
    assert came.get_content().strip() == "Dzień dobry!"


def test_unwritable_letters_are_refused_for_good() -> None:
    """Letters before the @ that the server cannot write are refused with a sentence, and never uncertain."""
    with plain_server() as server:
        with pytest.raises(MessageRefused) as refusal:
            Smtp(server.url).send_message(letter("łucja@example.org"))
        assert str(refusal.value) == UNWRITABLE
        assert UNWRITABLE in codes.ENDS  # in the reader's language
        assert server.messages == []


def test_sender_may_have_a_domain_of_own_letters() -> None:
    """Our own address may lie in such a domain too."""
    message = compose_message(
        sender="Fundacja Żółć <dary@żółć.pl>",
        to_name="Anna",
        to_address="anna@example.org",
        subject="x",
        body="x",
        message_id="<1@example.org>",
        at=AT,
    )
    with plain_server() as server:
        Smtp(server.url).send_message(message)
        (came,) = server.wait_for(1)
        assert came["From"].addresses[0].addr_spec == "dary@xn--kda4b0koi.pl"


@pytest.mark.parametrize("address", ["a@ł..pl", "a@-ł.pl", "a@ł", "a@" + "ł" * 70 + ".pl", "@ł.pl"])
def test_impossible_domain_is_a_value_error(address: str) -> None:
    """What can be no domain is no address, as before."""
    with pytest.raises(ValueError, match="no e-mail address"):
        letter(address)


def test_page_goes_beside_the_plain_text(server: SmtpServer) -> None:
    """The plain text comes first, the page with its picture beside it, and the file after both."""
    page = Page('<p>Dzień dobry! <img src="cid:logo@example.org"></p>', {"logo@example.org": LOGO})
    message = compose_message(
        sender="thanks@example.org",
        to_name="Çelë Żółć",
        to_address="anna@example.org",
        subject="Përshëndetje, Łucjo",
        body="Dzień dobry!",
        message_id="<1@example.org>",
        at=AT,
        page=page,
        files=[File("R-1.pdf", "application/pdf", b"%PDF-1.7")],
    )
    Smtp(server.url).send_message(message)
    (came,) = server.wait_for(1)
    assert [part.get_content_type() for part in came.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    plain, html = (came.get_body((kind,)) for kind in ("plain", "html"))
    assert plain.get_content().strip() == "Dzień dobry!"
    assert html.get_content().strip() == page.html
    assert plain.get_content_charset() == html.get_content_charset() == "utf-8"
    (picture,) = [part for part in came.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<logo@example.org>", "inline")
    assert picture.get_content() == LOGO.content
    (file,) = came.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("R-1.pdf", b"%PDF-1.7")
    assert came.as_bytes().isascii()  # seven bits: no server is asked for 8BITMIME
