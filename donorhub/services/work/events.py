"""Domain events: what happened with us, recorded in the transaction that changed the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert

from donorhub.db import Base, db
from donorhub.models import DomainEvent
from donorhub.models.states import EventKind, EventOrigin

_TABLE: Final = Base.metadata.tables["domain_event"]
_NEWS_FOR: Final = timedelta(days=30)


def record_event(
    kind: EventKind,
    subject: tuple[str, int],
    *,
    occurred_at: datetime,
    now: datetime,
    donor_id: int | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Record that something happened (``gift.recorded``); what follows runs in a later transaction."""
    db.session.add(
        DomainEvent(
            kind=kind,
            donor_id=donor_id,
            subject_type=subject[0],
            subject_id=subject[1],
            occurred_at=occurred_at,
            recorded_at=now,
            origin=find_origin(occurred_at, now),
            data=dict(data or {}),
        )
    )


def record_events(
    kind: EventKind, donor_of_subject: Mapping[int, int], *, subject_type: str, now: datetime
) -> None:
    """Record that the same happened now to many rows of one table, given with whose they are."""
    rows: list[dict[str, object]] = [
        {
            "kind": kind,
            "donor_id": donor_id,
            "subject_type": subject_type,
            "subject_id": id_,
            "occurred_at": now,
            "recorded_at": now,
            "origin": "live",
            "data": {},
        }
        for id_, donor_id in donor_of_subject.items()
    ]
    if rows:
        db.session.execute(insert(_TABLE), rows)


def find_origin(occurred_at: datetime, recorded_at: datetime) -> EventOrigin:
    """Return whether something is news when it is recorded, or history."""
    return "history_import" if recorded_at - occurred_at > _NEWS_FOR else "live"
