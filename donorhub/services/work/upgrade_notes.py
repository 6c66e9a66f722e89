"""What an upgrade mended of what an older program left: noted once for each kind, shown until it was seen.

What is mended, and how, :mod:`donorhub.services.reports.mending` lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select, update

from donorhub.db import db, insert_or_ignore
from donorhub.models import UpgradeNote
from donorhub.models.states import UpgradeNoteKind, UpgradeSubject
from donorhub.services.access import audit

MOST_NAMED: Final = 500  # rows that a note names


def begin_note(kind: UpgradeNoteKind, subject_type: UpgradeSubject, *, now: datetime) -> UpgradeNote | None:
    """Return the note of what is being mended, empty; None where it was mended before.

    A second process waits here for the first, and finds its note.
    """
    note_id = db.session.scalar(
        insert_or_ignore(UpgradeNote, on=(UpgradeNote.kind,))
        .values(kind=kind, subject_type=subject_type, count=0, subject_ids=[], noted_at=now)
        .returning(UpgradeNote.id)
    )
    return db.session.get_one(UpgradeNote, note_id) if note_id is not None else None


def fill_note(note: UpgradeNote, subject_ids: Sequence[int], *, now: datetime) -> None:
    """Write down which rows were mended; none leaves a note that nobody is shown."""
    note.count, note.subject_ids = len(subject_ids), sorted(subject_ids)[:MOST_NAMED]
    if subject_ids:
        audit.record_action(
            "system:0",
            "upgrade.mended",
            ("upgrade_note", note.id),
            now=now,
            data={"kind": note.kind, "count": len(subject_ids)},
        )


def list_kinds() -> set[UpgradeNoteKind]:
    """Return what was mended already, or needed no mending."""
    return set(db.session.scalars(select(UpgradeNote.kind)))


def select_notes() -> Select[UpgradeNote]:
    """Return a query for what was mended, without what needed no mending."""
    return select(UpgradeNote).where(UpgradeNote.count > 0)


def list_notes() -> Sequence[UpgradeNote]:
    """Return what was mended, in the order in which it was."""
    return db.session.scalars(select_notes().order_by(UpgradeNote.id)).all()


def select_unseen_notes() -> Select[int]:
    """Return a query for what was mended and nobody has looked at."""
    return select(UpgradeNote.id).where(UpgradeNote.count > 0, UpgradeNote.seen_at.is_(None))


def mark_seen(*, now: datetime, actor: str) -> None:
    """Write down that a person has looked at all that was mended; again changes nothing."""
    db.session.execute(
        update(UpgradeNote)
        .where(UpgradeNote.id.in_(select_unseen_notes()))
        .values(seen_at=now, seen_by=actor)
        .execution_options(synchronize_session=False)
    )
