"""Closed books: what was received up to a day is reported, and people change it no more.

What banks and providers report of those days is still recorded, as money is never lost; only
changes by people are refused until somebody opens the books again, which the audit shows.
"""

from __future__ import annotations

from datetime import date

from donorhub.errors import Rejected
from donorhub.services.access import organisation


def find_last_closed_day() -> date | None:
    """Return the last day of the closed books; None while all are open."""
    return organisation.get_organisation().closed_until


def refuse_closed_days(*days: date, field: str | None = None) -> None:
    """Raise Rejected when one of these days lies in closed books."""
    until = find_last_closed_day()
    if until is not None and any(day <= until for day in days):
        raise Rejected(
            f"the books are closed up to {until}: open them first (Settings, Organisation)",
            field=field,
            code="books_closed",
            until=until.isoformat(),
        )
