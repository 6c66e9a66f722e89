"""A base as large as one gets after years, made by SQL alone: queries are explained and counted on it.

What its columns hold is plausible enough for a planner, not for a person; which rows there are is in
:mod:`.rows`. A column that is not named there gets its default, so that a new one changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, Column, Connection, Table

from donorhub.db import Base, db
from donorhub.services.giving import history, retention_figure, rollups

FIRST: Final = 1001  # ids of the rows begin here: the few before them are made by services
TODAY: Final = "2026-11-22"
COMING: Final = "2026-12-07"  # when the next instalments fall due
Columns = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table: how many, and the SQL of their columns for a number ``i`` that counts from 0."""

    table: str
    count: int
    columns: Columns = field(default_factory=dict)
    where: str = ""


class Sql:
    """What the two databases write differently."""

    def __init__(self, dialect: str) -> None:
        self.is_sqlite = dialect == "sqlite"

    def day(self, ago: str) -> str:
        """The day that lies so many days, an SQL expression, before today."""
        if self.is_sqlite:
            return f"date('{TODAY}', -CAST({ago} AS INTEGER) || ' days')"
        return f"(DATE '{TODAY}' - CAST(floor({ago}) AS INTEGER))"

    def month(self, ago: str) -> str:
        """The seventh of the month that lies so many months, an SQL expression, before the coming one."""
        if self.is_sqlite:
            return f"date('{COMING}', -({ago}) || ' months')"
        return f"CAST(DATE '{COMING}' - ({ago}) * INTERVAL '1 month' AS DATE)"

    def moment(self, ago: str) -> str:
        """The instant that lies so many days and parts of days before this morning."""
        if self.is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S', '{TODAY} 08:00:00', -({ago}) || ' days') || '.000000'"
        return f"(TIMESTAMPTZ '{TODAY} 08:00:00+00' - ({ago}) * INTERVAL '1 day')"

    def boolean(self, is_true: bool) -> str:
        return str(int(is_true)) if self.is_sqlite else str(is_true).lower()

    def data(self, content: bytes) -> str:
        return f"x'{content.hex()}'" if self.is_sqlite else f"'\\x{content.hex()}'::bytea"

    def json(self, value: object) -> str:
        text = "'" + json.dumps(value).replace("'", "''") + "'"
        return text if self.is_sqlite else f"{text}::json"


def fill(connection: Connection, rows: Rows) -> None:
    """Insert the rows of one table."""
    table = Base.metadata.tables[rows.table]
    sql = Sql(connection.dialect.name)
    columns = dict(_defaults(table, sql)) | dict(rows.columns)
    if "id" in table.columns:
        columns["id"] = f"{FIRST} + i"
    where = f" WHERE {rows.where}" if rows.where else ""
    names = ", ".join(f'"{name}"' for name in columns)
    connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({names}) WITH RECURSIVE number(i) AS '
        f"(SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM number WHERE i < {rows.count - 1}) "
        f"SELECT {', '.join(columns.values())} FROM number{where}".replace(
            "%", "%%" if not sql.is_sqlite else "%"
        )
    )


def keep_sums(now: datetime) -> None:
    """Keep what services keep added up of the gifts, which SQL wrote past them."""
    rollups.apply_deltas(rollups.compute_totals())
    retention = retention_figure.Retention(*history.count_retained_donors(now.date(), "PLN"))
    retention_figure.keep_retention([("PLN", retention)], now=now)
    db.session.commit()


def _defaults(table: Table, sql: Sql) -> Columns:
    """The SQL of what the models put into columns that nobody names."""
    return {
        column.name: _default(column, sql)
        for column in table.columns
        if column.default is not None and not column.primary_key
    }


def _default(column: Column[object], sql: Sql) -> str:
    default = column.default
    assert default is not None
    value: object = default.arg if default.is_scalar else default.arg(None)
    if isinstance(column.type, Boolean):
        return sql.boolean(bool(value))
    if isinstance(value, dict | list):
        return sql.json(value)
    return str(value) if isinstance(value, int) else f"'{value}'"


def begin_numbers(connection: Connection) -> None:
    """Let the next rows get ids beyond the ones that were given; SQLite does so by itself."""
    if connection.dialect.name == "sqlite":
        return
    for table in Base.metadata.sorted_tables:
        if "id" in table.columns and table.autoincrement_column is not None:
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), "
                f'(SELECT coalesce(max(id), 1) FROM "{table.name}"))'
            )
