"""What must hold of the search: that it knows donors by what stands in their rows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from donorhub.db import cut_query_values, db
from donorhub.models import Donor
from donorhub.services.donors import search_documents
from donorhub.services.reports.invariants.scope import Scope, show_some

SAMPLE: Final = 500  # donors


def check_documents(scope: Scope, now: datetime) -> list[str]:
    """Return donors of a sample whom the search knows otherwise than their rows say; another sample each day.

    Whatever changes such a donor mends it.
    """
    newest = db.session.scalar(select(func.max(Donor.id))) or 0
    step = max(1, newest // SAMPLE)
    is_whole = scope.is_whole(Donor)
    condition = Donor.id % step == now.toordinal() % step if is_whole else scope.is_concerned(Donor)
    donor_ids = list(db.session.scalars(select(Donor.id).where(condition).order_by(Donor.id).limit(SAMPLE)))
    return show_some(
        f"donor {id_} is not searched by what stands in their rows"
        for chunk in cut_query_values(donor_ids)
        for id_ in search_documents.list_differing(chunk)
    )
