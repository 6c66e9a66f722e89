"""Who may be the same as whom: found by the keys that donors share, never by comparing all with all.

What is found is compared by :mod:`donorhub.domain.donors.evidence`. Values that many have lead to nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    union_all,
)

from donorhub import vault
from donorhub.db import Base, cut_query_values, db, write_literal
from donorhub.domain.donors import identity
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.donors.evidence import (
    Commonness,
    Comparison,
    RecordFacts,
    Thresholds,
    compare_records,
    make_surname_text,
    read_parts,
)
from donorhub.domain.donors.identity import NameParts
from donorhub.models import Donor, IdentityKey, IdentityValue
from donorhub.models.states import HARD_KEYS, IdentityKind
from donorhub.services.access import organisation
from donorhub.services.donors import identity_keys
from donorhub.services.donors.identity_keys import KeyPair, Named, hash_key

# What two records must share for their points to reach a review: names and a postcode alone do not.
STRONG_KEYS: Final[tuple[IdentityKind, ...]] = (*HARD_KEYS, "tax_number", "address")
# Of one value: more who have it are not looked at, since it tells nobody apart.
MOST_OF_VALUE: Final = 100
ALL_SURNAMES: Final = ""  # of identity_value: how many donors have a surname that is known
# Queries that are asked for every new donor are written once: to write one takes longer than to answer it.
_DONORS, _CONTACTS = Base.metadata.tables["donor"], Base.metadata.tables["contact_point"]
_KEYS, _VALUES = Base.metadata.tables["identity_key"], Base.metadata.tables["identity_value"]
_SELECT_CONTACTS: Final = select(
    *(_CONTACTS.c[name] for name in ("donor_id", "kind", "value", "street", "postcode", "town", "country"))
).where(_CONTACTS.c.donor_id.in_(bindparam("donor_ids", expanding=True)), _CONTACTS.c.until_on.is_(None))
_SELECT_DONORS: Final = select(*(_DONORS.c[name] for name in Named._fields)).where(
    _DONORS.c.id.in_(bindparam("donor_ids", expanding=True)),
    _DONORS.c.merged_into_id.is_(None),
    _DONORS.c.removed_at.is_(None),
)
_SELECT_VALUES: Final = select(
    _VALUES.c.kind, _VALUES.c.value_hash, _VALUES.c.holders, _VALUES.c.state
).where(
    _VALUES.c.kind.in_((*HARD_KEYS, "surname")),
    _VALUES.c.value_hash.in_(bindparam("hashes", expanding=True)),
)
_KEY_KIND: Final[Mapping[str, IdentityKind]] = {"email": "email", "phone": "phone", "account": "iban"}


def read_thresholds() -> Thresholds:
    """Return from how many points on donors are one, or a person is asked."""
    ours = organisation.get_organisation()
    return Thresholds(ours.merge_from_points, ours.ask_from_points)


# ---------------------------------------------------------------- facts


def make_facts(donor: Named, values: Iterable[ContactValue], *, home_country: str) -> RecordFacts:
    """Return what a donor's row and contacts say of who it is."""
    emails, phones, accounts, addresses = set(), set(), set(), set()
    for value in values:
        if value.kind == "email":
            emails.add(identity.normalise_email(value.value))
        elif value.kind == "phone":
            phones.add(identity.make_phone_key(value.value, donor.country or home_country))
        elif value.kind == "account":
            accounts.add(value.make_comparable())
        else:
            street = identity.make_street_key(value.street)
            addresses.add((identity.make_place_key(value.postcode, value.town), street))
    parts = NameParts(donor.name, donor.given_name, donor.family_name)
    return RecordFacts(
        donor.id,
        donor.kind,
        read_parts(parts, is_person=donor.kind == "person"),
        frozenset(emails),
        frozenset(phones - {""}),
        frozenset(accounts),
        frozenset((place, street) for place, street in addresses if place and street),
        donor.tax_number or "",
        donor.born_on,
    )


def read_facts(donor_ids: Collection[int]) -> dict[int, RecordFacts]:
    """Return the facts of donors by id; nothing of those who were merged or taken away."""
    home_country = organisation.get_home_country()
    facts: dict[int, RecordFacts] = {}
    for chunk in cut_query_values(sorted(set(donor_ids))):
        contacts: dict[int, list[ContactValue]] = {}
        rows = db.session.execute(_SELECT_CONTACTS, {"donor_ids": chunk})
        for donor_id, kind, value, *parts in rows:
            contacts.setdefault(donor_id, []).append(ContactValue(kind, value, *parts))
        donors = db.session.execute(_SELECT_DONORS, {"donor_ids": chunk})
        for row in donors:
            donor = Named(*row)
            facts[donor.id] = make_facts(donor, contacts.get(donor.id, ()), home_country=home_country)
    return facts


def list_hard_values(facts: RecordFacts) -> list[tuple[str, str]]:
    """Return the e-mails, phones and accounts of a record, each with what evidence calls it."""
    return [
        *(("email", value) for value in facts.emails),
        *(("phone", value) for value in facts.phones),
        *(("account", value) for value in facts.accounts),
    ]


def read_commonness(facts: Collection[RecordFacts]) -> Commonness:
    """Return how many share what these records say, and how common their surnames are."""
    value_by_hash = {
        vault.compute_keyed_hash(value): (kind, value)
        for one in facts
        for kind, value in list_hard_values(one)
    }
    surname_by_hash = {
        vault.compute_keyed_hash(surname): surname
        for surname in {make_surname_text(one.parts) for one in facts} | {ALL_SURNAMES}
    }
    holders: dict[tuple[str, str], int] = {}
    generic: set[tuple[str, str]] = set()
    surnames: dict[str, int] = {}
    for chunk in cut_query_values(sorted({*value_by_hash, *surname_by_hash})):
        rows = db.session.execute(_SELECT_VALUES, {"hashes": chunk})
        for kind, value_hash, count, state in rows:
            if kind == "surname":
                surnames[surname_by_hash[value_hash]] = count
            elif value_hash in value_by_hash:
                holders[value_by_hash[value_hash]] = count
                if state == "generic":
                    generic.add(value_by_hash[value_hash])
    return Commonness(holders, frozenset(generic), surnames, surnames.pop(ALL_SURNAMES, 0))


# ---------------------------------------------------------------- finding


def find_by_keys(keys: Collection[KeyPair]) -> set[int]:
    """Return the donors who have one of these keys that at most a few have; generic ones lead to nobody."""
    pairs = sorted(set(keys))
    if not pairs:
        return set()
    query = _select_by_kinds(tuple(kind for kind, _ in pairs))
    hashes = {f"hash_{place}": value_hash for place, (_, value_hash) in enumerate(pairs)}
    ids_by_place: dict[int, set[int]] = {}
    for place, donor_id in db.session.execute(query, hashes):
        ids_by_place.setdefault(place, set()).add(donor_id)
    return {id_ for ids in ids_by_place.values() if len(ids) <= MOST_OF_VALUE for id_ in ids}


@cache
def _select_by_kinds(kinds: tuple[IdentityKind, ...]) -> CompoundSelect[Any]:
    """Return the query for who has each key of these kinds; of one that is generic, for nobody."""
    return union_all(*(select(_select_by_key(*one).subquery()) for one in enumerate(kinds)))


def _select_by_key(place: int, kind: IdentityKind) -> Select[Any]:
    value_hash: BindParameter[str] = bindparam(f"hash_{place}")
    query = select(literal_column(str(place)).label("place"), _KEYS.c.donor_id)
    query = query.where(_KEYS.c.kind == kind, _KEYS.c.value_hash == value_hash)
    if kind in HARD_KEYS:
        same = (_VALUES.c.kind == kind) & (_VALUES.c.value_hash == value_hash)
        query = query.where(~exists().where(same, _VALUES.c.state == "generic"))
    return query.limit(write_literal(MOST_OF_VALUE + 1))


def find_generic(keys: Collection[KeyPair]) -> set[KeyPair]:
    """Return those of some keys that too many have: they tell nobody apart."""
    hashes = {value_hash for kind, value_hash in keys if kind in HARD_KEYS}
    generic: set[KeyPair] = set()
    for chunk in cut_query_values(sorted(hashes)):
        rows = db.session.execute(
            select(IdentityValue.kind, IdentityValue.value_hash).where(
                IdentityValue.kind.in_(HARD_KEYS),
                IdentityValue.value_hash.in_(chunk),
                IdentityValue.state == "generic",
            )
        )
        generic.update((kind, value_hash) for kind, value_hash in rows if kind != "surname")
    return generic


def list_strong_keys(facts: RecordFacts) -> list[KeyPair]:
    """Return the keys of a record of which two must share one to be worth a person's look."""
    keys: list[KeyPair] = [
        (_KEY_KIND[kind], vault.compute_keyed_hash(value)) for kind, value in list_hard_values(facts)
    ]
    keys += [("address", vault.compute_keyed_hash(f"{place}|{street}")) for place, street in facts.addresses]
    if facts.tax_number:
        keys.append(("tax_number", hash_key("tax_number", facts.tax_number)))
    return keys


def compare_new(facts: RecordFacts) -> list[Comparison]:
    """Return how a record that is none yet, whose id is 0, compares with those who share something telling
    with it.
    """
    others = read_facts(find_by_keys(list_strong_keys(facts)))
    if not others:
        return []
    commonness = read_commonness([facts, *others.values()])
    return [compare_records(facts, other, commonness) for other in others.values()]


def find_pairs(donor_ids: Sequence[int]) -> list[Comparison]:
    """Return the pairs of one of these donors and another who share something telling, each once."""
    ids_by_key = _list_blocks(donor_ids)
    own_ids = set(donor_ids)
    pairs = {
        (min(one, other), max(one, other))
        for ids in ids_by_key.values()
        for one in ids & own_ids
        for other in ids
        if one != other
    }
    facts = read_facts({id_ for pair in pairs for id_ in pair})
    commonness = read_commonness(facts.values())
    return [
        compare_records(facts[left], facts[right], commonness)
        for left, right in sorted(pairs)
        if left in facts and right in facts
    ]


def _list_blocks(donor_ids: Sequence[int]) -> dict[KeyPair, set[int]]:
    """Return who has each telling key of these donors that more than one has."""
    keys: set[KeyPair] = set()
    for chunk in cut_query_values(donor_ids):
        rows = db.session.execute(
            select(IdentityKey.kind, IdentityKey.value_hash).where(
                IdentityKey.donor_id.in_(chunk), identity_keys.is_of_kind(STRONG_KEYS)
            )
        )
        keys.update((kind, value_hash) for kind, value_hash in rows)
    shared_keys: set[KeyPair] = set()
    for some in cut_query_values(sorted({value_hash for _, value_hash in keys})):
        counts = db.session.execute(
            select(IdentityKey.kind, IdentityKey.value_hash)
            .where(IdentityKey.kind.in_(STRONG_KEYS), IdentityKey.value_hash.in_(some))
            .group_by(IdentityKey.kind, IdentityKey.value_hash)
            .having(func.count().between(2, MOST_OF_VALUE))
        )
        shared_keys.update((kind, value_hash) for kind, value_hash in counts)
    shared_keys -= find_generic(shared_keys)
    blocks: dict[KeyPair, set[int]] = {}
    for some in cut_query_values(sorted({value_hash for _, value_hash in shared_keys})):
        holders = db.session.execute(
            select(IdentityKey.kind, IdentityKey.value_hash, IdentityKey.donor_id).where(
                IdentityKey.kind.in_(STRONG_KEYS), IdentityKey.value_hash.in_(some)
            )
        )
        for kind, value_hash, donor_id in holders:
            blocks.setdefault((kind, value_hash), set()).add(donor_id)
    return {pair: ids for pair, ids in blocks.items() if pair in shared_keys}


# ---------------------------------------------------------------- how common surnames are


def count_surnames() -> int:
    """Keep how many bear each surname that is common, and how many surnames are known; return the latter.

    For the night: a rare one needs no row, and in a small base none has one.
    """
    counts: dict[str, int] = {}
    query = (
        select(Donor.family_name, func.count())
        .where(Donor.kind == "person", Donor.family_name != "")
        .where(Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
        .group_by(Donor.family_name)
    )
    for family_name, count in db.session.execute(query):
        surname = make_surname_text(NameParts("", "", family_name))
        counts[surname] = counts.get(surname, 0) + count
    counts.pop("", None)
    total = sum(counts.values())
    common = {surname: count for surname, count in counts.items() if count * _RAREST_SHARE >= total}
    identity_keys.keep_surnames({**common, ALL_SURNAMES: total})
    return total


_RAREST_SHARE: Final = 4000  # what fewer than one in so many bear has the most points anyway
AT_ONCE: Final = 500  # donors whose pairs are looked for together


def stream_donor_ids(after_id: int = 0) -> Iterable[list[int]]:
    """Yield the ids of all donors, some at a time, in their order."""
    while True:
        ids = db.session.scalars(
            select(Donor.id)
            .where(Donor.id > after_id, Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
            .order_by(Donor.id)
            .limit(AT_ONCE)
        ).all()
        if not ids:
            return
        yield list(ids)
        after_id = ids[-1]
