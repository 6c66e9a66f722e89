"""``donorhub db``: making and upgrading the database."""

from __future__ import annotations

import click

from donorhub import clock
from donorhub.cli.context import make_app, refuse_absent_database
from donorhub.cli.upgrading import bring_up_to_date
from donorhub.db import db
from donorhub.migrations import run


@click.group("db")
def db_group() -> None:
    """Make and upgrade the database."""


@db_group.command("upgrade")
def upgrade() -> None:
    """Bring the database up to date. Safe to run again; data is never lost."""
    with make_app().app_context(), refuse_absent_database():
        before, after = bring_up_to_date()
    click.echo(f"database at {after}" + ("" if before == after else f" (was {before or 'empty'})"))


@db_group.command("revision")
@click.argument("words")
def write_revision(words: str) -> None:
    """For developers: write a migration from the models. WORDS say what it does."""
    with make_app().app_context():
        click.echo(run.write_migration(db.engine, words, clock.now()))
