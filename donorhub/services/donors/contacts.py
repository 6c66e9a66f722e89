"""What people do with a donor's contacts: add, change, prefer, mark and end them, each with its audit.

The donor's columns, keys and search text follow in the same step (:mod:`.contact_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, TypedDict

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import ColumnElement, and_, case, select

from donorhub.db import db
from donorhub.domain.access.donor_fields import FIELD_OF_CONTACT
from donorhub.domain.access.permissions import Principal
from donorhub.domain.donors.contact_values import ContactValue, make_postal_value, make_value
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import ContactPoint, Donor
from donorhub.models.states import (
    CONTACT_POINT_KINDS,
    DEAD_CONTACTS,
    ContactKind,
    ContactRole,
    ContactState,
)
from donorhub.services.access import audit, organisation
from donorhub.services.donors import contact_rows, donors, identity_keys, positions

_PARTS: Final = ("street", "postcode", "town", "country")
_WORST_FIRST: Final[tuple[ContactState, ...]] = ("complained", "bounced", "unconfirmed")


class NewContact(TypedDict, total=False):
    """One more contact; an address has its parts, all else a ``value``."""

    kind: ContactKind
    value: str
    street: str
    postcode: str
    town: str
    country: str
    label: str
    role: ContactRole | None
    person_id: int | None
    is_preferred: bool
    since_on: date | None


class ContactChanges(TypedDict, total=False):
    """Some of what a contact says; what is left out stays as it is."""

    value: str
    street: str
    postcode: str
    town: str
    country: str
    label: str
    role: ContactRole | None
    person_id: int | None
    is_preferred: bool
    state: ContactState
    since_on: date | None
    until_on: date | None


# ---------------------------------------------------------------- finding


def list_shown_kinds(reader: Principal | None) -> list[ContactKind]:
    """Return the kinds of contacts that a reader sees; all where nobody reads."""
    return [
        kind for kind in CONTACT_POINT_KINDS if reader is None or reader.may_see_field(FIELD_OF_CONTACT[kind])
    ]


def get_contact(donor_id: int, contact_id: int, *, reader: Principal | None = None) -> ContactPoint:
    """Return a contact of this donor; raise NotFound where there is none that the reader sees."""
    contact = db.session.get(ContactPoint, contact_id)
    is_shown = contact is not None and contact.kind in list_shown_kinds(reader)
    if contact is None or contact.donor_id != donor_id or not is_shown:
        raise NotFound(f"donor {donor_id} has no contact {contact_id}")
    return contact


def list_contacts(donor_id: int, *, reader: Principal | None = None) -> Sequence[ContactPoint]:
    """Return all contacts of a donor that a reader sees: live ones by kind, the preferred one first, then
    former ones."""
    return db.session.scalars(
        select(ContactPoint)
        .where(ContactPoint.donor_id == donor_id, ContactPoint.kind.in_(list_shown_kinds(reader)))
        .order_by(
            ContactPoint.until_on.is_not(None),
            case({kind: at for at, kind in enumerate(CONTACT_POINT_KINDS)}, value=ContactPoint.kind),
            ContactPoint.is_preferred.desc(),
            ContactPoint.id,
        )
    ).all()


def find_state(kind: ContactKind, value_hash: str, donor_id: int | None) -> ContactState:
    """Return how an address or number stands: dead, whoever has it as a contact, since what comes back comes
    back for both; else unconfirmed where it is so as this donor's.
    """
    query = select(ContactPoint.donor_id, ContactPoint.state).where(
        ContactPoint.kind == kind,
        ContactPoint.value_hash == value_hash,
        ContactPoint.until_on.is_(None),
        ContactPoint.state.is_distinct_from("ok"),
    )
    states = {
        state
        for owner_id, state in db.session.execute(query)
        if state in DEAD_CONTACTS or owner_id == donor_id
    }
    return next((state for state in _WORST_FIRST if state in states), "ok")


def find_preferred(donor_id: int, kind: ContactKind) -> ContactPoint | None:
    """Return the contact of a kind by which a donor is written to; None where there is none."""
    query = select(ContactPoint).filter_by(donor_id=donor_id, kind=kind, is_preferred=True)
    return db.session.scalar(query)


def is_former(donor_id: int, email: str) -> bool:
    """Return whether an address was a donor's and is so no more."""
    query = select(ContactPoint.until_on).where(ContactPoint.donor_id == donor_id, _is_email(email))
    ends = db.session.scalars(query).all()
    return bool(ends) and None not in ends


def _is_email(email: str) -> ColumnElement[bool]:
    value_hash = contact_rows.hash_value(ContactValue("email", email))
    return and_(ContactPoint.kind == "email", ContactPoint.value_hash == value_hash)


# ---------------------------------------------------------------- changing


def add_contact(
    donor_id: int, new: NewContact, *, source: str, now: datetime, actor: str, version: int | None = None
) -> tuple[ContactPoint, bool]:
    """Add a contact to a donor; return it and whether it is new: one who has it already keeps it as it is,
    but for where it is known from if only decisions said it.

    The first of its kind is preferred, but for accounts. An address that was dead when it ended is dead
    still. Raise Conflict when ``version`` is given and somebody changed the donor since.
    """
    donor = _lock_donor(donor_id, version)
    value = _make_value(new["kind"], new)
    today = organisation.get_day(now)
    _refuse_days(new.get("since_on"), None, today)
    positions.refuse_misplaced(donor, new.get("role"), new.get("person_id"), today=today)
    live_contacts = contact_rows.list_live(donor.id, value.kind)
    value_hash = contact_rows.hash_value(value)
    known_one = next((contact for contact in live_contacts if contact.value_hash == value_hash), None)
    if known_one is not None:
        _take_over_learned(known_one, donor, source=source, now=now)
        return known_one, False
    if value.kind == "account" and new.get("is_preferred"):
        _refuse_preferred_account()
    contact = contact_rows.add_row(donor.id, value, source=source, now=now)
    contact.label, contact.since_on = new.get("label", ""), new.get("since_on")
    contact.role, contact.person_id = new.get("role"), new.get("person_id")
    if new.get("is_preferred") or (value.kind != "account" and not live_contacts):
        contact_rows.prefer_row(contact)
    audit.record_change(
        actor,
        "donor.contact_added",
        ("donor", donor.id),
        {value.kind: (None, value.value)},
        now=now,
        personal=[value.kind],
        donor_id=donor.id,
    )
    _note_change(donor, now)
    return contact, True


def _take_over_learned(contact: ContactPoint, donor: Donor, *, source: str, now: datetime) -> None:
    """Let an account that only decisions said be one that somebody says: undoing them forgets it no more."""
    if contact.source == identity_keys.LEARNED:
        contact.source, contact.collected_at = source, now
        contact_rows.write_keys(donor)


def change_contact(
    contact: ContactPoint,
    changes: ContactChanges,
    *,
    now: datetime,
    actor: str,
    version: int | None = None,
) -> ContactPoint:
    """Change a contact and return it; what is as it was changes nothing.

    One that ends is preferred no more, and another address that is put right is no dead one any more.
    Raise Conflict where the donor has that contact already, or they complained and it would be written to.
    """
    donor = _lock_donor(contact.donor_id, version)
    db.session.refresh(contact)
    before = _list_facts(contact)
    value = _change_value(contact, changes)
    is_another = contact_rows.hash_value(value) != contact.value_hash
    state = changes.get("state", "ok" if is_another and contact.state == "bounced" else contact.state)
    _refuse_relief(contact, state, is_another=is_another)
    since_on, until_on = changes.get("since_on", contact.since_on), changes.get("until_on", contact.until_on)
    today = organisation.get_day(now)
    _refuse_days(since_on, until_on, today)
    role, person_id = changes.get("role", contact.role), changes.get("person_id", contact.person_id)
    if (role, person_id) != (contact.role, contact.person_id):
        positions.refuse_misplaced(donor, role, person_id, today=today)
    if until_on is None:
        _refuse_second(contact, value)
    contact_rows.write_value(contact, value)
    contact.label, contact.state = changes.get("label", contact.label), state
    contact.since_on, contact.role, contact.person_id = since_on, role, person_id
    _write_end(contact, until_on)
    _write_preference(contact, changes.get("is_preferred", contact.is_preferred))
    db.session.flush()  # what is compared now
    after = _list_facts(contact)
    differing = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    if differing:
        audit.record_change(
            actor,
            "donor.contact_changed",
            ("donor", donor.id),
            {contact.kind: (before[contact.kind], after[contact.kind]), **differing},
            now=now,
            personal=[contact.kind, "label"],
            donor_id=donor.id,
        )
        _note_change(donor, now)
    if state == "bounced" and before["contact_state"] != state:
        positions.ask_about_bounce(contact, today=today, now=now)
    return contact


def end_contact(
    contact: ContactPoint, *, until_on: date, now: datetime, actor: str, version: int | None = None
) -> ContactPoint:
    """Let a contact be a former one after this day; it stays to be seen, and nothing is sent there."""
    return change_contact(contact, {"until_on": until_on}, now=now, actor=actor, version=version)


def prefer_contact(
    contact: ContactPoint, *, now: datetime, actor: str, version: int | None = None
) -> ContactPoint:
    """Let a live contact be the one of its kind that is written to and stands in lists."""
    return change_contact(contact, {"is_preferred": True}, now=now, actor=actor, version=version)


def mark_contact(
    contact: ContactPoint, state: ContactState, *, now: datetime, actor: str, version: int | None = None
) -> ContactPoint:
    """Say what became of a contact: mail came back from it, it works again, they complained."""
    return change_contact(contact, {"state": state}, now=now, actor=actor, version=version)


# ---------------------------------------------------------------- what is refused


def _lock_donor(donor_id: int, version: int | None) -> Donor:
    """Return the donor as they stand now, whom nobody else changes the contacts of meanwhile."""
    donor = donors.get_donor(donor_id)
    contact_rows.lock_donor(donor.id)
    db.session.refresh(donor)
    if version is not None and version != donor.version:
        raise Conflict(
            "somebody else changed this donor in the meantime: look again before you save",
            code="donor_changed",
        )
    return donor


def _make_value(kind: ContactKind, new: NewContact) -> ContactValue:
    if kind == "post":
        value = make_postal_value(*(str(new.get(name, "")) for name in _PARTS))
        if value is None:
            raise Rejected("an address has a street or a town", field="/street", code="contact_empty")
        return value
    text = new.get("value", "")
    if kind == "account":
        text = _normalise_account(text)
    value = make_value(kind, text)
    if kind == "email" and text and not _is_email_address(text):
        raise Rejected("this is no e-mail address", field="/value", code="email_invalid")
    if value is None:
        raise Rejected("say which address or number it is", field="/value", code="contact_empty")
    return value


def _is_email_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def _normalise_account(text: str) -> str:
    iban = donors.normalise_iban(text)
    if iban is None:
        raise Rejected("this is no IBAN: compare its digits", field="/value", code="iban_invalid")
    return iban


def _change_value(contact: ContactPoint, changes: ContactChanges) -> ContactValue:
    parts: NewContact = {
        "value": changes.get("value", contact.value),
        "street": changes.get("street", contact.street),
        "postcode": changes.get("postcode", contact.postcode),
        "town": changes.get("town", contact.town),
        "country": changes.get("country", contact.country),
    }
    needless = {"value"} if contact.kind == "post" else set(_PARTS)
    for name, text in sorted(dict(changes).items()):
        if name in needless and text:
            raise Rejected(f"a contact of this kind has no {name}", field=f"/{name}", code="contact_kind")
    before = contact_rows.read_value(contact)
    if before.kind != "post" and parts["value"] == before.value:
        return before  # an account that was kept before it had to be an IBAN stays
    return _make_value(contact.kind, parts)


def _refuse_relief(contact: ContactPoint, state: ContactState, *, is_another: bool) -> None:
    """Raise Conflict where somebody complained, and this would have them written to again."""
    if contact.state == "complained" and (state != "complained" or is_another):
        raise Conflict(
            "this address complained about our mail: nobody but the person can take that back",
            code="complaint_stays",
        )


def _refuse_days(since_on: date | None, until_on: date | None, today: date) -> None:
    if since_on is not None and since_on > today:
        raise Rejected(
            "add it when it holds: this day is still to come", field="/since_on", code="day_to_come"
        )
    if until_on is not None and until_on > today:
        raise Rejected(
            "end it when it ends: this day is still to come", field="/until_on", code="day_to_come"
        )
    if since_on is not None and until_on is not None and until_on < since_on:
        raise Rejected("it ends before it starts", field="/until_on", code="ends_before_start")


def _refuse_second(contact: ContactPoint, value: ContactValue) -> None:
    value_hash = contact_rows.hash_value(value)
    for other in contact_rows.list_live(contact.donor_id, contact.kind):
        if other.id != contact.id and other.value_hash == value_hash:
            raise Conflict("the donor has this already", field="/value", code="contact_known")


def _refuse_preferred_account() -> None:
    raise Rejected("nobody is written to by an account", field="/is_preferred", code="account_not_preferred")


# ---------------------------------------------------------------- what is written


def _write_end(contact: ContactPoint, until_on: date | None) -> None:
    if until_on is None:
        contact.until_on = None
    else:
        contact_rows.end_row(contact, until_on)


def _write_preference(contact: ContactPoint, is_preferred: bool) -> None:
    if not is_preferred:
        contact.is_preferred = False
        return
    if contact.kind == "account":
        _refuse_preferred_account()
    if contact.until_on is not None:
        raise Rejected("a former contact is not preferred", field="/is_preferred", code="contact_ended")
    contact_rows.prefer_row(contact)


def _list_facts(contact: ContactPoint) -> dict[str, object]:
    """Return what the audit tells of a contact."""
    return {
        contact.kind: contact.value,
        "label": contact.label,
        "contact_role": contact.role,
        "person_id": contact.person_id,
        "contact_state": contact.state,
        "is_preferred": contact.is_preferred,
        "since_on": contact.since_on,
        "until_on": contact.until_on,
    }


def _note_change(donor: Donor, now: datetime) -> None:
    """Let the donor's row follow: its columns, keys, search text and version."""
    contact_rows.fill_columns(donor)
    donor.version += 1
    donor.updated_at = now
    db.session.flush()  # who asks next reads the database
