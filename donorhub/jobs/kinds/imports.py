"""Jobs that read bank files and match what they brought.

A file is read outside any transaction and stored in one, so that a kill at any moment
leaves it complete or wholly absent, and the job can simply be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Final

from sqlalchemy import update

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.models import ImportFile, Task
from donorhub.models.states import UNREAD_FILES
from donorhub.services.bank.files import file_reading, import_plans, imports, statement_drafts, statements
from donorhub.services.bank.files.file_reading import FileToRead
from donorhub.services.bank.matching import matching
from donorhub.services.recurring import inferred
from donorhub.services.work import claims, tasks

Progress = Callable[[str, int], None]
MATCHER: Final = "system:matching"
AGAIN: Final = timedelta(seconds=15)  # longer than a statement that waits for a lock may (app.py)
_progress: ContextVar[Progress] = ContextVar("reporting")


@contextmanager
def report_progress(progress: Progress) -> Iterator[None]:
    """Let imports of this context call ``progress`` with what is being done and for how many entries."""
    token = _progress.set(progress)
    try:
        yield
    finally:
        _progress.reset(token)


def import_file(task: Task, _settings: Settings) -> str:
    """Read a stored file and store what it says; return a sentence on it. The caller commits.

    A second run changes nothing.
    """
    file_id, facts = task.subject_id, dict(task.facts)
    db.session.rollback()  # nobody waits for us while we read
    report = _progress.get(_ignore_progress)
    with read_only():
        file_to_read = _take_file_out(file_id)
        db.session.rollback()
    if file_to_read is None:
        return "nothing to read"
    drafts = statement_drafts.draft_statements(
        file_to_read.content, file_to_read.filename, progress=report, **file_to_read.options
    )
    account_id = file_to_read.account_id
    del file_to_read  # its bytes, which may be many, are not needed to store what was read
    count = sum(len(draft.items) for draft in drafts.statements)
    _note_progress(file_id, count)
    report("storing", count)
    file = statements.store_statements(
        file_id,
        drafts,
        create_accounts=bool(facts.get("create_accounts")),
        account_id=account_id,
        now=clock.now(),
        actor=str(facts.get("actor", "system:0")),
    )
    del drafts  # nor are they for what follows
    digest = str(facts.get("plan", ""))
    if digest and not import_plans.does_fit(file, digest):
        db.session.rollback()  # somebody confirmed something else
        imports.ask_again(file_id, now=clock.now())
        return "what was shown changed: nothing was stored"
    return f"{file.state}: {file.new_count} new, {file.known_count} known"


def match_statement(task: Task, _settings: Settings) -> str:
    """Match the entries of a statement in chunks, each committed; return how many were settled and wait.
    Then, unless another run is planned, look at what their donors pay regularly.

    A kill loses one chunk at most; a second run goes on with what is unmatched.
    """
    task_id, statement_id = task.id, task.subject_id
    report = _progress.get(_ignore_progress)
    settled_count = waiting_count = left_count = 0
    last_id: int | None = 0
    while last_id is not None:
        part = matching.match_next_entries(statement_id, last_id, now=clock.now(), actor=MATCHER)
        settled_count += part.settled_count
        waiting_count += part.waiting_count
        last_id, left_count = part.last_id, part.left_count
        if last_id is not None:
            claims.renew_lease(task_id, now=clock.now())
            db.session.commit()
            report("matching", settled_count + waiting_count)
    if left_count:
        _plan_another_run(task_id, statement_id)
    else:
        inferred.infer_from_statement(statement_id, now=clock.now())
    rest = f", {left_count} were held by another" if left_count else ""
    return f"{settled_count} settled, {waiting_count} wait{rest}"


def _plan_another_run(task_id: int, statement_id: int) -> None:
    """Plan another run for entries that this one passed by because a person was deciding them."""
    now = clock.now()
    tasks.plan_task(
        f"match_statement:{statement_id}:after.{task_id}",
        kind="match_statement",
        performer="worker",
        subject=("statement", statement_id),
        due_at=now + AGAIN,
        now=now,
    )


def get_progress() -> Progress:
    """Return what this context reports to; by itself nothing."""
    return _progress.get(_ignore_progress)


def _ignore_progress(_doing: str, _count: int) -> None:
    pass


def _take_file_out(file_id: int) -> FileToRead | None:
    file = imports.get_file(file_id)
    if file.state not in UNREAD_FILES:
        return None
    return file_reading.take_file_out(
        file, layout=file.layout, bank_account_id=file.bank_account_id, currency=file.currency
    )


def _note_progress(file_id: int, count: int) -> None:
    """Let the page say how many entries are being stored."""
    db.session.execute(
        update(ImportFile)
        .where(ImportFile.id == file_id, ImportFile.state == "received")
        .values(progress=count)
    )
    db.session.commit()
