"""Tasks on pages: what is due, doing it with a note, putting it off."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.models import Task
from donorhub.services.work import tasks
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, moment, rows


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "fundraiser")


def plan(key: str, due_at: datetime, **fields: object) -> int:
    donor = add_donor(f"For {key}")
    tasks.plan_task(
        key,
        kind="call",
        performer="person",
        subject=("donor", donor.id),
        donor_id=donor.id,
        due_at=due_at,
        now=moment(1),
        **fields,  # type: ignore[arg-type]
    )
    db.session.commit()
    return tasks.find_task(key).id  # type: ignore[union-attr]


def test_tasks_are_shown_when_they_are_due(database: Flask, staff: Staff) -> None:
    me = int(database.extensions["security"].datastore.find_user(email="fundraiser-en@example.org").id)
    plan("overdue", moment(20))
    plan("tonight", moment(22, 22))
    plan("tomorrow", moment(23, 0))
    plan("mine", moment(30), assignee_id=me)
    today, later = staff.text("/tasks"), staff.text("/tasks?view=later")
    assert "For overdue" in today and "For tonight" in today and "For tomorrow" not in today
    assert "overdue" in today
    assert "For tomorrow" in later and "For mine" in later and "For tonight" not in later
    assert "For mine" in staff.text("/tasks?view=mine") and "For tonight" not in staff.text(
        "/tasks?view=mine"
    )
    assert "For tomorrow" in staff.text("/tasks?view=all")


def test_task_of_today_is_not_overdue(staff: Staff) -> None:
    """A task is overdue after its day, not from its hour on: in the list and in the dashboard's count."""
    plan("this morning", moment(22, 1))
    assert "For this morning" in staff.text("/tasks") and "overdue" not in staff.text("/tasks")
    assert "overdue" not in staff.text("/")
    plan("yesterday", moment(21, 20))
    assert staff.text("/tasks").count("overdue") == 1
    assert "1 task overdue" in staff.text("/")


def test_task_is_done_once(staff: Staff) -> None:
    """A task is done with a note, and again changes nothing."""
    task_id = plan("one", moment(22))
    assert staff.post(f"/tasks/{task_id}/done", outcome="Reached, all is well").status_code == 302
    before = rows()
    staff.post(f"/tasks/{task_id}/done", outcome="again")
    assert rows() == before
    assert "Reached, all is well" in staff.text(f"/tasks/{task_id}")
    assert "For one" in staff.text("/tasks?view=done") and "For one" not in staff.text("/tasks")


def test_task_is_put_off_past_today(staff: Staff) -> None:
    """A task is put off to a day after today, and no other answer is taken."""
    task_id = plan("one", moment(22))
    for wrong in ("", "2026-11-22", "soon"):
        answer = staff.post(f"/tasks/{task_id}/later", until=wrong)
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    let_write()
    assert db.session.get(Task, task_id).due_at == moment(22)  # type: ignore[union-attr]
    assert staff.post(f"/tasks/{task_id}/later", until="2026-11-25").status_code == 302
    let_write()
    assert db.session.get(Task, task_id).due_at == moment(25, 8)  # type: ignore[union-attr]  nine in Warsaw


def test_a_task_of_the_program_is_no_page(staff: Staff) -> None:
    tasks.plan_task(
        "thank_you:gift:1",
        kind="thank_you",
        performer="worker",
        subject=("gift", 1),
        due_at=moment(22),
        now=moment(1),
    )
    db.session.commit()
    assert staff.get(f"/tasks/{tasks.find_task('thank_you:gift:1').id}").status_code == 404  # type: ignore[union-attr]


def test_auditor_may_do_no_task(database: Flask) -> None:
    """An auditor sees tasks and may not do them."""
    task_id = plan("one", moment(22))
    auditor = Staff(database, "auditor")
    assert "What came of it" not in auditor.text(f"/tasks/{task_id}")
    assert "includes" not in words_of(auditor.get("/tasks").text)
    assert auditor.post(f"/tasks/{task_id}/done").status_code == 403
