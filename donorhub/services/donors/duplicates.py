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
from donorhub.services.donors import donors
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
        for donor in donors.find_by_key("name", name_key):
            if payer_text.fold_letters(donor.city.strip()) == place:
                alike[donor.id] = donor
    return [alike[id_] for id_ in sorted(alike)][:MOST_SHOWN]


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
