"""Tasks are planned once, claimed by one, and tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Task
from donorhub.services.work import claims, tasks


def plan(now: datetime, key: str = "k", performer: str = "worker") -> bool:
    return tasks.plan_task(
        key, kind="thank_you", performer=performer, subject=("gift", 1), due_at=now, now=now
    )


def only() -> Task:
    return db.session.query(Task).populate_existing().one()


def test_the_same_key_plans_one_task(database: Flask, now: datetime) -> None:
    assert [plan(now), plan(now)] == [True, False]
    assert only().key == "k"


def test_claimed_task_waits_for_lease(database: Flask, now: datetime) -> None:
    """A claimed task is not given out twice until its lease is over."""
    plan(now)
    task_id = only().id
    assert claims.claim_task(task_id, now=now)
    assert not claims.claim_task(task_id, now=now)
    assert claims.list_due_ids(now) == []
    later = now + claims.LEASE
    assert claims.list_due_ids(later) == [task_id]
    assert claims.claim_task(task_id, now=later)


def test_failing_task_ends_with_person(database: Flask, now: datetime) -> None:
    """A task that fails is tried later, and at last waits for a person."""
    plan(now)
    for _ in range(tasks.MAX_FAILURES):
        assert claims.claim_task(only().id, now=now)
        tasks.fail_task(only(), "no route", now=now)
        db.session.flush()
        now += timedelta(days=2)
    assert (only().state, only().last_error) == ("dead", "no route")
    assert claims.list_due_ids(now) == []
    tasks.retry_task(only().id, now=now, actor="user:1")
    db.session.flush()
    assert claims.list_due_ids(now) == [only().id]


def test_completing_again_changes_nothing(database: Flask, now: datetime) -> None:
    """Completing a task again changes nothing, and a worker's task cannot be completed by a person."""
    plan(now, performer="person")
    tasks.complete_task(only().id, outcome="called", now=now, actor="user:1")
    tasks.complete_task(only().id, outcome="again", now=now + timedelta(days=1), actor="user:2")
    db.session.flush()
    assert (only().outcome, only().done_by) == ("called", "user:1")
    plan(now, key="w")
    with pytest.raises(Conflict):
        tasks.complete_task(claims.list_due_ids(now)[0], outcome="", now=now, actor="user:1")
