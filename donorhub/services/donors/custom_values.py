"""What stands in the fields that were added to donors: read, written, and looked for.

Which fields a reader sees is settled before, by the shapes that are handed in
(:func:`donorhub.services.donors.custom_fields.list_shapes`); nothing here shows or takes any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, insert, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import Base, cut_chunks, cut_query_values, db
from donorhub.domain.donors.custom_shapes import (
    PlainValue,
    Range,
    Shape,
    Value,
    fold_value,
    make_plain,
    read_wanted,
)
from donorhub.errors import Rejected
from donorhub.models import CustomValue, Donor
from donorhub.services.access.audit import Change

Values = Mapping[str, Value]  # by the keys of their fields
_CHUNK: Final = 1000  # rows in one statement
_EMPTY: Final = {
    "text": None,
    "folded": None,
    "number": None,
    "on_date": None,
    "is_true": None,
    "option_id": None,
}
_VALUES: Final = Base.metadata.tables[CustomValue.__tablename__]
_READ_COLUMNS: Final = (
    _VALUES.c.entity_id,
    _VALUES.c.field_id,
    _VALUES.c.text,
    _VALUES.c.option_id,
    _VALUES.c.number,
    _VALUES.c.on_date,
    _VALUES.c.is_true,
)
_COLUMNS: Final[Mapping[str, InstrumentedAttribute[Any]]] = {
    "text": CustomValue.folded,
    "number": CustomValue.number,
    "day": CustomValue.on_date,
    "yes_no": CustomValue.is_true,
    "choice": CustomValue.option_id,
    "choices": CustomValue.option_id,
}


def read_values(donor_ids: Collection[int], shapes: Sequence[Shape]) -> dict[int, dict[str, Value]]:
    """Return what stands in these fields of donors, by donor and key; an empty field is not there."""
    values: dict[int, dict[str, Value]] = {donor_id: {} for donor_id in donor_ids}
    by_id = {shape.id: shape for shape in shapes}
    keys = {option.id: option.key for shape in shapes for option in shape.options}
    for chunk in cut_query_values(donor_ids) if by_id else ():
        query = select(*_READ_COLUMNS).where(_VALUES.c.entity_id.in_(chunk)).order_by(_VALUES.c.seq)
        for donor_id, field_id, text, option_id, *plain_values in db.session.connection().execute(query):
            shape = by_id.get(field_id)
            if shape is None:
                continue
            of_donor = values[donor_id]
            if option_id is not None and shape.kind == "choices":
                of_donor[shape.key] = (*_list_earlier(of_donor.get(shape.key)), keys[option_id])
            elif option_id is not None:
                of_donor[shape.key] = keys[option_id]
            else:
                of_donor[shape.key] = next(
                    (value for value in (text, *plain_values) if value is not None), None
                )
    return values


def _list_earlier(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def describe_values(values: Values, shapes: Sequence[Shape]) -> dict[str, PlainValue]:
    """Return what stands in each of these fields as JSON holds it; None where nothing does."""
    return {shape.key: make_plain(shape, values.get(shape.key)) for shape in shapes}


def write_values(donor_id: int, values: Values, shapes: Sequence[Shape]) -> dict[str, Change]:
    """Write what is to stand in fields of a donor, None for nothing; return what it changes, by their names.

    What stands there already changes nothing.
    """
    by_key = {shape.key: shape for shape in shapes}
    before = read_values([donor_id], [by_key[key] for key in values])[donor_id]
    changed_shapes = [by_key[key] for key, value in values.items() if before.get(key) != _settle_value(value)]
    if not changed_shapes:
        return {}
    for shape in changed_shapes:
        _refuse_closed_options(shape, values[shape.key], before.get(shape.key))
    db.session.execute(
        delete(CustomValue)
        .where(CustomValue.entity_id == donor_id)
        .where(CustomValue.field_id.in_([shape.id for shape in changed_shapes]))
        .execution_options(synchronize_session="fetch")
    )
    _insert_rows(row for shape in changed_shapes for row in _make_rows(donor_id, shape, values[shape.key]))
    return {
        shape.name: (
            make_plain(shape, before.get(shape.key)),
            make_plain(shape, _settle_value(values[shape.key])),
        )
        for shape in sorted(changed_shapes, key=lambda shape: shape.key)
    }


def write_first_values(values_by_donor: Mapping[int, Values], shapes: Sequence[Shape]) -> None:
    """Write what stands in fields of donors who are new."""
    by_key = {shape.key: shape for shape in shapes}
    for values in values_by_donor.values():
        for key, value in values.items():
            _refuse_closed_options(by_key[key], value, None)
    _insert_rows(
        row
        for donor_id, values in values_by_donor.items()
        for key, value in values.items()
        for row in _make_rows(donor_id, by_key[key], value)
    )


def _refuse_closed_options(shape: Shape, value: Value, before: Value) -> None:
    """Raise Rejected where an option is chosen that is closed; who has it already keeps it."""
    if shape.kind not in ("choice", "choices"):
        return
    earlier_keys = before if isinstance(before, tuple) else (before,)
    open_keys = shape.list_open_keys()
    for key in value if isinstance(value, tuple) else (value,):
        if key and key not in open_keys and key not in earlier_keys:
            raise Rejected(
                f"{key} of {shape.key} is chosen no more", field=f"/custom/{shape.key}", code="unknown_choice"
            )


def _settle_value(value: Value) -> Value:
    """Return a value as it is read back: no choice is nothing."""
    return None if value in ((), "") else value


def _insert_rows(rows: Iterable[dict[str, object]]) -> None:
    for chunk in cut_chunks(rows, _CHUNK):
        db.session.execute(insert(CustomValue), chunk)


def _make_rows(donor_id: int, shape: Shape, value: Value) -> list[dict[str, object]]:
    row: dict[str, object] = {**_EMPTY, "field_id": shape.id, "entity_id": donor_id, "seq": 1}
    value = _settle_value(value)
    if value is None:
        return []
    if isinstance(value, tuple):
        ids = [_get_option_id(shape, key) for key in value]
        return [{**row, "seq": seq, "option_id": id_} for seq, id_ in enumerate(ids, 1)]
    if shape.kind == "choice":
        return [{**row, "option_id": _get_option_id(shape, str(value))}]
    if shape.kind in ("text", "long_text"):
        folded = fold_value(str(value)) if shape.kind == "text" else None
        return [{**row, "text": value, "folded": folded}]
    return [{**row, _COLUMNS[shape.kind].key: value}]


def _get_option_id(shape: Shape, key: str) -> int:
    option = shape.find_option(key)
    if option is None:
        raise Rejected(
            f"{shape.key} has no option {key}", field=f"/custom/{shape.key}", code="unknown_choice"
        )
    return option.id


# ---------------------------------------------------------------- looking for donors


class ValueFilter(NamedTuple):
    """That a field holds a value, or one within a range."""

    shape: Shape
    wanted: Value | Range

    @property
    def column(self) -> InstrumentedAttribute[Any]:
        """The column that holds what is looked for."""
        return _COLUMNS[self.shape.kind]

    @property
    def is_range(self) -> bool:
        """Whether several values fit."""
        return isinstance(self.wanted, Range)

    def list_conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions that a row of values fits; of one donor at most one row does."""
        conditions: list[ColumnElement[bool]] = [CustomValue.field_id == self.shape.id]
        if not isinstance(self.wanted, Range):
            return [*conditions, self.column == self._write_wanted()]
        if self.wanted.low is not None:
            conditions.append(self.column >= self.wanted.low)
        if self.wanted.high is not None:
            conditions.append(self.column <= self.wanted.high)
        return conditions

    def fits_donor(self) -> ColumnElement[bool]:
        """Return the condition that a donor has it, for those who are narrowed by other things already."""
        if not isinstance(self.wanted, Range):
            return exists().where(CustomValue.entity_id == Donor.id, *self.list_conditions())
        # Not EXISTS: a donor's own value is looked at, and not all that lie in the range.
        value = (
            select(self.column)
            .where(CustomValue.field_id == self.shape.id, CustomValue.entity_id == Donor.id)
            .scalar_subquery()
        )
        bounds = []
        if self.wanted.low is not None:
            bounds.append(value >= self.wanted.low)
        if self.wanted.high is not None:
            bounds.append(value <= self.wanted.high)
        return and_(*bounds)

    def come_after(self, donor_id: int) -> ColumnElement[bool]:
        """Return the condition that a row comes after that of a donor, in the order of the values."""
        last = (
            select(self.column)
            .where(CustomValue.field_id == self.shape.id, CustomValue.entity_id == donor_id)
            .scalar_subquery()
        )
        return tuple_(self.column, CustomValue.entity_id) > tuple_(last, literal(donor_id))

    def _write_wanted(self) -> object:
        if self.shape.kind in ("choice", "choices"):
            return _get_option_id(self.shape, str(self.wanted))
        return fold_value(str(self.wanted)) if self.shape.kind == "text" else self.wanted


def read_filter(text: str, shapes: Sequence[Shape]) -> ValueFilter | None:
    """Return what ``key:value`` asks for; None for an empty text.

    Raise Rejected for a field that the reader does not see, and for what can stand in no such field.
    """
    if not text:
        return None
    key, _, wanted = text.partition(":")
    shape = next((shape for shape in shapes if shape.key == key), None)
    if shape is None:
        raise Rejected(f"there is no field {key}", field="/custom", code="unknown_field")
    try:
        return ValueFilter(shape, read_wanted(shape, wanted))
    except ValueError as e:
        raise Rejected(
            f"nothing in {key} can be {wanted}", field="/custom", code="custom_value_invalid"
        ) from e


def find_donor_ids(text: str, shapes: Sequence[Shape], *, limit: int) -> list[int]:
    """Return donors in one of whose fields of short text this stands, whatever its capitals and accents."""
    folded_text = fold_value(text)
    field_ids = [shape.id for shape in shapes if shape.kind == "text"]
    if not folded_text or not field_ids:
        return []
    query = select(CustomValue.entity_id).where(
        CustomValue.field_id.in_(field_ids), CustomValue.folded == folded_text
    )
    return list(dict.fromkeys(db.session.scalars(query.limit(limit))))
