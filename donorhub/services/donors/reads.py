"""Who looked at which donor: once a day for each, so that after a breach it can be said whose data it was.

Whoever only looks waits for nobody: where the base is busy, it is noted with the next look of this process.
"""

from __future__ import annotations

from datetime import date, datetime
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from donorhub.db import db, insert_for
from donorhub.models import DonorRead, Organisation
from donorhub.services.access import organisation

_MOST_WAITING: Final = 10_000
_waiting: Final[dict[tuple[str, int, date], datetime]] = {}  # actor, donor and day, and when
_lock: Final = Lock()
_looks = DonorRead.__table__.c
_last_day = select(func.max(_looks.day)).where(
    _looks.actor == bindparam("actor"), _looks.donor_id == bindparam("donor_id")
)
_LAST_LOOK: Final = select(  # asked by every look at a donor
    Organisation.__table__.c.time_zone, _last_day.scalar_subquery().label("last_day")
)


def find_day_to_note(donor_id: int, *, now: datetime, actor: str) -> date | None:
    """Return the organisation's day, or None where it is noted that somebody looked at a donor on it."""
    row = db.session.connection().execute(_LAST_LOOK, {"actor": actor, "donor_id": donor_id}).one()
    day = organisation.find_day(now, ZoneInfo(row.time_zone))
    return None if row.last_day == day else day


def remember_read(donor_id: int, day: date, *, now: datetime, actor: str) -> None:
    """Keep in mind that somebody looked at a donor on a day, until :func:`write_reads` can write it."""
    with _lock:
        if len(_waiting) < _MOST_WAITING:
            _waiting.setdefault((actor, donor_id, day), now)


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
