"""A file whose reading was given up says so, and is read when somebody tries again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import run, timer
from donorhub.models import Entry, ImportFile, Task
from donorhub.services.bank.files import imports
from donorhub.services.work import claims, tasks
from tests.services.bank.bank import Paid, assert_sound, camt, rows

CONTENT = camt([Paid(date(2026, 10, 5), 5000)])


def read_file() -> ImportFile:
    return db.session.scalars(select(ImportFile).execution_options(populate_existing=True)).one()


def reading() -> Task:
    task = imports.find_reading_task(read_file())
    assert task is not None
    return db.session.get_one(Task, task.id, populate_existing=True)


def receive(now: datetime) -> bool:
    _, is_read = imports.receive_file(CONTENT, "a.xml", create_accounts=True, now=now, actor="user:1")
    db.session.commit()
    return is_read


def set_clock(at: datetime) -> None:
    clock.use_clock(lambda: at)


def work() -> None:
    task_id = reading().id
    db.session.rollback()
    run.run_task(task_id)


@pytest.fixture
def given_up(database: Flask, now: datetime) -> datetime:
    """A file whose kept bytes could not be read, eight times; now they can."""
    receive(now)
    sound = read_file().content
    read_file().content = b"not what was kept"
    db.session.commit()
    at = now
    for _ in range(tasks.MAX_FAILURES):
        set_clock(at)
        work()
        at += timedelta(days=2)
    assert reading().state == "dead"
    read_file().content = sound
    db.session.commit()
    set_clock(at)
    return at


def test_given_up_file_says_why(given_up: datetime) -> None:
    """The file says that it failed, why, and what to do; a second look changes nothing."""
    timer.bury_dead_tasks()
    file = read_file()
    assert file.state == "failed"
    (problem,) = file.problems
    assert problem["code"] == "reading_given_up"
    assert "8 attempts" in problem["message"] and "read again" in problem["message"]
    before = rows()
    timer.bury_dead_tasks()
    assert (rows(), read_file().problems) == (before, [problem])


def test_killed_worker_leaves_failed_file(database: Flask, now: datetime) -> None:
    """A worker that was killed each time leaves a file that says so."""
    receive(now)
    at = now
    for _ in range(tasks.MAX_KILLS):
        assert claims.claim_task(reading().id, now=at)
        db.session.commit()  # and here the worker was killed
        at += claims.LEASE
    set_clock(at)
    timer.bury_dead_tasks()
    assert read_file().state == "failed"
    assert "the worker stopped" in read_file().problems[0]["message"]


def test_retried_task_reads_the_file(given_up: datetime) -> None:
    """A file whose task is tried again is read."""
    timer.bury_dead_tasks()
    tasks.retry_task(reading().id, now=given_up, actor="user:1")
    db.session.commit()
    work()
    assert (read_file().state, read_file().new_count, read_file().problems) == ("done", 1, [])
    assert_sound()


@pytest.mark.parametrize("is_told_first", [True, False])
def test_resent_file_replaces_dead_task(given_up: datetime, is_told_first: bool) -> None:
    """A file that is sent again is read, and its dead task is nobody's worry."""
    dead_id = reading().id
    if is_told_first:
        timer.bury_dead_tasks()
    assert receive(given_up)
    work()
    assert (read_file().state, read_file().new_count) == ("done", 1)
    assert len(db.session.scalars(select(Entry)).all()) == 1
    assert db.session.get_one(Task, dead_id).state == "cancelled"
    assert not receive(given_up)


def test_old_dead_task_fails_no_reading(given_up: datetime) -> None:
    """A dead task of an earlier reading does not make a later one fail."""
    assert receive(given_up)
    old = db.session.scalars(select(Task).where(Task.kind == "import_file").order_by(Task.id)).first()
    assert old is not None
    old.state = "dead"
    db.session.commit()
    timer.bury_dead_tasks()
    assert read_file().state == "received"
