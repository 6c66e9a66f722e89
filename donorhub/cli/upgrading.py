"""Whether the database is that of this program, and making it so."""

from __future__ import annotations

from donorhub import clock, logs
from donorhub.db import db
from donorhub.errors import Misconfigured
from donorhub.migrations import run
from donorhub.services.access import organisation
from donorhub.services.reports import mending


def bring_up_to_date() -> tuple[str | None, str | None]:
    """Run the migrations, create the organisation, mend old faults; return the revisions before and after.

    Call it inside an application context. A second call changes nothing.
    """
    revisions = run.upgrade(db.engine)
    organisation.create_organisation(now=clock.now())
    db.session.commit()
    mend_old_faults()
    db.session.remove()
    return revisions


def mend_old_faults() -> None:
    """Mend what an older program left, each kind of fault in a transaction of its own.

    One that fails is logged and holds up neither the others nor the program; the next start tries it again.
    """
    for step in mending.list_waiting_steps():
        try:
            mending.do_step(step, now=clock.now())
            db.session.commit()
        except Exception as e:
            db.session.rollback()
            logs.report(e, event="mending_failed", kind=step.kind)


def refuse_old_database() -> None:
    """Raise Misconfigured when the tables are not those of this program."""
    with db.engine.connect() as connection:
        has = run.read_current_revision(connection)
    if has != run.find_newest_revision():
        raise Misconfigured("the database is not up to date: run `donorhub db upgrade` first")
