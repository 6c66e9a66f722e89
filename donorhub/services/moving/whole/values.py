"""Values of columns as an archive writes them, and back: days and instants as text, bytes as base64."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Date, DateTime, LargeBinary, null

from donorhub.db import UTCDateTime


def write_value(value: object) -> object:
    """Return a value of any column as JSON holds it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def read_value(column: Column[Any], value: Any) -> object:
    """Return a value as its column takes it; raise ValueError or TypeError for what cannot stand there."""
    if value is None or isinstance(column.type, JSON):
        return value
    if isinstance(column.type, UTCDateTime | DateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value, validate=True)
    if type(value) is not column.type.python_type:  # SQLite would keep a text among numbers
        raise TypeError(f"{column.name} holds no {type(value).__name__}")
    return value


def has_two_nulls(column: Column[Any]) -> bool:
    """Return whether a column tells apart that nothing stands there and that JSON's null does.

    An archive leaves out the first.
    """
    return isinstance(column.type, JSON) and bool(column.nullable)


NOTHING = null()
