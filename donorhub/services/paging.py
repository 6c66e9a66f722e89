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


def read_newest_first(
    query: Select[T],
    keys: Keys,
    *,
    after: str | None,
    limit: int = LIMIT,
) -> Page[T]:
    """Return a page in falling order of ``keys``, the last of which is unique.

    Raise Rejected for a cursor that no page of ours gave out.
    """
    if after:
        query = query.where(tuple_(*keys) < tuple_(*_parse_cursor(after, keys)))
    return _read_page(query.order_by(*(key.desc() for key in keys)), keys, limit)


def read_oldest_first(
    query: Select[T],
    keys: Keys,
    *,
    after: str | None,
    limit: int = LIMIT,
) -> Page[T]:
    """Return a page in rising order of ``keys``; the rest as :func:`read_newest_first`."""
    if after:
        query = query.where(tuple_(*keys) > tuple_(*_parse_cursor(after, keys)))
    return _read_page(query.order_by(*keys), keys, limit)


def read_rows_newest_first(
    query: AnySelect, keys: Keys, *, after: str | None, limit: int = LIMIT
) -> Page[AnyRow]:
    """Return a page as :func:`read_newest_first` does, of a query that reads columns and makes no objects.

    The keys are among the columns.
    """
    if after:
        query = query.where(tuple_(*keys) < tuple_(*_parse_cursor(after, keys)))
    query = query.order_by(*(key.desc() for key in keys)).limit(write_literal(limit + 1))
    return _cut_page(db.session.execute(query).all(), keys, limit)


def read_rows_oldest_first(
    query: AnySelect, keys: Keys, *, after: str | None, limit: int = LIMIT
) -> Page[AnyRow]:
    """Return a page as :func:`read_oldest_first` does, of a query that reads columns and makes no objects.

    The keys are among the columns.
    """
    if after:
        query = query.where(tuple_(*keys) > tuple_(*_parse_cursor(after, keys)))
    query = query.order_by(*keys).limit(write_literal(limit + 1))
    return _cut_page(db.session.execute(query).all(), keys, limit)


def _read_page(query: Select[T], keys: Keys, limit: int) -> Page[T]:
    return _cut_page(db.session.scalars(query.limit(write_literal(limit + 1))).unique().all(), keys, limit)


def _cut_page(rows: Sequence[T], keys: Keys, limit: int) -> Page[T]:
    if len(rows) <= limit:
        return Page(rows)
    rows = rows[:limit]
    return Page(rows, "~".join(_format_key(getattr(rows[-1], key.key)) for key in keys))


def _format_key(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _parse_cursor(cursor: str, keys: Keys) -> list[object]:
    parts = cursor.split("~")
    if len(parts) != len(keys):
        raise make_cursor_refusal()
    return [
        literal(_PARSERS[key.type.python_type](part), key.type) for key, part in zip(keys, parts, strict=True)
    ]


def equals_if_given(column: InstrumentedAttribute[T], value: T | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a column holds a value, for ``where(*…)``; none where nothing is asked.

    A text stands in the statement: it may fit nothing, and a list is planned for that.
    """
    if value is None:
        return ()
    return (column == (write_literal(value) if isinstance(value, str) else value),)


def parse_number(text: str) -> int:
    """Return the number that a cursor holds; raise Rejected for what no column holds."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID)) and int(text) <= MAX_ID):
        raise make_cursor_refusal()
    return int(text)


def parse_moment(text: str) -> datetime:
    """Return the instant that a cursor holds, in UTC; raise Rejected for one without an offset or outside
    the calendar."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as e:
        raise make_cursor_refusal() from e
    raise make_cursor_refusal()


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise make_cursor_refusal() from e


def make_cursor_refusal() -> Rejected:
    """Return the error for a cursor that no page of ours gave out."""
    return Rejected(
        "this address is not complete: begin at the first page of the list", code="bad_cursor", field="/after"
    )


_PARSERS: Final[dict[type, Callable[[str], object]]] = {
    int: parse_number,
    date: _parse_day,
    datetime: parse_moment,
}
