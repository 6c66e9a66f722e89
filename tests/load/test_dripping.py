"""110 clients that send a byte now and then, for two minutes, keep nobody waiting."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.load.installation import Installation

pytestmark = [pytest.mark.load, pytest.mark.timeout(300)]
CLIENTS, SECONDS = 110, 120
HEAD = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path / "home", {})
    yield installation
    installation.stop_all()


def drip(port: int, is_over: threading.Event) -> None:
    """Send a head without an end, byte by byte, and begin anew when the server closes."""
    while not is_over.is_set():
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(HEAD)
            while not is_over.wait(1):
                client.sendall(b"a")


def test_dripping_clients_keep_nobody_waiting(installation: Installation) -> None:
    installation.run("db", "upgrade")
    installation.serve()
    is_over = threading.Event()
    clients = [threading.Thread(target=drip, args=(installation.port, is_over)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    waits_s = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        began_at = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", installation.port, timeout=10)) as connection:
            connection.request("GET", "/sign-in")
            assert connection.getresponse().status == 200
        waits_s.append(time.monotonic() - began_at)
        time.sleep(0.5)
    is_over.set()
    for client in clients:
        client.join()
    print(f"{len(waits_s)} requests, the slowest {max(waits_s):.2f} s")
    assert max(waits_s) < 2
