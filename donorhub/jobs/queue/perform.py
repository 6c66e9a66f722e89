"""How each kind of a worker's task is performed. A kind that nobody knows is an error, never skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from flask import current_app

from donorhub import clock, logs
from donorhub.config import Settings
from donorhub.errors import DonorHubError
from donorhub.models import Task
from donorhub.services.work import claims, tasks

ACTOR: Final = "system:0"
Performer = Callable[[Task, Settings], str]

# Filled by ``donorhub.jobs.register`` from ``jobs.kinds``: the queue itself knows no kind.
PERFORMERS: Final[dict[str, Performer]] = {}
TOGETHER: Final[set[str]] = set()


def perform(task_ids: Sequence[int]) -> None:
    """Perform claimed tasks and mark them as done with their outcomes, in one transaction that the caller
    commits; raises what went wrong with any. More than one only of the kinds in ``TOGETHER``."""
    settings = current_app.extensions["donorhub.settings"]
    outcomes: dict[int, str] = {}
    for task in claims.claimed(task_ids):
        task_id = task.id  # before the task commits or rolls back, after which it would be read again
        outcomes[task_id] = _performer(task.kind)(task, settings)
    tasks.finish_all(outcomes, now=clock.now(), actor=ACTOR)


def explain(error: BaseException) -> str:
    """What the error inbox shows: our own sentences in full, of other errors the kind and place only,
    since their texts may hold personal data."""
    if isinstance(error, DonorHubError):
        return error.message
    return f"{type(error).__name__} at {logs.find_place(error)}"


def drain_inbox() -> int:
    """Work off the inbox of provider events; return how many events."""
    drain: Callable[[Settings], int] = current_app.extensions["donorhub.drain_inbox"]
    return drain(current_app.extensions["donorhub.settings"])


def _performer(kind: str) -> Performer:
    performer = PERFORMERS.get(kind)
    if performer is None:
        raise LookupError(f"no worker knows how to perform {kind}")
    return performer
