"""Which state of the database a transaction sees: what was worked out of it is good until it changes."""

from __future__ import annotations

import sqlite3
from itertools import count
from typing import Final

from donorhub.db import db

_numbers: Final = count(1)  # of SQLite's connections: what they say of themselves holds for each alone


def read_data_version() -> str:
    """Return a text that is another one after any write of anybody; the same text means the same data.

    What is worked out later in the transaction may be newer than its version, and then belongs to no later
    one; it is never older.
    """
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        snapshot = "SELECT current_database() || ' ' || pg_current_snapshot()::text"
        return str(connection.exec_driver_sql(snapshot).scalar_one())
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError(f"what has changed cannot be told of {type(raw).__name__}")
    number = connection.info.get("number") or next(_numbers)
    connection.info["number"] = number
    others_writes = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
    return f"{number} {others_writes} {raw.total_changes}"
