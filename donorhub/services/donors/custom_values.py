"""What stands in the fields that were added to donors or gifts: read, written, and looked for.

Which fields a reader sees is settled before, by the shapes that are handed in
(:func:`donorhub.services.donors.custom_fields.list_shapes`); nothing here shows or takes any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import Base, cut_chunks, cut_query_values, db, write_literal
from donorhub.domain.donors.custom_shapes import (
    Entity,
    PlainValue,
    Range,
    Shape,
    Value,
    fold_value,
    make_plain,
    read_wanted,
)
from donorhub.errors import Rejected
from donorhub.models import CustomValue, Donor, Gift, GiftCustomValue
from donorhub.services import paging
from donorhub.services.access.audit import Change
from donorhub.services.paging import AnyRow, Page

Identified = TypeVar("Identified", Donor, Gift, AnyRow)
AnyQuery = TypeVar("AnyQuery", bound=Select[*tuple[Any, ...]])
Values = Mapping[str, Value]  # by the keys of their fields
CURSOR_NAME: Final = "values"  # of lists narrowed by a value
_CHUNK: Final = 1000  # rows in one statement
_EMPTY: Final = {
    "text": None,
    "folded": None,
    "number": None,
    "on_date": None,
    "is_true": None,
    "option_id": None,
}
_MODELS: Final[Mapping[Entity, type[CustomValue] | type[GiftCustomValue]]] = {
    "donor": CustomValue,
    "gift": GiftCustomValue,
}
_OWNERS: Final[Mapping[Entity, InstrumentedAttribute[int]]] = {"donor": Donor.id, "gift": Gift.id}
_VALUE_COLUMNS: Final[Mapping[str, str]] = {
    "text": "folded",
    "number": "number",
    "day": "on_date",
    "yes_no": "is_true",
    "choice": "option_id",
    "choices": "option_id",
}


def _select_values(entity: Entity) -> Select[Any]:
    table = Base.metadata.tables[_MODELS[entity].__tablename__]
    names = ("entity_id", "field_id", "text", "option_id", "number", "on_date", "is_true")
    ids: BindParameter[int] = bindparam("entity_ids", expanding=True)
    return select(*(table.c[name] for name in names)).where(table.c.entity_id.in_(ids)).order_by(table.c.seq)


_READ_VALUES: Final[Mapping[Entity, Select[Any]]] = {entity: _select_values(entity) for entity in _MODELS}


def read_values(entity_ids: Collection[int], shapes: Sequence[Shape]) -> dict[int, dict[str, Value]]:
    """Return what stands in these fields of donors, or of gifts, by id and key; an empty field is not
    there."""
    values: dict[int, dict[str, Value]] = {entity_id: {} for entity_id in entity_ids}
    by_id = {shape.id: shape for shape in shapes}
    keys = {option.id: option.key for shape in shapes for option in shape.options}
    for chunk in cut_query_values(entity_ids) if by_id else ():
        rows = db.session.connection().execute(_READ_VALUES[shapes[0].entity], {"entity_ids": chunk})
        for entity_id, field_id, text, option_id, *plain_values in rows:
            shape = by_id.get(field_id)
            if shape is None:
                continue
            of_entity = values[entity_id]
            if option_id is not None and shape.kind == "choices":
                of_entity[shape.key] = (*_list_earlier(of_entity.get(shape.key)), keys[option_id])
            elif option_id is not None:
                of_entity[shape.key] = keys[option_id]
            else:
                of_entity[shape.key] = next(
                    (value for value in (text, *plain_values) if value is not None), None
                )
    return values


def _list_earlier(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def describe_values(values: Values, shapes: Sequence[Shape]) -> dict[str, PlainValue]:
    """Return what stands in each of these fields as JSON holds it; None where nothing does."""
    return {shape.key: make_plain(shape, values.get(shape.key)) for shape in shapes}


def write_values(entity_id: int, values: Values, shapes: Sequence[Shape]) -> dict[str, Change]:
    """Write what is to stand in fields of a donor or gift, None for nothing; return what it changes, by their
    names.

    What stands there already changes nothing.
    """
    by_key = {shape.key: shape for shape in shapes}
    before = read_values([entity_id], [by_key[key] for key in values])[entity_id]
    changed_shapes = [by_key[key] for key, value in values.items() if before.get(key) != _settle_value(value)]
    if not changed_shapes:
        return {}
    for shape in changed_shapes:
        _refuse_closed_options(shape, values[shape.key], before.get(shape.key))
    model = _MODELS[changed_shapes[0].entity]
    db.session.execute(
        delete(model)
        .where(model.entity_id == entity_id)
        .where(model.field_id.in_([shape.id for shape in changed_shapes]))
        .execution_options(synchronize_session="fetch")
    )
    _insert_rows(
        model, (row for shape in changed_shapes for row in _make_rows(entity_id, shape, values[shape.key]))
    )
    return {
        shape.name: (
            make_plain(shape, before.get(shape.key)),
            make_plain(shape, _settle_value(values[shape.key])),
        )
        for shape in sorted(changed_shapes, key=lambda shape: shape.key)
    }


def write_first_values(values_by_entity: Mapping[int, Values], shapes: Sequence[Shape]) -> None:
    """Write what stands in fields of donors, or of gifts, that are new."""
    if not shapes:
        return
    by_key = {shape.key: shape for shape in shapes}
    for values in values_by_entity.values():
        for key, value in values.items():
            _refuse_closed_options(by_key[key], value, None)
    _insert_rows(
        _MODELS[shapes[0].entity],
        (
            row
            for entity_id, values in values_by_entity.items()
            for key, value in values.items()
            for row in _make_rows(entity_id, by_key[key], value)
        ),
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


def _insert_rows(model: type[CustomValue] | type[GiftCustomValue], rows: Iterable[dict[str, object]]) -> None:
    for chunk in cut_chunks(rows, _CHUNK):
        db.session.execute(insert(model), chunk)


def _make_rows(entity_id: int, shape: Shape, value: Value) -> list[dict[str, object]]:
    row: dict[str, object] = {**_EMPTY, "field_id": shape.id, "entity_id": entity_id, "seq": 1}
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
    return [{**row, _VALUE_COLUMNS[shape.kind]: value}]


def _get_option_id(shape: Shape, key: str) -> int:
    option = shape.find_option(key)
    if option is None:
        raise Rejected(
            f"{shape.key} has no option {key}", field=f"/custom/{shape.key}", code="unknown_choice"
        )
    return option.id


# ---------------------------------------------------------------- looking for donors and gifts


class ValueFilter(NamedTuple):
    """That a field holds a value, or one within a range."""

    shape: Shape
    wanted: Value | Range

    @property
    def model(self) -> type[CustomValue] | type[GiftCustomValue]:
        """The table that holds what is looked for."""
        return _MODELS[self.shape.entity]

    @property
    def column(self) -> InstrumentedAttribute[Any]:
        """The column that holds it."""
        column: InstrumentedAttribute[Any] = getattr(self.model, _VALUE_COLUMNS[self.shape.kind])
        return column

    @property
    def is_range(self) -> bool:
        """Whether several values fit."""
        return isinstance(self.wanted, Range)

    def list_conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions that a row of values fits; of one donor or gift at most one row does."""
        conditions: list[ColumnElement[bool]] = [self.model.field_id == self.shape.id]
        if not isinstance(self.wanted, Range):
            return [*conditions, self.column == self._write_wanted()]
        if self.wanted.low is not None:
            conditions.append(self.column >= self.wanted.low)
        if self.wanted.high is not None:
            conditions.append(self.column <= self.wanted.high)
        return conditions

    def is_met(self) -> ColumnElement[bool]:
        """Return the condition that a donor or gift has it, for those that are narrowed by other things
        already."""
        owner_id = _OWNERS[self.shape.entity]
        if not isinstance(self.wanted, Range):
            return exists().where(self.model.entity_id == owner_id, *self.list_conditions())
        # Not EXISTS: a donor's own value is looked at, and not all that lie in the range.
        value = (
            select(self.column)
            .where(self.model.field_id == self.shape.id, self.model.entity_id == owner_id)
            .scalar_subquery()
        )
        bounds = []
        if self.wanted.low is not None:
            bounds.append(value >= self.wanted.low)
        if self.wanted.high is not None:
            bounds.append(value <= self.wanted.high)
        return and_(*bounds)

    def order_rows(self, query: AnyQuery, *, after: str | None, limit: int) -> AnyQuery:
        """Return the query narrowed to the donors or gifts that have it: the newest first; of a range by
        their values, in the order of the index. One more than ``limit`` tells whether there are others.

        The cursor is an id, since it stands in an address and a value says something of a donor.
        """
        query = query.join(
            self.model,
            and_(self.model.entity_id == _OWNERS[self.shape.entity], *self.list_conditions()),
        )
        after_id = paging.read_cursor(after, CURSOR_NAME, (int,))[0] if after else None
        if self.is_range:
            query = query.order_by(self.column, self.model.entity_id)
            query = query if after_id is None else query.where(self.come_after(after_id))
        else:
            query = query.order_by(self.model.entity_id.desc())
            query = query if after_id is None else query.where(self.model.entity_id < after_id)
        return query.limit(write_literal(limit + 1))

    def come_after(self, entity_id: int) -> ColumnElement[bool]:
        """Return the condition that a row comes after that of a donor or gift, in the order of the values."""
        last = (
            select(self.column)
            .where(self.model.field_id == self.shape.id, self.model.entity_id == entity_id)
            .scalar_subquery()
        )
        return tuple_(self.column, self.model.entity_id) > tuple_(last, literal(entity_id))

    def _write_wanted(self) -> object:
        if self.shape.kind in ("choice", "choices"):
            return _get_option_id(self.shape, str(self.wanted))
        return fold_value(str(self.wanted)) if self.shape.kind == "text" else self.wanted


def cut_page(rows: Sequence[Identified], limit: int) -> Page[Identified]:
    """Return the page of rows that :meth:`ValueFilter.order_rows` gave."""
    cursor = paging.write_cursor(CURSOR_NAME, [rows[limit - 1].id]) if len(rows) > limit else None
    return Page(rows[:limit], cursor)


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


def find_owner_ids(text: str, shapes: Sequence[Shape], *, limit: int) -> list[int]:
    """Return the donors, or gifts, in one of whose fields of short text this stands, whatever its capitals
    and accents."""
    folded_text = fold_value(text)
    field_ids = [shape.id for shape in shapes if shape.kind == "text"]
    if not folded_text or not field_ids:
        return []
    model = _MODELS[shapes[0].entity]
    query = select(model.entity_id).where(model.field_id.in_(field_ids), model.folded == folded_text)
    return list(dict.fromkeys(db.session.scalars(query.limit(limit))))
