"""The HTTP server of the one process: waitress, which ends its patience with those who send little by little.

By itself it waits for ever for one who sends a byte now and then, and accepts nobody when 100 connections
are open. It also sends the head of each answer alone, and threads that answer at once wait for each other
at every such call.
"""

from __future__ import annotations

import resource
import time
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask

from donorhub.config import Settings

HEAD_S: Final = 15.0  # from the first byte of a request to the end of its head
BODY_GRACE_S: Final = 30.0  # after which the body has to have come at the least rate
LEAST_RATE: Final = 2_000  # bytes a second, a tenth of an old phone's
IDLE_S: Final = 60  # a connection on which nothing happens
CONNECTIONS: Final = 1_000
_OTHER_FILES: Final = 200  # that the process has open besides: the database, logs, what is being read
_WITH_HEAD: Final = 65_536  # bytes of a body that are copied behind the head rather than sent alone


class OneSendTask(WSGITask):  # type: ignore[misc]  # it has no types
    """A request whose answer, if it is short and whole, goes out with its head."""

    wrote_header: bool

    def write(self, data: bytes) -> None:
        """Send a part of the body; the head with the first."""
        is_whole = not self.wrote_header and self.complete and self.content_length == len(data)
        if not (is_whole and self.has_body and 0 < len(data) <= _WITH_HEAD):
            super().write(data)
            return
        self.channel.write_soon(self.build_response_header() + data)
        self.wrote_header = True
        self.content_bytes_written += len(data)


class TimedChannel(HTTPChannel):  # type: ignore[misc]  # it has no types
    """A connection that is closed when a request's head or body takes too long to come."""

    task_class = OneSendTask
    will_close: bool

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._began_at = time.monotonic()  # of the request that is not whole yet
        self._count = 0  # bytes of it
        super().__init__(*arguments, **keywords)

    def received(self, data: bytes) -> bool:
        """Take bytes in; the clock starts with the first of each request."""
        if self.request is None and self._count:
            self._began_at, self._count = time.monotonic(), 0
        self._count += len(data)
        return bool(super().received(data))

    def readable(self) -> bool:
        """Return whether bytes are wanted; waitress asks each connection at least once a second."""
        if not self.will_close and not self.requests and self._is_too_slow():
            self.will_close = True
        return bool(super().readable())

    def _is_too_slow(self) -> bool:
        took_s = time.monotonic() - self._began_at
        if self.request is None:
            return not self._count and took_s > HEAD_S  # connected, and nothing came
        if not self.request.headers_finished:
            return took_s > HEAD_S
        return took_s > BODY_GRACE_S and self._count < LEAST_RATE * took_s


def make_server(app: Any, settings: Settings, host: str, port: int) -> BaseWSGIServer:
    """Return a server that listens; raise OSError when it cannot."""
    server: BaseWSGIServer = create_server(
        app,
        host=host,
        port=port,
        threads=settings.threads,
        ident="DonorHub",
        max_request_body_size=(settings.upload_limit_mb + 1) * 1024 * 1024,
        connection_limit=_raise_connections(),
        channel_timeout=IDLE_S,
        cleanup_interval=5,
        asyncore_use_poll=True,
    )
    for listener in list((getattr(server, "map", None) or vars(server)["_map"]).values()):
        if isinstance(listener, BaseWSGIServer):  # several, where the host has several addresses
            listener.channel_class = TimedChannel
    return server


def _raise_connections() -> int:
    """Return how many connections may be open, after asking the kernel for as many files as that takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    file_count = CONNECTIONS + _OTHER_FILES
    if soft < file_count:
        soft = min(file_count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(CONNECTIONS, soft - _OTHER_FILES)
