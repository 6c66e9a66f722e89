"""The error inbox names bank payments that were decided twice, until somebody has looked at them."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.models import Task
from tests.web.bank.bank_world import Staff, let_write


def decided_twice(now: datetime) -> int:
    task = Task(
        key="decided_twice:2",
        kind="decided_twice",
        performer="person",
        role="accountant",
        subject_type="entry",
        subject_id=7,
        facts={"match": 2},
        due_at=now,
        created_at=now,
        state="dead",
        last_error="decided_twice",
    )
    db.session.add(task)
    db.session.commit()
    return task.id


def test_double_decision_names_its_entry(database: Flask, now: datetime) -> None:
    """A payment that was decided twice is named with its entry."""
    decided_twice(now)
    for lang, title, reason in (
        ("en", "Look at a bank payment that was decided twice", "the later of two decisions was taken back"),
        ("pl", "Obejrzyj płatność bankową rozstrzygniętą dwa razy", "późniejszą z dwóch decyzji cofnięto"),
    ):
        page = Staff(database, "admin", lang=lang).get("/errors").text
        assert title in page and reason[1:] in page and 'href="/bank/entries/7"' in page


def test_looked_at_payment_leaves_inbox(database: Flask, now: datetime) -> None:
    """A payment that was decided twice leaves the inbox when somebody has looked at it."""
    staff, task_id = Staff(database, "admin"), decided_twice(now)
    assert f'action="/tasks/{task_id}/done"' in staff.get("/errors").text
    assert staff.post(f"/tasks/{task_id}/done").status_code == 302
    let_write()
    task = db.session.get_one(Task, task_id)
    assert task.state == "done"
    assert "Nothing failed" in staff.text("/errors")
