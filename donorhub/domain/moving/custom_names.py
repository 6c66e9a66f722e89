"""Columns of fields that the organisation added to donors and gifts: which column is which field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from donorhub.domain.donors.custom_shapes import PREFIXES, Entity, Shape
from donorhub.domain.moving.column_names import fold_name
from donorhub.domain.moving.field_words import Field

# What their columns are, and to what they were added.
CUSTOM_FIELDS: Final[Mapping[Field, Entity]] = {"custom": "donor", "gift_custom": "gift"}


def name_custom(field: str, key: str) -> str:
    """Return what a field that was added is called among all fields of donors and gifts; "" without a key."""
    return PREFIXES[CUSTOM_FIELDS["gift_custom" if field == "gift_custom" else "custom"]] + key if key else ""


def split_custom(name: str) -> tuple[Field, str] | None:
    """Return the field that the column of a field that was added is, and the key of that; None for the name
    of no such field."""
    for field, entity in CUSTOM_FIELDS.items():
        if name.startswith(PREFIXES[entity]):
            return field, name.removeprefix(PREFIXES[entity])
    return None


def name_shapes(shapes: Sequence[Shape]) -> dict[str, str]:
    """Return the names of fields by the folded names that a column may have for them; none that two have."""
    names: dict[str, set[str]] = {}
    for shape in shapes:
        for name in (shape.key, shape.name, *shape.labels.values()):
            names.setdefault(fold_name(name), set()).add(shape.name)
    return {name: some.pop() for name, some in names.items() if len(some) == 1}


def find_name(name: str, names: Mapping[str, str]) -> str:
    """Return the name of the field that a column's name is; "" for none."""
    return name if name in names.values() else names.get(fold_name(name), "")
