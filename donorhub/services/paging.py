"""Lists in pages, for web and API: the next begins where this one ended, whatever was added meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    UnaryExpression,
    and_,
    exists,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import MAX_ID, db, write_literal
from donorhub.errors import Rejected

T = TypeVar("T")
Key = InstrumentedAttribute[Any]
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
LIMIT: Final = 50
LOOK_AHEAD: Final = 5_000  # rows of a list, among which a page of some of them is looked for first


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the cursor of the next page; None on the last."""

    rows: Sequence[T]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Subset:
    """Some of the rows of a list: those that another table names, by ids which its index has in order.

    ``condition`` joins that table, and says which of its rows are meant; it names no row twice.
    """

    table: Any
    key: Key
    condition: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Order:
    """In which order a list comes: that of its keys, the last of which is unique, all rising or all falling.

    The name tells orders apart: a cursor of one is refused by the others.
    """

    keys: tuple[Key, ...]
    is_falling: bool
    name: str
    own_key: Key | None = None  # of the list's own table, where the key is that of another table

    def list_terms(self) -> list[Key | UnaryExpression[Any]]:
        """Return what a query is ordered by."""
        return [key.desc() if self.is_falling else key for key in self.keys]

    def make_condition(self, after: str) -> ColumnElement[bool]:
        """Return the condition that a row comes after the place of a cursor.

        Raise Rejected for a cursor that no page in this order gave out.
        """
        kinds = [key.type.python_type for key in self.keys]
        values = read_cursor(after, self.name, kinds)
        place = tuple_(*(literal(value, key.type) for value, key in zip(values, self.keys, strict=True)))
        condition = tuple_(*self.keys) < place if self.is_falling else tuple_(*self.keys) > place
        if db.session.get_bind().dialect.name != "sqlite":
            if self.own_key is None:
                return condition
            # PostgreSQL merges both tables, and each needs to know where to begin.
            return and_(condition, self.own_key < place if self.is_falling else self.own_key > place)
        # Of several limits of one column SQLite takes any to begin at: a page deep inside a period would be
        # looked for from the period's end.
        return func.unlikely(condition)

    def reaches_to(self, end: Sequence[object]) -> ColumnElement[bool]:
        """Return the condition that a row comes no later than the one with these keys."""
        place = tuple_(*(literal(value, key.type) for value, key in zip(end, self.keys, strict=True)))
        return tuple_(*self.keys) >= place if self.is_falling else tuple_(*self.keys) <= place

    def lead_through(self, subset: Subset | None) -> Order:
        """Return the order in which the rows of a subset are read: where it is that of their ids, that of
        the other table's index, which gives them without looking at the rest."""
        if subset is None or len(self.keys) > 1:
            return self
        return replace(self, keys=(subset.key,), own_key=self.keys[0])

    def cut_page(self, rows: Sequence[T], limit: int) -> Page[T]:
        """Return the page of rows of which one more was read than it shows, where there are more."""
        if len(rows) <= limit:
            return Page(rows)
        last = rows[limit - 1]
        return Page(rows[:limit], write_cursor(self.name, [getattr(last, key.key) for key in self.keys]))


@dataclass(frozen=True, slots=True)
class Ahead:
    """The conditions for the rows of a subset among the next of a list; ``is_all`` where no others follow."""

    conditions: tuple[ColumnElement[bool], ...]
    is_all: bool


def newest_first(*keys: Key) -> Order:
    """Return the falling order of keys."""
    return Order(keys, True, f"-{_name_keys(keys)}")


def oldest_first(*keys: Key) -> Order:
    """Return the rising order of keys."""
    return Order(keys, False, _name_keys(keys))


def _name_keys(keys: Sequence[Key]) -> str:
    return " ".join(str(key) for key in keys)


def read_page(
    query: Select[T], order: Order, *, after: str | None, limit: int = LIMIT, subset: Subset | None = None
) -> Page[T]:
    """Return a page of a query in an order; ``after`` is the cursor of the page before, ``subset`` narrows.

    Raise Rejected for a cursor that no page in this order gave out.
    """
    if subset is not None:
        ahead = find_ahead(order, subset, after)
        if ahead is not None:
            statement = _order_query(query.where(*ahead.conditions), order, after, limit)
            rows = db.session.scalars(statement).unique().all()
            if ahead.is_all or len(rows) > limit:
                return order.cut_page(rows, limit)
        query = query.join(subset.table, subset.condition)
    statement = _order_query(query, order.lead_through(subset), after, limit)
    return order.cut_page(db.session.scalars(statement).unique().all(), limit)


def find_ahead(order: Order, subset: Subset, after: str | None) -> Ahead | None:
    """Return where a page of a subset is looked for first: among the next rows of the whole list. None where
    the database does that by itself.

    SQLite would read all rows of a subset and sort them, were it half of the list.
    """
    if len(order.keys) == 1 or db.session.get_bind().dialect.name != "sqlite":
        return None
    rest: Select[Any] = _order_query(select(*order.keys), order, after, 0).limit(write_literal(1))
    end = db.session.execute(rest.offset(write_literal(LOOK_AHEAD))).first()
    is_in_subset = exists().where(subset.condition)
    if end is None:
        return Ahead((is_in_subset,), is_all=True)
    return Ahead((is_in_subset, order.reaches_to(end)), is_all=False)


def read_rows(query: AnySelect, order: Order, *, after: str | None, limit: int = LIMIT) -> Page[AnyRow]:
    """Return a page as :func:`read_page` does, of a query that reads columns, the keys among them."""
    return order.cut_page(db.session.execute(_order_query(query, order, after, limit)).all(), limit)


def _order_query(query: Select[T], order: Order, after: str | None, limit: int) -> Select[T]:
    if after:
        query = query.where(order.make_condition(after))
    return query.order_by(*order.list_terms()).limit(write_literal(limit + 1))


def write_cursor(name: str, values: Sequence[object]) -> str:
    """Return the cursor of a place in a list: text that goes into an address as it is."""
    parts = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([name, *parts]).encode()).decode().rstrip("=")


def read_cursor(cursor: str, name: str, kinds: Sequence[type]) -> list[Any]:
    """Return the values that a cursor of this name holds, of these kinds; raise Rejected for any other."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        cursor_name, *parts = json.loads(text)
        values = [_parse_value(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    except (ValueError, TypeError, OverflowError, UnicodeError, binascii.Error, RecursionError) as e:
        raise _make_refusal() from e
    if cursor_name != name:
        raise _make_refusal()
    return values


def _parse_value(value: Any, kind: type) -> object:
    """Return a value as its column holds it; raise ValueError for what none can hold."""
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return moment.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    is_too_large = isinstance(value, int) and abs(value) > MAX_ID
    if type(value) is not kind or is_too_large or (isinstance(value, str) and "\0" in value):
        raise ValueError("not of this column")
    return value


def _make_refusal() -> Rejected:
    return Rejected(
        "this address is not complete: begin at the first page of the list", code="bad_cursor", field="/after"
    )


def equals_if_given(column: InstrumentedAttribute[T], value: T | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a column holds a value, for ``where(*…)``; none where nothing is asked.

    A text stands in the statement: it may fit nothing, and a list is planned for that.
    """
    if value is None:
        return ()
    return (column == (write_literal(value) if isinstance(value, str) else value),)
