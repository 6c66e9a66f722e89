"""What waits: for workers, for people, and in the error inbox. Counts only, no personal data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import db
from donorhub.models import Entry, ImportFile, Message, ProviderEvent, Receipt, Task
from donorhub.models.states import OPEN_TASKS, STUCK_EVENTS, WAITING_EVENTS, Word
from donorhub.services.work import claims


def count(*, now: datetime) -> dict[str, dict[str, int]]:
    """Counts by what waits and its state; empty groups where nothing does."""
    return {
        "worker tasks": _by(Task.kind, Task.performer == "worker", Task.state.in_(OPEN_TASKS)),
        "worker tasks due": _by(Task.kind, claims.is_due(now)),
        "people's tasks": _by(Task.kind, Task.performer == "person", Task.state.in_(OPEN_TASKS)),
        "error inbox: tasks": _by(Task.kind, Task.state == "dead"),
        "provider events": _by(ProviderEvent.state, ProviderEvent.state.in_(WAITING_EVENTS)),
        "error inbox: provider events": _by(ProviderEvent.state, ProviderEvent.state.in_(STUCK_EVENTS)),
        "bank files": _by(ImportFile.state, ImportFile.state.in_(("received", "asking", "held", "failed"))),
        "entries in suspense": _by(Entry.state, Entry.state.in_(("suspense", "doubtful", "new"))),
        "messages": _by(Message.state, Message.state.in_(("planned", "claimed", "failed"))),
        "error inbox: messages": _by(Message.state, Message.state == "unknown"),
        "receipts without PDF": _by(Receipt.series, Receipt.pdf_sha256.is_(None)),
    }


def is_idle(*, now: datetime) -> bool:
    """Whether workers have nothing to do at this moment."""
    waits = count(now=now)
    return not (waits["worker tasks due"] or waits["provider events"])


def _by(column: InstrumentedAttribute[Word], *conditions: ColumnElement[bool]) -> dict[str, int]:
    rows = db.session.execute(
        select(column, func.count()).where(*conditions).group_by(column).order_by(column)
    )
    return {word: number for word, number in rows}  # noqa: C416  a Row is no pair for dict
