"""The words by which entries are found by their payers: SQLite's index of those that were written.

PostgreSQL follows each entry by itself, and so does SQLite where one is changed or deleted
(``models.search_ddl``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, text

from donorhub.db import db
from donorhub.models import Entry
from donorhub.models.search_ddl import FILL_PAYERS_SQLITE


@contextmanager
def index_new_payers() -> Iterator[None]:
    """Let the payers of all entries that are written inside be found from its end on, in this transaction.

    Nobody else writes meanwhile: SQLite has one writer.
    """
    connection = db.session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    last_id = connection.execute(select(func.coalesce(func.max(Entry.id), 0))).scalar_one()
    yield
    connection.execute(text(FILL_PAYERS_SQLITE), {"last_id": last_id})
