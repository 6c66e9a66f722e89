"""The audit as a list: its records by who, what, subject and days, the newest first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from donorhub.models import AuditRecord
from donorhub.services.access import audit, organisation
from donorhub.services.paging import LIMIT, Order, Page, newest_first, read_page

_BY_DAY: Final = newest_first(AuditRecord.at, AuditRecord.id)
_BY_NUMBER: Final = newest_first(AuditRecord.id)


def list_records(
    *,
    first: date | None = None,
    last: date | None = None,
    actor: str = "",
    what: str = "",
    subject_type: str = "",
    subject_id: int | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[AuditRecord]:
    """Return a page of the records that fit all that is given; days are the organisation's."""
    query = audit.select_records(
        since=organisation.get_midnight(first) if first else None,
        until=organisation.get_midnight(last + timedelta(days=1)) if last else None,
        actor=actor or None,
        what=what or None,
        subject_type=subject_type or None,
        subject_id=subject_id,
    )
    # By days an index finds them in the order of their moments, else each index has them in that of numbers.
    order: Order = _BY_DAY if first or last else _BY_NUMBER
    return read_page(query, order, after=after, limit=limit)
