"""All that a database holds, for comparing before and after: a refusal changes no column of any row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, literal, select, union_all

from donorhub.db import Base, db

Contents = dict[str, list[tuple[Any, ...]]]

_TABLES = Base.metadata.sorted_tables
# One statement: seventy, before and after each of a thousand posts, took longer than the posts.
_FULL = union_all(
    *(select(literal(table.name)).where(exists(select(*table.primary_key.columns))) for table in _TABLES)
)


def read_contents() -> Contents:
    """Return every row of every table that has any, as the session sees them."""
    full = set(db.session.scalars(_FULL))
    return {
        table.name: sorted((tuple(row) for row in db.session.execute(select(table))), key=repr)
        for table in _TABLES
        if table.name in full and table.name != "donor_read"  # who looked at whom is no content
    }
