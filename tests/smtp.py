"""A real SMTP server for the tests: it keeps what it takes, and misbehaves when told to.

It speaks plain SMTP on 127.0.0.1 in a thread of this process; no TLS, no sign-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.processes import free_port

OK = "250 OK"


class SmtpServer:
    """What the server has taken so far, and how it answers from now on.

    ``recipient_answer`` and ``data_answer`` are SMTP replies such as ``"451 later"`` or
    ``"550 no such user"``. With ``drops_after_data`` it keeps the message and closes the
    connection instead of saying so: the case in which a sender cannot know. With
    ``drops_at_recipient`` it closes the connection before it has seen any text.
    """

    def __init__(self, *, knows_all_letters: bool = True) -> None:
        self.recipient_answer = OK
        self.data_answer = OK
        self.drops_after_data = False
        self.drops_at_recipient = False
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []  # the envelope of each message, which Bcc is part of
        self._taken = threading.Condition()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            ready_timeout=10,
            enable_SMTPUTF8=knows_all_letters,
        )

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return self._controller.port

    @property
    def url(self) -> str:
        """For ``DONORHUB_SMTP_URL``."""
        return f"smtp://{self.host}:{self.port}"

    def wait_for(self, count: int, timeout: float = 10.0) -> list[EmailMessage]:
        """The messages once there are ``count``; AssertionError when they have not come in time."""
        with self._taken:
            came = self._taken.wait_for(lambda: len(self.messages) >= count, timeout)
            assert came, f"{len(self.messages)} of {count} messages came within {timeout} s"
            return list(self.messages)

    async def handle_RCPT(  # noqa: N802  aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.drops_at_recipient:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.recipient_answer == OK:
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer == OK:
            self._take(envelope)
        if self.drops_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self.data_answer

    def _take(self, envelope: Envelope) -> None:
        content = envelope.content
        assert isinstance(content, bytes)
        with self._taken:
            self.messages.append(message_from_bytes(content, policy=policy.default))
            self.recipients.append(list(envelope.rcpt_tos))
            self._taken.notify_all()

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


@contextlib.contextmanager
def smtp_server(*, knows_all_letters: bool = True) -> Iterator[SmtpServer]:
    """A running server that takes everything until told otherwise; letters beyond ASCII in an address
    only where it ``knows_all_letters``."""
    server = SmtpServer(knows_all_letters=knows_all_letters)
    server.start()
    try:
        yield server
    finally:
        server.stop()
