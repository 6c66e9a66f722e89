"""Storing provider events durably: the requests of a process that wait at a moment share one commit.

A request returns only after its rows are committed. PostgreSQL groups commits by itself, but not
what comes before them: borrowing a connection, trying it and three round trips.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from donorhub.errors import Busy, DonorHubError
from donorhub.services.providers import inbox

MOST: Final = 64  # requests in one commit
TIMEOUT_S: Final = 8.0  # providers wait for about ten seconds, then they repeat the message
IDLE_S: Final = 30.0
QUIET_S: Final = 1.0  # after so long without a message nobody waits any more
WEIGHT: Final = 0.1  # of the newest wait in the running mean


def _make_taken_lock() -> threading.Lock:
    """Return a taken lock for one who waits once: an Event takes four times as long."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True)
class _WaitingRows:
    rows: Sequence[dict[str, object]]
    turn: threading.Lock = field(default_factory=_make_taken_lock)  # given back when the rows are committed
    error: Exception | None = None


class InboxWriter:
    """Writes events; one for each process. The writing thread lives while there is something to write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[_WaitingRows] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last_stored_at = float("-inf")
        self._mean_wait_s = 0.0

    def measure_wait(self) -> float:
        """Return the running mean of the seconds that messages wait for their commit; 0.0 when none came of
        late."""
        return self._mean_wait_s if time.monotonic() - self._last_stored_at < QUIET_S else 0.0

    def store_rows(self, rows: Sequence[dict[str, object]]) -> None:
        """Store the rows and return after the commit; raise the database's error when nothing is stored.

        Raise Busy when the commit did not come in time: then the rows may still be stored later.
        """
        if not rows:
            return
        began_at = time.monotonic()
        if began_at - self._last_stored_at >= QUIET_S:
            self._mean_wait_s = 0.0
        waiting = _WaitingRows(rows)
        with self._lock:  # the thread ends only under this lock, so that nothing is put behind its back
            self._queue.put(waiting)
            self._wake_thread()
        is_stored = waiting.turn.acquire(timeout=TIMEOUT_S)
        self._note_wait(time.monotonic() - began_at)
        if not is_stored:
            raise Busy("the inbox could not be written in time")
        if waiting.error is not None:
            raise waiting.error

    def _note_wait(self, wait_s: float) -> None:
        # Without a lock: of two threads at once one figure is left out, which a mean can bear.
        self._mean_wait_s += WEIGHT * (wait_s - self._mean_wait_s)
        self._last_stored_at = time.monotonic()

    def _wake_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run_loop, name="donorhub-inbox", daemon=True)
            self._thread.start()

    def _run_loop(self) -> None:
        while True:
            try:
                group = [self._queue.get(timeout=IDLE_S)]
            except Empty:
                with self._lock:
                    if self._queue.empty():
                        self._thread = None
                        return
                continue
            while len(group) < MOST:
                try:
                    group.append(self._queue.get_nowait())
                except Empty:
                    break
            self._write_group(group)

    def _write_group(self, group: list[_WaitingRows]) -> None:
        try:
            self._commit([row for waiting in group for row in waiting.rows])
        except (SQLAlchemyError, DonorHubError) as e:
            if len(group) > 1 and _may_be_of_one(e):
                for waiting in group:
                    self._write_group([waiting])
                return
            for waiting in group:
                waiting.error = e
        for waiting in group:
            waiting.turn.release()

    def _commit(self, rows: Sequence[dict[str, object]]) -> None:
        # In one order, so that two processes that got the same events do not wait for each other.
        rows = sorted(rows, key=lambda row: (row["provider"], row["account"], row["external_id"]))
        with self._engine.begin() as connection:
            inbox.store_events(connection, rows)


def _may_be_of_one(error: SQLAlchemyError | DonorHubError) -> bool:
    """Return whether one message of a group may be at fault. A database that is away or busy, or could
    not commit, is so for all: to ask it once for each would let the last wait for all the others."""
    if isinstance(error, DBAPIError):
        return error.statement is not None and not error.connection_invalidated
    return isinstance(error, StatementError)
