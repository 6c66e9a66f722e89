"""Imports that somebody saw first: what a file would do is shown with a digest, and the digest is confirmed.

Where the file, what was said of it or the ledger changed since, nothing is written and what it would do now
comes back. The worker looks once more when it stores the file (:mod:`.import_plans`).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from donorhub.db import db
from donorhub.models import ImportFile
from donorhub.services import shown
from donorhub.services.bank.files import import_plans, imports
from donorhub.services.bank.files.import_plans import Choices, Plan

_NOBODY: Final = "system:0"


def plan_bytes(data: bytes, filename: str, choices: Choices, *, now: datetime, limit_mb: int) -> Plan | None:
    """Return what importing these bytes would do; None where they were imported before. Nothing is kept.

    It needs a transaction that may write.
    """
    imports.refuse_large_file(data, filename, limit_mb)
    imports.refuse_unknown_answers(choices.bank_account_id, choices.layout)
    rehearsal = db.session.begin_nested()
    try:
        file, is_new = imports.keep_file(data, filename, now=now, actor=_NOBODY)
        if not is_new and not imports.can_import(file):
            return None
        return import_plans.make_plan(file, choices, now=now)
    finally:
        rehearsal.rollback()


def import_bytes(
    data: bytes, filename: str, choices: Choices, digest: str, *, now: datetime, actor: str, limit_mb: int
) -> tuple[ImportFile, bool]:
    """Keep a bank file and plan its import as it was shown under this digest; tell whether it is to be read.

    Raise Changed with the plan of now where that is another. Bytes that were imported before change nothing.
    """
    plan = plan_bytes(data, filename, choices, now=now, limit_mb=limit_mb)
    if plan is None:
        return imports.keep_file(data, filename, now=now, actor=actor)[0], False
    shown.refuse_changed(digest, plan)
    file, is_read = imports.receive_file(
        data, filename, **asdict(choices), plan_digest=digest, limit_mb=limit_mb, now=now, actor=actor
    )
    if not is_read:  # it asks or is held, and was told nothing new
        start_import(file, choices, digest, now=now, actor=actor)
    import_plans.keep_plan(file, plan, now=now)
    return file, True


def plan_file(import_file_id: int, choices: Choices, *, now: datetime) -> Plan:
    """Return what importing a file that was kept would do, and keep that; raise Conflict for one that is
    imported already.

    It needs a transaction that may write.
    """
    file = imports.get_file(import_file_id)
    imports.refuse_unknown_answers(choices.bank_account_id, choices.layout)
    imports.refuse_stored_file(file)
    plan = import_plans.make_plan(file, choices, now=now)
    import_plans.keep_plan(file, plan, now=now)
    return plan


def import_kept_file(
    import_file_id: int, choices: Choices, digest: str, *, now: datetime, actor: str
) -> ImportFile:
    """Plan the import of a file that was kept, as it was shown under this digest. A second call ignores it.

    Raise Changed with the plan of now where that is another, Conflict for a file that was imported otherwise.
    """
    file = imports.lock_file(import_file_id)
    if not imports.can_import(file) and was_confirmed(file, digest):
        return file
    shown.refuse_changed(digest, plan_file(file.id, choices, now=now))
    start_import(file, choices, digest, now=now, actor=actor)
    return file


def was_confirmed(file: ImportFile, digest: str) -> bool:
    """Return whether it was this digest that somebody confirmed when the file was read the last time."""
    task = imports.find_reading_task(file)
    return task is not None and bool(digest) and task.facts.get("plan") == digest


def start_import(file: ImportFile, choices: Choices, digest: str, *, now: datetime, actor: str) -> None:
    """Plan the reading of a file that asks or may be read again; it stores what this digest stands for."""
    if file.state == "asking":
        imports.answer_questions(file.id, **asdict(choices), plan_digest=digest, now=now, actor=actor)
    elif file.state == "held":
        imports.read_held_file(file, **asdict(choices), plan_digest=digest, now=now, actor=actor)
    else:
        content = imports.read_content(file)
        imports.receive_file(
            content, file.filename, **asdict(choices), plan_digest=digest, now=now, actor=actor
        )
