"""Noting that somebody looked at a donor, beside a request that only reads and waits for nobody."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy.exc import OperationalError

from donorhub import clock
from donorhub.db import db, is_reading, set_reading, write_at_once
from donorhub.errors import Busy
from donorhub.services.donors import reads


def note_read(donor_id: int, *, actor: str) -> None:
    """Note that somebody looks at a donor, once a day; where the base is busy, with the next look."""
    now = clock.now()
    if not is_reading():
        return
    day = reads.find_day_to_note(donor_id, now=now, actor=actor)
    if day is None:
        return
    reads.remember_read(donor_id, day, now=now, actor=actor)
    set_reading(False)
    try:
        with suppress(OperationalError, Busy), write_at_once():
            with db.engine.begin() as connection:
                count = reads.write_reads(connection)
            reads.forget_written(count)
    finally:
        set_reading(True)
