"""Bringing a database up to date, once, even when several processes start together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

LOCK = 727273
FOLDER = Path(__file__).parent


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Run what is missing; gives the revisions before and after. Again changes nothing."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = current(connection)
        command.upgrade(alembic_config(connection), "head")
        return before, current(connection)


def current(connection: Connection) -> str | None:
    """The revision that the database has; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this program needs."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config).get_current_head()


def write_new(engine: Engine, words: str, now: datetime) -> Path:
    """For developers: write a migration from what the models have and the database has not."""
    with engine.begin() as connection:
        script = command.revision(
            alembic_config(connection), message=words, autogenerate=True, rev_id=f"{now:%Y%m%d_%H%M}"
        )
    if script is None or isinstance(script, list):
        raise RuntimeError("expected one script")
    path = Path(script.path)
    return path.rename(path.with_name(f"{now:%Y%m%d_%H%M}_{words.replace(' ', '_')}.py"))
