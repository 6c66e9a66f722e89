"""What the last release wrote: eleven bank entries, of which seven were decided twice.

Its databases lacked the index that forbids a second live decision, so that both stand in the dump.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alembic import command
from sqlalchemy import Connection

from donorhub.migrations import run

REVISION: Final = "20261122_1845"
KEY: Final = f"release {REVISION}"  # of its vault
NOW: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_DUMPS: Final = Path(__file__).parents[1] / "files" / "releases"


def load(connection: Connection, name: str = REVISION, *, revision: str = REVISION) -> None:
    """Make the tables of that release and fill them, from the dump of this name."""
    command.upgrade(run.make_config(connection), revision)
    dump = (_DUMPS / f"{name}.sql").read_text()
    if connection.dialect.name == "sqlite":
        for statement in dump.splitlines():
            connection.exec_driver_sql(statement)
        return
    connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    for statement in dump.splitlines():
        connection.exec_driver_sql(re.sub(r"X'([0-9a-f]*)'", r"'\\x\1'::bytea", statement))
    sequences = connection.exec_driver_sql("SELECT sequencename FROM pg_sequences").scalars().all()
    for sequence in sequences:
        table = sequence.removesuffix("_id_seq")
        connection.exec_driver_sql(f"SELECT setval('{sequence}', greatest(max(id), 1)) FROM \"{table}\"")
