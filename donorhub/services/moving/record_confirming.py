"""Having a file of donors and gifts written as it was shown; a second time changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from donorhub.errors import Conflict
from donorhub.models import ImportFile
from donorhub.services import shown
from donorhub.services.moving import record_files, record_plans


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """What a file would do, as its page and the API show it."""

    file: ImportFile
    digest: str
    summary: dict[str, Any]


def show_plan(file: ImportFile) -> ShownPlan:
    """Return the plan of a file that was kept with it."""
    summary: dict[str, Any] = dict(file.summaries[0]) if file.summaries else {}
    return ShownPlan(file, str(summary.get("digest", "")), summary)


def confirm_file(import_file_id: int, digest: str, *, now: datetime, actor: str) -> ImportFile:
    """Plan that a file is written as it was shown under this digest; return it.

    One that is being written or was written so is left as it is. Raise Changed with what it would do now
    where that is another, Conflict for a file that asks something, brings nothing or is none to be written.
    """
    file = record_files.lock_file(import_file_id)
    if file.state in ("received", "done"):
        shown.refuse_changed(digest, show_plan(file))
        return file
    if file.state != "asking":
        raise Conflict(f"file {file.id} is {file.state}: it asks nothing", code="asks_nothing")
    plan = record_plans.plan_file(file, now=now)
    shown.refuse_changed(digest, show_plan(file))
    if not plan.can_be_written:
        raise Conflict(f"file {file.id} asks something, or brings nothing new", code="cannot_be_written")
    record_files.plan_writing(file, plan.digest, now=now, actor=actor)
    return file
