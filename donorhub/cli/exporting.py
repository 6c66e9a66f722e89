"""``donorhub export``: all that is in the base, to take along."""

from __future__ import annotations

import json
import sys
from typing import TextIO

import click

from donorhub import clock
from donorhub.cli.context import actor, in_app
from donorhub.db import db, read_only
from donorhub.services import audit, export


@click.command("export")
@click.option(
    "--all", "everything", is_flag=True, required=True, help="Every table (the only choice as yet)."
)
@click.option(
    "--json", "as_json", is_flag=True, required=True, help="As one JSON object, a list of rows a table."
)
@click.option(
    "--output", type=click.File("w", encoding="utf-8"), default="-", help="A file; else standard output."
)
@in_app
def export_command(everything: bool, as_json: bool, output: TextIO) -> None:
    """Write out everything but secrets. It holds personal data: keep it safe."""
    audit.record(actor(), "export.all", ("organisation", 1), now=clock.now())
    db.session.commit()
    with read_only():
        _write(output)
        db.session.rollback()


def _write(output: TextIO) -> None:
    output.write("{")
    for place, name in enumerate(export.tables()):
        output.write(("," if place else "") + f"\n{json.dumps(name)}: [")
        count = 0
        for count, row in enumerate(export.rows(name), start=1):
            output.write(("," if count > 1 else "") + "\n  " + json.dumps(row, ensure_ascii=False))
        output.write("\n]" if count else "]")
        if not output.isatty():
            click.echo(f"{name}: {count}", file=sys.stderr)
    output.write("\n}\n")
