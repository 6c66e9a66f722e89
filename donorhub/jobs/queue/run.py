"""What a job does: claim a row under a lease, perform it, write down how it went.

The work and the word "done" are one transaction, so that a kill at any moment leaves a
row that is simply tried again when its lease is over. Small tasks share a transaction, and
the next are claimed in it too: what takes longest is the disk that confirms a commit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from flask import Flask, has_app_context

from donorhub import clock, logs
from donorhub.db import db
from donorhub.jobs.queue import pace, perform
from donorhub.jobs.queue.dispatch import GATHER_S, INBOX, dispatch_tasks
from donorhub.jobs.queue.hold import Hold
from donorhub.services.work import claims, tasks

GROUP: Final = 6  # small tasks in one transaction: the fewer, the shorter others who write wait
VISIT_S: Final = 2.0  # a worker that was called goes on with what is due for so long
_app: Flask | None = None


def attach_app(app: Flask) -> None:
    """Let jobs of this process run in this application; made before a worker forks."""
    global _app  # noqa: PLW0603  RQ calls :func:`run` with nothing but an integer
    _app = app


def run(row_id: int) -> None:
    """Look at a row, a task by its id or the inbox, and then at what else is due.

    A second call changes nothing.
    """
    if has_app_context():
        _look_at_row(row_id)
        return
    if _app is None:
        raise RuntimeError("no application: a worker is started with `donorhub worker`")
    with _app.app_context():
        _look_at_row(row_id)


def _look_at_row(row_id: int) -> None:
    if row_id == INBOX:
        time.sleep(GATHER_S)
        perform.drain_inbox()
    else:
        _perform_one(row_id)
    run_due()
    dispatch_tasks()


def run_task(task_id: int) -> bool:
    """Perform one task if it is due and free; return whether it was. Errors are written into its row."""
    is_done = _perform_one(task_id)
    if is_done:
        dispatch_tasks()
    return is_done


def _perform_one(task_id: int) -> bool:
    if not claims.claim_task(task_id, now=clock.now()):
        db.session.rollback()
        return False
    with Hold() as hold:
        hold.take_locks([task_id])
        _perform_group([task_id], hold)
    return True


def run_due(seconds: float = VISIT_S) -> int:
    """Perform what is due, the longest due first, for so long; return how many tasks were performed."""
    until, count = time.monotonic() + seconds, 0
    with Hold() as hold:
        ids = _claim_next(hold)
        while ids:
            count += len(ids)
            ids = _perform_group(ids, hold, until=until)
    db.session.rollback()
    return count


def _perform_group(ids: Sequence[int], hold: Hold, *, until: float = 0.0) -> list[int]:
    """Perform claimed tasks; return the next, claimed in the same transaction, unless it is too late."""
    began_at = time.thread_time()
    db.session.commit()  # the claim: it counts as an attempt even if this process dies
    try:
        perform.perform_tasks(ids)
        following = _claim_next(hold) if time.monotonic() < until else []
        db.session.commit()
    except Exception as e:
        db.session.rollback()
        if len(ids) > 1:
            logs.report(e, event="tasks_failed_together", tasks=len(ids))
        _sort_out(ids, e, hold)
        return _claim_next(hold) if time.monotonic() < until else []
    hold.let_go(ids)
    pace.rest_after_work(time.thread_time() - began_at)
    return following


def _claim_next(hold: Hold) -> list[int]:
    ids = claims.claim_next_tasks(now=clock.now(), together=perform.TOGETHER, most=GROUP)
    hold.take_locks(ids)
    return ids


def _sort_out(ids: Sequence[int], error: Exception, hold: Hold) -> None:
    """Try each of several failed tasks by itself; record the failure of a single one."""
    if len(ids) > 1:
        for task_id in ids:
            _perform_group([task_id], hold)
        return
    task = tasks.get_task(ids[0])
    tasks.fail_task(task, perform.explain_error(error), now=clock.now())
    db.session.commit()
    hold.let_go(ids)
    logs.report(error, event="task_failed", task=task.id, kind=task.kind, attempts=task.attempts)
