"""Members of households and contact people of organisations, as a file of donors brings and loses them.

A tie that is there stays as it is; one that somebody ended is not made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Table, delete, select, true

from donorhub.db import Base, cut_query_values, db
from donorhub.domain.moving.records import Tie, TieKind
from donorhub.models import HouseholdMember, Relationship

DonorTie = tuple[Tie, int, int]  # with the donors at its ends: who, and of whom
MadeTies = dict[str, list[int]]  # ids of rows by their table, which is what each would be as an obstacle


class _Place(NamedTuple):
    """Where the ties of a kind are kept: the table, its columns for both ends, and what tells them there."""

    table: Table
    who: str
    of: str
    is_such: ColumnElement[bool]


_PLACES: Final[Mapping[TieKind, _Place]] = {
    "member": _Place(Base.metadata.tables[HouseholdMember.__tablename__], "donor_id", "household_id", true()),
    "contact_person": _Place(
        Base.metadata.tables[Relationship.__tablename__],
        "from_id",
        "to_id",
        Relationship.kind == "contact_person_of",
    ),
}


def write_ties(ties: Iterable[DonorTie], *, now: datetime) -> MadeTies:
    """Record these ties where there are none yet; return what was made."""
    by_kind: dict[TieKind, list[DonorTie]] = {kind: [] for kind in _PLACES}
    for tie in ties:
        by_kind[tie[0].kind].append(tie)
    made_rows = {
        place.table.name: [_make_row(tie, now) for tie in _leave_out_known(by_kind[kind], place)]
        for kind, place in _PLACES.items()
    }
    db.session.add_all(row for rows in made_rows.values() for row in rows)
    db.session.flush()
    return {obstacle: [row.id for row in rows] for obstacle, rows in made_rows.items()}


def _make_row(donor_tie: DonorTie, now: datetime) -> HouseholdMember | Relationship:
    tie, who_id, of_id = donor_tie
    if tie.kind == "member":
        return HouseholdMember(
            household_id=of_id, donor_id=who_id, role="other", is_head=True, recorded_at=now
        )
    return Relationship(
        from_id=who_id, to_id=of_id, kind="contact_person_of", title=tie.title, recorded_at=now
    )


def _leave_out_known(ties: Sequence[DonorTie], place: _Place) -> list[DonorTie]:
    who, of = place.table.c[place.who], place.table.c[place.of]
    known_pairs: set[tuple[int, int]] = set()
    for who_ids in cut_query_values(sorted({who_id for _, who_id, _ in ties})):
        rows = db.session.execute(select(who, of).where(who.in_(who_ids), place.is_such))
        known_pairs.update((who_id, of_id) for who_id, of_id in rows)
    return [tie for tie in ties if tie[1:] not in known_pairs]


def find_standing(made_ties: MadeTies, *, made_at: datetime | None) -> MadeTies:
    """Return those of the ties that a file made, at this moment, which stand.

    The moment is compared since SQLite gives the number of a row that was deleted to another one.
    """
    standing_ties: MadeTies = {}
    for table in (place.table for place in _PLACES.values()):
        standing_ties[table.name] = [
            id_
            for chunk in cut_query_values(sorted(made_ties.get(table.name, [])))
            for id_ in db.session.scalars(
                select(table.c.id).where(table.c.id.in_(chunk), table.c.recorded_at == made_at)
            )
        ]
    return standing_ties


def remove_ties(standing_ties: MadeTies, donor_ids: Collection[int]) -> None:
    """Delete those of the ties that a file made which have one of these donors at an end."""
    going_ids = set(donor_ids)
    for table, who, of, _ in _PLACES.values():
        for chunk in cut_query_values(sorted(standing_ties.get(table.name, []))):
            rows = db.session.execute(
                select(table.c.id, table.c[who], table.c[of]).where(table.c.id.in_(chunk))
            )
            ids = [id_ for id_, *ends in rows if not going_ids.isdisjoint(ends)]
            db.session.execute(delete(table).where(table.c.id.in_(ids)))
