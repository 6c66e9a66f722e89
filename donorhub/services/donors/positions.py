"""People's positions at organisations: who holds one, which contacts may name them, and who follows.

A position is a relationship of a person to an organisation; what happens when it ends is in
:mod:`.handing_over`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from donorhub.db import cut_query_values, db
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.errors import Rejected
from donorhub.models import ContactPoint, Donor, Relationship
from donorhub.models.states import ContactKind, ContactRole, RelationshipKind
from donorhub.services.access import row_scope
from donorhub.services.donors import contact_rows
from donorhub.services.work import tasks

POSITIONS: Final[tuple[RelationshipKind, ...]] = ("employee_of", "contact_person_of", "member_of")
_WRITTEN_TO: Final[tuple[ContactKind, ...]] = ("email", "post")  # what comes back tells that somebody left
_MOST_OFFERED: Final = 100
_A_DAY: Final = timedelta(days=1)


def _goes_on(after: date) -> ColumnElement[bool]:
    """Return the condition that a relationship is a position and lasts longer than until this day."""
    is_position = Relationship.kind.in_(POSITIONS)
    return is_position & or_(Relationship.until_on.is_(None), Relationship.until_on > after)


def holds_position(person_id: int, organisation_id: int, *, after: date) -> bool:
    """Return whether a person has a position at an organisation that lasts longer than until this day."""
    query = select(Relationship.id).where(
        Relationship.from_id == person_id, Relationship.to_id == organisation_id, _goes_on(after)
    )
    return db.session.scalar(query.limit(1)) is not None


def list_holders(organisation_id: int, *, today: date) -> Sequence[Donor]:
    """Return who has a position at an organisation today, by name."""
    holder_ids = select(Relationship.from_id).where(
        Relationship.to_id == organisation_id, _goes_on(today - _A_DAY)
    )
    query = select(Donor).where(Donor.id.in_(holder_ids), Donor.kind == "person")
    return db.session.scalars(query.order_by(Donor.name, Donor.id).limit(_MOST_OFFERED)).all()


def find_contact_people(organisation_ids: Collection[int], *, today: date) -> dict[int, str]:
    """Return the names of those for whose attention post to organisations is, by the organisation.

    It is whom their postal address reaches, else their one contact person; of an address that is a role's,
    of several contact people, and of whoever died or may not be used, nobody.
    """
    candidates: dict[int, set[int]] = {}
    for chunk in cut_query_values(sorted(set(organisation_ids))):
        contacts = select(Relationship.to_id, Relationship.from_id).where(
            Relationship.to_id.in_(chunk),
            Relationship.kind == "contact_person_of",
            _goes_on(today - _A_DAY),
        )
        for organisation_id, person_id in db.session.execute(contacts):
            candidates.setdefault(organisation_id, set()).add(person_id)
        addresses = select(ContactPoint.donor_id, ContactPoint.role, ContactPoint.person_id).where(
            ContactPoint.donor_id.in_(chunk),
            ContactPoint.kind == "post",
            ContactPoint.is_preferred,
            ContactPoint.until_on.is_(None),
            or_(ContactPoint.role.is_not(None), ContactPoint.person_id.is_not(None)),
        )
        for organisation_id, _role, reached_id in db.session.execute(addresses):
            candidates[organisation_id] = set() if reached_id is None else {reached_id}
    names = _read_names({id_ for ids in candidates.values() for id_ in ids})
    people = {of: [names[id_] for id_ in sorted(ids) if id_ in names] for of, ids in candidates.items()}
    return {of: some[0] for of, some in people.items() if len(some) == 1}


def _read_names(person_ids: Collection[int]) -> dict[int, str]:
    """Return the names of people who may be named in a letter, by their ids."""
    names: dict[int, str] = {}
    owner_ids = row_scope.get_owner_ids()
    for chunk in cut_query_values(sorted(person_ids)):
        query = select(Donor.id, Donor.name).where(
            Donor.id.in_(chunk),
            Donor.kind == "person",
            Donor.is_deceased.is_(False),
            Donor.is_restricted.is_(False),
            Donor.removed_at.is_(None),
        )
        if owner_ids is not None:
            query = query.where(Donor.owner_id.in_(sorted(owner_ids)))
        names.update({row.id: row.name for row in db.session.execute(query)})
    return names


def find_names(contacts: Collection[ContactPoint], *, owner_id: int | None = None) -> dict[int, str]:
    """Return the names of the people whom contacts of an organisation reach, by their ids: of those whom the
    reader may see."""
    ids = {contact.person_id for contact in contacts if contact.person_id is not None}
    if not ids:
        return {}
    query = select(Donor.id, Donor.name).where(Donor.id.in_(ids))
    if owner_id is not None:
        query = query.where(Donor.owner_id == owner_id)
    return {row.id: row.name for row in db.session.execute(query)}


def refuse_misplaced(donor: Donor, role: ContactRole | None, person_id: int | None, *, today: date) -> None:
    """Raise Rejected where a contact of this donor is no role's or person's: only an organisation's is, of
    one of the two, and the person has a position there."""
    if role is None and person_id is None:
        return
    field = "/role" if role is not None else "/person_id"
    if donor.kind != "organisation":
        raise Rejected(
            "only a contact of an organisation is of a role or a person", field=field, code="no_organisation"
        )
    if role is not None and person_id is not None:
        raise Rejected(
            "a contact is of a role, which stays, or of a person", field="/person_id", code="role_or_person"
        )
    if person_id is not None and not holds_position(person_id, donor.id, after=today - _A_DAY):
        raise Rejected(
            "this person has no position at the organisation: record it as a relationship first",
            field="/person_id",
            code="no_position",
        )


def ask_about_bounce(contact: ContactPoint, *, today: date, now: datetime) -> None:
    """Ask who follows where mail came back from somebody with a position: once for each of them and each
    organisation. Of anybody else nothing is asked."""
    if contact.kind not in _WRITTEN_TO:
        return
    if contact.person_id is not None:
        ask_for_successor(contact.donor_id, contact.person_id, now=now)
        return
    organisation = aliased(Donor)
    query = (
        select(Relationship.to_id)
        .join(organisation, organisation.id == Relationship.to_id)
        .where(Relationship.from_id == contact.donor_id, _goes_on(today - _A_DAY))
        .where(organisation.kind == "organisation")
    )
    for organisation_id in sorted(set(db.session.scalars(query))):
        ask_for_successor(organisation_id, contact.donor_id, now=now)


def ask_about_address(email: str, *, today: date, now: datetime) -> None:
    """Ask who follows whoever has an e-mail from which mail came back, as :func:`ask_about_bounce`."""
    value_hash = contact_rows.hash_value(ContactValue("email", email))
    query = select(ContactPoint).where(
        ContactPoint.kind == "email",
        ContactPoint.value_hash == value_hash,
        ContactPoint.until_on.is_(None),
    )
    for contact in db.session.scalars(query.order_by(ContactPoint.id)).all():
        ask_about_bounce(contact, today=today, now=now)


def ask_for_successor(organisation_id: int, person_id: int, *, now: datetime) -> bool:
    """Ask a person of the staff whom to write to at an organisation in place of somebody; return whether that
    is new: it is asked once, whatever else happens."""
    return tasks.plan_task(
        f"find_successor:{organisation_id}:{person_id}",
        kind="find_successor",
        subject=("donor", person_id),
        donor_id=organisation_id,
        now=now,
    )
