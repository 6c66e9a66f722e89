"""``donorhub duplicates``: look for records that may be one person, now and not within the hour."""

from __future__ import annotations

import click

from donorhub.cli.context import run_in_app
from donorhub.jobs.queue import timer


@click.command("duplicates")
@click.option("--all", "is_whole", is_flag=True, help="All donors, not only who came or changed.")
@run_in_app
def look_for_duplicates(is_whole: bool) -> None:
    """Look for records that may be one person, and ask about them on the page of duplicates."""
    findings = timer.look_for_duplicates(is_whole=is_whole)
    click.echo(
        f"looked at: {findings.donors} donors; made one: {findings.merged};"
        f" asked about: {findings.asked} new groups"
    )
