"""Lists of the API in pages, and what a list can be asked; how pages are cut is in services/paging.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final, NotRequired, TypedDict, TypeVar
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, fields, post_load, validate
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.schemas.fields import StrictSchema
from donorhub.services import paging
from donorhub.services.paging import Order, Subset

MOST: Final = 200
Row = TypeVar("Row")
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


def read_page(
    query: Select[Row], arguments: PageArguments, sorts: Sorts, *, subset: Subset | None = None
) -> Page:
    """Return one page of a query, sorted and cut as the arguments say; ``subset`` narrows it."""
    order = make_order(arguments["sort"], sorts)
    page = paging.read_page(
        query, order, after=arguments.get("after"), limit=arguments["limit"], subset=subset
    )
    return make_page(page.rows, page.cursor)


def make_order(sort: str, sorts: Sorts) -> Order:
    """Return the order of a sort; ``sorts`` has ``id``, which decides between equals."""
    name = sort.lstrip("-")
    keys = (sorts["id"],) if name == "id" else (sorts[name], sorts["id"])
    return Order(keys, sort.startswith("-"), sort)


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
