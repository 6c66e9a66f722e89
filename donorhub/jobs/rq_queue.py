"""RQ as the carrier of row ids, and nothing else.

A job in Redis may be written by anyone who reaches Redis, and RQ runs what a job names.
So ours carries one integer as JSON, and the Job class refuses any other function, other
arguments, callbacks and web hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from redis import Redis
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from werkzeug.utils import import_string

QUEUE: Final = "donorhub"
FUNCTION: Final = "donorhub.jobs.run.run"
TIME_OUT_S: Final = 900


class PoisonedJob(Exception):
    """A job in Redis that we did not put there; it is not run."""


class RowJob(Job):
    """A job that can only say: look at row N."""

    def restore(self, raw_data: Any) -> None:
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        if hasattr(self, "webhooks"):
            self.webhooks = []

    @property
    def func(self) -> Callable[..., Any]:
        args = self.args or ()
        if self.func_name != FUNCTION or len(args) != 1 or type(args[0]) is not int or self.kwargs:
            raise PoisonedJob("a job in Redis is not ours: somebody else writes to this Redis")
        function: Callable[..., Any] = import_string(FUNCTION)  # by name, as RQ does: run needs this module
        return function


class RowQueue(Queue):
    """The queue of row ids."""

    job_class = RowJob


def make_queue(redis_url: str) -> RowQueue:
    return RowQueue(QUEUE, connection=Redis.from_url(redis_url), serializer=JSONSerializer, job_class=RowJob)


def enqueue(queue: RowQueue, row_id: int) -> bool:
    """Put a row's id on the queue; False when it waits there already."""
    try:
        queue.enqueue(
            FUNCTION, args=(row_id,), job_id=f"row-{row_id}", unique=True,
            job_timeout=TIME_OUT_S, result_ttl=0, failure_ttl=3600,
        )  # fmt: skip
    except DuplicateJobError:
        return False
    return True
