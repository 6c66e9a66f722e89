"""``donorhub export``: all that is in the base, or one list of it, to take along."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, Final, TextIO, get_args

import click
from flask import current_app
from sqlalchemy import insert

from donorhub import clock
from donorhub.cli.arguments import load_arguments
from donorhub.cli.context import get_actor, run_in_app
from donorhub.db import db, read_only, set_reading
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.errors import Rejected
from donorhub.migrations.run import find_newest_revision
from donorhub.models import AuditRecord
from donorhub.models.states import LANGS, Lang
from donorhub.schemas.moving import make_filter_schema
from donorhub.services.access import audit, organisation
from donorhub.services.moving import downloads, export
from donorhub.services.moving.downloads import FORMS, FileForm
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import Filters, ListName, ListRequest, Reader
from donorhub.services.moving.whole import writing
from donorhub.services.moving.wording import KEYS, Wording

_NOTHING_ASKED: Final = "Missing option '--all', or the name of a list."


@click.command("export")
@click.argument("list_name", metavar="[LIST]", type=click.Choice(get_args(ListName)), required=False)
@click.option("--all", "everything", is_flag=True, help="All that is in the base, as a ZIP to keep or move.")
@click.option("--json", "as_json", is_flag=True, help="Instead as one JSON object, a list of rows a table.")
@click.option("--form", type=click.Choice([*FORMS]), help="Of a list: csv, if nothing else is said, or xlsx.")
@click.option("--lang", type=click.Choice(LANGS), help="Of a list: in words, as pages say it; else by keys.")
@click.option(
    "--filter",
    "filter_texts",
    metavar="KEY=VALUE",
    multiple=True,
    help="Of a list: only these rows, such as received_from=2026-01-01; several narrow further.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that only you can read; else standard output.",
)
@run_in_app
def export_base(
    list_name: ListName | None,
    everything: bool,
    as_json: bool,
    form: FileForm | None,
    lang: Lang | None,
    filter_texts: Sequence[str],
    output: Path | None,
) -> None:
    """Write out everything but secrets (--all), or the whole of one LIST.

    The ZIP of --all is what `donorhub import --all` brings into an empty installation.

    \b
    The lists: donors, gifts, recurring-gifts, late-instalments, receipts, tasks,
    entries, payouts, messages, audit-records. Both hold personal data: keep it safe.
    """
    if list_name is not None:
        if everything or as_json:
            raise click.UsageError("--all and --json take everything: leave them or the list away")
        _export_list(list_name, filter_texts, form or "csv", lang, output)
        return
    if not everything:
        raise click.UsageError(_NOTHING_ASKED)
    if form or lang or filter_texts:
        raise click.UsageError("--form, --lang and --filter are of a list: name one")
    if not as_json:
        _export_archive(output)
        return
    with _open_output(output) as place:
        audit.record_action(get_actor(), "export.all", ("organisation", 1), now=clock.now())
        db.session.commit()
        text = io.TextIOWrapper(place, "utf-8", write_through=True)
        with read_only():
            writing.begin_snapshot()
            _write_tables(text)
            db.session.rollback()
        text.detach()  # the file is closed by who opened it, standard output by nobody


def _export_archive(output: Path | None) -> None:
    """Write everything as an archive, of the moment before the audit says so."""
    if output is None and sys.stdout.isatty():
        raise click.UsageError("--output names the ZIP that is to be written")
    now, schema = clock.now(), find_newest_revision()
    while audit.seal_records():  # an archive holds no record that is not in the chain
        db.session.commit()
    db.session.commit()
    with _open_output(output) as place, read_only():
        writing.begin_snapshot()
        _record_export(now)
        origin = writing.write_archive(place, schema=schema or "", now=now, note_table=_say_count)
        db.session.rollback()
    if not origin.audit_is_whole:
        click.echo("the audit is not whole: `donorhub verify --thorough` says where", err=True)


def _record_export(now: datetime) -> None:
    """Record who took everything, beside the snapshot that is being read."""
    record = audit.make_record(get_actor(), "export.all", ("organisation", 1), now=now)
    set_reading(False)
    try:
        with db.engine.begin() as connection:
            connection.execute(insert(AuditRecord), record)
    finally:
        set_reading(True)


def _say_count(name: str, count: int) -> None:
    click.echo(f"{name}: {count}", err=True)


def _export_list(
    name: ListName, filter_texts: Sequence[str], form: FileForm, lang: Lang | None, output: Path | None
) -> None:
    """Write a whole list, record that, and only then give it away."""
    now = clock.now()
    with read_only():
        filters = _read_filters(name, filter_texts)
        reader = Reader(_make_principal(), now=now, today=organisation.get_day(now))
        db.session.rollback()
    list_request = ListRequest(LISTS[name], filters, reader)
    with tempfile.TemporaryFile() as file, _open_output(output) as place:
        with _open_wording(lang) as wording:
            count = downloads.write_file(list_request, file, form=form, wording=wording)
        downloads.record_download(list_request, form=form, count=count, actor=get_actor())
        db.session.commit()
        file.seek(0)
        shutil.copyfileobj(file, place)
    click.echo(f"{name}: {count}", err=True)


def _read_filters(name: ListName, texts: Sequence[str]) -> Filters:
    pairs = [text.partition("=") for text in texts]
    for key, sign, _value in pairs:
        if not sign:
            raise click.UsageError(f"--filter {key}: write it as KEY=VALUE")
    filters: Filters = load_arguments(make_filter_schema(name)(), **{key: value for key, _, value in pairs})
    return filters


def _make_principal() -> Principal:
    """Return who is at the keyboard: whoever may run commands here may read all that is in the base."""
    return Principal("system", 0, get_actor(), PERMISSIONS)


def _open_wording(lang: Lang | None) -> AbstractContextManager[Wording]:
    if lang is None:
        return nullcontext(KEYS)
    wording_context: AbstractContextManager[Wording] = current_app.extensions["donorhub.list_wording"](lang)
    return wording_context


@contextmanager
def _open_output(output: Path | None) -> Iterator[IO[bytes]]:
    """Open the file, or standard output. A file has no readers but its owner from its first byte on."""
    if output is None or str(output) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        place = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(place, 0o600)  # it may have been there before
    except OSError as e:
        raise Rejected(f"cannot write {output}: {os.strerror(e.errno or 0)}") from e
    with os.fdopen(place, "wb") as file:
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
