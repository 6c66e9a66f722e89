"""What joins donors to each other and to us for a time: it begins once, and is ended by a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TypeVar

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import DonorRole, Membership, Relationship
from donorhub.services.access import audit

PeriodT = TypeVar("PeriodT", Relationship, Membership, DonorRole)


def refuse_early_end(since_on: date | None, until_on: date | None) -> None:
    """Raise Rejected where something would end before it began."""
    if since_on is not None and until_on is not None and until_on < since_on:
        raise Rejected("it would end before it began", field="/until_on", code="ends_before_begin")


def find_same(rows: Iterable[PeriodT], since_on: date | None, until_on: date | None) -> PeriodT | None:
    """Return which of these rows says what is said again: it goes on too, or has ended with the same days."""
    for row in rows:
        if row.until_on == until_on and (until_on is None or row.since_on == since_on):
            return row
    return None


def end_period(row: PeriodT, until_on: date, *, what: str, now: datetime, actor: str) -> bool:
    """Let something end with a day, which the audit calls ``what``; return False where it had that day.

    Raise Conflict for what ended with another day, and Rejected for a day before it began.
    """
    db.session.refresh(row, with_for_update=True)  # of two who end it, the second sees the first one's day
    if row.until_on == until_on:
        return False
    if row.until_on is not None:
        raise Conflict("this has ended already: look at what is there now", code="ended_already")
    refuse_early_end(row.since_on, until_on)
    row.until_on = until_on
    audit.record_change(actor, what, (row.__tablename__, row.id), {"until_on": (None, until_on)}, now=now)
    return True
