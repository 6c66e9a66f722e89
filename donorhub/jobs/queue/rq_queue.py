"""RQ as the carrier of row ids, and nothing else.

A job in Redis may be written by anyone who reaches Redis, and RQ runs what a job names.
So ours carries one integer as JSON, and the Job class refuses any other function, other
arguments, callbacks and web hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker
from werkzeug.utils import import_string

from donorhub.jobs.queue.watcher import Pulse

QUEUE: Final = "donorhub"
FUNCTION: Final = "donorhub.jobs.queue.run.run"
TIME_OUT_S: Final = 900
WAITING_S: Final = 15  # how long an id counts as waiting, should its job vanish with a killed worker
MOST_WAITING: Final = 64  # each job goes on with whatever is due: more would only wait to find nothing
RINGING_TIME_OUT_S: Final = 2


class PoisonedJob(Exception):
    """A job in Redis that we did not put there; it is not run."""


class RowJob(Job):
    """A job that can only say: look at row N."""

    def restore(self, raw_data: Any) -> None:
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        if hasattr(self, "webhooks"):
            self.webhooks = []

    def perform(self) -> Any:
        """Run, and let the id be put on the queue again from now on: whatever is committed after this
        moment may not be seen by this run."""
        _ = self.func  # refuses what is not ours before anything is done
        self.connection.delete(_mark(self.args[0]))
        return super().perform()

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


class RowWorker(SimpleWorker):
    """RQ's worker that does job after job in its own process, and remembers whether it was asked to stop."""

    was_told_to_stop = False
    _pulse: Pulse | None = None
    _is_at_it = False

    @classmethod
    def reading(cls, queue: RowQueue, name: str, pulse: Pulse | None = None) -> RowWorker:
        worker = cls(
            [queue], connection=queue.connection, name=name, serializer=JSONSerializer,
            job_class=RowJob, queue_class=RowQueue,
        )  # fmt: skip
        worker._pulse = pulse
        return worker

    def execute_job(self, job: Job, queue: Queue) -> None:
        self._is_at_it = True
        if self._pulse:
            self._pulse.begins()
        try:
            super().execute_job(job, queue)
        finally:
            self._is_at_it = False
            if self._pulse:
                self._pulse.is_over()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the job at hand. RQ would first ask Redis what we do, in the middle of our work."""
        self.was_told_to_stop = True
        if self._is_at_it:
            self._stop_requested = True
        else:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def make_queue(redis_url: str) -> RowQueue:
    """The queue as a worker reads it, patient when Redis is away."""
    return _queue(Redis.from_url(redis_url))


def make_ringing_queue(redis_url: str) -> RowQueue:
    """The queue for those who only put ids on it: a web request does not wait for a Redis that is away."""
    client = Redis.from_url(
        redis_url, socket_timeout=RINGING_TIME_OUT_S, socket_connect_timeout=RINGING_TIME_OUT_S,
        retry=Retry(NoBackoff(), 1),
    )  # fmt: skip
    return _queue(client)


def _queue(client: Redis) -> RowQueue:
    return RowQueue(QUEUE, connection=client, serializer=JSONSerializer, job_class=RowJob)


def enqueue(queue: RowQueue, row_ids: Sequence[int], *, is_urgent: bool = False) -> int:
    """Put ids on the queue but those that wait there already, urgent ones in front; gives how many.

    RQ's own ``unique`` would also refuse an id whose job was lost in a killed worker, for up
    to an hour: there a job counts as long as Redis knows of it.
    """
    if not row_ids or (not is_urgent and queue.count >= MOST_WAITING):
        return 0
    with queue.connection.pipeline(transaction=False) as marking:
        for row_id in row_ids:
            marking.set(_mark(row_id), 1, nx=True, ex=WAITING_S)
        new = [row_id for row_id, is_new in zip(row_ids, marking.execute(), strict=True) if is_new]
    queue.enqueue_many(
        [
            Queue.prepare_data(
                FUNCTION,
                args=(row_id,),
                kwargs={},
                timeout=TIME_OUT_S,
                result_ttl=0,
                failure_ttl=3600,
                at_front=is_urgent,
            )
            for row_id in new
        ]
    )
    return len(new)


def _mark(row_id: int) -> str:
    return f"donorhub:waiting:{row_id}"
