"""What is said of a task that is done or put off, whoever says it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypedDict

from donorhub.schemas.fields import Day, Id, Instant, Line, StrictSchema, Text
from donorhub.schemas.limits import OUTCOME


class DoneSchema(StrictSchema):
    """What came of a task, where anybody says."""

    outcome = Text(OUTCOME, load_default="")


class Done(TypedDict):
    """What came of a task."""

    outcome: str


class PostponeSchema(StrictSchema):
    """Until when a task is put off."""

    due_at = Instant(required=True)


class Postponement(TypedDict):
    """Until when a task is put off."""

    due_at: datetime


class NewTaskSchema(StrictSchema):
    """A task that a person plans for a donor."""

    title = Line(shortest=1, required=True)
    due_on = Day(required=True)
    assignee_id = Id(
        allow_none=True, load_default=None, metadata={"description": "Left out: nobody in particular"}
    )


class PlannedTask(TypedDict):
    """What a person plans."""

    title: str
    due_on: date
    assignee_id: int | None
