"""How each kind of a worker's task is performed. A kind that nobody knows is an error, never skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from flask import current_app
from werkzeug.utils import import_string

from donorhub import clock
from donorhub.config import Settings
from donorhub.errors import DonorHubError
from donorhub.models import Task
from donorhub.services.donors import donors
from donorhub.services.messages import messages
from donorhub.services.work import claims, tasks

ACTOR: Final = "system:0"
Performer = Callable[[Task, Settings], str]


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
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"


def drain_inbox() -> int:
    """Work off the inbox of provider events; gives how many events."""
    drain: Callable[[Settings], int] = import_string("donorhub.jobs.kinds.inbox:drain")
    return drain(current_app.extensions["donorhub.settings"])


def _thank_you(task: Task, settings: Settings) -> str:
    return messages.plan_thank_you(task, now=clock.now(), domain=_domain(settings))


def _new_donor(task: Task, settings: Settings) -> str:
    donor = donors.get_donor(task.subject_id)
    facts = {
        "code": donor.code,
        "source": donor.source.partition(":")[0],
        "link": f"{settings.public_url}/donors/{donor.id}",
    }
    return messages.plan_note_to_staff(task, facts=facts, now=clock.now(), domain=_domain(settings))


def _domain(settings: Settings) -> str:
    """The part of a Message-ID behind the @: that of our sender address."""
    return settings.mail_from.rpartition("@")[2].strip("> ") or "localhost"


# A path is imported when the first task of its kind comes: rendering needs WeasyPrint,
# which a process that renders nothing should not carry.
PERFORMERS: Final[dict[str, Performer | str]] = {
    "thank_you": _thank_you,
    "new_donor": _new_donor,
    "send_message": "donorhub.jobs.kinds.sending:send_message",
    "render_receipt": "donorhub.jobs.kinds.receipts:render_receipt",
    "import_file": "donorhub.jobs.kinds.imports:import_file",
    "match_statement": "donorhub.jobs.kinds.imports:match_statement",
    "fetch_payout_items": "donorhub.jobs.kinds.inbox:fetch_payout_items",
}

# Kinds that do nothing but read and write the database, in milliseconds, and neither commit nor roll back.
TOGETHER: Final = {"thank_you", "new_donor"}


def _performer(kind: str) -> Performer:
    known = PERFORMERS.get(kind)
    if known is None:
        raise LookupError(f"no worker knows how to perform {kind}")
    if isinstance(known, str):
        found: Performer = import_string(known)
        return found
    return known
