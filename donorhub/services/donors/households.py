"""Households: a donor of its own, its members, and the name that a letter to it has.

A receipt stays one for each payer: nothing here touches gifts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import combinations

from sqlalchemy import delete, select

from donorhub.db import cut_query_values, db
from donorhub.domain.donors.households import Head, write_joint_name
from donorhub.errors import Rejected
from donorhub.models import Donor, HouseholdMember
from donorhub.models.states import MemberRole
from donorhub.services.access import audit
from donorhub.services.donors import donors

Pair = tuple[HouseholdMember, Donor]  # a membership of a household, and who or what is at its other end


def add_member(
    household: Donor, person: Donor, *, role: MemberRole, is_head: bool, now: datetime, actor: str
) -> tuple[HouseholdMember, bool]:
    """Let a person belong to a household; return the row and whether anything is new.

    Who belongs to it already gets the role that is said now. Raise Rejected where the one is no household,
    or the other no person.
    """
    if household.kind != "household":
        raise Rejected(f"{household.code} is no household", field="/donor_id", code="no_household")
    if person.kind != "person":
        raise Rejected(
            "only a person belongs to a household", field="/donor_id", code="no_person", donor_id=person.id
        )
    row = db.session.scalar(select(HouseholdMember).filter_by(household_id=household.id, donor_id=person.id))
    if row is not None and (row.role, row.is_head) == (role, is_head):
        return row, False
    if row is None:
        row = HouseholdMember(household_id=household.id, donor_id=person.id, recorded_at=now)
        db.session.add(row)
    row.role, row.is_head = role, is_head
    db.session.flush()  # the constraint speaks before the audit does
    audit.record_action(
        actor,
        "household.member_added",
        ("donor", household.id),
        now=now,
        data={"donor_id": person.id, "role": role, "is_head": is_head},
    )
    return row, True


def remove_member(household_id: int, donor_id: int, *, now: datetime, actor: str) -> bool:
    """Let a person belong to a household no more; return False where they did not."""
    row_id = db.session.scalar(
        delete(HouseholdMember)
        .where(HouseholdMember.household_id == household_id, HouseholdMember.donor_id == donor_id)
        .returning(HouseholdMember.id)
        .execution_options(synchronize_session=False)
    )
    if row_id is None:
        return False
    audit.record_action(
        actor, "household.member_removed", ("donor", household_id), now=now, data={"donor_id": donor_id}
    )
    return True


def list_together(donor_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return the pairs of these people, the lower id first, who belong to one household."""
    members: dict[int, list[int]] = {}
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.execute(
            select(HouseholdMember.household_id, HouseholdMember.donor_id).where(
                HouseholdMember.donor_id.in_(chunk)
            )
        )
        for household_id, donor_id in rows:
            members.setdefault(household_id, []).append(donor_id)
    return {pair for ids in members.values() for pair in combinations(sorted(ids), 2)}


def list_members(household_id: int, *, owner_id: int | None = None) -> Sequence[Pair]:
    """Return who belongs to a household, those whom letters name first."""
    query = (
        select(HouseholdMember, Donor)
        .join(Donor, Donor.id == HouseholdMember.donor_id)
        .where(HouseholdMember.household_id == household_id)
        .order_by(HouseholdMember.is_head.desc(), HouseholdMember.id)
    )
    if owner_id is not None:
        query = query.where(Donor.owner_id == owner_id)
    return [(row, person) for row, person in db.session.execute(query)]


def list_households(donor_id: int, *, owner_id: int | None = None) -> Sequence[Pair]:
    """Return the households that a person belongs to."""
    query = (
        select(HouseholdMember, Donor)
        .join(Donor, Donor.id == HouseholdMember.household_id)
        .where(HouseholdMember.donor_id == donor_id)
        .order_by(HouseholdMember.id)
    )
    if owner_id is not None:
        query = query.where(Donor.owner_id == owner_id)
    return [(row, household) for row, household in db.session.execute(query)]


def list_other_ends(donor: Donor, *, owner_id: int | None = None) -> Sequence[Pair]:
    """Return the members of a household, or the households of a person."""
    list_ends = list_members if donor.kind == "household" else list_households
    return list_ends(donor.id, owner_id=owner_id)


def propose_name(household: Donor, members: Sequence[Pair]) -> str:
    """Return the name that the heads of a household give it, in its language; empty where it has none."""
    heads = [
        Head(person.name, person.given_name, person.family_name) for row, person in members if row.is_head
    ]
    return write_joint_name(heads, household.lang)


def take_joint_name(household: Donor, *, now: datetime, actor: str) -> bool:
    """Name a household by its heads; return whether that changed anything.

    How a letter greets it follows from its name, unless the household has a greeting of its own.
    """
    name = propose_name(household, list_members(household.id))
    if not name or name == household.name:
        return False
    donors.change_donor(household, {"name": name}, now=now, actor=actor)
    return True
