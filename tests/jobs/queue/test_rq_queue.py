"""A job in Redis carries one integer and runs one function; whatever else lies there is not run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq import Callback, Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker
from sqlalchemy import select

from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.queue import perform, run
from donorhub.jobs.queue.rq_queue import FUNCTION, RowQueue, enqueue_rows
from donorhub.jobs.queue.rq_worker import PoisonedJob, RowJob, WorkerQueue, make_queue
from donorhub.models import Task
from donorhub.services.work import tasks
from tests.servers import redis_server


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
def queue(redis_url: str) -> Iterator[RowQueue]:
    queue = make_queue(redis_url)
    queue.connection.flushdb()
    yield queue
    queue.connection.close()


def work(queue: RowQueue) -> None:
    """What ``donorhub worker`` does, without forking."""
    worker = SimpleWorker(
        [queue],
        connection=queue.connection,
        serializer=JSONSerializer,
        job_class=RowJob,
        queue_class=WorkerQueue,
    )
    worker.work(burst=True, logging_level="CRITICAL")


def foreign(queue: RowQueue) -> Queue:
    """The same queue as somebody sees it who writes to this Redis without our program."""
    return Queue(queue.name, connection=queue.connection, serializer=JSONSerializer)


# What somebody else may write into Redis; ``{trace}`` is a file that must not come.
FOREIGN_JOBS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("tests.jobs.queue.foreign.leave_trace", (), {}),
    ("os.system", ("touch {trace}",), {}),
    ("pathlib.Path.touch", ("{trace}",), {}),
    ("builtins.open", ("{trace}", "w"), {}),
    (FUNCTION, (), {}),
    (FUNCTION, ("1",), {}),
    (FUNCTION, (1, 2), {}),
    (FUNCTION, (True,), {}),
    (FUNCTION, (), {"row_id": 1}),
    (FUNCTION, (1,), {"more": 1}),
]


def test_foreign_job_is_not_run(
    queue: RowQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    """A job that is not ours is not run, whoever writes it into Redis; the queue goes on."""
    monkeypatch.setenv("DONORHUB_TEST_TRACE", str(tmp_path / "trace"))
    for at, (function, args, kwargs) in enumerate(FOREIGN_JOBS):
        trace = tmp_path / f"trace{at}"
        sent = tuple(arg.format(trace=trace) if isinstance(arg, str) else arg for arg in args)
        foreign(queue).enqueue(function, args=sent, kwargs=kwargs)
        with subtests.test(function, args=args, kwargs=kwargs), pytest.raises(PoisonedJob):
            _ = make_job(queue, function, sent, kwargs).func
    assert queue.count == len(FOREIGN_JOBS)
    work(queue)
    assert list(tmp_path.iterdir()) == []
    assert queue.count == 0


def make_job(queue: RowQueue, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> RowJob:
    job = RowJob.create(
        function, args=args, kwargs=kwargs, connection=queue.connection, serializer=JSONSerializer
    )
    assert isinstance(job, RowJob)
    return job


def test_callbacks_of_a_job_are_dropped(queue: RowQueue, tmp_path: Path) -> None:
    job = foreign(queue).enqueue(
        FUNCTION,
        args=(1,),
        on_success=Callback("os.system"),
        on_failure=Callback("os.system"),
        on_stopped=Callback("os.system"),
    )
    seen = RowJob.fetch(job.id, connection=queue.connection, serializer=JSONSerializer)
    assert (seen._success_callback_name, seen._failure_callback_name, seen._stopped_callback_name) == (
        None,
        None,
        None,
    )


def test_a_pickle_in_the_queue_is_not_opened(queue: RowQueue, tmp_path: Path, redis_url: str) -> None:
    import pickle

    trace = tmp_path / "trace"

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (trace,)

    job = make_job(queue, FUNCTION, (1,), {})
    job.save()
    raw = Redis.from_url(redis_url)
    raw.hset(Job.key_for(job.id), "data", pickle.dumps(Bomb()))
    raw.close()
    queue.push_job_id(job.id)
    work(queue)
    assert not trace.exists()


def test_row_waits_once_in_queue(queue: RowQueue) -> None:
    """The same row waits once, however often the bell rings."""
    assert [enqueue_rows(queue, [7]), enqueue_rows(queue, [7]), enqueue_rows(queue, [7, 8])] == [1, 0, 1]
    assert queue.count == 2


def test_our_own_job_performs_its_row_once(
    queue: RowQueue, database: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def note(task: Task, _settings: Settings) -> str:
        done.append(task.id)
        return ""

    monkeypatch.setitem(perform.PERFORMERS, "call", note)
    monkeypatch.setattr(run, "_app", database)
    tasks.plan_task("k", kind="call", performer="worker", subject=("x", 1), due_at=now, now=now)
    db.session.commit()
    task_id = db.session.scalars(select(Task.id)).one()
    enqueue_rows(queue, [task_id])
    work(queue)
    enqueue_rows(queue, [task_id])
    work(queue)
    assert done == [task_id]
    assert db.session.get_one(Task, task_id, populate_existing=True).state == "done"
