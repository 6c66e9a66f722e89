"""A row is performed under a lease: once, and again when the one who had it died."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, select, text

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.queue import perform, run, timer
from donorhub.jobs.queue.worker import WorkerThread
from donorhub.models import Task
from donorhub.services.work import claims, tasks

done: list[int] = []


def _note(task: Task, _settings: Settings) -> str:
    done.append(task.id)
    return "noted"


def _break(task: Task, _settings: Settings) -> str:
    db.session.add(
        Task(
            key="half",
            kind="call",
            performer="worker",
            subject_type="x",
            subject_id=1,
            due_at=clock.now(),
            created_at=clock.now(),
        )
    )
    db.session.flush()
    raise ZeroDivisionError(f"of Anna Kowalska, task {task.id}")


@pytest.fixture
def kinds(database: Flask) -> Iterator[None]:
    """Two kinds of tasks of these tests: one that works and one that breaks half-way."""
    done.clear()
    perform.PERFORMERS.update({"call": _note, "refund": _break})
    yield
    del perform.PERFORMERS["call"], perform.PERFORMERS["refund"]


def plan(now: datetime, kind: str = "call", key: str = "k") -> int:
    tasks.plan_task(key, kind=kind, performer="worker", subject=("x", 1), due_at=now, now=now)
    db.session.commit()
    return db.session.scalars(select(Task.id).filter_by(key=key)).one()


def task(task_id: int) -> Task:
    return db.session.get_one(Task, task_id, populate_existing=True)


def test_briefly_locked_task_is_still_performed(kinds: None, now: datetime) -> None:
    """A claimed task that another still locks for a moment is performed all the same."""
    if db.session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite locks no rows")
    task_id = plan(now)
    assert claims.claim_task(task_id, now=now)
    db.session.commit()
    with db.engine.connect() as loser:
        loser.execute(text("SELECT id FROM task FOR UPDATE"))
        threading.Timer(0.3, loser.rollback).start()
        perform.perform_tasks([task_id])
        db.session.commit()
    assert (done, task(task_id).state) == ([task_id], "done")


def test_task_is_performed_once(kinds: None, now: datetime) -> None:
    """A task is performed once, however often it is asked for."""
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
    clock.use_clock(lambda: now + timedelta(hours=1))
    assert run.run_task(task_id)


def test_expired_lease_lets_task_run_again(kinds: None, now: datetime) -> None:
    """What a dead worker had is performed again when its lease is over."""
    task_id = plan(now)
    assert claims.claim_task(task_id, now=now)
    db.session.commit()  # and here the worker was killed
    assert not run.run_task(task_id)
    clock.use_clock(lambda: now + claims.LEASE)
    assert run.run_task(task_id)
    assert (done, task(task_id).attempts) == ([task_id], 2)


def test_broken_task_leaves_nothing_half_done(kinds: None, now: datetime) -> None:
    """A task that breaks leaves nothing half done and no personal data in its error."""
    task_id = plan(now, "refund")
    run.run_task(task_id)
    failed = task(task_id)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.last_error.startswith("ZeroDivisionError at tests/jobs/queue/test_run.py:")
    assert "Anna" not in failed.last_error
    assert failed.next_attempt_at is not None and failed.next_attempt_at > now
    assert db.session.scalars(select(Task).filter_by(key="half")).all() == []


def test_unknown_kind_is_an_error(kinds: None, now: datetime) -> None:
    """A kind that nobody knows is an error and never skipped."""
    task_id = plan(now, "dunning")
    run.run_task(task_id)
    assert task(task_id).state == "failed"


def test_always_broken_task_ends_dead(kinds: None, now: datetime) -> None:
    """A task that always breaks ends in the error inbox and holds up no other."""
    broken, good = plan(now, "refund", "a"), plan(now, "call", "b")
    for day in range(tasks.MAX_FAILURES + 3):
        clock.use_clock(lambda day=day: now + timedelta(days=2 * day))  # type: ignore[misc]
        run.run_due()
    assert (task(broken).state, task(broken).attempts) == ("dead", tasks.MAX_FAILURES)
    assert (task(good).state, done) == ("done", [good])


# ---------------------------------------------------------------- small tasks together


@pytest.fixture
def together(kinds: None) -> Iterator[None]:
    """The kinds of these tests may share transactions."""
    perform.TOGETHER.update({"call", "refund"})
    yield
    perform.TOGETHER.difference_update({"call", "refund"})


@contextmanager
def commits() -> Iterator[list[Connection]]:
    """Collects one entry for each commit."""
    seen: list[Connection] = []

    def note(connection: Connection) -> None:
        seen.append(connection)

    event.listen(db.engine, "commit", note)
    yield seen
    event.remove(db.engine, "commit", note)


def test_small_tasks_share_their_commits(together: None, now: datetime) -> None:
    ids = [plan(now, key=str(n)) for n in range(2 * run.GROUP)]
    with commits() as seen:
        assert run.run_due() == len(ids)
    assert len(seen) == 3  # claim; do and claim; do
    assert done == ids and {task(id_).outcome for id_ in ids} == {"noted"}


def test_broken_task_undoes_no_other(together: None, now: datetime) -> None:
    """A task that breaks undoes no other of its group."""
    good = [plan(now, key=f"g{n}") for n in range(3)]
    broken = plan(now, "refund", "b")
    good += [plan(now, key=f"h{n}") for n in range(3)]
    assert run.run_due() == 7
    assert {task(id_).state for id_ in good} == {"done"}
    assert (task(broken).state, task(broken).attempts) == ("failed", 1)
    assert db.session.scalars(select(Task).filter_by(key="half")).all() == []


def test_group_that_died_retries_singly(together: None, now: datetime) -> None:
    """Tasks that died together are tried again one by one, so that only the guilty one fails."""
    ids = [plan(now, key=str(n)) for n in range(3)]
    claimed = [claims.claim_next_tasks(now=now, together=perform.TOGETHER, most=5)]
    db.session.commit()  # and then the worker died
    later = now + claims.LEASE
    claimed += [claims.claim_next_tasks(now=later, together=perform.TOGETHER, most=5) for _ in range(4)]
    assert claimed == [ids, *([id_] for id_ in ids), []]


def test_other_kind_is_claimed_alone(together: None, now: datetime) -> None:
    """A task of another kind is claimed alone and in its turn."""
    first = plan(now - timedelta(minutes=2), "import_file", "first")
    small = [plan(now, key="a")]
    plan(now, "import_file", "second")
    small.append(plan(now, key="b"))
    claimed = [claims.claim_next_tasks(now=now, together=perform.TOGETHER, most=5) for _ in range(2)]
    assert claimed == [[first], small]


def test_cancelled_task_of_group_is_skipped(together: None, now: datetime) -> None:
    """A task that was cancelled after its group was claimed is not performed."""
    kept, cancelled = plan(now, key="kept"), plan(now, key="cancelled")
    ids = claims.claim_next_tasks(now=now, together=perform.TOGETHER, most=5)
    assert tasks.cancel_task("cancelled", now=now, actor="user:1")
    perform.perform_tasks(ids)
    db.session.commit()
    assert done == [kept] and task(cancelled).state == "cancelled"


def test_next_task_reads_no_done_tasks(database: Flask, now: datetime) -> None:
    """Looking for the next task does not read all the tasks that were ever done."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL sees the values of a statement when it plans it")
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        seen.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    claims.claim_next_tasks(now=now)
    claims.claim_task(1, now=now)
    claims.list_due_ids(now)
    claims.bury_deadly_tasks(now=now)
    event.remove(db.engine, "before_cursor_execute", note)
    plans = [
        str(db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
        for statement, values in seen
        if "task" in statement
    ]
    assert len(plans) == 4
    assert [plan for plan in plans if "SCAN" in plan] == []


# ---------------------------------------------------------------- the thread and the timer


def test_worker_thread_performs_new_tasks(kinds: None, database: Flask, now: datetime) -> None:
    """The worker thread performs what is planned while it runs."""
    if not database.extensions["donorhub.settings"].is_embedded:
        pytest.skip("with Redis there is no thread")
    worker = WorkerThread(database, pause=0.05)
    worker.start_thread()
    try:
        ids = [plan(now, key=str(n)) for n in range(20)]
        db.session.rollback()
        until = threading.Event()
        for _ in range(200):
            if len(done) == len(ids):
                break
            until.wait(0.05)
    finally:
        worker.stop_thread()
    assert sorted(done) == ids


def test_timer_survives_a_broken_step(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer does each step when its time has come, and survives one that breaks."""
    calls: list[str] = []

    def breaks() -> int:
        calls.append("broken")
        raise ZeroDivisionError

    steps = [timer.Step("broken", 3600, breaks), timer.Step("good", 0, lambda: len(calls))]
    monkeypatch.setattr(timer, "list_steps", lambda: steps)
    keeper = timer.Timer()
    assert (keeper.run_due_steps(), keeper.run_due_steps()) == (1, 1)
    assert calls == ["broken"]


def test_timer_has_every_needed_step(database: Flask) -> None:
    """The timer has every step that the program counts on."""
    names = [step.name for step in timer.list_steps()]
    assert {"sweep", "seal", "recurring", "verify", "forget answers"} <= set(names)
    timer.Timer().run_due_steps()
