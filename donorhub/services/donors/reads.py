"""Who looked at which donor: once a day for each, so that after a breach it can be said whose data it was.

Whoever only looks waits for nobody: where the base is busy, it is noted with the next look of this process.
"""

from __future__ import annotations

from datetime import datetime
from threading import Lock
from typing import Final

from sqlalchemy import Connection, exists, select

from donorhub.db import db, insert_for
from donorhub.models import DonorRead
from donorhub.services.access import organisation

_MOST_WAITING: Final = 10_000
_waiting: Final[dict[tuple[str, int, object], datetime]] = {}  # actor, donor and day, and when
_lock: Final = Lock()


def is_noted(donor_id: int, *, now: datetime, actor: str) -> bool:
    """Return whether it is noted already that somebody looked at a donor today."""
    day = organisation.get_day(now)
    row = exists(
        select(DonorRead.id).where(
            DonorRead.actor == actor, DonorRead.donor_id == donor_id, DonorRead.day == day
        )
    )
    return bool(db.session.scalar(select(row)))


def remember_read(donor_id: int, *, now: datetime, actor: str) -> None:
    """Keep in mind that somebody looked at a donor, until :func:`write_reads` can write it."""
    with _lock:
        if len(_waiting) < _MOST_WAITING:
            _waiting.setdefault((actor, donor_id, organisation.get_day(now)), now)


def write_reads(connection: Connection) -> int:
    """Write what waits into the connection's transaction; return how many. Again writes nothing."""
    with _lock:
        waiting = dict(_waiting)
    rows = [
        {"actor": actor, "donor_id": donor_id, "day": day, "first_at": at}
        for (actor, donor_id, day), at in waiting.items()
    ]
    if rows:
        statement = insert_for(connection, DonorRead).on_conflict_do_nothing(
            index_elements=["actor", "donor_id", "day"]
        )
        connection.execute(statement, rows)
    return len(rows)


def forget_written(count: int) -> None:
    """Let go of the first so many that wait: their transaction was committed."""
    with _lock:
        for key in list(_waiting)[:count]:
            del _waiting[key]
