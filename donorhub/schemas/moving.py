"""What a list can be narrowed by, for the API and the command line: one field for each of its filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from marshmallow import fields

from donorhub.schemas.fields import Choice, Day, Line, QueryId, StrictSchema, Whole
from donorhub.schemas.limits import EARLIEST, LATEST
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import Filter, FilterKind, ListName

_FIELDS: Final[Mapping[FilterKind, Callable[[Filter], fields.Field[Any]]]] = {
    "day": lambda _one: Day(),
    "id": lambda _one: QueryId(),
    "year": lambda _one: Whole(EARLIEST.year, LATEST.year, strict=False),
    "text": lambda _one: Line(),
    "word": lambda one: Choice(one.words),
}


@cache
def make_filter_schema(name: ListName) -> type[StrictSchema]:
    """Return the schema of a list's filters, each of which may be left out."""
    title = name.title().replace("-", "")
    parts: dict[str, object] = {one.key: _FIELDS[one.kind](one) for one in LISTS[name].filters}
    schema: type[StrictSchema] = type(f"{title}FilterSchema", (StrictSchema,), parts)
    return schema
