"""What waits: for workers, for people, and in the error inbox. Counts only, no personal data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import db
from donorhub.models import Entry, ImportFile, Message, ProviderEvent, Receipt, Task
from donorhub.models.states import OPEN_TASKS, STUCK_EVENTS, WAITING_EVENTS, Word
from donorhub.services.work import claims


def count_pending(*, now: datetime) -> dict[str, dict[str, int]]:
    """Return how many wait, by what they are and their kind or state; where nothing waits, empty groups."""
    return {
        "worker tasks": _count_by(Task.kind, Task.performer == "worker", Task.state.in_(OPEN_TASKS)),
        "worker tasks due": _count_by(Task.kind, claims.is_due(now)),
        "people's tasks": _count_by(Task.kind, Task.performer == "person", Task.state.in_(OPEN_TASKS)),
        "error inbox: tasks": _count_by(Task.kind, Task.state == "dead"),
        "provider events": _count_by(ProviderEvent.state, ProviderEvent.state.in_(WAITING_EVENTS)),
        "error inbox: provider events": _count_by(ProviderEvent.state, ProviderEvent.state.in_(STUCK_EVENTS)),
        "bank files": _count_by(
            ImportFile.state, ImportFile.state.in_(("received", "asking", "held", "failed"))
        ),
        "entries in suspense": _count_by(Entry.state, Entry.state.in_(("suspense", "doubtful", "new"))),
        "messages": _count_by(Message.state, Message.state.in_(("planned", "claimed", "failed"))),
        "error inbox: messages": _count_by(Message.state, Message.state == "unknown"),
        "receipts without PDF": _count_by(Receipt.series, Receipt.pdf_sha256.is_(None)),
    }


def is_idle(*, now: datetime) -> bool:
    """Return whether workers have nothing to do at this moment."""
    counts = count_pending(now=now)
    return not (counts["worker tasks due"] or counts["provider events"])


def _count_by(column: InstrumentedAttribute[Word], *conditions: ColumnElement[bool]) -> dict[str, int]:
    rows = db.session.execute(
        select(column, func.count()).where(*conditions).group_by(column).order_by(column)
    )
    return {word: number for word, number in rows}  # noqa: C416  a Row is no pair for dict
