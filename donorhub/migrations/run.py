"""Bringing a database up to date, once, even when several processes start together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

LOCK = 727273
FOLDER = Path(__file__).parent


def make_config(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Run what is missing; return the revisions before and after. A second call changes nothing."""
    with engine.connect() as connection, suspend_foreign_keys(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = read_current_revision(connection)
        command.upgrade(make_config(connection), "head")
        after = read_current_revision(connection)
        if before != after:
            _refuse_orphans(connection)
        return before, after


@contextmanager
def suspend_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let SQLite build tables anew that others point at. It heeds this between transactions only."""
    raw = connection.connection.driver_connection
    if connection.dialect.name != "sqlite" or raw is None:
        yield
        return
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _refuse_orphans(connection: Connection) -> None:
    """Raise RuntimeError, which takes all back, when a row of SQLite points at one that is not there."""
    if connection.dialect.name == "sqlite":
        orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if orphan is not None:
            raise RuntimeError(f"a row of {orphan[0]} points at one of {orphan[2]} that is not there")


def read_current_revision(connection: Connection) -> str | None:
    """Return the revision that the database has; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def find_newest_revision() -> str | None:
    """Return the revision that this program needs."""
    return _read_scripts().get_current_head()


def list_revisions() -> list[str]:
    """Return all revisions that this program knows, the newest first."""
    return [script.revision for script in _read_scripts().walk_revisions()]


def _read_scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def write_migration(engine: Engine, words: str, now: datetime) -> Path:
    """Write a migration from what the models have and the database has not; return its path. For
    developers.
    """
    with engine.begin() as connection:
        script = command.revision(
            make_config(connection), message=words, autogenerate=True, rev_id=f"{now:%Y%m%d_%H%M}"
        )
    if script is None or isinstance(script, list):
        raise RuntimeError("expected one script")
    path = Path(script.path)
    return path.rename(path.with_name(f"{now:%Y%m%d_%H%M}_{words.replace(' ', '_')}.py"))
