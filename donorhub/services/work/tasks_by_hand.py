"""Tasks that a person plans for a donor: what is to be done in their own words, until when, by whom."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Task
from donorhub.services.access import audit, organisation, users

MORNING = time(9)  # a task of a day stands there from its morning on, and is due until the day ends


def plan_by_hand(
    donor_id: int,
    title: str,
    *,
    due_on: date,
    assignee_id: int | None,
    now: datetime,
    actor: str,
) -> Task:
    """Plan a task of a person and return it; it is nobody's in particular without an assignee.

    Raise Rejected for a day that is over, and for an assignee who is none of the staff.
    """
    if due_on < organisation.get_day(now):
        raise Rejected("a task is due today or later", field="/due_on", code="due_day_over")
    if assignee_id is not None and not users.is_active(assignee_id):
        raise Rejected(f"there is no user {assignee_id}", field="/assignee_id", code="assignee_unknown")
    task = Task(
        key=f"by_hand:{uuid.uuid4()}",
        kind="by_hand",
        performer="person",
        assignee_id=assignee_id,
        donor_id=donor_id,
        subject_type="donor",
        subject_id=donor_id,
        title=title,
        due_at=datetime.combine(due_on, MORNING, organisation.get_zone()),
        created_at=now,
    )
    db.session.add(task)
    db.session.flush()  # the audit names its id
    audit.record_action(
        actor, "task.planned", ("task", task.id), now=now, data={"kind": task.kind, "donor_id": donor_id}
    )
    return task
