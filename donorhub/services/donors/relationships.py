"""Relationships between donors: one row, which each end sees in its own words; added, and ended by a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.models import Donor, Relationship
from donorhub.models.states import RelationshipKind
from donorhub.services.access import audit
from donorhub.services.donors import handing_over, periods

Side = Literal["from", "to"]
MUTUAL: Final[tuple[RelationshipKind, ...]] = ("spouse",)  # either is to the other what the other is
MOST_SHOWN: Final = 100  # of one donor: an organisation may have more employees than a page holds


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship as one of its ends sees it: on which side that end stands, and who is on the other."""

    row: Relationship
    side: Side
    other: Donor


def add_relationship(
    from_id: int,
    to_id: int,
    kind: RelationshipKind,
    *,
    title: str = "",
    since_on: date | None = None,
    until_on: date | None = None,
    now: datetime,
    actor: str,
) -> tuple[Relationship, bool]:
    """Record that one donor is something to another; return the row and whether it is new.

    One that goes on already, or that was recorded with the same days, is returned as it is. Raise Rejected
    for a donor with themselves, and for one that would end before it began.
    """
    if from_id == to_id:
        raise Rejected("nobody is related to themselves", field="/to_id", code="same_donor")
    periods.refuse_early_end(since_on, until_on)
    if kind in MUTUAL:
        from_id, to_id = sorted((from_id, to_id))
    rows = db.session.scalars(select(Relationship).filter_by(from_id=from_id, to_id=to_id, kind=kind))
    earlier_row = periods.find_same(rows, since_on, until_on)
    if earlier_row is not None:
        return earlier_row, False
    row = Relationship(
        from_id=from_id,
        to_id=to_id,
        kind=kind,
        title=title,
        since_on=since_on,
        until_on=until_on,
        recorded_at=now,
    )
    db.session.add(row)
    db.session.flush()  # the audit names its id
    audit.record_action(
        actor,
        "relationship.added",
        ("relationship", row.id),
        now=now,
        data={"kind": kind, "from_id": from_id, "to_id": to_id},
    )
    return row, True


def end_relationship(row: Relationship, until_on: date, *, now: datetime, actor: str) -> None:
    """Let a relationship end with a day; the same day again changes nothing. The contacts of an organisation
    are handed over where it was a position (:mod:`.handing_over`).

    Raise Conflict for one that ended with another, and Rejected for a day before it began.
    """
    if periods.end_period(row, until_on, what="relationship.ended", now=now, actor=actor):
        handing_over.hand_over(row, now=now, actor=actor)


def get_relationship(relationship_id: int, donor_id: int) -> Relationship:
    """Return a relationship of a donor, whichever end they are; raise NotFound where there is none."""
    row = db.session.get(Relationship, relationship_id)
    if row is None or donor_id not in (row.from_id, row.to_id):
        raise NotFound(f"donor {donor_id} has no relationship {relationship_id}")
    return row


def list_relations(donor_id: int, *, owner_id: int | None = None) -> Sequence[Relation]:
    """Return what a donor is to others and they to them, what goes on first; with ``owner_id`` only those
    whose other end is on that user's own list too.
    """
    relations = [*_list_side(donor_id, "from", owner_id), *_list_side(donor_id, "to", owner_id)]
    relations.sort(key=lambda one: (one.row.until_on is not None, one.row.kind, one.other.name, one.row.id))
    return relations[:MOST_SHOWN]


def _list_side(donor_id: int, side: Side, owner_id: int | None) -> list[Relation]:
    own, others = (
        (Relationship.from_id, Relationship.to_id)
        if side == "from"
        else (Relationship.to_id, Relationship.from_id)
    )
    query = select(Relationship, Donor).join(Donor, Donor.id == others).where(own == donor_id)
    if owner_id is not None:
        query = query.where(Donor.owner_id == owner_id)
    rows = db.session.execute(query.order_by(Relationship.id.desc()).limit(MOST_SHOWN))
    return [Relation(row, side, other) for row, other in rows]
