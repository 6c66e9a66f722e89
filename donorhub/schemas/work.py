"""What is said of a task that is done or put off, whoever says it."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from donorhub.schemas.fields import Instant, StrictSchema, Text
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
