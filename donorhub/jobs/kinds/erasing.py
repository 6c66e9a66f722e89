"""Overwriting the bytes of donors who were erased, right after the erasure was committed."""

from __future__ import annotations

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.jobs.backups import erasure_log
from donorhub.models import Erasure, Task
from donorhub.services.donors import erased_bytes, erasure


def erase_bytes(task: Task, settings: Settings) -> str:
    """Overwrite what is left of whoever was erased until now; ignore it where that was done since.

    The caller commits. Raise Busy where somebody reads all the time: it is tried again.
    """
    erasure_id = task.subject_id
    db.session.rollback()  # nothing of ours may stand in the way
    begun_at = clock.now()
    with read_only():
        row = db.session.get_one(Erasure, erasure_id)
        is_done, donor_id = row.bytes_erased_at is not None, row.donor_id
        db.session.rollback()
    db.session.remove()
    if is_done:
        erasure_log.write_log(settings, now=begun_at)  # a crash may have come between
        return "done before"
    erasure.sweep_erased(donor_id)
    db.session.commit()
    db.session.remove()
    erased_bytes.overwrite_bytes()
    erased_bytes.note_overwritten(erased_before=begun_at, now=clock.now())
    erasure_log.write_log(settings, now=begun_at)
    return "overwritten"
