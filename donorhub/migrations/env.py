"""How Alembic reaches our database; run through ``donorhub db upgrade``."""

from __future__ import annotations

from typing import Literal

from alembic import context
from sqlalchemy import Connection

from donorhub import models  # noqa: F401  the tables must be known
from donorhub.db import Base, UTCDateTime

# What donorhub.models.search_ddl makes is not in the metadata: Alembic would drop it in every new migration.
SEARCH = {
    "table": ("donor_search", "donor_words", "entry_words"),
    "index": ("ix_donor_search", "ix_donor_document_words", "ix_entry_payer_words"),
}


def _is_ours(name: str | None, kind: str) -> bool:
    return not (kind in SEARCH and name is not None and name.startswith(SEARCH[kind]))


def _render_type(kind: str, column_type: object, _context: object) -> str | Literal[False]:
    """Return how a column type is written in a migration, which must not change when our own types do;
    False for Alembic's way.
    """
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(column_type, UTCDateTime) else False


def _run_migrations(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render_type,
        include_name=lambda name, kind, _parents: _is_ours(name, kind),
    )
    with context.begin_transaction():
        context.run_migrations()


_run_migrations(context.config.attributes["connection"])
