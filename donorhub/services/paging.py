"""Keyset pages: the next page begins where this one ended, whatever was added in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import db
from donorhub.errors import Rejected

T = TypeVar("T")
LIMIT: Final = 50
_READ: Final[dict[type, Callable[[str], Any]]] = {
    int: int,
    str: str,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the cursor of the next page; None on the last."""

    rows: Sequence[T]
    cursor: str | None = None


def newest_first(
    query: Select[T],
    keys: Sequence[InstrumentedAttribute[Any]],
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
    keys: Sequence[InstrumentedAttribute[Any]],
    *,
    after: str | None,
    limit: int = LIMIT,
) -> Page[T]:
    """A page in rising order of ``keys``, the last of which is unique. Rejected for a damaged cursor."""
    if after:
        query = query.where(tuple_(*keys) > tuple_(*_read(after, keys)))
    return _page(query.order_by(*keys), keys, limit)


def _page(query: Select[T], keys: Sequence[InstrumentedAttribute[Any]], limit: int) -> Page[T]:
    rows = db.session.scalars(query.limit(limit + 1)).unique().all()
    if len(rows) <= limit:
        return Page(rows)
    rows = rows[:limit]
    return Page(rows, "~".join(_written(getattr(rows[-1], key.key)) for key in keys))


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _read(cursor: str, keys: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    parts = cursor.split("~")
    try:
        values = [_READ[key.type.python_type](part) for key, part in zip(keys, parts, strict=True)]
        return [literal(value, key.type) for key, value in zip(keys, values, strict=True)]
    except ValueError as e:
        raise Rejected("this address is not complete: begin at the first page of the list") from e
