"""What a job does: claim a row under a lease, perform it, write down how it went.

The work and the word "done" are one transaction, so that a kill at any moment leaves a
row that is simply tried again when its lease is over.
"""

from __future__ import annotations

from flask import Flask, has_app_context
from structlog import get_logger

from donorhub import clock
from donorhub.db import db
from donorhub.jobs import perform
from donorhub.jobs.dispatch import INBOX, dispatch
from donorhub.services import tasks

log = get_logger(__name__)
_app: Flask | None = None


def attach(app: Flask) -> None:
    """Let jobs of this process run in this application; made before a worker forks."""
    global _app  # noqa: PLW0603  RQ calls :func:`run` with nothing but an integer
    _app = app


def run(row_id: int) -> None:
    """Look at a row: a task by its id, or the inbox. Again changes nothing."""
    if has_app_context():
        _run(row_id)
        return
    if _app is None:
        raise RuntimeError("no application: a worker is started with `donorhub worker`")
    with _app.app_context():
        _run(row_id)


def _run(row_id: int) -> None:
    if row_id == INBOX:
        perform.drain_inbox()
    else:
        run_task(row_id)


def run_task(task_id: int) -> bool:
    """Perform one task if it is due and free; tells whether it was. Errors are written into its row."""
    if not tasks.claim(task_id, now=clock.now()):
        db.session.rollback()
        return False
    db.session.commit()
    try:
        perform.perform(task_id)
    except Exception as e:
        db.session.rollback()
        task = tasks.get_task(task_id)
        tasks.fail(task, perform.explain(e), now=clock.now())
        db.session.commit()
        log.warning(
            "task_failed", task=task_id, kind=task.kind, error=type(e).__name__, attempts=task.attempts
        )
    dispatch()
    return True


def run_due(limit: int = 200) -> int:
    """Perform what is due now, one after another; gives how many."""
    ids = tasks.due_ids(clock.now(), limit)
    db.session.rollback()
    return sum(run_task(task_id) for task_id in ids)
