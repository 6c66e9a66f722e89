"""Whether the database is that of this program, and making it so."""

from __future__ import annotations

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Misconfigured
from donorhub.migrations import run
from donorhub.services.access import organisation


def bring_up_to_date() -> tuple[str | None, str | None]:
    """Run the migrations and create the organisation; return the revisions before and after.

    Call it inside an application context. A second call changes nothing.
    """
    revisions = run.upgrade(db.engine)
    organisation.create_organisation(now=clock.now())
    db.session.commit()
    db.session.remove()
    return revisions


def refuse_old_database() -> None:
    """Raise Misconfigured when the tables are not those of this program."""
    with db.engine.connect() as connection:
        has = run.read_current_revision(connection)
    if has != run.find_newest_revision():
        raise Misconfigured("the database is not up to date: run `donorhub db upgrade` first")
