"""Donors who may be there already: what is asked before another one is made, or one is changed to be alike.

The same e-mail, or the same name in the same place, is a question and no refusal: it may be the other one
of a couple, or father and son.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from donorhub.domain import payer_text
from donorhub.errors import Conflict
from donorhub.models import Donor
from donorhub.services.donors import contact_rows, donors
from donorhub.services.donors.contacts import NewContact
from donorhub.services.donors.donor_fields import DonorFields

MOST_SHOWN: Final = 10
_TELLING: Final = ("name", "given_name", "family_name", "email", "city")


def list_alike(fields: DonorFields) -> list[Donor]:
    """Return donors with the same e-mail, or with the same name in the same place, the oldest first.

    Two of whom no place is known are of the same place.
    """
    name = fields.get("name") or " ".join(
        part for part in (fields.get("given_name"), fields.get("family_name")) if part
    )
    alike: dict[int, Donor] = {}
    if email := fields.get("email"):
        alike |= {donor.id: donor for donor in donors.find_by_key("email", donors.normalise_email(email))}
    if name_key := payer_text.make_name_key(name):
        place = payer_text.fold_letters(fields.get("city", "").strip())
        alike |= {donor.id: donor for donor in _list_namesakes(name_key, place)}
    return [alike[id_] for id_ in sorted(alike)][:MOST_SHOWN]


def _list_namesakes(name_key: str, place: str) -> list[Donor]:
    """Return donors of this name with any address in this place, or without any where no place is named."""
    namesakes = donors.find_by_key("name", name_key)
    places = contact_rows.list_towns([donor.id for donor in namesakes])
    return [
        donor
        for donor in namesakes
        if place in {payer_text.fold_letters(town.strip()) for town in places.get(donor.id, [""])}
    ]


def list_alike_by_contact(donor: Donor, new: NewContact) -> list[Donor]:
    """Return the other donors whom one more contact would make a donor alike, the oldest first."""
    fields: DonorFields = {}
    if new["kind"] == "email":
        fields["email"] = new.get("value", "")
    elif new["kind"] == "post" and new.get("town"):
        fields["name"], fields["city"] = donor.name, new["town"]
    known_ids = {donor.id, *(one.id for one in list_alike({"name": donor.name, "city": donor.city}))}
    return [one for one in list_alike(fields) if one.id not in known_ids]


def list_newly_alike(donor: Donor, fields: DonorFields) -> list[Donor]:
    """Return the donors whom these fields would make a donor alike who were not alike before, the oldest
    first.
    """
    if not any(name in fields and fields[name] != getattr(donor, name) for name in _TELLING):
        return []
    before: DonorFields = {
        "name": donor.name,
        "given_name": donor.given_name,
        "family_name": donor.family_name,
        "email": donor.email,
        "city": donor.city,
    }
    after: DonorFields = {**before, **fields}
    known_ids = {donor.id, *(one.id for one in list_alike(before))}
    return [one for one in list_alike(after) if one.id not in known_ids]


def refuse_alike(alike: Collection[Donor], *, known_ids: Collection[int] = ()) -> None:
    """Raise Conflict where one of these is not among ``known_ids``, who were looked at."""
    ids = [donor.id for donor in alike if donor.id not in known_ids]
    if ids:
        raise Conflict(
            "a donor with this e-mail, or of this name and place, is there already: "
            "use that one, or say that this is another person",
            code="possible_duplicate",
            donor_ids=ids,
        )
