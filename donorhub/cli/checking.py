"""``donorhub verify``, ``pending`` and ``doctor``: is all well, what waits, is this installation sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import click

from donorhub import clock
from donorhub.cli.context import make_app, run_in_app
from donorhub.cli.soundness import Finding, list_findings
from donorhub.db import db, read_only
from donorhub.models import ProvenHead
from donorhub.services.access import audit, organisation
from donorhub.services.reports import invariants, proven_head
from donorhub.services.work import pending as pending_service


@click.command("verify")
@click.option("--thorough", is_flag=True, help="Look at everything, not only at what came since all held.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@run_in_app
def verify_invariants(thorough: bool, as_json: bool) -> None:
    """Check that all money, receipts, tasks and the audit are as they must be. Exit code 1 when not.

    Goes on from where all held and says from where; --thorough looks at every row.
    """
    while audit.seal_records():
        db.session.commit()
    db.session.commit()
    now = clock.now()
    with read_only():
        head = None if thorough else proven_head.find_head()
        span = _describe_span(head)
        mark = proven_head.read_mark()
        results = invariants.check_scope(proven_head.make_scope(head), now=now)
        db.session.rollback()
    if not any(results.values()):
        proven_head.move_head(mark, now=now)
    if thorough:
        proven_head.note_whole(now=now)
    db.session.commit()
    click.echo(span, err=as_json)
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        _show_results(results)
    sys.exit(1 if any(results.values()) else 0)


def _describe_span(head: ProvenHead | None) -> str:
    """Return from where a check looks: everything, or what came after rows that were proved."""
    if head is None or head.proved_at is None:
        return "checked: every row, from the first on"
    zone = organisation.get_zone()
    rows = ", ".join(f"{table} {head.ids.get(table, 0) + 1}" for table in ("gift", "entry", "receipt"))
    whole = f"on {head.whole_at.astimezone(zone):%Y-%m-%d %H:%M}" if head.whole_at else "never"
    return (
        f"checked: what came since {head.proved_at.astimezone(zone):%Y-%m-%d %H:%M} (from {rows} on, the"
        f" audit from record {head.audit_seq + 1} on) and what that changed; every row was checked {whole}:"
        " `donorhub verify --thorough` does"
    )


def _show_results(results: Mapping[str, list[str]]) -> None:
    for name, sentences in results.items():
        click.echo(f"{'broken' if sentences else 'holds '}  {name}")
        for sentence in sentences:
            click.echo(f"        {sentence}")


@click.command("pending")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@run_in_app
@read_only()
def show_pending(as_json: bool) -> None:
    """Show what waits for workers and for people, and what lies in the error inbox."""
    waits = pending_service.count_pending(now=clock.now())
    if as_json:
        click.echo(json.dumps(waits, indent=1))
        return
    for name, counts in waits.items():
        total = sum(counts.values())
        click.echo(f"{name}: {total}" + "".join(f"\n    {kind}: {n}" for kind, n in counts.items()))


@click.command("doctor")
def examine_installation() -> None:
    """Look over this installation: unsafe settings, what is missing, the way out. Exit code 1 for errors."""
    findings = list_findings(make_app)
    for finding in findings:
        _show_finding(finding)
    if not findings:
        click.echo("all is well")
    sys.exit(1 if any(finding.level == "error" for finding in findings) else 0)


def _show_finding(finding: Finding) -> None:
    click.echo(f"{finding.level:7}  {finding.what}")
    if finding.way_out:
        click.echo(f"         -> {finding.way_out}")
