"""Contact points as rows, and what follows from them: the donor's columns, identity keys and search text.

All that writes a contact point or one of these columns goes through here, so that they cannot part;
``reports.invariants.donors`` looks whether they did. What people do with contacts is in :mod:`.contacts`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select, text

from donorhub import vault
from donorhub.db import Base, db, insert_for
from donorhub.domain import payer_text
from donorhub.domain.donors import identity
from donorhub.domain.donors.contact_values import ContactValue, make_postal_value, make_value
from donorhub.errors import NotFound
from donorhub.models import ContactPoint, Donor
from donorhub.models.states import DEAD_CONTACTS, ContactKind, ContactState
from donorhub.services.donors import identity_keys, search_documents

_LIVE_KEY: Final = ("donor_id", "kind", "value_hash")
_POST_COLUMNS: Final = ("street", "postcode", "city", "country")
COLUMNS: Final[Mapping[ContactKind, tuple[str, ...]]] = {
    "email": ("email",),
    "phone": ("phone",),
    "post": _POST_COLUMNS,
}
COLUMN_NAMES: Final = frozenset(name for names in COLUMNS.values() for name in names)
_ROWS: Final = Base.metadata.tables[ContactPoint.__tablename__]


def hash_value(value: ContactValue) -> str:
    """Return the keyed hash by which equal values are known."""
    return vault.compute_keyed_hash(value.make_comparable())


def make_row(
    donor_id: int,
    value: ContactValue,
    *,
    source: str,
    now: datetime,
    is_preferred: bool = False,
) -> dict[str, object]:
    """Return the columns of a live contact point."""
    return {
        "donor_id": donor_id,
        "kind": value.kind,
        "value": value.value,
        "street": value.street,
        "postcode": value.postcode,
        "town": value.town,
        "country": value.country,
        "value_hash": hash_value(value),
        "label": "",
        "is_preferred": is_preferred,
        "state": "ok",
        "source": source,
        "collected_at": now,
    }


def list_values(columns: Mapping[str, str]) -> list[ContactValue]:
    """Return the contacts that these columns of a donor tell."""
    values = (
        make_value("email", columns["email"]),
        make_value("phone", columns["phone"]),
        make_postal_value(*(columns[name] for name in _POST_COLUMNS)),
    )
    return [value for value in values if value is not None]


def insert_rows(rows: Sequence[Mapping[str, object]]) -> set[int]:
    """Write live contact points, but for those that a donor has already; return whose are new."""
    if not rows:
        return set()
    connection = db.session.connection()
    statement = insert_for(connection, ContactPoint).on_conflict_do_nothing(
        index_elements=list(_LIVE_KEY), index_where=text("until_on IS NULL")
    )
    return set(connection.execute(statement.returning(_ROWS.c.donor_id), rows).scalars())


def insert_first_rows(rows: Sequence[Mapping[str, object]]) -> None:
    """Write the contact points of donors who are new, and have none, in one statement."""
    if rows:
        db.session.connection().execute(_ROWS.insert(), rows)


# ---------------------------------------------------------------- the donor's columns


def begin_donor(donor: Donor, *, source: str, now: datetime) -> None:
    """Write the contacts, keys and search text of a donor who was just made of what the columns say."""
    values = _list_column_values(donor)
    insert_first_rows(
        [make_row(donor.id, value, source=source, now=now, is_preferred=True) for value in values]
    )
    donor.search = join_search_text(donor.name, donor.code, donor.tax_number or "", values)
    identity_keys.insert_keys(
        identity_keys.list_keys(identity_keys.name_donor(donor), values), role_emails=list_emails(values)
    )
    names = (donor.name, donor.given_name, donor.family_name)
    words = search_documents.make_document(donor.code, names, donor.tax_number, values)
    search_documents.begin_documents({donor.id: words})


def _list_column_values(donor: Donor) -> list[ContactValue]:
    return list_values({name: getattr(donor, name) for name in COLUMN_NAMES})


def follow_columns(
    donor: Donor, changed_names: Collection[str], *, source: str, now: datetime, today: date
) -> None:
    """Let the preferred contacts be what the columns of a donor say, of which these were set anew.

    The earlier address ends where another takes its place, and goes on where more of it is known.
    """
    for kind, names in COLUMNS.items():
        if set(names) & set(changed_names):
            lock_donor(donor.id)
            values = {value.kind: value for value in _list_column_values(donor)}
            _follow_value(donor, kind, values.get(kind), source=source, now=now, today=today)


def _follow_value(
    donor: Donor, kind: ContactKind, value: ContactValue | None, *, source: str, now: datetime, today: date
) -> None:
    contacts = list_live(donor.id, kind)
    preferred_contact = next((contact for contact in contacts if contact.is_preferred), None)
    if value is None:
        if preferred_contact is not None:
            end_row(preferred_contact, today)
        return
    same = next((contact for contact in contacts if contact.value_hash == hash_value(value)), None)
    if preferred_contact is not None:
        more_is_known = same is None and value.adds_to(read_value(preferred_contact))
        if same is preferred_contact or more_is_known:
            write_value(preferred_contact, value)
            return
    if preferred_contact is not None and same is None:
        end_row(preferred_contact, today)
    if same is None:
        same = add_row(donor.id, value, source=source, now=now)
    else:
        write_value(same, value)
    prefer_row(same)


def fill_columns(donor: Donor) -> None:
    """Write what the preferred contacts say into the donor's columns, and their keys and search text anew.

    A country stays where no address names another: it is known without one.
    """
    contacts = {contact.kind: contact for contact in list_live(donor.id) if contact.is_preferred}
    post = contacts.get("post")
    donor.email = contacts["email"].value if "email" in contacts else ""
    donor.phone = contacts["phone"].value if "phone" in contacts else ""
    donor.street = post.street if post else ""
    donor.postcode, donor.city = (post.postcode, post.town) if post else ("", "")
    if post is not None and post.country:
        donor.country = post.country
    write_keys(donor)


# ---------------------------------------------------------------- rows


def lock_donor(donor_id: int) -> None:
    """Let nobody else write a donor's contacts until the transaction ends: one of a kind is preferred.

    Raise NotFound where the donor was erased since they were read.
    """
    query = select(Donor.erased_at).where(Donor.id == donor_id).with_for_update()
    if db.session.scalar(query) is not None:
        raise NotFound(f"donor {donor_id} was erased: their gifts stay without a name", code="donor_erased")


def list_live(donor_id: int, kind: ContactKind | None = None) -> Sequence[ContactPoint]:
    """Return the live contacts of a donor as they stand now, the preferred ones first."""
    query = select(ContactPoint).where(ContactPoint.donor_id == donor_id, ContactPoint.until_on.is_(None))
    if kind is not None:
        query = query.where(ContactPoint.kind == kind)
    query = query.order_by(ContactPoint.is_preferred.desc(), ContactPoint.id)
    db.session.flush()  # what is not written yet would be read as it was
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def read_value(contact: ContactPoint) -> ContactValue:
    """Return what a contact point says."""
    return ContactValue(
        contact.kind, contact.value, contact.street, contact.postcode, contact.town, contact.country
    )


def write_value(contact: ContactPoint, value: ContactValue) -> None:
    """Let a contact point say something else."""
    contact.value, contact.value_hash = value.value, hash_value(value)
    contact.street, contact.postcode = value.street, value.postcode
    contact.town, contact.country = value.town, value.country


def add_row(donor_id: int, value: ContactValue, *, source: str, now: datetime) -> ContactPoint:
    """Write one more live contact point and return it; an address that was dead before is dead still."""
    contact = ContactPoint(
        donor_id=donor_id,
        kind=value.kind,
        source=source,
        collected_at=now,
        state=_find_earlier_state(donor_id, value),
    )
    write_value(contact, value)
    db.session.add(contact)
    db.session.flush()  # what refers to it needs the id
    return contact


def _find_earlier_state(donor_id: int, value: ContactValue) -> ContactState:
    query = select(ContactPoint.state).where(
        ContactPoint.donor_id == donor_id,
        ContactPoint.kind == value.kind,
        ContactPoint.value_hash == hash_value(value),
    )
    state = db.session.scalar(query.order_by(ContactPoint.id.desc()).limit(1))
    return state if state in DEAD_CONTACTS else "ok"


def add_more(values: Iterable[tuple[int, ContactValue]], *, source: str, now: datetime) -> None:
    """Write more e-mails and phones of donors, none of them preferred; what is there stays as it is."""
    rows = [make_row(donor_id, value, source=source, now=now) for donor_id, value in values]
    for donor_id in sorted(insert_rows(rows)):
        write_keys(db.session.get_one(Donor, donor_id))


def end_row(contact: ContactPoint, on: date) -> None:
    """Let a contact point be live no more after this day."""
    contact.until_on, contact.is_preferred = on, False
    db.session.flush()  # before another takes its place


def prefer_row(contact: ContactPoint) -> None:
    """Let a live contact point be the preferred one of its kind."""
    db.session.flush()  # what is not written yet is not asked about below
    for other in list_live(contact.donor_id, contact.kind):
        if other.is_preferred and other is not contact:
            other.is_preferred = False
    db.session.flush()  # the database lets one be preferred at a time
    contact.is_preferred = True
    db.session.flush()  # the columns are filled by what stands there


# ---------------------------------------------------------------- keys and search text


def write_keys(donor: Donor) -> None:
    """Compute the search text and identity keys of a donor anew, of all live contacts."""
    contacts = list_live(donor.id)
    values = [read_value(contact) for contact in contacts]
    donor.search = join_search_text(donor.name, donor.code, donor.tax_number or "", values)
    keys = [
        *identity_keys.list_keys(identity_keys.name_donor(donor), values),
        *identity_keys.list_account_keys(donor.id, identity_keys.list_learned(contacts)),
    ]
    identity_keys.replace_keys(donor.id, keys, role_emails=list_emails(values))
    search_documents.write_documents([donor.id])


def list_emails(values: Iterable[ContactValue]) -> list[str]:
    """Return the e-mail addresses among some contacts."""
    return [value.value for value in values if value.kind == "email"]


def join_search_text(name: str, code: str, tax_number: str, values: Iterable[ContactValue]) -> str:
    """Return the folded text by which a donor is found: these parts, and what all live contacts say."""
    values = list(values)
    emails = list_emails(values)
    towns = list(dict.fromkeys(value.town for value in values if value.kind == "post"))
    phones = [value.value for value in values if value.kind == "phone"]
    numbers = [identity.normalise_phone(phone) for phone in phones]
    return payer_text.fold_letters(" ".join((name, *emails, code, *towns, *phones, *numbers, tax_number)))
