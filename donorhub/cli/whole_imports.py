"""``donorhub import --all``: bringing all of another installation into this empty one."""

from __future__ import annotations

from pathlib import Path

import click

from donorhub import clock
from donorhub.cli.context import run_in_app
from donorhub.db import db
from donorhub.migrations.run import find_newest_revision, list_revisions
from donorhub.services.access import users
from donorhub.services.moving.whole import reading

_NEXT = (
    "Nothing leaves this installation yet: `donorhub adopt` ends that, once the other one is switched off.",
    "Nobody can sign in yet: `donorhub user password EMAIL` makes a password for a user.",
    "Programs need new tokens, and webhook endpoints their signing secrets.",
)


@click.command("all")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@run_in_app
def import_all(file: Path) -> None:
    """Bring the archive of `donorhub export --all` into this installation, which must be empty.

    All of it or nothing. The installation is held then until `donorhub adopt` is said.
    """
    revisions = list_revisions()
    schema = find_newest_revision() or ""
    with file.open("rb") as place:
        archive = reading.open_archive(place, schema=schema, earlier_schemas=frozenset(revisions) - {schema})
        reading.read_archive(archive, now=clock.now(), note_table=_say_count)
        emails = users.list_active_emails()
        db.session.commit()
    for sentence in _NEXT:
        click.echo(sentence)
    for email in emails:
        click.echo(f"  {email}")


def _say_count(name: str, count: int) -> None:
    if count:
        click.echo(f"{name}: {count}", err=True)
