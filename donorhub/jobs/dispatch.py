"""After a commit: tell the workers that there is something to do.

The rows are the truth and a lost call loses nothing: the timer's sweep finds every row.
In one process the bell wakes the worker thread; with Redis it puts row ids on RQ's queue.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final, Protocol

from flask import current_app
from redis.exceptions import RedisError
from structlog import get_logger

from donorhub import clock
from donorhub.db import db, read_only
from donorhub.services import tasks

INBOX: Final = 0  # in place of a task's id: look at the inbox of provider events
log = get_logger(__name__)


class Bell(Protocol):
    def ring(self, ids: Sequence[int]) -> None:
        """Say that these rows may be due; never raises for a queue that is away."""


class ThreadBell:
    """Wakes the worker thread of this process, which looks for due rows itself."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self, ids: Sequence[int]) -> None:
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Sleep until somebody rings, at most so long."""
        rung = self._rung.wait(seconds)
        self._rung.clear()
        return rung


class RedisBell:
    """Puts ids on RQ's queue. The same id waits there once, however often the bell rings."""

    def __init__(self, redis_url: str) -> None:
        from donorhub.jobs.rq_queue import make_queue

        self._queue = make_queue(redis_url)

    def ring(self, ids: Sequence[int]) -> None:
        from donorhub.jobs.rq_queue import enqueue

        try:
            for id_ in ids:
                enqueue(self._queue, id_)
        except RedisError as e:  # the sweep will find the rows
            log.warning("queue_away", error=type(e).__name__)


def bell() -> Bell:
    """The bell of the running application."""
    bell_: Bell = current_app.extensions["donorhub.bell"]
    return bell_


def dispatch() -> int:
    """Ring for every task that is due now; gives how many. To be called after a commit."""
    if isinstance(bell(), ThreadBell):  # the thread looks for itself
        bell().ring(())
        return 0
    db.session.rollback()  # what was committed is over; look with a new, reading transaction
    with read_only():
        ids = tasks.due_ids(clock.now(), limit=1000)
        db.session.rollback()
    bell().ring(ids)
    return len(ids)


def ring_inbox() -> None:
    """Say that provider events came in."""
    bell().ring((INBOX,))
