"""What a merged donor's row says: what is empty is filled, the stricter word holds, and a person may choose.

Preferred contacts: one that works beats a dead one, what people said what a file said, the newer the older.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Boolean, select

from donorhub.db import Base, db
from donorhub.models import ContactPoint, Donor
from donorhub.models.states import DEAD_CONTACTS
from donorhub.services.donors import donors
from donorhub.services.donors.merge_rows import Merging

ChosenField = Literal["name", "salutation", "lang", "tax_number", "born_on", "owner_id", "country"]
CHOSEN_FIELDS: Final[tuple[ChosenField, ...]] = get_args(ChosenField)
_COLUMNS: Final[Mapping[ChosenField, tuple[str, ...]]] = {
    "name": ("name", "given_name", "family_name"),
    "salutation": ("salutation",),
    "lang": ("lang", "lang_is_told"),
    "tax_number": ("tax_number",),
    "born_on": ("born_on",),
    "owner_id": ("owner_id",),
    "country": ("country",),
}
# Columns of a donor that a merge does not unite: its own key and story, and what follows from other rows.
STAYING: Final = frozenset(
    """id code kind lang_is_told email phone street postcode city search merged_into_id removed_at
    erased_at source created_at updated_at version""".split()
)
_CONTACTS: Final = Base.metadata.tables["contact_point"]


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A field that the two records say differently: what each says, and whose is taken."""

    name: ChosenField
    ours: object  # the survivor's
    theirs: object
    is_theirs: bool


def list_choices(survivor: Donor, loser: Donor, taken_names: Collection[str]) -> list[FieldChoice]:
    """Return the fields of which a person may choose; ``taken_names`` are the loser's that are wanted."""
    choices = []
    for name in CHOSEN_FIELDS:
        ours, theirs = getattr(survivor, name), getattr(loser, name)
        if name == "lang" and not (survivor.lang_is_told and loser.lang_is_told):
            continue
        if ours and theirs and ours != theirs:
            choices.append(FieldChoice(name, ours, theirs, name in taken_names))
    return choices


def compute_values(survivor: Donor, loser: Donor, taken_names: Collection[str]) -> dict[str, Any]:
    """Return what the survivor's row says once both are one, by column."""
    values: dict[str, Any] = {}
    for field, columns in _COLUMNS.items():
        if (field in taken_names and getattr(loser, field)) or _is_filled(field, survivor, loser):
            values |= {column: getattr(loser, column) for column in columns}
    for name in list_strict_columns():
        values[name] = getattr(survivor, name) or getattr(loser, name)
    return {name: value for name, value in values.items() if getattr(survivor, name) != value}


def list_strict_columns() -> list[str]:
    """Return the columns of a donor that say yes or no: the stricter word holds, whatever it is about."""
    return [
        column.name
        for column in Base.metadata.tables["donor"].columns
        if isinstance(column.type, Boolean) and column.name not in STAYING
    ]


def _is_filled(field: ChosenField, survivor: Donor, loser: Donor) -> bool:
    if field == "name":
        is_told = not donors.has_made_up_name(loser)
        return is_told and (donors.has_made_up_name(survivor) or _has_only_whole_name(survivor, loser))
    if field == "lang":
        return loser.lang_is_told and not survivor.lang_is_told
    return not getattr(survivor, field) and bool(getattr(loser, field))


def _has_only_whole_name(survivor: Donor, loser: Donor) -> bool:
    """Return whether the loser's name is the survivor's, taken apart."""
    is_whole = not (survivor.given_name or survivor.family_name)
    return is_whole and bool(loser.given_name and loser.family_name) and loser.name == survivor.name


def choose_contacts(merging: Merging) -> None:
    """Let one contact of each kind be preferred of what both have."""
    query = select(_CONTACTS).where(
        _CONTACTS.c.donor_id.in_((merging.survivor_id, merging.loser_id)), _CONTACTS.c.is_preferred
    )
    rows = [dict(row) for row in db.session.execute(query).mappings()]
    for kind in sorted({row["kind"] for row in rows}):
        of_kind = [row for row in rows if row["kind"] == kind]
        best_row = max(of_kind, key=lambda row: _rank_contact(row, merging.survivor_id))
        for row in of_kind:
            if row is not best_row:
                merging.change_row(ContactPoint.__tablename__, row, {"is_preferred": False})


def _rank_contact(row: Mapping[str, Any], survivor_id: int) -> tuple[bool, bool, datetime, bool]:
    is_from_file = row["source"].startswith("import:")
    is_ours = row["donor_id"] == survivor_id
    return row["state"] not in DEAD_CONTACTS, not is_from_file, row["collected_at"], is_ours
