"""The keys by which donors are looked up and compared, kept as keyed hashes, and how many people share one.

They follow from a donor's name and live contacts, and are written with them (:mod:`.contact_rows`). Whoever
looks a value up hashes it first. What two donors have in common: :mod:`.duplicates`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, delete, insert, select, text, update

from donorhub import vault
from donorhub.db import cut_chunks, cut_query_values, db, insert_or_ignore, insert_or_update
from donorhub.domain import payer_text
from donorhub.domain.donors import identity
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.donors.identity import NameParts
from donorhub.models import ContactPoint, Donor, IdentityKey, IdentityValue
from donorhub.models.states import HARD_KEYS, DonorKind, IdentityKind, ValueState
from donorhub.services.access import organisation

LEARNED: Final = "bank"  # source of an account that decisions, and no person, say is a donor's
MOST_HOLDERS: Final = 2  # a couple; what a third person has is generic
_COLUMNS: Final = (IdentityKey.kind, IdentityKey.value_hash, IdentityKey.donor_id)
_AT_ONCE: Final = 2000  # donors
KeyPair = tuple[IdentityKind, str]  # kind and hash


class Named(NamedTuple):
    """What the keys of a donor are made of beside their contacts."""

    id: int
    kind: DonorKind
    name: str
    given_name: str
    family_name: str
    country: str
    tax_number: str
    born_on: date | None = None


NAMED_COLUMNS: Final = tuple(getattr(Donor, name) for name in Named._fields)


def hash_key(kind: IdentityKind, value: str) -> str:
    """Return what a value is looked up by: of a phone, as it is dialled from our country."""
    if kind == "phone":
        value = identity.make_phone_key(value, organisation.get_home_country())
    return vault.compute_keyed_hash(value)


def hash_keys(kind: IdentityKind, values: Iterable[str]) -> dict[str, str]:
    """Return the values by what each is looked up by."""
    return {hash_key(kind, value): value for value in values}


def name_donor(donor: Donor) -> Named:
    """Return what the keys of a donor are made of."""
    return Named(*(getattr(donor, name) for name in Named._fields))


# ---------------------------------------------------------------- what a donor's keys are


def list_keys(donor: Named, values: Iterable[ContactValue]) -> list[dict[str, object]]:
    """Return the rows of the keys by which a donor is compared, but for accounts."""
    keys = list_plain_keys(donor, values, home_country=organisation.get_home_country())
    return [_make_key(donor.id, kind, key) for kind, key in keys]


def list_plain_keys(
    donor: Named, values: Iterable[ContactValue], *, home_country: str
) -> list[tuple[IdentityKind, str]]:
    """Return the readable values by which a donor is compared, each once; none that is empty."""
    keys: list[tuple[IdentityKind, str]] = [
        ("name", payer_text.make_name_key(donor.name)),
        ("tax_number", donor.tax_number or ""),
    ]
    for value in values:
        if value.kind == "email":
            keys.append(("email", identity.normalise_email(value.value)))
        elif value.kind == "phone":
            country = donor.country or home_country
            keys.append(("phone", identity.make_phone_key(value.value, country)))
        elif value.kind == "post":
            keys.append(("address", identity.make_address_key(value.postcode, value.town, value.street)))
    if donor.kind == "person":
        parts = NameParts(donor.name, donor.given_name, donor.family_name)
        with_initial, with_given = identity.list_surname_keys(identity.take_apart(parts, is_person=True))
        keys += [("surname_initial", key) for key in with_initial]
        keys += [("surname_given", key) for key in with_given]
    return [pair for pair in dict.fromkeys(keys) if pair[1]]


def list_account_keys(donor_id: int, accounts: Mapping[str, bool]) -> list[dict[str, object]]:
    """Return the keys of accounts, each with whether it was only learned."""
    return [_make_key(donor_id, "iban", key, is_learned=learned) for key, learned in accounts.items()]


def list_learned(contacts: Iterable[ContactPoint]) -> dict[str, bool]:
    """Return the accounts among contacts, each with whether it was only learned."""
    return {
        _read_account(contact): contact.source == LEARNED for contact in contacts if contact.kind == "account"
    }


def _read_account(contact: ContactPoint) -> str:
    return ContactValue("account", contact.value).make_comparable()


def _make_key(
    donor_id: int, kind: IdentityKind, value: str, *, is_learned: bool = False
) -> dict[str, object]:
    return {
        "kind": kind,
        "value_hash": vault.compute_keyed_hash(value),
        "donor_id": donor_id,
        "is_learned": is_learned,
    }


# ---------------------------------------------------------------- writing them


def insert_keys(keys: Sequence[Mapping[str, object]], *, role_emails: Iterable[str] = ()) -> None:
    """Write identity keys, but for those that are there, and count anew who has these values.

    ``role_emails`` are the addresses among them that may be an office's, as they are written.
    """
    if not keys:
        return
    db.session.execute(insert_or_ignore(IdentityKey, on=_COLUMNS), keys)
    _note_roles(role_emails)
    count_holders(_list_pairs(keys))


def _list_pairs(keys: Iterable[Mapping[str, Any]]) -> set[KeyPair]:
    return {(key["kind"], key["value_hash"]) for key in keys if key["kind"] in HARD_KEYS}


def replace_keys(donor_id: int, keys: Sequence[Mapping[str, Any]], *, role_emails: Iterable[str]) -> None:
    """Let a donor have these keys and no others; those that are there already stay the rows that they are."""
    db.session.flush()  # what was learned in this transaction is among them
    rows = db.session.execute(
        select(IdentityKey.id, IdentityKey.kind, IdentityKey.value_hash, IdentityKey.is_learned).where(
            IdentityKey.donor_id == donor_id
        )
    ).all()
    wanted = {(key["kind"], key["value_hash"]): key for key in keys}
    row_by_pair = {(row.kind, row.value_hash): row for row in rows}
    gone_pairs = row_by_pair.keys() - wanted.keys()
    new_pairs = wanted.keys() - row_by_pair.keys()
    if gone_pairs:
        gone_ids = [row_by_pair[pair].id for pair in gone_pairs]
        db.session.execute(
            delete(IdentityKey)
            .where(IdentityKey.id.in_(gone_ids))
            .execution_options(synchronize_session=False)
        )
    for pair in wanted.keys() & row_by_pair.keys():
        row, is_learned = row_by_pair[pair], wanted[pair]["is_learned"]
        if row.is_learned != is_learned:
            db.session.execute(
                update(IdentityKey)
                .where(IdentityKey.id == row.id)
                .values(is_learned=is_learned)
                .execution_options(synchronize_session=False)
            )
    if new_pairs:
        new = [wanted[pair] for pair in wanted if pair in new_pairs]
        db.session.execute(insert_or_ignore(IdentityKey, on=_COLUMNS), new)
    _note_roles(role_emails)
    count_holders(pair for pair in gone_pairs | new_pairs if pair[0] in HARD_KEYS)


# ---------------------------------------------------------------- how many have them


def _note_roles(emails: Iterable[str]) -> None:
    """Let the addresses of offices say nothing, whoever has them."""
    rows = [
        {"kind": "email", "value_hash": key, "holders": 0, "state": "generic"}
        for key in sorted(
            {hash_key("email", identity.normalise_email(email)) for email in emails if _is_of_a_role(email)}
        )
    ]
    if rows:
        db.session.execute(
            insert_or_ignore(IdentityValue, on=(IdentityValue.kind, IdentityValue.value_hash)), rows
        )


def _is_of_a_role(email: str) -> bool:
    return "@" in email and identity.is_of_a_role(email)


_TAKE_TURNS: Final = text(
    "SELECT pg_advisory_xact_lock(727283, turn) FROM "
    "(SELECT DISTINCT hashtext(one) AS turn FROM unnest(CAST(:hashes AS text[])) AS one ORDER BY 1) AS turns"
)


def count_holders(pairs: Iterable[KeyPair]) -> None:
    """Count anew how many people have each of these e-mails, phones and accounts.

    On PostgreSQL whoever counts the same value at the same time waits, so that nobody is left out.
    """
    pairs = sorted(set(pairs))
    if not pairs:
        return
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(_TAKE_TURNS, {"hashes": sorted({value_hash for _, value_hash in pairs})})
    for chunk in cut_query_values(pairs):
        holder_names = _read_holders(chunk)
        rows = _read_values(chunk)
        _keep_counts(
            {pair: count_people(holder_names.get(pair, [])) for pair in chunk},
            {pair: len(holder_names.get(pair, [])) for pair in chunk},
            rows,
        )


def _read_holders(pairs: Sequence[KeyPair]) -> dict[KeyPair, list[NameParts]]:
    """Return the names of those who have each of these values; merged and removed donors have nothing."""
    hashes = {value_hash for _, value_hash in pairs}
    query = (
        select(IdentityKey.kind, IdentityKey.value_hash, Donor.name, Donor.given_name, Donor.family_name)
        .join(Donor, Donor.id == IdentityKey.donor_id)
        .where(IdentityKey.kind.in_(HARD_KEYS), IdentityKey.value_hash.in_(hashes))
        .where(Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
        .order_by(IdentityKey.donor_id)
    )
    holder_names: dict[KeyPair, list[NameParts]] = {}
    for kind, value_hash, *name in db.session.execute(query):
        holder_names.setdefault((kind, value_hash), []).append(NameParts(*name))
    return holder_names


def list_hard_pairs(donor_ids: Collection[int]) -> set[KeyPair]:
    """Return the e-mails, phones and accounts of donors, as they are looked up by."""
    pairs: set[KeyPair] = set()
    for chunk in cut_query_values(donor_ids):
        rows = db.session.execute(
            select(IdentityKey.kind, IdentityKey.value_hash).where(
                IdentityKey.donor_id.in_(chunk), is_of_kind(HARD_KEYS)
            )
        )
        pairs.update((kind, value_hash) for kind, value_hash in rows)
    return pairs


def is_of_kind(kinds: Collection[IdentityKind]) -> ColumnElement[bool]:
    """Return the condition that a key is of some kinds, for keys of some donors: SQLite would look through
    all keys of these kinds, since an index has all that is asked for."""
    return IdentityKey.kind.concat("").in_(kinds)


def count_people(holder_names: Sequence[NameParts]) -> int:
    """Return how many people some records are: those whose names agree are one."""
    people: list[NameParts] = []
    for parts in holder_names:
        if len(people) > MOST_HOLDERS and len(holder_names) > _SURELY_MANY:
            return len(people)  # generic anyway
        if not any(identity.names_agree(parts, other) for other in people):
            people.append(parts)
    return len(people)


_SURELY_MANY: Final = 200


def _read_values(pairs: Sequence[KeyPair]) -> dict[KeyPair, tuple[int, ValueState]]:
    rows = db.session.execute(
        select(
            IdentityValue.kind, IdentityValue.value_hash, IdentityValue.holders, IdentityValue.state
        ).where(IdentityValue.value_hash.in_({one for _, one in pairs}))
    )
    return {
        (kind, value_hash): (holders, state) for kind, value_hash, holders, state in rows if kind != "surname"
    }


def _keep_counts(
    people: Mapping[KeyPair, int],
    records: Mapping[KeyPair, int],
    kept_values: Mapping[KeyPair, tuple[int, ValueState]],
) -> None:
    changes: list[dict[str, object]] = []
    for pair, count in people.items():
        _, state = kept_values.get(pair, (0, "normal"))
        if count > MOST_HOLDERS:
            state = "generic"
        is_shared = records[pair] > 1 or state == "generic"
        if is_shared and kept_values.get(pair) != (count, state):
            changes.append({"kind": pair[0], "value_hash": pair[1], "holders": count, "state": state})
        elif not is_shared and pair in kept_values:
            db.session.execute(
                delete(IdentityValue)
                .where(IdentityValue.kind.in_(HARD_KEYS), IdentityValue.value_hash == pair[1])
                .execution_options(synchronize_session=False)
            )
    if changes:
        statement = insert_or_update(
            IdentityValue,
            on=(IdentityValue.kind, IdentityValue.value_hash),
            columns=(IdentityValue.holders, IdentityValue.state),
        )
        db.session.execute(statement, changes)


def keep_surnames(holders: Mapping[str, int]) -> None:
    """Keep how many have each of these surnames, and of no others."""
    db.session.execute(
        delete(IdentityValue)
        .where(IdentityValue.kind == "surname")
        .execution_options(synchronize_session=False)
    )
    rows = [
        {
            "kind": "surname",
            "value_hash": vault.compute_keyed_hash(surname),
            "holders": count,
            "state": "normal",
        }
        for surname, count in sorted(holders.items())
    ]
    db.session.execute(insert(IdentityValue), rows)


# ---------------------------------------------------------------- all anew


def rebuild_keys() -> int:
    """Write the keys of all donors anew, as after an archive was brought in; return how many donors."""
    for table in (IdentityKey, IdentityValue):
        db.session.execute(delete(table).execution_options(synchronize_session=False))
    count, last_id = 0, 0
    home_country = organisation.get_home_country()
    while True:
        donors = [
            Named(*row)
            for row in db.session.execute(
                select(*NAMED_COLUMNS)
                .where(Donor.id > last_id, Donor.removed_at.is_(None))
                .order_by(Donor.id)
                .limit(_AT_ONCE)
            )
        ]
        if not donors:
            break
        _rebuild_some(donors, home_country)
        count, last_id = count + len(donors), donors[-1].id
    return count


def _rebuild_some(donors: Sequence[Named], home_country: str) -> None:
    contacts = read_contacts([donor.id for donor in donors])
    keys: list[dict[str, object]] = []
    emails: list[str] = []
    for donor in donors:
        own_contacts = contacts.get(donor.id, [])
        values = [
            ContactValue(one.kind, one.value, one.street, one.postcode, one.town, one.country)
            for one in own_contacts
        ]
        plain_keys = list_plain_keys(donor, values, home_country=home_country)
        keys += [_make_key(donor.id, kind, key) for kind, key in plain_keys]
        keys += list_account_keys(donor.id, list_learned(own_contacts))
        emails += [value.value for value in values if value.kind == "email"]
    for chunk in cut_chunks(keys, _AT_ONCE):
        db.session.execute(insert(IdentityKey), chunk)
    _note_roles(emails)
    count_holders(_list_pairs(keys))


def read_contacts(donor_ids: Collection[int]) -> dict[int, list[ContactPoint]]:
    """Return the live contact points of donors, by whose they are."""
    contacts: dict[int, list[ContactPoint]] = {}
    for chunk in cut_query_values(donor_ids):
        query = select(ContactPoint).where(ContactPoint.donor_id.in_(chunk), ContactPoint.until_on.is_(None))
        for contact in db.session.scalars(query.order_by(ContactPoint.id)):
            contacts.setdefault(contact.donor_id, []).append(contact)
    return contacts
