"""``donorhub adopt``: ending that an installation is held because it may be a copy."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Final

import click

from donorhub import clock
from donorhub.cli.confirming import DIGEST, YES, is_confirmed
from donorhub.cli.context import get_actor, run_in_app
from donorhub.db import db, read_only
from donorhub.services.access import instance
from donorhub.services.access.instance import Hold

REASONS: Final[Mapping[str, str]] = {
    "imported": "it was brought in from the export of another installation",
    "restored": "it was restored from a backup",
    "path": "the database lies in another folder than before",
    "file": "the database is another file than before: a copy, or one that was restored",
    "machine": "it runs on another machine than before",
    "server": "DATABASE_URL names another server than before",
    "cluster": "the database server holds other data than before",
    "database": "the database on the server is another than before",
    "address": "DONORHUB_PUBLIC_URL is another than before",
}
_QUESTION: Final = "Is this the organisation's own installation from now on, and the other one switched off?"


@click.command("adopt")
@YES
@DIGEST
@run_in_app
def adopt_installation(yes: bool, digest: str) -> None:
    """Let messages leave again, where this installation is held because it may be a copy.

    Shows first why it is held, and asks. Exit code 1 where it stays held.
    """
    with read_only():
        hold = instance.judge_place()
        db.session.rollback()
    if hold is None:
        click.echo("this installation is not held")
        return
    if not yes and not is_confirmed(hold.digest, digest, lambda: _show_hold(hold), _QUESTION):
        sys.exit(1)
    instance.adopt_instance(digest=hold.digest, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo("adopted: what waits leaves now; a server that runs notices within seconds")


def _show_hold(hold: Hold) -> None:
    click.echo("nothing leaves this installation:")
    for reason in hold.reasons:
        click.echo(f"  {REASONS[reason]}")


def describe_reasons(reasons: Iterable[str]) -> str:
    """Return why an installation is held, in one sentence's parts."""
    return "; ".join(REASONS[reason] for reason in reasons)


def warn_of_hold() -> None:
    """Look where this process runs, note a new place, and say on standard error why nothing leaves it."""
    with read_only():
        hold = instance.judge_place()
        db.session.rollback()
    if hold is not None:
        reasons = describe_reasons(hold.reasons)
        click.echo(f"nothing leaves this installation: {reasons}. `donorhub adopt` ends that.", err=True)
        return
    instance.settle_place()
    db.session.commit()
    db.session.remove()
