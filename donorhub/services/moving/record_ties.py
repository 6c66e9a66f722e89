"""Members of households and contact people of organisations, as a file of donors brings and loses them.

A tie that is there stays as it is; one that somebody ended is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select

from donorhub.db import cut_query_values, db
from donorhub.domain.moving.records import Tie
from donorhub.models import HouseholdMember, Relationship

DonorTie = tuple[Tie, int, int]  # with the donors at its ends: who, and of whom
MadeTies = dict[str, list[int]]  # ids of rows by the obstacle that each would be
_FindPairs = Callable[[Collection[int]], Iterable[tuple[int, int]]]
_MEMBERS: Final = "household_member"
_CONTACTS: Final = "relationship"


def write_ties(ties: Iterable[DonorTie], *, now: datetime) -> MadeTies:
    """Record these ties where there are none yet; return what was made."""
    by_kind: dict[str, list[DonorTie]] = {"member": [], "contact_person": []}
    for tie in ties:
        by_kind[tie[0].kind].append(tie)
    members = [
        HouseholdMember(household_id=of_id, donor_id=who_id, role="other", is_head=True, recorded_at=now)
        for _, who_id, of_id in _leave_out_known(by_kind["member"], _find_members)
    ]
    contacts = [
        Relationship(from_id=who_id, to_id=of_id, kind="contact_person_of", title=tie.title, recorded_at=now)
        for tie, who_id, of_id in _leave_out_known(by_kind["contact_person"], _find_contacts)
    ]
    db.session.add_all([*members, *contacts])
    db.session.flush()
    return {_MEMBERS: [row.id for row in members], _CONTACTS: [row.id for row in contacts]}


def _leave_out_known(ties: Sequence[DonorTie], find_known: _FindPairs) -> list[DonorTie]:
    known_pairs = {
        pair
        for who_ids in cut_query_values(sorted({who_id for _, who_id, _ in ties}))
        for pair in find_known(who_ids)
    }
    return [tie for tie in ties if tie[1:] not in known_pairs]


def _find_members(person_ids: Collection[int]) -> Iterable[tuple[int, int]]:
    query = select(HouseholdMember.donor_id, HouseholdMember.household_id)
    rows = db.session.execute(query.where(HouseholdMember.donor_id.in_(person_ids)))
    return [(row.donor_id, row.household_id) for row in rows]


def _find_contacts(person_ids: Collection[int]) -> Iterable[tuple[int, int]]:
    query = select(Relationship.from_id, Relationship.to_id).where(Relationship.kind == "contact_person_of")
    rows = db.session.execute(query.where(Relationship.from_id.in_(person_ids)))
    return [(row.from_id, row.to_id) for row in rows]


def remove_ties(made_ties: MadeTies, donor_ids: Collection[int]) -> None:
    """Delete those of the ties that a file made which have one of these donors at an end."""
    going = set(donor_ids)
    for chunk in cut_query_values(sorted(made_ties.get(_MEMBERS, []))):
        columns = (HouseholdMember.id, HouseholdMember.household_id, HouseholdMember.donor_id)
        members = db.session.execute(select(*columns).where(HouseholdMember.id.in_(chunk)))
        ids = [id_ for id_, *ends in members if not going.isdisjoint(ends)]
        db.session.execute(delete(HouseholdMember).where(HouseholdMember.id.in_(ids)))
    for chunk in cut_query_values(sorted(made_ties.get(_CONTACTS, []))):
        contacts = db.session.execute(
            select(Relationship.id, Relationship.from_id, Relationship.to_id).where(
                Relationship.id.in_(chunk)
            )
        )
        ids = [id_ for id_, *ends in contacts if not going.isdisjoint(ends)]
        db.session.execute(delete(Relationship).where(Relationship.id.in_(ids)))
