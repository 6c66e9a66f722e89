"""New databases, upgraded to a revision, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from alembic import command
from sqlalchemy import Engine, MetaData, create_engine

from donorhub import db as database_module
from donorhub.migrations import run

Rows = dict[str, dict[Any, dict[str, Any]]]  # by table and primary key


@contextmanager
def new_database(home: Path, servers: dict[str, str]) -> Iterator[Engine]:
    """An empty database, gone when the block ends."""
    if not servers:
        engine = create_engine(f"sqlite:///{mkdtemp(dir=home)}/new.sqlite3")
        database_module.install(engine)
        yield engine
        engine.dispose()
        return
    from tests.servers import create_database, drop_database

    url = create_database(servers["DATABASE_URL"])
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield engine
    engine.dispose()
    drop_database(url)


def upgrade_to(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        command.upgrade(run.alembic_config(connection), revision)


def read_rows(engine: Engine) -> Rows:
    """Return all that is in a database."""
    metadata = MetaData()
    metadata.reflect(engine)
    rows: Rows = {}
    with engine.connect() as connection:
        for table in metadata.tables.values():
            if table.name.startswith(("donor_search", "alembic_version")):
                continue
            keys = [column.name for column in table.primary_key]
            mappings = connection.execute(table.select()).mappings()
            rows[table.name] = {tuple(row[key] for key in keys): dict(row) for row in mappings}
    return rows


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
