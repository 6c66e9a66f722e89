"""Overwriting what a database keeps of rows that were erased: free pages, indexes, logs, statistics.

It runs outside of any transaction and takes a while on a large base; nobody else writes meanwhile.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.exc import ProgrammingError

from donorhub.db import Base, db
from donorhub.errors import Busy
from donorhub.models import Erasure
from donorhub.services.donors import erased_rows

_TRIES: Final = 50  # to empty SQLite's log, which waits for whoever still reads
_PAUSE_S: Final = 0.1
# Where the server lets us: what its planner noted of frequent values, pages not written yet, and its log: a
# new file of it is begun and a checkpoint takes the earlier ones away, if `wal_recycle` is off.
_LAST_ON_POSTGRES: Final = ("VACUUM FULL pg_statistic", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")
_WORD_INDEXES: Final = ("donor_search", "donor_words", "entry_words")


def overwrite_bytes() -> None:
    """Write anew all that may hold bytes of erased rows; raise Busy where a reader is in the way for long.

    Call it with no transaction open.
    """
    if db.engine.dialect.name == "sqlite":
        _rewrite_sqlite()
    else:
        _rewrite_postgres()


def note_overwritten(*, erased_before: datetime, now: datetime) -> None:
    """Note that nothing is left of whoever was erased before this moment."""
    db.session.execute(
        update(Erasure)
        .where(Erasure.bytes_erased_at.is_(None), Erasure.erased_at <= erased_before)
        .values(bytes_erased_at=now)
    )


def count_waiting(*, erased_before: datetime) -> int:
    """Return of how many who were erased before this moment bytes may be left."""
    query = select(func.count(Erasure.id)).where(
        Erasure.bytes_erased_at.is_(None), Erasure.erased_at <= erased_before
    )
    return db.session.scalar(query) or 0


def _rewrite_sqlite() -> None:
    with db.engine.connect() as connection:  # it keeps its turn to write until it is closed
        with connection.begin():
            for name in _WORD_INDEXES:  # each keeps deleted words until it is merged
                connection.exec_driver_sql(f"INSERT INTO {name}({name}) VALUES ('optimize')")  # noqa: S608
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)  # noqa: S101  the type does not say so
        raw.execute("VACUUM")
        for _ in range(_TRIES):
            is_busy, *_counts = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not is_busy:
                return
            time.sleep(_PAUSE_S)
    raise Busy("somebody read the database all the time: its log is emptied in a moment")


def _rewrite_postgres() -> None:
    names = [table.name for table in Base.metadata.sorted_tables if erased_rows.list_personal(table)]
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in names:
            table_name = connection.dialect.identifier_preparer.quote(name)
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table_name}")
        for statement in _LAST_ON_POSTGRES:
            try:
                connection.exec_driver_sql(statement)
            except ProgrammingError:  # the role may not: the server does it in its own time
                connection.rollback()
