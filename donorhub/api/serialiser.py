"""Answers as plain values, by functions compiled once from the schemas that describe them.

A schema stays the one description: what this returns equals the schema's own dump. But a
dump walks each field of each row by name; here a row is read at once, and only values
that JSON does not take as they are go through their field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final

import msgspec
from flask import g
from marshmallow import Schema, fields

from donorhub.api.schemas import AnswerSchema
from donorhub.domain.access.permissions import Principal
from donorhub.schemas.fields import Instant, write_instant

Convert = Callable[[Any], Any]
Hook = Callable[..., Any]
Plan = tuple[tuple[str, Convert], ...]
Plans = dict[tuple[type, ...], Plan]  # by the types of a row's values
# What these fields' dump gives back as it came. Whatever is of another type goes through its field.
_AS_IT_IS: Final[tuple[tuple[type[fields.Field[Any]], type], ...]] = (
    (fields.String, str),
    (fields.Integer, int),
    (fields.Boolean, bool),
)
_BEFORE, _AFTER = "pre_dump", "post_dump"
write_json: Final = msgspec.json.Encoder().encode


class Serialiser:
    """Dumps what one schema describes; keys are in alphabetical order."""

    def __init__(
        self, schema: Schema, *, shows_money: bool, hidden_fields: frozenset[str] = frozenset()
    ) -> None:
        self._schema = schema
        self._shows_money, self._hidden_fields = shows_money, hidden_fields
        fields_shown = sorted(
            (field.data_key or name, field.attribute or name, field)
            for name, field in schema.dump_fields.items()
            if not isinstance(schema, AnswerSchema) or schema.shows_part(name, shows_money, hidden_fields)
        )
        self.names: Final = tuple(name for _, name, _ in fields_shown)
        self._keys: Final = tuple(key for key, _, _ in fields_shown)
        self._fields: Final = tuple(field for _, _, field in fields_shown)
        self._read_attributes, self._read_items = _make_readers(self.names)
        self._before, self._after = _list_hooks(schema, _BEFORE), _list_hooks(schema, _AFTER)
        self._plans: Plans = {}
        self._row_plans: Plans = {}

    def dump(self, thing: Any) -> Any:
        """Return the answer for one row, value or mapping."""
        whole = thing
        for hook in self._before:
            thing = hook(thing, many=False)
        try:
            values = self._read_items(thing) if isinstance(thing, dict) else self._read_attributes(thing)
        except (AttributeError, KeyError):
            return self._schema.dump(whole)  # something is missing: the schema knows what to leave out
        return self._make_answer(values, self._plans)

    def dump_values(self, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """Return the answers for rows of the database, which hold the values of ``names`` in their order.

        What a row holds beyond them is ignored. Moments, all in UTC there, stay as they are:
        :data:`write_json` writes them as the schema does.
        """
        return [self._make_answer(row, self._row_plans) for row in rows]

    def _make_answer(self, values: Sequence[Any], plans: Plans) -> Any:
        answer = dict(zip(self._keys, values, strict=False))
        kinds = tuple(map(type, values))
        try:
            plan = plans[kinds]
        except KeyError:
            plan = plans[kinds] = self._make_plan(kinds, keeps_moments=plans is self._row_plans)
        for key, convert in plan:
            answer[key] = convert(answer[key])
        for hook in self._after:
            answer = hook(answer, many=False)
        return answer

    def _make_plan(self, kinds: tuple[type, ...], *, keeps_moments: bool) -> Plan:
        """Choose what to convert in rows whose values are of these types."""
        return tuple(
            (key, self._make_converter(key, field))
            for key, field, kind in zip(self._keys, self._fields, kinds, strict=False)
            if not _is_kept(field, kind) and not (keeps_moments and isinstance(field, Instant))
        )

    def _make_converter(self, key: str, field: fields.Field[Any]) -> Convert:
        if isinstance(field, fields.Nested) and not isinstance(field, fields.Pluck):
            inner = Serialiser(field.schema, shows_money=self._shows_money, hidden_fields=self._hidden_fields)
            return _convert_each(inner.dump) if field.many or field.schema.many else inner.dump
        if isinstance(field, fields.List):
            return _convert_each(self._make_converter(key, field.inner))
        if isinstance(field, Instant):
            return write_instant
        serialize = field._serialize  # public `serialize` would look the value up again
        return lambda value: serialize(value, key, None)


@lru_cache(maxsize=1024)
def serialiser_of(
    schema: type[Schema], *, shows_money: bool, hidden_fields: frozenset[str] = frozenset()
) -> Serialiser:
    """Return the serialiser of a schema, with amounts or without, and without these fields of donors."""
    return Serialiser(schema(), shows_money=shows_money, hidden_fields=hidden_fields)


def serialiser_for_reader(schema: type[Schema]) -> Serialiser:
    """Return the serialiser of a schema for who asks: amounts are for who has ``gifts:read``."""
    reader: Principal = g.principal
    return serialiser_of(
        schema, shows_money=reader.has_permission("gifts:read"), hidden_fields=reader.hidden_fields
    )


def _is_kept(field: fields.Field[Any], kind: type) -> bool:
    """Return whether the field's dump gives a value of this type back as it came."""
    if kind is type(None):
        return field._serialize(None, "", None) is None
    if getattr(field, "as_string", False):
        return False
    return any(
        type(field)._serialize is field_kind._serialize and kind is value_kind
        for field_kind, value_kind in _AS_IT_IS
    )


def _convert_each(convert: Convert) -> Convert:
    return lambda values: [None if value is None else convert(value) for value in values]


def _list_hooks(schema: Schema, kind: str) -> tuple[Hook, ...]:
    """Return a schema's own hooks; hiding is done by leaving fields out."""
    hooks = []
    for name, takes_many, options in schema._hooks[kind]:
        if takes_many or options.get("pass_original"):
            raise TypeError(f"{name} of {type(schema).__name__} looks at more than its own row")
        if name != AnswerSchema.hide_parts.__name__:
            hooks.append(getattr(schema, name))
    return tuple(hooks)


def _make_readers(names: tuple[str, ...]) -> tuple[Convert, Convert]:
    """Return functions that read all these attributes, or items, into one tuple."""
    if not names:
        return lambda thing: (), lambda thing: ()
    attribute, item = attrgetter(*names), itemgetter(*names)
    if len(names) > 1:
        return attribute, item
    return lambda thing: (attribute(thing),), lambda thing: (item(thing),)
