"""``donorhub verify``, ``pending`` and ``doctor``: is all well, what waits, is this installation sound."""

from __future__ import annotations

import json
import sys

import click

from donorhub import clock
from donorhub.cli.context import in_app, make_app
from donorhub.cli.soundness import Finding, examine
from donorhub.db import db, read_only
from donorhub.services.access import audit
from donorhub.services.reports import invariants
from donorhub.services.work import pending as pending_service


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@in_app
def verify(as_json: bool) -> None:
    """Check that all money, receipts, tasks and the audit are as they must be. Exit code 1 when not."""
    while audit.seal():
        db.session.commit()
    db.session.commit()
    with read_only():
        found = invariants.check_all(now=clock.now(), is_thorough=True)
        db.session.rollback()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        for name, broken in found.items():
            click.echo(f"{'broken' if broken else 'holds '}  {name}")
            for sentence in broken:
                click.echo(f"        {sentence}")
    sys.exit(1 if any(found.values()) else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@in_app
def pending(as_json: bool) -> None:
    """Show what waits for workers and for people, and what lies in the error inbox."""
    with read_only():
        waits = pending_service.count(now=clock.now())
        db.session.rollback()
    if as_json:
        click.echo(json.dumps(waits, indent=1))
        return
    for name, counts in waits.items():
        total = sum(counts.values())
        click.echo(f"{name}: {total}" + "".join(f"\n    {kind}: {n}" for kind, n in counts.items()))


@click.command()
def doctor() -> None:
    """Look over this installation: unsafe settings, what is missing, the way out. Exit code 1 for errors."""
    findings = examine(make_app)
    for finding in findings:
        _say(finding)
    if not findings:
        click.echo("all is well")
    sys.exit(1 if any(finding.level == "error" for finding in findings) else 0)


def _say(finding: Finding) -> None:
    click.echo(f"{finding.level:7}  {finding.what}")
    if finding.way_out:
        click.echo(f"         -> {finding.way_out}")
