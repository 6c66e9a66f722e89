"""New databases, upgraded to a revision, and what is in them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from alembic import command
from sqlalchemy import Connection, Engine, MetaData, create_engine

from donorhub import db as database_module
from donorhub.migrations import run

_TABLES: dict[tuple[str, str | None], MetaData] = {}
Rows = dict[str, dict[Any, dict[str, Any]]]  # by table and primary key


@contextmanager
def new_database(home: Path, servers: dict[str, str], *, like: Engine | None = None) -> Iterator[Engine]:
    """A database that is gone when the block ends: empty, or a copy of one to which nothing is connected."""
    if not servers:
        path = f"{mkdtemp(dir=home)}/new.sqlite3"
        if like is not None:
            shutil.copy(str(like.url.database), path)
        engine = create_engine(f"sqlite:///{path}")
        database_module.set_up_engine(engine)
        yield engine
        engine.dispose()
        return
    from tests.servers import create_database, drop_database

    template = None if like is None else like.url.render_as_string(hide_password=False)
    url = create_database(servers["DATABASE_URL"], template)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield engine
    engine.dispose()
    drop_database(url)


def upgrade_to(engine: Engine, revision: str) -> None:
    with engine.connect() as connection, run.suspend_foreign_keys(connection), connection.begin():
        command.upgrade(run.make_config(connection), revision)


def read_rows(engine: Engine) -> Rows:
    """Return all that is in a database."""
    rows: Rows = {}
    with engine.connect() as connection:
        for table in _read_tables(connection).tables.values():
            if table.name.startswith(("donor_search", "alembic_version")):
                continue
            keys = [column.name for column in table.primary_key]
            mappings = connection.execute(table.select()).mappings()
            rows[table.name] = {tuple(row[key] for key in keys): dict(row) for row in mappings}
    return rows


def _read_tables(connection: Connection) -> MetaData:
    """Return the tables of a database; asked once for each revision, since it takes a tenth of a second."""
    key = (connection.dialect.name, run.read_current_revision(connection))
    if key not in _TABLES:
        _TABLES[key] = MetaData()
        _TABLES[key].reflect(connection)
    return _TABLES[key]


def list_changes(before: Rows, after: Rows) -> dict[tuple[str, Any], dict[str, Any] | None]:
    """Return the new values of each row that was there before and changed; None for one that is gone."""
    changes: dict[tuple[str, Any], dict[str, Any] | None] = {}
    for table, rows in before.items():
        for key, old in rows.items():
            row = after[table].get(key)
            if row != old:
                name = (table, key[0] if len(key) == 1 else key)
                changes[name] = row and {
                    column: row[column] for column in row if row[column] != old.get(column, ...)
                }
    return changes


def list_new_rows(before: Rows, after: Rows, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return these columns of the rows that a table has gained."""
    keys = sorted(after[table].keys() - before.get(table, {}).keys())
    return [tuple(after[table][key][column] for column in columns) for key in keys]
