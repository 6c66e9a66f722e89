"""Tasks over the API: what is to be done, by whom, and that it was done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response
from marshmallow import fields, post_dump, validate
from sqlalchemy import func

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import shown
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import principal, requires
from donorhub.api.idempotency import once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Task
from donorhub.models.states import TASK_STATES
from donorhub.schemas.fields import Instant, Line, QueryId
from donorhub.schemas.work import Done, DoneSchema, Postponement, PostponeSchema
from donorhub.services.access import organisation, users
from donorhub.services.work import tasks

bp = HouseBlueprint("tasks", __name__, path="/tasks", description="What is to be done, by people or by us.")
mine = HouseBlueprint("me", __name__, path="/me", description="What concerns whose token this is.")
SORTS: Final = {"id": Task.id, "due_at": Task.due_at}


class TaskSchema(AnswerSchema):
    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    performer = fields.String(required=True)
    role = fields.String(metadata={"description": "Of staff, where no one in particular is named"})
    assignee_id = fields.Integer(allow_none=True)
    donor_id = fields.Integer(allow_none=True)
    subject_type = fields.String(required=True)
    subject_id = fields.Integer(required=True)
    facts = fields.Dict(keys=fields.String())
    due_at = Instant(required=True)
    state = fields.String(required=True, validate=validate.OneOf(TASK_STATES))
    attempts = fields.Integer()
    last_error = fields.String()
    created_at = Instant(required=True)
    done_at = Instant(allow_none=True)
    done_by = fields.String(allow_none=True)
    outcome = fields.String()

    @post_dump
    def _hide_amounts_told(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not principal().has_permission("gifts:read"):
            hidden = {"amount", "currency"}
            data["facts"] = {name: value for name, value in data["facts"].items() if name not in hidden}
        return data


Query = pages.args(
    *SORTS,
    by_time={"due_before": "due_at"},
    state=fields.String(
        validate=validate.OneOf((*TASK_STATES, "open")), metadata={"description": "`open`: to do"}
    ),
    performer=fields.String(validate=validate.OneOf(("person", "worker"))),
    kind=Line(60),
    donor_id=QueryId(),
    assignee_id=QueryId(),
    due_before=Instant(),
)


LISTED: Final = Rows(TaskSchema, Task, SORTS)


@bp.get("")
@requires("tasks:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.envelope(TaskSchema))
def list_tasks(asked: dict[str, object]) -> Response:
    """List tasks."""
    page, filters = pages.split(asked)
    return LISTED.answer_page(page, tasks.select_tasks(**filters).whereclause)


@mine.get("/tasks")
@requires("tasks:read")
@mine.arguments(pages.args("due_at", "id"), location="query")
@mine.response(200, pages.envelope(TaskSchema))
def list_my_tasks(asked: pages.Asked) -> Response:
    """List people's open tasks due by the end of today: those of the token's maker, and nobody's."""
    maker = users.find_token_maker(principal().id)
    query = tasks.select_tasks(state="open", performer="person").where(tasks.is_for(maker))
    end_of_today = _end_of_today(clock.now())
    is_due = Task.due_at <= end_of_today
    if asked["sort"].lstrip("-") == "id":  # by their due time they would be found fast and all be sorted
        is_due = func.coalesce(Task.due_at, end_of_today) <= end_of_today
    return LISTED.answer_page(asked, query.where(is_due).whereclause)


@bp.get(f"/<{ID}:task_id>")
@requires("tasks:read")
@bp.response(200, TaskSchema)
def get_task(task_id: int) -> Response:
    """Show a task."""
    return shown(TaskSchema, tasks.get_task(task_id))


@bp.post(f"/<{ID}:task_id>/complete")
@requires("tasks:write")
@once
@bp.arguments(DoneSchema)
@bp.response(200, TaskSchema)
def complete_task(asked: Done, task_id: int) -> Response:
    """Say that a person did a task. Done already: nothing changes."""
    task = tasks.complete_task(task_id, outcome=asked["outcome"], now=clock.now(), actor=principal().actor)
    return shown(TaskSchema, task)


@bp.post(f"/<{ID}:task_id>/postpone")
@requires("tasks:write")
@once
@bp.arguments(PostponeSchema)
@bp.response(200, TaskSchema)
def postpone_task(asked: Postponement, task_id: int) -> Response:
    """Put an open task of a person off."""
    task = tasks.postpone_task(task_id, due_at=asked["due_at"], now=clock.now(), actor=principal().actor)
    return shown(TaskSchema, task)


def _end_of_today(now: datetime) -> datetime:
    tomorrow = organisation.get_day(now) + timedelta(days=1)
    return organisation.get_midnight(tomorrow) - timedelta(microseconds=1)
