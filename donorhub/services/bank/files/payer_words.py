"""The words by which entries are found by their payers, where many entries are written at once.

The database follows each entry by itself (``models.search_ddl``); SQLite takes five times as long for that
as for all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select, text

from donorhub.db import db
from donorhub.models import Entry
from donorhub.models.search_ddl import FILL_PAYERS_SQLITE


@contextmanager
def index_payers_together() -> Iterator[None]:
    """Let the payers of all entries that are written inside be found from its end on, in this transaction."""
    connection = db.session.connection()
    if connection.dialect.name != "sqlite":
        yield
        return
    last_id = connection.execute(select(func.coalesce(func.max(Entry.id), 0))).scalar_one()
    connection.execute(text("INSERT INTO entry_words_pause (id) VALUES (1)"))
    yield
    connection.execute(text("DELETE FROM entry_words_pause"))
    connection.execute(text(FILL_PAYERS_SQLITE), {"last_id": last_id})
