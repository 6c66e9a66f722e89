"""``donorhub breach``: after something happened, whose data was looked at and what was taken out."""

from __future__ import annotations

import json
from datetime import date, timedelta

import click

from donorhub import clock
from donorhub.cli.context import run_in_app
from donorhub.db import read_only
from donorhub.services.access import organisation
from donorhub.services.moving import breach_reports
from donorhub.services.moving.breach_reports import BreachReport


def _read_day(_context: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    """Return the day that an option names; refuse what is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as e:
        raise click.BadParameter("write a day as 2026-11-22") from e


@click.group("breach")
def breach_group() -> None:
    """After a breach: who had whose data before them."""


@breach_group.command("report")
@click.option("--since", required=True, callback=_read_day, help="The first day, in the organisation's time.")
@click.option("--until", callback=_read_day, help="The last day; else today.")
@click.option("--actor", default="", help="Only this one: user:3, token:2, cli:marta.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@run_in_app
@read_only()
def report_breach(since: date, until: date | None, actor: str, as_json: bool) -> None:
    """Show whom somebody looked at since a day, and what they took out: for Art. 33 and 34."""
    last_on = until or organisation.get_day(clock.now())
    report = breach_reports.make_report(
        since=organisation.get_midnight(since),
        until=organisation.get_midnight(last_on + timedelta(days=1)),
        actor=actor,
    )
    if as_json:
        facts = {
            "donor_ids": report.donor_ids,
            "concerns_all": report.concerns_all,
            "reads": report.reads,
            "taken": report.taken,
            "sign_ins": report.doors,
        }
        click.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    _show_report(report)


def _show_report(report: BreachReport) -> None:
    ids = ", ".join(map(str, report.donor_ids)) or "none"
    click.echo(f"donors looked at or copied: {len(report.donor_ids)} ({ids})")
    if report.concerns_all:
        click.echo("everything or a backup was taken: all donors are concerned")
    for row in (*report.taken, *report.doors):
        click.echo(
            f"{row['at']}\t{row['actor']}\t{row['what']}\t{json.dumps(row['data'], ensure_ascii=False)}"
        )
