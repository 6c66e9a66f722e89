"""What a killed worker, a lost queue message or a poisonous event leaves is found and done, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from rq.serializers import JSONSerializer
from sqlalchemy import select, text

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import dispatch, perform, timer
from donorhub.jobs.queue.dispatch import INBOX, RedisBell
from donorhub.jobs.queue.presence import Presence
from donorhub.jobs.queue.rq_queue import MOST_WAITING, QUEUE, RowQueue, enqueue_rows, make_ringing_queue
from donorhub.jobs.queue.rq_worker import RowJob, make_queue
from donorhub.jobs.queue.run import run_due, run_task
from donorhub.models import Gift, ProviderEvent, Task
from donorhub.services.providers import endpoints, inbox
from donorhub.services.work import claims, tasks
from tests.processes import free_port
from tests.servers import redis_server
from tests.webhooks.scenarios import one_off, to_raw


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def with_redis(database: Flask, redis_url: str) -> Iterator[Flask]:
    """The application as one of many processes that ring for each other over Redis."""
    before = database.extensions["donorhub.bell"]
    database.extensions["donorhub.bell"] = bell = RedisBell(redis_url)
    yield database
    database.extensions["donorhub.bell"] = before
    bell._queue.connection.close()


def plan(now: datetime, count: int = 1) -> list[int]:
    """Tasks that do nothing but be done: their donor is gone."""
    for n in range(count):
        key = f"fetch_payout_items:{n}"
        tasks.plan_task(
            key, kind="fetch_payout_items", performer="worker", subject=("payout", 0), due_at=now, now=now
        )
    db.session.commit()
    return list(db.session.scalars(select(Task.id).order_by(Task.id)))


def waiting(redis: Redis) -> list[int]:
    """The row ids whose jobs are on the queue."""
    queue = make_queue_of(redis)
    return sorted(job.args[0] for job in queue.get_jobs())


def make_queue_of(redis: Redis) -> RowQueue:
    return RowQueue(QUEUE, connection=redis, serializer=JSONSerializer, job_class=RowJob)


# ---------------------------------------------------------------- lost messages


def test_timer_rings_again_for_lost_messages(with_redis: Flask, redis: Redis, now: datetime) -> None:
    """The timer rings again for rows whose messages were lost with Redis."""
    ids = plan(now, 3)
    assert dispatch.dispatch_tasks() == 3 and waiting(redis) == ids
    redis.flushall()
    timer.Timer().run_due_steps()
    assert waiting(redis) == [INBOX, *ids]


def test_sweep_rings_once_and_when_due(with_redis: Flask, redis: Redis, now: datetime) -> None:
    """The sweep does not ring twice for what waits, nor for what is not due."""
    (first,) = plan(now)
    later = now + timedelta(hours=1)
    tasks.plan_task(
        "later", kind="new_donor", performer="worker", subject=("donor", 0), due_at=later, now=now
    )
    db.session.commit()
    for _ in range(3):
        dispatch.dispatch_tasks()
    assert waiting(redis) == [first]


def test_crowd_of_messages_rings_once(with_redis: Flask, redis: Redis) -> None:
    """A crowd of messages rings once, until those who were called are about to look."""
    dispatch.ring_inbox()
    assert waiting(redis) == [INBOX]
    redis.flushall()
    dispatch.ring_inbox()
    assert waiting(redis) == []
    time.sleep(dispatch.GATHER_S / 2)
    dispatch.ring_inbox()
    assert waiting(redis) == [INBOX]


def test_id_waits_again_after_its_job(redis: Redis) -> None:
    """An id may wait again as soon as its job runs or its mark is old. RQ's own ``unique`` would refuse it
    for as long as Redis knows of a job that a killed worker had."""
    queue = make_queue_of(redis)
    assert [enqueue_rows(queue, [7]), enqueue_rows(queue, [7])] == [1, 0]
    (job,) = queue.get_jobs()
    with pytest.raises(RuntimeError, match="no application"):  # as far as this process can run it
        job.perform()
    assert enqueue_rows(queue, [7]) == 1
    redis.delete("donorhub:waiting:7")  # as it does by itself after some seconds
    assert enqueue_rows(queue, [7]) == 1


def test_unread_queue_stays_bounded(redis: Redis) -> None:
    """A queue that nobody reads does not grow for ever, and provider events go first."""
    queue = make_queue_of(redis)
    assert enqueue_rows(queue, range(1, MOST_WAITING + 1)) == MOST_WAITING
    assert enqueue_rows(queue, [MOST_WAITING + 1]) == 0
    assert enqueue_rows(queue, [INBOX], is_urgent=True) == 1
    assert queue.get_jobs()[0].args == [INBOX]


def test_absent_redis_neither_fails_nor_waits(now: datetime) -> None:
    """Ringing a Redis that is away neither fails nor waits."""
    bell = RedisBell(f"redis://127.0.0.1:{free_port()}/0")
    since = time.monotonic()
    for _ in range(50):
        bell.call_workers((INBOX,))
    assert time.monotonic() - since < 1


def test_the_workers_queue_is_the_patient_one(redis_url: str) -> None:
    patient, quick = make_queue(redis_url), make_ringing_queue(redis_url)
    assert quick.connection.connection_pool.connection_kwargs["socket_timeout"] == 2
    assert patient.connection.connection_pool.connection_kwargs.get("socket_timeout") != 2
    patient.connection.close()
    quick.connection.close()


# ---------------------------------------------------------------- killed workers


def test_only_worker_takes_over_at_once(database: Flask, now: datetime, tmp_path: Path) -> None:
    """What the dead had is taken over at once by the only worker at work."""
    (task_id,) = plan(now)
    assert claims.claim_task(task_id, now=now)  # and then it was killed
    db.session.commit()
    assert run_due() == 0
    presence = Presence(tmp_path)
    assert presence.enter_work() == 1
    assert run_due() == 1
    presence.leave_work()


def test_working_others_keep_their_tasks(database: Flask, now: datetime, tmp_path: Path) -> None:
    """Nothing is taken from others who are at work."""
    (task_id,) = plan(now)
    with _other_at_work(tmp_path) as other:
        claims.claim_task(task_id, now=now)
        db.session.commit()
        presence = Presence(tmp_path)
        assert presence.enter_work() == 0
        presence.leave_work()
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    presence = Presence(tmp_path)
    assert presence.enter_work() == 1  # the kernel let go of its lock
    presence.leave_work()


def _other_at_work(home: Path) -> subprocess.Popen[str]:
    """A process that holds the lock as a worker does, and says so."""
    told = (
        "import fcntl, sys, time; held = open(sys.argv[1], 'a'); fcntl.flock(held, fcntl.LOCK_SH);"
        "print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", told, str(home / "working.lock")], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    return other


def test_killing_task_ends_in_error_inbox(database: Flask, now: datetime) -> None:
    """A task that kills its worker each time ends in the error inbox, from where a person can try it
    again."""
    (task_id,) = plan(now)
    for _ in range(tasks.MAX_KILLS):
        assert claims.claim_task(task_id, now=now)  # and then the worker died
        now += claims.LEASE
    db.session.commit()
    clock.use_clock(lambda: now)
    assert not run_task(task_id) and run_due() == 0
    timer.Timer().run_due_steps()
    task = db.session.get_one(Task, task_id, populate_existing=True)
    assert (task.state, task.last_error) == ("dead", "the worker stopped while it was doing this")
    tasks.retry_task(task_id, now=now, actor="user:1")
    db.session.commit()
    assert run_task(task_id)


def test_running_last_attempt_is_not_buried(database: Flask, now: datetime) -> None:
    """A task whose last attempt still runs is not buried."""
    (task_id,) = plan(now)
    for _ in range(tasks.MAX_KILLS):
        assert claims.claim_task(task_id, now=now)
        now += claims.LEASE
    assert claims.bury_deadly_tasks(now=now - timedelta(seconds=1)) == 0
    assert claims.bury_deadly_tasks(now=now) == 1


def test_kills_are_no_failures(database: Flask, now: datetime, tmp_path: Path) -> None:
    """A task whose worker was killed more often than one may fail is done by the next worker, and each of
    its failures still counts."""
    (task_id,) = plan(now)
    for _ in range(tasks.MAX_FAILURES + 3):
        assert claims.claim_task(task_id, now=now)  # and then the worker was killed
        now += claims.LEASE
    db.session.commit()
    clock.use_clock(lambda: now)
    timer.Timer().run_due_steps()
    task = db.session.get_one(Task, task_id, populate_existing=True)
    assert (task.state, task.failures) == ("queued", 0)
    for number in range(1, tasks.MAX_FAILURES):
        assert claims.claim_task(task_id, now=now)
        task = db.session.get_one(Task, task_id, populate_existing=True)
        tasks.fail_task(task, "no mail server", now=now)
        db.session.commit()
        assert (task.state, task.failures) == ("failed", number)
        now += timedelta(days=2)
    clock.use_clock(lambda: now)
    assert run_task(task_id)
    assert db.session.get_one(Task, task_id, populate_existing=True).state == "done"


def test_often_killed_task_waits_for_its_lease(database: Flask, now: datetime, tmp_path: Path) -> None:
    """What kills the program again and again leaves it some minutes in between; all else is free at once."""
    poison, other = plan(now, count=2)
    presence = Presence(tmp_path)
    for number in range(claims.FREED_KILLS + 1):
        assert claims.claim_task(poison, now=now)
        db.session.commit()
        assert presence.enter_work() == (1 if number < claims.FREED_KILLS else 0)
        presence.leave_work()
    assert claims.claim_task(other, now=now)
    db.session.commit()
    assert presence.enter_work() == 1
    presence.leave_work()
    assert claims.list_due_ids(now) == [other]
    assert claims.list_due_ids(now + claims.LEASE) == [poison, other]


# ---------------------------------------------------------------- poisonous events


def test_poisonous_event_holds_up_no_other(database: Flask, now: datetime) -> None:
    """A poisonous event holds up no other and ends in the error inbox."""
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", account="acct_1", now=now, actor="t")
    db.session.flush()
    for name in ("aa", "bb", "cc", "dd"):
        for event in one_off(name):
            row = inbox.make_event_row(endpoint.id, "stripe", to_raw(event), now=now, source="http")
            inbox.store_events(db.session.connection(), [row])
    poison = db.session.scalars(select(ProviderEvent.id).filter_by(object_id="ch_bb1")).first()
    db.session.execute(
        text("UPDATE provider_event SET body = :junk WHERE id = :id"), {"junk": b"junk", "id": poison}
    )
    db.session.commit()
    perform.drain_inbox()
    states = dict(db.session.execute(select(ProviderEvent.id, ProviderEvent.state)).all())  # type: ignore[arg-type]
    assert states.pop(poison) == "error" and set(states.values()) <= {"done", "ignored"}
    assert db.session.query(Gift).count() == 4  # what else is told of bb was enough for its gift
    for _ in range(inbox.MAX_ATTEMPTS):
        now += timedelta(days=2)
        clock.use_clock(lambda now=now: now)  # type: ignore[misc]
        perform.drain_inbox()
    event = db.session.get_one(ProviderEvent, poison, populate_existing=True)
    assert (event.state, event.attempts) == ("dead", inbox.MAX_ATTEMPTS)
    assert "ola" not in event.reason and event.reason.startswith("error at ")
    assert perform.drain_inbox() == 0
