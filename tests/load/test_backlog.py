"""In one process the inbox is read while messages come in, and they are answered while it is read."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.load.installation import Installation
from tests.load.posting import gift_events
from tests.webhooks.scenarios import Event, sign, to_body

pytestmark = [pytest.mark.load, pytest.mark.timeout(300)]
SECRET, SECONDS, THREADS = "whsec_load", 60, 8
UNREAD = "SELECT count(*) FROM provider_event WHERE state = 'received'"
OLDEST = "SELECT external_id FROM provider_event WHERE state = 'received' ORDER BY id LIMIT 1"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path / "home", {})
    yield installation
    installation.stop_all()


class SteadyProvider:
    """Posts so many events a second, whatever the answers take; keeps when each was sent and answered."""

    def __init__(self, url: str, events: Sequence[Event], rate: int) -> None:
        parts = urlsplit(url)
        self._at, self._path = (parts.hostname or "", parts.port or 80), parts.path
        self._events, self._rate, self._next = events, rate, count()
        self.sent_at: dict[str, float] = {}
        self.waits_s: list[float] = []

    def post_events(self) -> None:
        """Return when all are answered with 2xx."""
        self._began_at = time.monotonic()
        threads = [threading.Thread(target=self._post_each) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _post_each(self) -> None:
        connection = http.client.HTTPConnection(*self._at, timeout=20)
        while (number := next(self._next)) < len(self._events):
            due_at = self._began_at + number / self._rate
            time.sleep(max(due_at - time.monotonic(), 0))
            body = to_body(self._events[number])
            headers = {"Stripe-Signature": sign(body, SECRET, int(time.time()))}
            self.sent_at[str(self._events[number]["id"])] = time.monotonic()
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            self.waits_s.append(time.monotonic() - due_at)
        connection.close()


@pytest.mark.parametrize("rate", [10, 20, 100])
def test_steady_messages_are_read_at_once(installation: Installation, rate: int) -> None:
    """A minute of messages: 99 of 100 answered in 0.1 s, none unread after 5 s, nothing left 5 s after."""
    installation.run("db", "upgrade")
    address = installation.run("webhooks", "create", "stripe", "--secret", SECRET).stdout.strip()
    installation.serve()
    events = gift_events(rate * SECONDS, 200)
    provider = SteadyProvider(address, events, rate)
    posting = threading.Thread(target=provider.post_events)
    posting.start()
    ages = [0.0]
    while posting.is_alive():
        time.sleep(0.5)
        ages += [time.monotonic() - provider.sent_at[oldest] for (oldest,) in installation.rows(OLDEST)]
    posting.join()
    ended_at = time.monotonic()
    while installation.one(UNREAD) and time.monotonic() < ended_at + 30:
        time.sleep(0.1)
    empty_after = time.monotonic() - ended_at
    late = sorted(provider.waits_s)[len(events) * 99 // 100]
    print(
        f"{rate} a second: 99 of 100 answered in {late * 1000:.0f} ms, at most {max(ages):.1f} s behind,"
        f" empty {empty_after:.1f} s after the last"
    )
    assert len(provider.waits_s) == len(events)
    assert late < 0.1
    assert max(ages) <= 5
    assert empty_after <= 5
    assert installation.one("SELECT count(*) FROM gift") == len(events)
