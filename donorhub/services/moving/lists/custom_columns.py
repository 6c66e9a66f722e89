"""The columns of lists for fields that the organisation added to donors or gifts, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from donorhub.domain.donors.custom_shapes import Entity, Shape, choose_label, write_number
from donorhub.domain.donors.custom_shapes import Value as CustomValue
from donorhub.domain.moving.list_columns import Column, ColumnKind, Labelled, Value
from donorhub.models.states import LANGS
from donorhub.services.donors import custom_fields
from donorhub.services.donors.custom_values import Values
from donorhub.services.moving.lists.description import Reader

_COLUMN_KINDS: Final[Mapping[str, ColumnKind]] = {"number": "number", "day": "day"}
_YES: Final = {"en": "yes", "pl": "tak", "sq": "po"}
_NO: Final = {"en": "no", "pl": "nie", "sq": "jo"}


def list_columns(entity: Entity, reader: Reader) -> list[Column]:
    """Return a column for each field that was added to donors, or to gifts, and that the reader sees."""
    return [
        Column(shape.name, _COLUMN_KINDS.get(shape.kind, "text"), field=shape.name, labels=shape.labels)
        for shape in custom_fields.list_shapes(reader.who, entity=entity)
    ]


def write_cells(values: Values, shapes: Sequence[Shape]) -> list[Value]:
    """Return what stands in these fields of one donor or gift, as cells."""
    return [_write_value(shape, values.get(shape.key)) for shape in shapes]


def _write_value(shape: Shape, custom_value: CustomValue) -> Value:
    """Return what stands in a field as a cell: choices by their words, numbers with decimals as text."""
    if custom_value is None:
        return None
    if isinstance(custom_value, bool):
        return Labelled("true" if custom_value else "false", _YES if custom_value else _NO)
    if isinstance(custom_value, tuple) or shape.kind == "choice":
        keys = custom_value if isinstance(custom_value, tuple) else (str(custom_value),)
        options = [option for option in shape.options if option.key in keys]
        return Labelled(
            ", ".join(option.key for option in options),
            {lang: ", ".join(choose_label(option.labels, lang) for option in options) for lang in LANGS},
        )
    if isinstance(custom_value, int) and shape.decimals:
        return write_number(custom_value, shape.decimals)
    return custom_value
