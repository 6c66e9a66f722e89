"""Sending e-mail: over SMTP, or into the outbox that the program shows.

Says of each sending whether it was refused for good, may be tried again, or is
uncertain: when the line drops after the text was handed over, nobody can know, and
sending again could thank a donor twice.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

TIMEOUT_S = 30
SUCCESS, TEMPORARY, PERMANENT = range(200, 300), range(400, 500), range(500, 600)  # RFC 5321, 4.2.1
UNWRITABLE: Final = "the address has letters before the @ that this mail server cannot write to"
_GO_ON = range(354, 355)  # the server's answer to DATA: start the text
_AT_LINE_START = re.compile(rb"^\.", re.MULTILINE)  # a full stop there is sent twice (RFC 5321, 4.5.2)


class MessageRefused(Exception):
    """The server will not take this message, now or later."""


class TryLater(Exception):
    """Nothing was sent; the same message may be tried again."""


class Uncertain(Exception):
    """The text was handed over and no answer came: it may have been sent."""


class File(NamedTuple):
    """A file that goes with a message."""

    name: str
    media_type: str
    content: bytes


class Page(NamedTuple):
    """The HTML of a message, and the pictures that it shows, by the names that it calls them."""

    html: str
    pictures: Mapping[str, File] = MappingProxyType({})


class Mailer(Protocol):
    """Sends e-mail."""

    def send_message(self, message: EmailMessage) -> None:
        """Hand one message over; raise Refused, TryLater or Uncertain."""


class Outbox:
    """Sends nothing: the row of the message is what people look at (demo, and before SMTP is set up)."""

    def send_message(self, message: EmailMessage) -> None:
        """Send nothing: no message leaves this machine."""


class Smtp:
    """An SMTP server: ``smtp://user:password@host:587`` (STARTTLS where offered) or ``smtps://…``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("DONORHUB_SMTP_URL must look like smtp://user:password@host:587")
        self._host, self._is_tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._is_tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    def send_message(self, message: EmailMessage) -> None:
        """Hand one message to the server; raise Refused, TryLater or Uncertain."""
        text = message.as_bytes(policy=SMTPUTF8 if _goes_beyond_ascii(message) else SMTP)
        connection = self._open_connection()
        try:
            self._offer_message(connection, message)
            _hand_over(connection, text)
        finally:
            connection.close()

    def try_out(self) -> None:
        """Connect and sign in, send nothing; raise TryLater with the reason."""
        self._open_connection().close()

    def _open_connection(self) -> smtplib.SMTP:
        try:
            if self._is_tls:
                context = ssl.create_default_context()
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._host, self._port, timeout=TIMEOUT_S, context=context
                )
            else:
                connection = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
                connection.ehlo()
                if connection.has_extn("starttls"):
                    connection.starttls(context=ssl.create_default_context())
            if self._user:
                connection.login(self._user, self._password)
        except (OSError, smtplib.SMTPException) as e:
            raise TryLater(f"the mail server {self._host} did not let us in: {type(e).__name__}") from e
        return connection

    def _offer_message(self, connection: smtplib.SMTP, message: EmailMessage) -> None:
        """Go as far as the server's word that it waits for the text: until then nothing is sent."""
        options = ["SMTPUTF8", "BODY=8BITMIME"] if _goes_beyond_ascii(message) else []
        try:
            connection.ehlo_or_helo_if_needed()
            if options and not connection.has_extn("smtputf8"):
                raise MessageRefused(UNWRITABLE)
            _require_code(connection.mail(_get_address(message, "From"), options), "the message was refused")
            _require_code(connection.rcpt(_get_address(message, "To")), "the address was refused")
            _require_code(connection.docmd("DATA"), "the message was refused", codes=_GO_ON)
        except (OSError, smtplib.SMTPException) as e:
            raise TryLater(f"the mail server {self._host} hung up: {type(e).__name__}") from e


def _hand_over(connection: smtplib.SMTP, text: bytes) -> None:
    try:
        connection.send(_AT_LINE_START.sub(b"..", text) + b".\r\n")
        code, _ = connection.getreply()
    except (OSError, smtplib.SMTPException) as e:
        raise Uncertain(f"the line dropped: {type(e).__name__}") from e
    if code not in (*SUCCESS, *TEMPORARY, *PERMANENT):
        raise Uncertain("the mail server gave no answer that can be understood")
    _require_code((code, b""), "the message was refused")
    with suppress(OSError, smtplib.SMTPException):
        connection.putcmd("QUIT")  # a word of courtesy: nobody waits for its answer


def _require_code(answer: tuple[int, bytes], what: str, *, codes: range = SUCCESS) -> None:
    """Go on only with an answer that is wanted; any but a clear no may be asked for again."""
    code = answer[0]
    if code in codes:
        return
    text = f"{what} with code {code}"
    raise MessageRefused(text) if code in PERMANENT else TryLater(text)


def _get_address(message: EmailMessage, header: str) -> str:
    address: str = message[header].addresses[0].addr_spec
    return address


def _goes_beyond_ascii(message: EmailMessage) -> bool:
    return not (_get_address(message, "To") + _get_address(message, "From")).isascii()


def make_mailer(smtp_url: str) -> Mailer:
    """Return the server that the address names; the outbox where it is empty."""
    return Smtp(smtp_url) if smtp_url else Outbox()


def compose_message(
    *,
    sender: str,
    to_name: str,
    to_address: str,
    subject: str,
    body: str,
    message_id: str,
    at: datetime,
    page: Page | None = None,
    files: Sequence[File] = (),
) -> EmailMessage:
    """Return a message written ``at`` that moment, in seven bits so that any server takes it: its plain text,
    the page that says the same, and the files.

    A domain in letters of its own, ``żółć.pl``, is written as mail servers know it, ``xn--kda4b0koi.pl``.
    Only letters before the @ need a server that knows SMTPUTF8.
    Raise ValueError for line breaks in a name, address or subject, and for what is no address.
    """
    message = EmailMessage()
    message["From"] = _write_address(*parseaddr(sender))
    message["To"] = _write_address(to_name, to_address)
    message["Subject"] = subject
    message["Date"] = at
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body, cte="quoted-printable")
    if page is not None:
        _add_page(message, page)
    for file in files:
        maintype, _, subtype = file.media_type.partition("/")
        message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
    return message


def _add_page(message: EmailMessage, page: Page) -> None:
    """Put a page beside the plain text. The plain one is first: programs show the last that they can."""
    message.add_alternative(page.html, subtype="html", cte="quoted-printable")
    for part in message.iter_parts():
        if part.get_content_subtype() == "html":
            _add_pictures(part, page.pictures)


def _add_pictures(part: MIMEPart, pictures: Mapping[str, File]) -> None:
    for content_id, picture in pictures.items():
        maintype, _, subtype = picture.media_type.partition("/")
        part.add_related(
            picture.content,
            maintype=maintype,
            subtype=subtype,
            cid=f"<{content_id}>",
            filename=picture.name,
            disposition="inline",
        )


def _write_address(name: str, address: str) -> Address:
    local, at, domain = address.rpartition("@")
    if not domain.isascii() or not local.isascii():
        domain = _find_ascii_domain(address)
    if not local.isascii():  # the parser of the standard library takes none of its letters
        return Address(name, username=local, domain=domain)
    try:
        return Address(name, addr_spec=f"{local}{at}{domain}")
    # The parser of the standard library stumbles over some of what is no address, such as "a@" or "a@x..pl".
    except (HeaderParseError, IndexError, AttributeError) as e:
        raise ValueError("this is no e-mail address") from e


def _find_ascii_domain(address: str) -> str:
    """Return the domain of an address by IDNA 2008; raise ValueError for what is no address."""
    try:
        parts = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as e:
        raise ValueError("this is no e-mail address") from e
    return str(parts.ascii_domain)
