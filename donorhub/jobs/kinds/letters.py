"""Writing letters to many donors: some at a time, each by the gate as it is then.

A kill loses none and writes none twice.
"""

from __future__ import annotations

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.models import Task
from donorhub.services.messages import letter_runs
from donorhub.services.work import claims, tasks


def write_letters(task: Task, settings: Settings) -> str:
    """Write the letters of a run that are not written; return how many were left out. The caller commits."""
    task_id, work = task.id, task
    while letter_runs.write_part(work, now=clock.now(), domain=settings.mail_domain):
        claims.renew_lease(task_id, now=clock.now())
        db.session.commit()
        work = tasks.get_task(task_id)
    return f"left out {len(work.facts.get('left_out', ()))}"
