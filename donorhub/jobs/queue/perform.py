"""How each kind of a worker's task is performed. A kind that nobody knows is an error, never skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from flask import current_app

from donorhub import clock, logs
from donorhub.config import Settings
from donorhub.db import db
from donorhub.errors import DonorHubError
from donorhub.models import Task
from donorhub.services.access import instance
from donorhub.services.work import claims, tasks

ACTOR: Final = "system:0"
Performer = Callable[[Task, Settings], str]

# Filled by ``donorhub.jobs.register`` from ``jobs.kinds``: the queue itself knows no kind.
PERFORMERS: Final[dict[str, Performer]] = {}
TOGETHER: Final[set[str]] = set()


def perform_tasks(task_ids: Sequence[int]) -> None:
    """Perform claimed tasks and mark them as done with their outcomes; the caller commits.

    Raise what went wrong with any of them. Several may be given only of the kinds in ``TOGETHER``.
    """
    settings = current_app.extensions["donorhub.settings"]
    outcomes: dict[int, str] = {}
    for task in claims.lock_claimed_tasks(task_ids):
        task_id = task.id  # before the task commits or rolls back, after which it would be read again
        outcomes[task_id] = _get_performer(task.kind)(task, settings)
    tasks.finish_tasks(outcomes, now=clock.now(), actor=ACTOR)


def explain_error(error: BaseException) -> str:
    """Return what the error inbox shows of an error: our own sentence, else its kind and place.

    The texts of other errors may hold personal data.
    """
    if isinstance(error, DonorHubError):
        return error.message
    return f"{type(error).__name__} at {logs.find_place(error)}"


def drain_inbox() -> int:
    """Work off the inbox of provider events; return how many events. Held, leave them there."""
    if instance.is_held():
        db.session.rollback()
        return 0
    drain: Callable[[Settings], int] = current_app.extensions["donorhub.drain_inbox"]
    return drain(current_app.extensions["donorhub.settings"])


def _get_performer(kind: str) -> Performer:
    performer = PERFORMERS.get(kind)
    if performer is None:
        raise LookupError(f"no worker knows how to perform {kind}")
    return performer
