"""The fields of a donor that people, programs and providers fill in, by name and type."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, TypedDict, cast

from donorhub.domain.donors.custom_shapes import Value
from donorhub.models.states import DonorKind, Lang


class DonorFields(TypedDict, total=False):
    """Some of a donor's fields; those left out stay as they are."""

    kind: DonorKind
    name: str
    given_name: str
    family_name: str
    salutation: str
    email: str
    phone: str
    street: str
    postcode: str
    city: str
    country: str
    tax_number: str
    born_on: date | None  # of a person
    lang: Lang | None  # None: not told, so that it follows the country
    note: str  # one more of theirs, which is an interaction
    do_not_contact: bool  # an opt-out, which no field takes back
    do_not_solicit: bool
    is_deceased: bool
    owner_id: int | None
    custom: Mapping[str, Value]  # of the fields that the organisation added, by their keys


OUTSIDE: Final = ("note", "custom")  # what stands in no column of the donor's own row
FIELDS: Final = tuple(name for name in DonorFields.__annotations__ if name not in OUTSIDE)


def select_fields(fields: DonorFields, names: Collection[str]) -> DonorFields:
    """Return those of the fields that are named."""
    return cast(DonorFields, {name: value for name, value in fields.items() if name in names})


def leave_out(fields: DonorFields, names: Collection[str]) -> DonorFields:
    """Return the fields without those that are named."""
    return select_fields(fields, [name for name in fields if name not in names])


def leave_out_words(fields: DonorFields) -> DonorFields:
    """Return the fields that are written in the donor's own row: no note, which is an interaction, no "wants
    no contact", which is an opt-out, and none of those that were added."""
    return leave_out(fields, ("do_not_contact", *OUTSIDE))
