"""Tasks over the API: what is to be done, by whom, and that it was done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response
from marshmallow import fields, post_dump, validate
from sqlalchemy import func

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Task
from donorhub.models.states import TASK_STATES
from donorhub.schemas.fields import Id, Instant, Line, QueryId
from donorhub.schemas.work import Done, DoneSchema, NewTaskSchema, PlannedTask, Postponement, PostponeSchema
from donorhub.services.access import organisation, users
from donorhub.services.donors import donors
from donorhub.services.work import tasks, tasks_by_hand

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
    title = fields.String(metadata={"description": "Of one that a person planned (`by_hand`)"})
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
    def _hide_amounts(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not get_principal().has_permission("gifts:read"):
            amount_names = {"amount", "currency"}
            data["facts"] = {name: value for name, value in data["facts"].items() if name not in amount_names}
        return data


Query = pages.make_query_schema(
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


ROWS: Final = Rows(TaskSchema, Task, SORTS)


@bp.get("")
@require_permission("tasks:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(TaskSchema))
def list_tasks(arguments: dict[str, object]) -> Response:
    """List tasks."""
    page, filters = pages.split_arguments(arguments)
    return ROWS.answer_page(page, tasks.select_tasks(**filters).whereclause)


class TaskForDonorSchema(NewTaskSchema):
    """A task, with the donor whom it is for."""

    donor_id = Id(required=True)


class TaskForDonor(PlannedTask):
    """A task, with the donor whom it is for."""

    donor_id: int


@bp.post("")
@require_permission("tasks:write")
@do_once
@bp.arguments(TaskForDonorSchema)
@bp.response(201, TaskSchema)
def plan_task(new: TaskForDonor) -> Response:
    """Plan a task of a person for a donor; without `assignee_id` it is nobody's in particular."""
    task = tasks_by_hand.plan_by_hand(
        donors.get_donor(new["donor_id"]).id,
        new["title"],
        due_on=new["due_on"],
        assignee_id=new["assignee_id"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(TaskSchema, task)


@mine.get("/tasks")
@require_permission("tasks:read")
@mine.arguments(pages.make_query_schema("due_at", "id"), location="query")
@mine.response(200, pages.make_page_schema(TaskSchema))
def list_my_tasks(arguments: pages.PageArguments) -> Response:
    """List people's open tasks due by the end of today: those of the token's maker, and nobody's."""
    maker = users.find_token_maker(get_principal().id)
    query = tasks.select_tasks(state="open", performer="person").where(tasks.is_for(maker))
    end_of_today = _end_of_today(clock.now())
    is_due = Task.due_at <= end_of_today
    if arguments["sort"].lstrip("-") == "id":  # by their due time they would be found fast and all be sorted
        is_due = func.coalesce(Task.due_at, end_of_today) <= end_of_today
    return ROWS.answer_page(arguments, query.where(is_due).whereclause)


@bp.get(f"/<{ID}:task_id>")
@require_permission("tasks:read")
@bp.response(200, TaskSchema)
def get_task(task_id: int) -> Response:
    """Show a task."""
    return answer_resource(TaskSchema, tasks.get_task(task_id))


@bp.post(f"/<{ID}:task_id>/complete")
@require_permission("tasks:write")
@do_once
@bp.arguments(DoneSchema)
@bp.response(200, TaskSchema)
def complete_task(body: Done, task_id: int) -> Response:
    """Say that a person did a task. Done already: nothing changes."""
    task = tasks.complete_task(task_id, outcome=body["outcome"], now=clock.now(), actor=get_principal().actor)
    return answer_resource(TaskSchema, task)


@bp.post(f"/<{ID}:task_id>/postpone")
@require_permission("tasks:write")
@do_once
@bp.arguments(PostponeSchema)
@bp.response(200, TaskSchema)
def postpone_task(body: Postponement, task_id: int) -> Response:
    """Put an open task of a person off."""
    task = tasks.postpone_task(task_id, due_at=body["due_at"], now=clock.now(), actor=get_principal().actor)
    return answer_resource(TaskSchema, task)


def _end_of_today(now: datetime) -> datetime:
    tomorrow = organisation.get_day(now) + timedelta(days=1)
    return organisation.get_midnight(tomorrow) - timedelta(microseconds=1)
