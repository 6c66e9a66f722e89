"""After a commit: tell the workers that there is something to do.

The rows are the truth and a lost call loses nothing: the timer's sweep finds every row.
In one process the bell wakes the worker thread; with Redis it puts row ids on RQ's queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol

from flask import current_app
from redis.exceptions import RedisError

from donorhub import clock, logs
from donorhub.db import db, read_only
from donorhub.jobs.queue.rq_queue import enqueue_rows, make_ringing_queue
from donorhub.services.work import claims

INBOX: Final = 0  # in place of a task's id: look at the inbox of provider events
SIGNALS: Final = 32  # at once: each job goes on with whatever else is due, and more would only pile up
GATHER_S: Final = 0.2  # after its call a visit to the inbox waits so long: messages come in crowds
AWAY_S: Final = 5.0  # how long Redis is left alone after it did not answer


class Bell(Protocol):
    """Calls workers to look at rows."""

    def call_workers(self, ids: Sequence[int]) -> None:
        """Tell workers that these rows may be due; ignore a queue that is away."""


class ThreadBell:
    """Wakes the worker thread of this process, which looks for due rows itself."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def call_workers(self, ids: Sequence[int]) -> None:
        """Wake the worker thread, whatever the ids are."""
        self._rung.set()

    def wait_for_call(self, seconds: float) -> bool:
        """Sleep until somebody calls, at most so long; return whether somebody did."""
        was_rung = self._rung.wait(seconds)
        self._rung.clear()
        return was_rung


class RedisBell:
    """Puts ids on RQ's queue. The same id waits there once, however often the bell rings."""

    def __init__(self, redis_url: str) -> None:
        self._queue = make_ringing_queue(redis_url)
        self._silent_until = 0.0
        self._told_of_inbox_until = 0.0

    def call_workers(self, ids: Sequence[int]) -> None:
        """Put these ids on the queue; ignore a queue that is away, and leave it alone for a while."""
        now_s = time.monotonic()
        if now_s < self._silent_until or (INBOX in ids and now_s < self._told_of_inbox_until):
            return
        try:
            enqueue_rows(self._queue, ids, is_urgent=INBOX in ids)
        except RedisError as e:  # the sweep will find the rows
            self._silent_until = time.monotonic() + AWAY_S
            logs.report(e, event="queue_away")
            return
        if INBOX in ids:  # whoever was called has not looked yet, and sees what is committed until then
            self._told_of_inbox_until = now_s + GATHER_S / 2


def get_bell() -> Bell:
    """Return the bell of the running application."""
    bell: Bell = current_app.extensions["donorhub.bell"]
    return bell


def dispatch_tasks() -> int:
    """Call workers for the tasks that are due now, the longest due first; return how many.

    Call it after a commit: it looks in a new transaction.
    """
    if isinstance(get_bell(), ThreadBell):  # the thread looks for itself
        get_bell().call_workers(())
        return 0
    db.session.rollback()  # what was committed is over; look with a new, reading transaction
    with read_only():
        ids = claims.list_due_ids(clock.now(), limit=SIGNALS)
        db.session.rollback()
    get_bell().call_workers(ids)
    return len(ids)


def ring_inbox() -> None:
    """Tell workers that provider events came in."""
    get_bell().call_workers((INBOX,))
