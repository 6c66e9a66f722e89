"""Sending e-mail: over SMTP, or into the outbox that the program shows.

Says of each sending whether it was refused for good, may be tried again, or is
uncertain: when the line drops after the text was handed over, nobody can know, and
sending again could thank a donor twice.
"""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 30
PERMANENT = range(500, 600)  # RFC 5321, 4.2.1


class Refused(Exception):
    """The server will not take this message, now or later."""


class TryLater(Exception):
    """Nothing was sent; the same message may be tried again."""


class Uncertain(Exception):
    """The text was handed over and no answer came: it may have been sent."""


class Mailer(Protocol):
    def send(self, message: EmailMessage) -> None:
        """Hand one message over; raises Refused, TryLater or Uncertain."""


class Outbox:
    """Sends nothing: the row of the message is what people look at (demo, and before SMTP is set up)."""

    def send(self, message: EmailMessage) -> None:
        """Nothing leaves this machine."""


class Smtp:
    """An SMTP server: ``smtp://user:password@host:587`` (STARTTLS where offered) or ``smtps://…``."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("DONORHUB_SMTP_URL must look like smtp://user:password@host:587")
        self._host, self._is_tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._is_tls else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    def send(self, message: EmailMessage) -> None:
        connection = self._connect()
        try:
            self._hand_over(connection, message)
        finally:
            connection.close()

    def try_out(self) -> None:
        """Connect and sign in, send nothing; raises TryLater with the reason."""
        self._connect().close()

    def _connect(self) -> smtplib.SMTP:
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

    def _hand_over(self, connection: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as e:
            code = next(iter(e.recipients.values()))[0]
            raise _by_code(code, "the address was refused") from e
        except smtplib.SMTPResponseException as e:
            raise _by_code(e.smtp_code, "the message was refused") from e
        except smtplib.SMTPNotSupportedError as e:  # found out before anything was handed over
            raise Refused("the mail server cannot write to an address with such letters") from e
        except (OSError, smtplib.SMTPException) as e:
            raise Uncertain(f"the line dropped: {type(e).__name__}") from e


def _by_code(code: int, what: str) -> Refused | TryLater:
    text = f"{what} with code {code}"
    return Refused(text) if code in PERMANENT else TryLater(text)


def from_setting(smtp_url: str) -> Mailer:
    return Smtp(smtp_url) if smtp_url else Outbox()


def compose(
    *, sender: str, to_name: str, to_address: str, subject: str, body: str, message_id: str
) -> EmailMessage:
    """A plain text message. Line breaks in a name, address or subject raise ValueError."""
    message = EmailMessage()
    from_name, from_address = parseaddr(sender)
    message["From"] = Address(from_name, addr_spec=from_address)
    message["To"] = Address(to_name, addr_spec=to_address)
    message["Subject"] = subject
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message
