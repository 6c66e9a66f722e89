"""What an organisation's contacts become when a position ends: those of the person end with it, and what went
there goes to the address of a role, which survives a change of staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import ContactPoint, Relationship
from donorhub.models.states import DEAD_CONTACTS, ContactKind
from donorhub.services.access import organisation
from donorhub.services.donors import contact_rows, contacts, positions

_SYSTEM = "system:0"


def hand_over(position: Relationship, *, now: datetime, actor: str) -> int:
    """Let the contacts through which an organisation reached somebody end with their position; return how
    many: none while the position, or another of theirs there, goes on.

    Where one was preferred, a role's address of its kind is from now on; without any, a task asks for a
    successor.
    """
    today = organisation.get_day(now)
    return _end_contacts(position, today, after=today, now=now, actor=actor)


def hand_over_ended(*, now: datetime) -> int:
    """Hand over where a position ended by the calendar, or was recorded with its end; return how many
    contacts have ended. Again changes nothing."""
    today = organisation.get_day(now)
    query = (
        select(Relationship)
        .join(
            ContactPoint,
            (ContactPoint.person_id == Relationship.from_id) & (ContactPoint.donor_id == Relationship.to_id),
        )
        .where(
            ContactPoint.person_id.is_not(None),
            ContactPoint.until_on.is_(None),
            Relationship.until_on < today,
        )
        .order_by(Relationship.until_on.desc(), Relationship.id)
    )
    ended_positions = db.session.scalars(query).unique().all()
    return sum(
        _end_contacts(position, today, after=today - timedelta(days=1), now=now, actor=_SYSTEM)
        for position in ended_positions
    )


def _end_contacts(position: Relationship, today: date, *, after: date, now: datetime, actor: str) -> int:
    """Let the contacts end, unless somebody has a position that lasts longer than until ``after``."""
    until_on = position.until_on
    if position.kind not in positions.POSITIONS or until_on is None or until_on > today:
        return 0
    contact_rows.lock_donor(position.to_id)  # of two positions that end at once, the second sees the first
    if positions.holds_position(position.from_id, position.to_id, after=after):
        return 0
    ended_contacts = _list_reaching(position.to_id, position.from_id)
    for contact in ended_contacts:
        _end_contact(contact, until_on, today, now=now, actor=actor)
    return len(ended_contacts)


def _list_reaching(organisation_id: int, person_id: int) -> Sequence[ContactPoint]:
    return db.session.scalars(
        select(ContactPoint)
        .where(ContactPoint.donor_id == organisation_id, ContactPoint.person_id == person_id)
        .where(ContactPoint.until_on.is_(None))
        .order_by(ContactPoint.id)
    ).all()


def _end_contact(contact: ContactPoint, until_on: date, today: date, *, now: datetime, actor: str) -> None:
    was_preferred, kind = contact.is_preferred, contact.kind
    begins_later = contact.since_on is not None and contact.since_on > until_on
    contacts.end_contact(contact, until_on=today if begins_later else until_on, now=now, actor=actor)
    if not was_preferred:
        return
    role_contact = find_role_contact(contact.donor_id, kind)
    if role_contact is not None:
        contacts.prefer_contact(role_contact, now=now, actor=actor)
    elif contact.person_id is not None:
        positions.ask_for_successor(contact.donor_id, contact.person_id, now=now)


def find_role_contact(organisation_id: int, kind: ContactKind) -> ContactPoint | None:
    """Return the contact of a kind that stays when people go: a role's, else one that is nobody's; None
    where there is none that works."""
    candidates = [
        contact
        for contact in contact_rows.list_live(organisation_id, kind)
        if contact.person_id is None and contact.state not in DEAD_CONTACTS
    ]
    return min(candidates, key=lambda one: (one.role is None, one.id), default=None)
