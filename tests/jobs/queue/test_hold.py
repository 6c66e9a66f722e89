"""On PostgreSQL the task of a worker that died is free at once, and that of one that lives is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select, text

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.queue import perform, run, timer
from donorhub.jobs.queue.hold import Hold, free_abandoned_tasks
from donorhub.models import Task
from donorhub.services.work import claims, tasks

seen: list[int] = []


def _look(_task: Task, _settings: Settings) -> str:
    """What the timer of another process would find while this is being performed."""
    db.session.commit()
    seen.append(free_abandoned_tasks(now=clock.now()))
    return "looked"


def _break(_task: Task, _settings: Settings) -> str:
    raise ZeroDivisionError


@pytest.fixture
def postgres(database: Flask) -> Iterator[Flask]:
    if database.extensions["donorhub.settings"].uses_sqlite:
        pytest.skip("in SQLite the first process to come knows that it is alone")
    seen.clear()
    perform.PERFORMERS.update({"call": _look, "refund": _break})
    yield database
    del perform.PERFORMERS["call"], perform.PERFORMERS["refund"]


def plan(now: datetime, kind: str = "call", count: int = 1) -> list[int]:
    for n in range(count):
        tasks.plan_task(f"{kind}{n}", kind=kind, performer="worker", subject=("x", 1), due_at=now, now=now)
    db.session.commit()
    return list(db.session.scalars(select(Task.id).order_by(Task.id)))


def locks() -> int:
    held = db.session.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"))
    db.session.rollback()
    return held or 0


def test_dead_workers_task_is_freed(postgres: Flask, now: datetime) -> None:
    """The task of a dead worker is free at the next sweep."""
    task_id = plan(now)[0]
    assert claims.claim_task(task_id, now=now)
    db.session.commit()  # and here the worker was killed, and its connections with it
    assert not run.run_task(task_id)
    timer.Timer().run_due_steps()
    assert run.run_task(task_id)
    assert db.session.get_one(Task, task_id, populate_existing=True).attempts == 2


def test_living_workers_task_stays_its_own(postgres: Flask, now: datetime) -> None:
    """The task of a worker that lives stays its own until it lets go."""
    first, second = plan(now, count=2)
    with Hold() as hold:
        assert claims.claim_task(first, now=now) and claims.claim_task(second, now=now)
        hold.take_locks([first, second])
        db.session.commit()
        assert free_abandoned_tasks(now=now) == 0
        hold.let_go([second])
        assert free_abandoned_tasks(now=now) == 1
        assert not claims.claim_task(first, now=now)
        assert claims.claim_task(second, now=now)
        db.session.rollback()
    assert free_abandoned_tasks(now=now) == 1


def test_performed_tasks_are_held_until_done(postgres: Flask, now: datetime) -> None:
    """Tasks that are being performed are held until they are done."""
    ids = plan(now, count=3)
    assert run.run_due() == 3
    assert seen == [0, 0, 0]
    assert {db.session.get_one(Task, id_, populate_existing=True).state for id_ in ids} == {"done"}
    assert locks() == 0


def test_what_failed_is_held_no_more(postgres: Flask, now: datetime) -> None:
    plan(now, "refund", count=2)
    assert run.run_due() == 2
    assert locks() == 0
    assert free_abandoned_tasks(now=now) == 0


def test_task_of_newer_attempt_stays(postgres: Flask, now: datetime) -> None:
    """A task that another attempt has taken since is not freed."""
    task_id = plan(now)[0]
    claims.claim_task(task_id, now=now)
    db.session.commit()
    assert claims.list_leases(now) == {task_id: 1}
    assert claims.free_claims({task_id: 2}) == 0
    assert claims.free_claims({task_id: 1}) == 1
