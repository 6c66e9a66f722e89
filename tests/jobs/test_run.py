"""A row is performed under a lease: once, and again when the one who had it died."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs import perform, run, timer
from donorhub.jobs.worker import WorkerThread
from donorhub.models import Task
from donorhub.services import tasks

done: list[int] = []


def _note(task: Task, _settings: Settings) -> str:
    done.append(task.id)
    return "noted"


def _break(task: Task, _settings: Settings) -> str:
    db.session.add(
        Task(key="half", kind="x", performer="worker", subject_type="x", subject_id=1, due_at=clock.now(),
             created_at=clock.now())
    )  # fmt: skip
    db.session.flush()
    raise ZeroDivisionError(f"of Anna Kowalska, task {task.id}")


@pytest.fixture
def kinds(database: Flask) -> Iterator[None]:
    """Two kinds of tasks of these tests: one that works and one that breaks half-way."""
    done.clear()
    perform.PERFORMERS.update({"note": _note, "break": _break})
    yield
    del perform.PERFORMERS["note"], perform.PERFORMERS["break"]


def plan(now: datetime, kind: str = "note", key: str = "k") -> int:
    tasks.plan(key, kind=kind, performer="worker", subject=("x", 1), due_at=now, now=now)
    db.session.commit()
    return db.session.scalars(select(Task.id).filter_by(key=key)).one()


def task(task_id: int) -> Task:
    return db.session.get_one(Task, task_id, populate_existing=True)


def test_a_task_is_performed_once_however_often_it_is_asked_for(kinds: None, now: datetime) -> None:
    task_id = plan(now)
    assert [run.run_task(task_id) for _ in range(3)] == [True, False, False]
    assert done == [task_id]
    assert (task(task_id).state, task(task_id).outcome, task(task_id).done_by) == (
        "done",
        "noted",
        "system:0",
    )


def test_a_task_is_not_performed_before_its_time(kinds: None, now: datetime) -> None:
    task_id = plan(now + timedelta(hours=1))
    assert not run.run_task(task_id)
    clock.use(lambda: now + timedelta(hours=1))
    assert run.run_task(task_id)


def test_what_a_dead_worker_had_is_performed_again_when_its_lease_is_over(kinds: None, now: datetime) -> None:
    task_id = plan(now)
    assert tasks.claim(task_id, now=now)
    db.session.commit()  # and here the worker was killed
    assert not run.run_task(task_id)
    clock.use(lambda: now + tasks.LEASE)
    assert run.run_task(task_id)
    assert (done, task(task_id).attempts) == ([task_id], 2)


def test_a_task_that_breaks_leaves_nothing_half_done_and_no_personal_data_in_its_error(
    kinds: None, now: datetime
) -> None:
    task_id = plan(now, "break")
    run.run_task(task_id)
    failed = task(task_id)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert (
        failed.last_error.startswith("ZeroDivisionError at test_run.py:") and "Anna" not in failed.last_error
    )
    assert failed.next_attempt_at is not None and failed.next_attempt_at > now
    assert db.session.scalars(select(Task).filter_by(key="half")).all() == []


def test_a_kind_that_nobody_knows_is_an_error_and_never_skipped(kinds: None, now: datetime) -> None:
    task_id = plan(now, "fly")
    run.run_task(task_id)
    assert task(task_id).state == "failed"


def test_a_task_that_always_breaks_ends_in_the_error_inbox_and_holds_up_no_other(
    kinds: None, now: datetime
) -> None:
    broken, good = plan(now, "break", "a"), plan(now, "note", "b")
    for day in range(tasks.MAX_ATTEMPTS + 3):
        clock.use(lambda day=day: now + timedelta(days=2 * day))  # type: ignore[misc]
        run.run_due()
    assert (task(broken).state, task(broken).attempts) == ("dead", tasks.MAX_ATTEMPTS)
    assert (task(good).state, done) == ("done", [good])


def test_the_worker_thread_performs_what_is_planned_while_it_runs(
    kinds: None, database: Flask, now: datetime
) -> None:
    if not database.extensions["donorhub.settings"].is_embedded:
        pytest.skip("with Redis there is no thread")
    worker = WorkerThread(database, pause=0.05)
    worker.start()
    try:
        ids = [plan(now, key=str(n)) for n in range(20)]
        db.session.rollback()
        until = threading.Event()
        for _ in range(200):
            if len(done) == len(ids):
                break
            until.wait(0.05)
    finally:
        worker.stop()
    assert sorted(done) == ids


def test_the_timer_does_each_step_when_its_time_has_come_and_survives_one_that_breaks(
    database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def breaks() -> int:
        calls.append("broken")
        raise ZeroDivisionError

    steps = [timer.Step("broken", 3600, breaks), timer.Step("good", 0, lambda: len(calls))]
    monkeypatch.setattr(timer, "steps", lambda: steps)
    keeper = timer.Timer()
    assert (keeper.tick(), keeper.tick()) == (1, 1)
    assert calls == ["broken"]


def test_the_timer_has_every_step_that_the_program_counts_on(database: Flask) -> None:
    names = [step.name for step in timer.steps()]
    assert {"sweep", "seal", "recurring", "verify", "forget answers"} <= set(names)
    timer.Timer().tick()
