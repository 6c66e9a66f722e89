"""Donors who may be there already: what is asked before another one is made, or one is changed to be alike.

An e-mail or phone that at most a couple has, a like name in the same place, or all together, is a question
and no refusal: it may be the other one of a couple, or father and son. Afterwards: :mod:`.duplicate_review`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, or_, select

from donorhub.db import Base, db, write_literal
from donorhub.domain import payer_text
from donorhub.domain.donors.evidence import RecordFacts, read_parts
from donorhub.domain.donors.identity import NameParts, list_surname_keys, names_agree
from donorhub.errors import Conflict
from donorhub.models import Donor
from donorhub.services.access import organisation, row_scope
from donorhub.services.donors import candidates, contact_rows
from donorhub.services.donors.contacts import NewContact
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.donors.identity_keys import KeyPair, Named, hash_key

MOST_SHOWN: Final = 10
MOST_NAMESAKES: Final = 5_000  # of one name, of those whom the reader sees
_DONORS, _KEYS, _CONTACTS = (
    Base.metadata.tables[name] for name in ("donor", "identity_key", "contact_point")
)
_SELECT_NAMES: Final = select(
    *(_DONORS.c[name] for name in ("id", "kind", "name", "given_name", "family_name"))
).where(
    _DONORS.c.id.in_(bindparam("donor_ids", expanding=True)),
    _DONORS.c.merged_into_id.is_(None),
    _DONORS.c.removed_at.is_(None),
)
_TELLING: Final = (
    "name",
    "given_name",
    "family_name",
    "email",
    "phone",
    "street",
    "postcode",
    "city",
    "tax_number",
    "born_on",
)


def list_alike(fields: DonorFields) -> list[Donor]:
    """Return donors who share an e-mail, phone, account or tax number with these fields that at most a couple
    has, who are likely the same by all that is known, or who bear a like name in the same place; the oldest
    first.

    Two of whom no place is known are of the same place.
    """
    db.session.flush()  # who is not written yet would not be seen
    facts = _make_facts(fields)
    review_from = candidates.read_thresholds().review
    ids = {
        one.right_id
        for one in candidates.compare_new(facts)
        if one.has_shared_key or (one.score >= review_from and not one.vetoes)
    }
    place = payer_text.fold_letters(fields.get("city", "").strip())
    ids |= _list_namesake_ids(facts.parts, place)
    if not ids:
        return []
    donors_alike = db.session.scalars(
        select(Donor)
        .where(Donor.id.in_(sorted(ids)), Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
        .order_by(Donor.id)
        .limit(MOST_SHOWN)
    )
    return list(donors_alike)


def _make_facts(fields: DonorFields) -> RecordFacts:
    """Return what fields of a donor who is none yet say of who it is."""
    given, family = fields.get("given_name") or "", fields.get("family_name") or ""
    name = fields.get("name") or " ".join(part for part in (given, family) if part)
    country = fields.get("country") or ""
    columns = {key: str(fields.get(key) or "") for key in contact_rows.COLUMN_NAMES}
    row = Named(
        0,
        fields.get("kind", "person"),
        name,
        given,
        family,
        country,
        str(fields.get("tax_number") or ""),
        fields.get("born_on"),
    )
    return candidates.make_facts(
        row, contact_rows.list_values(columns), home_country=organisation.get_home_country()
    )


def _list_namesake_ids(parts: NameParts, place: str) -> set[int]:
    """Return donors of this name, or one like it, with any address in this place, or without any where no
    place is named.
    """
    name_key = payer_text.make_name_key(parts.name)
    keys: list[KeyPair] = [("name", hash_key("name", name_key))] if name_key else []
    keys += [("surname_given", hash_key("surname_given", key)) for key in list_surname_keys(parts)[1]]
    near_ids = _list_ids_in_place(keys, place)
    if not near_ids:
        return set()
    return {
        id_
        for id_, kind, *name in db.session.execute(_SELECT_NAMES, {"donor_ids": near_ids})
        if names_agree(parts, read_parts(NameParts(*name), is_person=kind == "person"))
    }


def _list_ids_in_place(keys: Sequence[KeyPair], place: str) -> list[int]:
    """Return donors who have one of these keys and any address in this place, or none where none is named:
    of a name that many bear few are left to be read."""
    if not keys:
        return []
    values: dict[str, object] = {
        name: value
        for number, (kind, value_hash) in enumerate(keys)
        for name, value in ((f"kind_{number}", kind), (f"hash_{number}", value_hash))
    }
    owner_ids = row_scope.get_owner_ids()
    if owner_ids is not None:
        values["owner_ids"] = sorted(owner_ids)
    rows = db.session.execute(_select_towns(len(keys), owner_ids is not None), values).all()
    towns = {
        town for town in {row.town for row in rows} if payer_text.fold_letters((town or "").strip()) == place
    }
    return sorted({row.donor_id for row in rows if row.town in towns})


@cache
def _select_towns(count: int, is_narrow: bool) -> Any:
    """Return the query for the donors who have one of so many keys, with each town where they live; a narrow
    one is for the donors of some owners."""
    keys = (
        (_KEYS.c.kind == bindparam(f"kind_{place}")) & (_KEYS.c.value_hash == bindparam(f"hash_{place}"))
        for place in range(count)
    )
    bearers = select(_KEYS.c.donor_id).where(or_(*keys))
    if is_narrow:  # before they are cut: others may be many
        is_seen = _DONORS.c.owner_id.in_(bindparam("owner_ids", expanding=True))
        bearers = bearers.join(_DONORS, _DONORS.c.id == _KEYS.c.donor_id).where(is_seen)
    some = bearers.limit(write_literal(MOST_NAMESAKES)).subquery("some")
    is_address = (
        (_CONTACTS.c.donor_id == some.c.donor_id)
        & (_CONTACTS.c.kind == "post")
        & _CONTACTS.c.until_on.is_(None)
    )
    return select(some.c.donor_id, _CONTACTS.c.town).select_from(some.outerjoin(_CONTACTS, is_address))


def list_alike_by_contact(donor: Donor, new: NewContact) -> list[Donor]:
    """Return the other donors whom one more contact would make a donor alike, the oldest first."""
    fields: DonorFields = {}
    if new["kind"] == "email":
        fields["email"] = new.get("value", "")
    elif new["kind"] == "phone":
        fields["phone"], fields["country"] = new.get("value", ""), donor.country
    elif new["kind"] == "post" and new.get("town"):
        fields["name"], fields["city"] = donor.name, new["town"]
    return _leave_out_known(donor, list_alike(fields), {"name": donor.name, "city": donor.city})


def list_newly_alike(donor: Donor, fields: DonorFields) -> list[Donor]:
    """Return the donors whom these fields would make a donor alike who were not alike before, the oldest
    first.
    """
    if not any(name in fields and fields[name] != getattr(donor, name) for name in _TELLING):
        return []
    before: DonorFields = {
        "kind": donor.kind,
        "name": donor.name,
        "given_name": donor.given_name,
        "family_name": donor.family_name,
        "email": donor.email,
        "phone": donor.phone,
        "street": donor.street,
        "postcode": donor.postcode,
        "city": donor.city,
        "country": donor.country,
        "tax_number": donor.tax_number,
        "born_on": donor.born_on,
    }
    after: DonorFields = {**before, **fields}
    return _leave_out_known(donor, list_alike(after), before)


def _leave_out_known(donor: Donor, alike: Sequence[Donor], before: DonorFields) -> list[Donor]:
    """Return those who are alike now but for the donor, and who were not by what was said before."""
    others = [one for one in alike if one.id != donor.id]
    known_ids = {one.id for one in list_alike(before)} if others else set()
    return [one for one in others if one.id not in known_ids]


def refuse_alike(alike: Collection[Donor], *, known_ids: Collection[int] = ()) -> None:
    """Raise Conflict where one of these is not among ``known_ids``, who were looked at."""
    ids = [donor.id for donor in alike if donor.id not in known_ids]
    if ids:
        raise Conflict(
            "a donor with this e-mail or phone, or of this name and place, is there already: "
            "use that one, or say that this is another person",
            code="possible_duplicate",
            donor_ids=ids,
        )
