"""Keyset pages: the next page begins where this one ended, whatever was added in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import MAX_ID, db, write_literal
from donorhub.errors import Rejected

T = TypeVar("T")
Keys = Sequence[InstrumentedAttribute[Any]]
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the cursor of the next page; None on the last."""

    rows: Sequence[T]
    cursor: str | None = None


def newest_first(
    query: Select[T],
    keys: Keys,
    *,
    after: str | None,
    limit: int = LIMIT,
) -> Page[T]:
    """A page in falling order of ``keys``, the last of which is unique. Rejected for a damaged cursor."""
    if after:
        query = query.where(tuple_(*keys) < tuple_(*_read(after, keys)))
    return _page(query.order_by(*(key.desc() for key in keys)), keys, limit)


def oldest_first(
    query: Select[T],
    keys: Keys,
    *,
    after: str | None,
    limit: int = LIMIT,
) -> Page[T]:
    """A page in rising order of ``keys``, the last of which is unique. Rejected for a damaged cursor."""
    if after:
        query = query.where(tuple_(*keys) > tuple_(*_read(after, keys)))
    return _page(query.order_by(*keys), keys, limit)


def rows_newest_first(query: AnySelect, keys: Keys, *, after: str | None, limit: int = LIMIT) -> Page[AnyRow]:
    """Like :func:`newest_first`, of a query that reads columns, the keys among them, and makes no objects."""
    if after:
        query = query.where(tuple_(*keys) < tuple_(*_read(after, keys)))
    query = query.order_by(*(key.desc() for key in keys)).limit(write_literal(limit + 1))
    return _cut(db.session.execute(query).all(), keys, limit)


def rows_oldest_first(query: AnySelect, keys: Keys, *, after: str | None, limit: int = LIMIT) -> Page[AnyRow]:
    """Like :func:`oldest_first`, of a query that reads columns, the keys among them, and makes no objects."""
    if after:
        query = query.where(tuple_(*keys) > tuple_(*_read(after, keys)))
    query = query.order_by(*keys).limit(write_literal(limit + 1))
    return _cut(db.session.execute(query).all(), keys, limit)


def _page(query: Select[T], keys: Keys, limit: int) -> Page[T]:
    return _cut(db.session.scalars(query.limit(write_literal(limit + 1))).unique().all(), keys, limit)


def _cut(rows: Sequence[T], keys: Keys, limit: int) -> Page[T]:
    if len(rows) <= limit:
        return Page(rows)
    rows = rows[:limit]
    return Page(rows, "~".join(_written(getattr(rows[-1], key.key)) for key in keys))


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(cursor: str, keys: Keys) -> list[object]:
    parts = cursor.split("~")
    if len(parts) != len(keys):
        raise damaged()
    return [
        literal(_READ[key.type.python_type](part), key.type) for key, part in zip(keys, parts, strict=True)
    ]


def if_given(column: InstrumentedAttribute[T], value: T | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a column holds a value, for ``where(*…)``; none where nothing is asked.

    A text stands in the statement: it may fit nothing, and a list is planned for that.
    """
    if value is None:
        return ()
    return (column == (write_literal(value) if isinstance(value, str) else value),)


def number_in(text: str) -> int:
    """A key in a cursor; Rejected for what no column holds."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID)) and int(text) <= MAX_ID):
        raise damaged()
    return int(text)


def moment_in(text: str) -> datetime:
    """An instant in a cursor, in UTC; Rejected for one without an offset or outside the calendar."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise damaged() from e
    raise damaged()


def _day_in(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise damaged() from e


def damaged() -> Rejected:
    """What is said of a cursor that no list of ours gave out."""
    return Rejected(
        "this address is not complete: begin at the first page of the list", code="bad_cursor", field="/after"
    )


_READ: Final[dict[type, Callable[[str], object]]] = {int: number_in, date: _day_in, datetime: moment_in}
