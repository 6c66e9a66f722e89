"""All that a database holds as one file, and back: SQLite's own copy, or pg_dump and pg_restore.

The live file of SQLite is never opened here: it copies itself (VACUUM INTO).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, create_engine, make_url, text

from donorhub.db import db
from donorhub.errors import Conflict, Misconfigured, Rejected

Totals = dict[str, list[list[object]]]
_QUERIES: Final = {
    "donors": "SELECT count(*) FROM donor",
    "gifts": "SELECT currency, count(*), sum(amount_minor) FROM gift GROUP BY currency ORDER BY currency",
    "entries": "SELECT currency, count(*), sum(amount_minor) FROM entry GROUP BY currency ORDER BY currency",
    "receipts": "SELECT series, year, count(*), max(number) FROM receipt GROUP BY series, year ORDER BY 1, 2",
    "audit": "SELECT seq, chain FROM audit_head",
}


def read_totals(connection: Connection) -> Totals:
    """Return what a base adds up to, and where its audit ends."""
    return {
        name: [[_make_plain(value) for value in row] for row in connection.execute(text(query))]
        for name, query in _QUERIES.items()
    }


def _make_plain(value: object) -> object:
    return value if isinstance(value, str) else int(str(value))


def dump_base(path: Path) -> Totals:
    """Write the base as it is at one moment into a new file, and return its totals."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101  the type does not say so
            raw.execute("VACUUM INTO ?", (str(path),))
        copy = create_engine(f"sqlite:///{path}")
        try:
            with copy.connect() as connection:
                return read_totals(connection)
        finally:
            copy.dispose()
    with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
        _run_tool("pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={path}")
        return read_totals(connection)


def check_copy(path: Path) -> None:
    """Raise Rejected where a copy of SQLite is damaged."""
    raw = sqlite3.connect(path)
    try:
        answer = raw.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as e:
        raise Rejected("the base in the backup is damaged", code="backup_damaged") from e
    finally:
        raw.close()
    if answer != ("ok",):
        raise Rejected("the base in the backup is damaged", code="backup_damaged")


def load_postgres(path: Path, database_url: str) -> None:
    """Write a dump into a database of PostgreSQL; raise Conflict where that is not empty."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            table_count = connection.scalar(text(query))
    finally:
        engine.dispose()
    if table_count:
        raise Conflict("this database is not empty: restore into a new one", code="not_empty")
    url = make_url(database_url)
    arguments = ("--exit-on-error", "--no-owner", "--single-transaction", str(path))
    _run_tool("pg_restore", *arguments, url=url)


def _run_tool(name: str, *arguments: str, url: URL | None = None) -> None:
    """Run a tool of PostgreSQL on our database; its password goes by the environment."""
    program = shutil.which(name)
    if program is None:
        raise Misconfigured(f"{name} is missing: install PostgreSQL's client, as new as the server")
    url = url or db.engine.url
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environ = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(  # noqa: S603  a program of PostgreSQL with arguments of ours
        [program, f"--dbname={plain}", *arguments], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Misconfigured(f"{name} failed: {done.stderr.strip().splitlines()[-1:]}")
