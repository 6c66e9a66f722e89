"""What people did and said with a donor: recorded once, corrected by a new row, never edited.

The caller has looked whether the donor is there, and on whose list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select
from sqlalchemy.orm import aliased

from donorhub.db import cut_query_values, db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Interaction, Message
from donorhub.models.states import (
    CONTACT_KINDS,
    UNREACHED_CALLS,
    CallOutcome,
    InteractionDirection,
    InteractionKind,
)
from donorhub.services.access import audit

_LATER: Final = aliased(Interaction)
# Not corrected since; and of a letter, that it is still said to be posted.
IS_LATEST: Final[ColumnElement[bool]] = and_(
    ~exists().where(_LATER.corrects_id == Interaction.id),
    or_(
        Interaction.message_id.is_(None),
        exists().where(Message.id == Interaction.message_id, Message.state == "sent"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInteraction:
    """What happened with a donor, as somebody tells it. A note has no direction."""

    kind: InteractionKind
    at: datetime
    text: str = ""
    direction: InteractionDirection | None = None
    outcome: CallOutcome | None = None


def record_interaction(
    donor_id: int,
    new: NewInteraction,
    *,
    source: str,
    now: datetime,
    actor: str,
    task_id: int | None = None,
    message_id: int | None = None,
) -> Interaction:
    """Record what happened and return it; raise Rejected where that was not yet.

    What names a letter counts as long as the letter is said to be posted.
    """
    row = _make_row(donor_id, new, source=source, now=now, actor=actor)
    row.task_id, row.message_id = task_id, message_id
    db.session.add(row)
    db.session.flush()  # the audit names its id
    audit.record_action(
        actor,
        "interaction.recorded",
        ("interaction", row.id),
        now=now,
        data={"kind": new.kind, "donor_id": donor_id},
    )
    return row


def correct_interaction(
    original: Interaction, new: NewInteraction, *, source: str, now: datetime, actor: str
) -> Interaction:
    """Record anew what happened and return it; the row that it corrects stays as it was.

    Raise Conflict where that is corrected already, and Rejected for what did not happen yet.
    """
    if db.session.scalar(select(Interaction.id).where(Interaction.corrects_id == original.id)) is not None:
        raise Conflict(
            "this was corrected in the meantime: look at what is there now", code="corrected_already"
        )
    row = _make_row(original.donor_id, new, source=source, now=now, actor=actor)
    row.corrects_id, row.task_id, row.message_id = original.id, original.task_id, original.message_id
    db.session.add(row)
    db.session.flush()  # the audit names its id
    audit.record_action(
        actor,
        "interaction.corrected",
        ("interaction", row.id),
        now=now,
        data={"corrects_id": original.id, "donor_id": row.donor_id},
    )
    return row


def _make_row(donor_id: int, new: NewInteraction, *, source: str, now: datetime, actor: str) -> Interaction:
    if new.at > now:
        raise Rejected(
            "what is still to come is a task: give the time when it happened", field="/at", code="not_yet"
        )
    return Interaction(
        donor_id=donor_id,
        kind=new.kind,
        direction=None if new.kind == "note" else new.direction or "out",
        at=new.at,
        recorded_at=now,
        actor=actor,
        text=new.text,
        outcome=new.outcome if new.kind == "call" else None,
        source=source,
    )


def add_note(donor_id: int, text: str, *, source: str, now: datetime, actor: str) -> bool:
    """Add a note about a donor; return False where there is nothing to say, or a note says it already."""
    if not text or text in read_notes([donor_id]).get(donor_id, ()):
        return False
    new = NewInteraction(kind="note", at=now, text=text)
    record_interaction(donor_id, new, source=source, now=now, actor=actor)
    return True


def add_notes(texts: Mapping[int, str], *, source: str, now: datetime, actor: str) -> None:
    """Add the first note of each of many new donors, in two statements."""
    rows: list[dict[str, object]] = [
        {
            "donor_id": donor_id,
            "kind": "note",
            "at": now,
            "recorded_at": now,
            "actor": actor,
            "text": text,
            "source": source,
        }
        for donor_id, text in texts.items()
        if text
    ]
    if not rows:
        return
    ids = db.session.scalars(
        insert(Interaction).returning(Interaction.id, sort_by_parameter_order=True), rows
    ).all()
    audit.write_records(
        audit.make_record(
            actor,
            "interaction.recorded",
            ("interaction", id_),
            now=now,
            data={"kind": "note", "donor_id": row["donor_id"]},
        )
        for id_, row in zip(ids, rows, strict=True)
    )


def read_notes(donor_ids: Collection[int]) -> dict[int, list[str]]:
    """Return what the notes about each donor say now, the oldest first."""
    notes: dict[int, list[str]] = {}
    for chunk in cut_query_values(donor_ids):
        rows = db.session.execute(
            select(Interaction.donor_id, Interaction.text)
            .where(Interaction.donor_id.in_(chunk), Interaction.kind == "note", IS_LATEST)
            .order_by(Interaction.donor_id, Interaction.at, Interaction.id)
        )
        for donor_id, text in rows:
            notes.setdefault(donor_id, []).append(text)
    return notes


def get_interaction(interaction_id: int, donor_id: int) -> Interaction:
    """Return one interaction of a donor; raise NotFound where they have none of this id."""
    row = db.session.get(Interaction, interaction_id)
    if row is None or row.donor_id != donor_id:
        raise NotFound(f"donor {donor_id} has no interaction {interaction_id}")
    return row


def find_last_contact(donor_id: int) -> Interaction | None:
    """Return the newest thing by which somebody and the donor heard of each other; None before the first.

    A note is none, and neither is a call that nobody answered.
    """
    return db.session.scalar(
        select(Interaction)
        .where(
            Interaction.donor_id == donor_id,
            Interaction.kind.in_(CONTACT_KINDS),
            Interaction.outcome.is_(None) | Interaction.outcome.not_in(UNREACHED_CALLS),
            IS_LATEST,
        )
        .order_by(Interaction.at.desc(), Interaction.id.desc())
        .limit(1)
    )


def list_corrected(row: Interaction) -> list[Interaction]:
    """Return what a row corrects, and what that corrected, the newest first."""
    earlier: list[Interaction] = []
    while row.corrects_id is not None:
        row = get_interaction(row.corrects_id, row.donor_id)
        earlier.append(row)
    return earlier


def find_correction(interaction_id: int) -> Interaction | None:
    """Return what says this anew; None where nothing does."""
    return db.session.scalar(select(Interaction).where(Interaction.corrects_id == interaction_id))
