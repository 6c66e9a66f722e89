"""What people have to do: the lists of tasks, narrowed to whose they are and when they are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import db
from donorhub.errors import NotFound
from donorhub.models import Donor, Task
from donorhub.models.states import OPEN_TASKS
from donorhub.services.counting import count_each, count_rows
from donorhub.services.paging import LIMIT, AnyRow, Page, newest_first, oldest_first, read_rows
from donorhub.services.work.tasks import is_for

View = Literal["today", "later", "mine", "all", "done"]
VIEWS: Final[tuple[View, ...]] = ("today", "later", "mine", "all", "done")
_ROWS: Final = select(
    Task.id, Task.kind, Task.title, Task.donor_id, Task.facts, Task.state, Task.done_at, Task.due_at
).where(Task.performer == "person")


def list_tasks(
    view: View,
    *,
    user_id: int,
    end_of_today: datetime,
    is_narrowed: bool = False,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AnyRow]:
    """Return a page of people's tasks, the first due first; done ones the newest first.

    ``today`` and ``later``: the user's and nobody's. ``is_narrowed``: only the user's own
    tasks and those of donors on the user's own list.
    """
    query = _ROWS
    if is_narrowed:
        query = query.where(_is_on_own_list(user_id))
    if view == "done":
        return read_rows(query.where(Task.state == "done"), newest_first(Task.id), after=after, limit=limit)
    query = query.where(Task.state.in_(OPEN_TASKS), *_list_view_conditions(view, user_id, end_of_today))
    return read_rows(query, oldest_first(Task.due_at, Task.id), after=after, limit=limit)


def count_due(*, user_id: int, end_of_today: datetime, is_narrowed: bool = False) -> int:
    """Return how many open tasks of the user, or of nobody in particular, are due by the end of today.

    It counts as far as :mod:`donorhub.services.counting` does.
    """
    due_tasks: Select[int] = select(Task.id).where(
        Task.performer == "person", Task.state.in_(OPEN_TASKS), Task.due_at < end_of_today
    )
    if not is_narrowed:
        return count_rows(due_tasks.where(is_for(user_id)))
    own = select(Donor.id).where(Donor.owner_id == user_id)
    parts = {
        "assigned": due_tasks.where(Task.assignee_id == user_id),
        "nobody's": due_tasks.where(Task.assignee_id.is_(None), Task.donor_id.in_(own)),
    }
    return sum(count_each(parts).values())


def get_task(task_id: int, *, owner_id: int | None = None) -> Task:
    """Return a person's task, with ``owner_id`` only one of that user's own list; else raise NotFound."""
    query = select(Task).where(Task.id == task_id, Task.performer == "person")
    if owner_id is not None:
        query = query.where(_is_on_own_list(owner_id))
    task = db.session.scalar(query)
    if task is None:
        raise NotFound(f"there is no task {task_id}")
    return task


def find_donor_names(tasks: Sequence[AnyRow]) -> dict[int, str]:
    """Return the names of the donors that tasks are about, by donor id."""
    ids = {task.donor_id for task in tasks if task.donor_id}
    return dict(db.session.execute(select(Donor.id, Donor.name).where(Donor.id.in_(ids))).all())


def _list_view_conditions(view: View, user_id: int, end_of_today: datetime) -> list[ColumnElement[bool]]:
    due: InstrumentedAttribute[datetime] = Task.due_at
    if view == "today":
        return [due < end_of_today, is_for(user_id)]
    if view == "later":
        return [due >= end_of_today, is_for(user_id)]
    return [Task.assignee_id == user_id] if view == "mine" else []


def _is_on_own_list(user_id: int) -> ColumnElement[bool]:
    own = select(Donor.id).where(Donor.owner_id == user_id)
    return or_(Task.assignee_id == user_id, Task.donor_id.in_(own))
