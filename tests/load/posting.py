"""A payment provider that repeats each message until it is answered 2xx, and then never again."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from tests.webhooks.scenarios import Event, sign, to_body
from tests.webhooks.stripe.stripe_objects import charge

PATIENCE_S = 100.0


def gift_events(count: int, donors: int) -> list[Event]:
    """``count`` charges that succeeded, each a payment of its own, from ``donors`` people in turn."""
    now = int(time.time()) - 3600
    events = []
    for n in range(count):
        who = {"email": f"donor{n % donors}@example.org", "name": f"Żaneta Dëmo{n % donors}"}
        said = charge(
            f"ch_load{n}",
            1000 + n,
            payment_intent=f"pi_load{n}",
            created=now + n,
            billing_details={**who, "phone": None, "address": None},
        )
        events.append(
            {
                "object": "event",
                "livemode": True,
                "api_version": "2026-10-28.endive",
                "created": now + n,
                "id": f"evt_load{n}",
                "type": "charge.succeeded",
                "data": {"object": said},
            }
        )
    return events


class Provider:
    """Posts events from several threads; ``answered`` holds the ids that were answered 2xx."""

    def __init__(self, url: str, secret: str, events: Sequence[Event], *, threads: int = 8) -> None:
        parts = urlsplit(url)
        self._at, self._path, self._secret = (parts.hostname or "", parts.port or 80), parts.path, secret
        self._waiting = deque((str(event["id"]), to_body(event)) for event in events)
        self._lock = threading.Lock()
        self.answered: set[str] = set()
        self.refused_cells: list[tuple[str, int]] = []
        self.repeated = 0
        self.statuses: Counter[int] = Counter()  # of answers that were not 2xx
        self._took: list[float] = []  # seconds until a 2xx
        self._threads = [threading.Thread(target=self._post_all, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, count: int) -> None:
        """Return when so many were answered; AssertionError when that takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.answered) < count:
            assert time.monotonic() < deadline, f"{len(self.answered)} of {count} answered in time"
            assert not self.refused_cells, f"refused: {self.refused_cells[:3]}"
            time.sleep(0.005)

    def told(self) -> set[str]:
        with self._lock:
            return set(self.answered)

    def figures(self) -> str:
        took = sorted(self._took)
        middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
        return (
            f"{self.repeated} repeated; answered in {middle * 1000:.0f} ms, 99 of 100 in {late * 1000:.0f} ms"
        )

    def _post_all(self) -> None:
        connection = http.client.HTTPConnection(*self._at, timeout=20)
        while True:
            with self._lock:
                if not self._waiting:
                    connection.close()
                    return
                event_id, body = self._waiting.popleft()
            since = time.monotonic()
            status = self._post(connection, body)
            with self._lock:
                if 200 <= status < 300:
                    self.answered.add(event_id)
                    self._took.append(time.monotonic() - since)
                elif status and status < 500:
                    self.refused_cells.append((event_id, status))
                else:
                    self.repeated += 1
                    self.statuses.update([status] if status else [])
                    self._waiting.append((event_id, body))
            if not status:
                time.sleep(0.02)

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> int:
        """The status of the answer; 0 when none came."""
        signature = sign(body, self._secret, int(time.time()))
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0
        return answer.status
