"""RQ's worker, which runs what says "look at row N" and nothing else.

The Job class refuses any other function, other arguments, callbacks and web hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

from redis import Redis
from rq import Queue
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from donorhub import logs
from donorhub.jobs.queue import run
from donorhub.jobs.queue.rq_queue import FUNCTION, QUEUE, RowQueue, make_waiting_key
from donorhub.jobs.queue.watcher import Pulse


class PoisonedJob(Exception):
    """A job in Redis that we did not put there; it is not run."""


class RowJob(Job):
    """A job that can only say: look at row N."""

    def restore(self, raw_data: object) -> None:
        """Read the job from Redis without its callbacks and web hooks."""
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        if hasattr(self, "webhooks"):
            self.webhooks = []

    def perform(self) -> object:
        """Run, and let the id be put on the queue again from now on.

        Whatever is committed after this moment may not be seen by this run.
        """
        _ = self.func  # refuses what is not ours before anything is done
        self.connection.delete(make_waiting_key(self.args[0]))
        return super().perform()

    @property
    def func(self) -> Callable[..., Any]:
        """Return what a job runs; raise PoisonedJob when the job is not one of ours."""
        args = self.args or ()
        if self.func_name != FUNCTION or len(args) != 1 or type(args[0]) is not int or self.kwargs:
            raise PoisonedJob("a job in Redis is not ours: somebody else writes to this Redis")
        return run.run


class WorkerQueue(RowQueue):
    """The queue of row ids, for the worker that takes them from there."""

    job_class = RowJob


class RowWorker(SimpleWorker):
    """RQ's worker that does job after job in its own process, and remembers whether it was asked to stop."""

    was_told_to_stop = False
    _pulse: Pulse | None = None
    _is_at_it = False

    @classmethod
    def make_for_queue(cls, queue: WorkerQueue, name: str, pulse: Pulse | None = None) -> RowWorker:
        """Return a worker of this queue that tells ``pulse`` when a job begins and ends."""
        worker = cls(
            [queue],
            connection=queue.connection,
            name=name,
            serializer=JSONSerializer,
            job_class=RowJob,
            queue_class=WorkerQueue,
        )
        worker._pulse = pulse
        return worker

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job, and tell the watcher when it begins and when it is over."""
        self._is_at_it = True
        if self._pulse:
            self._pulse.tell_begin()
        try:
            super().execute_job(job, queue)
        finally:
            self._is_at_it = False
            if self._pulse:
                self._pulse.tell_end()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Report it as all of us do; RQ would log its text."""
        logs.report(exc_info[1], event="job_failed")

    def handle_job_failure(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: StartedJobRegistry | None = None,
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        """Let no text of an error lie in Redis."""
        super().handle_job_failure(job, queue, started_job_registry, "see the log", execution)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the job at hand. RQ would first ask Redis what we do, in the middle of our work."""
        self.was_told_to_stop = True
        if self._is_at_it:
            self._stop_requested = True
        else:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def make_queue(redis_url: str) -> WorkerQueue:
    """Return the queue as a worker reads it, patient when Redis is away."""
    client = Redis.from_url(redis_url)
    return WorkerQueue(QUEUE, connection=client, serializer=JSONSerializer, job_class=RowJob)
