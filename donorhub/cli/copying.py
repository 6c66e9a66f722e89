"""``donorhub dsar``: all that is held about one donor, for them to read and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
from flask import current_app

from donorhub import clock
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.db import db
from donorhub.services.access import organisation
from donorhub.services.moving import subject_access
from donorhub.services.moving.subject_access import SubjectCopy


@click.command("dsar")
@click.argument("donor_id", metavar="DONOR", type=ROW_ID)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@run_in_app
def copy_donor(donor_id: int, folder: Path) -> None:
    """Write all that is held about DONOR into FOLDER: a page in their language, and JSON."""
    copy = subject_access.collect_copy(donor_id, now=clock.now())
    subject_access.record_copy(copy, form="files", actor=get_actor())
    db.session.commit()  # that it was made is kept before anybody has it
    render_copy: Callable[[SubjectCopy], str] = current_app.extensions["donorhub.render_copy"]
    texts = {
        "html": render_copy(copy),
        "json": json.dumps(subject_access.describe_copy(copy), ensure_ascii=False, indent=1),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for ending, text in texts.items():
        path = folder / f"donor-{copy.donor.id}-{organisation.get_day(copy.made_at)}.{ending}"
        path.write_text(text)
        click.echo(path)
