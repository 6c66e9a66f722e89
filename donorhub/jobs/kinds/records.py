"""The job that writes a file of donors and past gifts.

Reading and writing are one transaction: a kill at any moment leaves nothing of it, and the job is done again.
"""

from __future__ import annotations

from donorhub import clock
from donorhub.config import Settings
from donorhub.jobs.kinds.imports import get_progress
from donorhub.models import Task
from donorhub.services.moving import record_writing


def import_records(task: Task, _settings: Settings) -> str:
    """Write a file as it was confirmed; return a sentence on it, and again do nothing. The caller commits."""
    facts = dict(task.facts)
    file = record_writing.write_file(
        task.subject_id,
        str(facts.get("plan", "")),
        now=clock.now(),
        actor=str(facts.get("actor", "system:0")),
        report=get_progress(),
    )
    if file.state == "asking":
        return "what was shown changed: nothing was written"
    return f"{file.state}: {file.new_count} new, {file.known_count} known"
