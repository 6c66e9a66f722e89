"""``donorhub export``: all that is in the base, to take along."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from donorhub import clock
from donorhub.cli.context import get_actor, run_in_app
from donorhub.db import db, read_only
from donorhub.errors import Rejected
from donorhub.services.access import audit
from donorhub.services.moving import export


@click.command("export")
@click.option(
    "--all", "everything", is_flag=True, required=True, help="Every table (the only choice as yet)."
)
@click.option(
    "--json", "as_json", is_flag=True, required=True, help="As one JSON object, a list of rows a table."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that only you can read; else standard output.",
)
@run_in_app
def export_base(everything: bool, as_json: bool, output: Path | None) -> None:
    """Write out everything but secrets. It holds personal data: keep it safe."""
    with _open_output(output) as place:
        audit.record_action(get_actor(), "export.all", ("organisation", 1), now=clock.now())
        db.session.commit()
        with read_only():
            _write_tables(place)
            db.session.rollback()


@contextmanager
def _open_output(output: Path | None) -> Iterator[TextIO]:
    """Open the file, or standard output. A file has no readers but its owner from its first byte on."""
    if output is None or str(output) == "-":
        yield sys.stdout
        return
    try:
        place = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(place, 0o600)  # it may have been there before
    except OSError as e:
        raise Rejected(f"cannot write {output}: {os.strerror(e.errno or 0)}") from e
    with os.fdopen(place, "w", encoding="utf-8") as file:
        yield file


def _write_tables(output: TextIO) -> None:
    output.write("{")
    for place, name in enumerate(export.list_tables()):
        output.write(("," if place else "") + f"\n{json.dumps(name)}: [")
        count = 0
        for count, row in enumerate(export.read_rows(name), start=1):
            output.write(("," if count > 1 else "") + "\n  " + json.dumps(row, ensure_ascii=False))
        output.write("\n]" if count else "]")
        if not output.isatty():
            click.echo(f"{name}: {count}", file=sys.stderr)
    output.write("\n}\n")
