"""Lists in pages: where the next begins is told by the last row's key, so that no row is shown
twice or left out while others are written."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, ClassVar, Final, NotRequired, TypedDict, TypeVar
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, fields, post_load, validate
from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.api.http import refuse_request
from donorhub.db import MAX_ID, db, write_literal
from donorhub.schemas.fields import StrictSchema

MOST: Final = 200
Row = TypeVar("Row")
Keys = Sequence[InstrumentedAttribute[object]]
Sorts = Mapping[str, InstrumentedAttribute[object]]


class PageArguments(TypedDict):
    """What is asked of a page."""

    limit: int
    sort: str
    after: NotRequired[str]


class PageArgs(StrictSchema):
    """What every list takes."""

    first_sort: ClassVar[str]
    sort_of_filter: ClassVar[Mapping[str, str]]

    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))
    after = fields.String(
        validate=validate.Length(1, 1000),
        metadata={"description": "From `next` of the page before"},
    )

    @post_load
    def choose_sort(self, data: dict[str, object], **_: object) -> dict[str, object]:
        """Sort as is asked, else by the time that is filtered by, else by the first sort of the list."""
        filter_sorts = (sort for name, sort in self.sort_of_filter.items() if name in data)
        data.setdefault("sort", next(filter_sorts, self.first_sort))
        return data


def make_query_schema(
    *sorts: str, by_time: Mapping[str, str] | None = None, **filters: fields.Field[Any]
) -> type[PageArgs]:
    """Return the query of one list: its filters and what it can be sorted by (with ``-`` in falling order).

    ``by_time`` names for filters on a time the sort by that time, in which such a list comes where no other
    is asked for: an index finds the rows since a day, and in another order all of them would have to be read.
    """
    parts: dict[str, object] = {
        **filters,
        "sort": _make_sort_field(sorts, by_time or {}),
        "first_sort": sorts[0],
        "sort_of_filter": by_time or {},
    }
    query: type[PageArgs] = type("Query", (PageArgs,), parts)
    return query


def _make_sort_field(sorts: Sequence[str], by_time: Mapping[str, str]) -> fields.String:
    is_sort = validate.OneOf([sign + name for name in sorts for sign in ("", "-")])
    if not by_time:
        return fields.String(load_default=sorts[0], validate=is_sort)
    filters = ", ".join(f"with `{name}`: {sort}" for name, sort in by_time.items())
    return fields.String(validate=is_sort, metadata={"description": f"Without one: {sorts[0]}; {filters}"})


@cache
def make_page_schema(item: type[Schema]) -> type[Schema]:
    """Return ``{"data": […], "has_more": …, "next": …}`` around answers of one schema."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    parts: dict[str, object] = {
        "data": fields.List(fields.Nested(item), required=True),
        "has_more": fields.Boolean(required=True),
        "next": fields.String(required=True, allow_none=True),
    }
    schema: type[Schema] = type(name, (Schema,), parts)
    return schema


@dataclass(frozen=True, slots=True)
class Page:
    data: Sequence[Any]
    has_more: bool
    next: str | None


def read_page(query: Select[Row], arguments: PageArguments, sorts: Sorts) -> Page:
    """Return one page of a query, sorted and cut. ``sorts`` has ``id``, which decides between equals."""
    keys = get_sort_keys(arguments["sort"], sorts)
    if "after" in arguments:
        query = query.where(make_place_condition(arguments["after"], arguments["sort"], keys))
    query = query.order_by(*list_order(arguments["sort"], keys)).limit(write_literal(arguments["limit"] + 1))
    return cut_page(list(db.session.scalars(query)), arguments, keys)


def get_sort_keys(sort: str, sorts: Sorts) -> Keys:
    """Return the columns that a page is sorted by."""
    name = sort.lstrip("-")
    return [sorts["id"]] if name == "id" else [sorts[name], sorts["id"]]


def make_place_condition(after: str, sort: str, keys: Keys) -> ColumnElement[bool]:
    """Return the condition that a row comes after the place which is asked for."""
    place = tuple_(*keys)
    last = tuple_(*_read(after, sort, keys))
    return place < last if sort.startswith("-") else place > last


def list_order(sort: str, keys: Keys) -> list[ColumnElement[object] | InstrumentedAttribute[Any]]:
    """Return the columns by which a list in this order is sorted, with their directions."""
    return [key.desc() if sort.startswith("-") else key for key in keys]


def cut_page(rows: Sequence[object], arguments: PageArguments, keys: Keys) -> Page:
    """Return the page of rows of which one more was read than are shown."""
    rows_of_page = rows[: arguments["limit"]]
    if len(rows) == len(rows_of_page):
        return Page(rows_of_page, False, None)
    return Page(
        rows_of_page,
        True,
        _make_url(_write(arguments["sort"], [getattr(rows_of_page[-1], key.key) for key in keys])),
    )


def split_arguments(arguments: Mapping[str, Any]) -> tuple[PageArguments, dict[str, Any]]:
    """Return what is asked of the page, and the filters."""
    of_page: PageArguments = {"limit": arguments["limit"], "sort": arguments["sort"]}
    if "after" in arguments:
        of_page["after"] = arguments["after"]
    return of_page, {
        name: value for name, value in arguments.items() if name not in ("limit", "after", "sort")
    }


def make_page(rows: Sequence[object], cursor: str | None) -> Page:
    """Return a page that a service has cut, whose cursor is passed on as it is."""
    return Page(rows, cursor is not None, cursor and _make_url(cursor))


def change_data(page: Page, change: Callable[[Sequence[Any]], Sequence[Any]]) -> Page:
    """Return the page with its rows changed to answers."""
    return Page(change(page.data), page.has_more, page.next)


def _make_url(after: str) -> str:
    arguments = [(name, value) for name, value in request.args.items(multi=True) if name != "after"]
    return f"{request.path}?{urlencode([*arguments, ('after', after)])}"


def _write(sort: str, place: Sequence[object]) -> str:
    text = json.dumps([sort, *(one.isoformat() if isinstance(one, date) else one for one in place)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, sort: str, keys: Keys) -> list[object]:
    """Return the place that a cursor names; answer 422 for one that is not of this list in this order."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        said, *place = json.loads(text)
        if said != sort:
            raise ValueError("another order")  # noqa: TRY301  said once, below
        return [
            literal(_read_value(one, key.type.python_type), key.type)
            for one, key in zip(place, keys, strict=True)
        ]
    except (ValueError, TypeError, UnicodeError, binascii.Error, RecursionError):
        refuse_request(422, "bad_cursor", "take `after` from the `next` of this same list", pointer="/after")


def _read_value(value: Any, kind: type[Any]) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    if type(value) is not kind or (kind is int and abs(value) > MAX_ID) or (kind is str and "\0" in value):
        raise ValueError("not of this column")
    return value
