"""``donorhub backup`` and ``restore``: a copy that only a key kept elsewhere opens, and the way back."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import click
from flask import current_app

from donorhub import clock
from donorhub.cli.context import get_actor, make_app, run_in_app
from donorhub.cli.upgrading import bring_up_to_date
from donorhub.config import Settings, find_home, load_settings
from donorhub.db import db
from donorhub.errors import Conflict, Misconfigured, Rejected
from donorhub.jobs.backups import backups, dumping, erasure_log
from donorhub.jobs.backups.erasure_log import ErasureLog
from donorhub.services.access import audit, instance
from donorhub.services.donors import erased_bytes

_FILE = click.Path(dir_okay=False, path_type=Path)
_OLD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--new-key", type=_FILE, metavar="FILE", help="Make a key that opens backups, written to FILE.")
@run_in_app
def make_backup(folder: Path | None, new_key: Path | None) -> None:
    """Write an encrypted backup into FOLDER, else into DONORHUB_BACKUP_DIR."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    if new_key is not None:
        public_key = backups.make_key(settings, new_key)
        click.echo(
            f"{new_key} opens backups from now on: keep it away from this machine, twice\n{public_key}"
        )
        return
    if folder is None and not settings.backup_dir:
        raise Misconfigured("name a folder, or set DONORHUB_BACKUP_DIR")
    folder = folder or Path(settings.backup_dir)
    path = backups.make_backup(settings, folder, now=clock.now(), actor=get_actor())
    db.session.commit()
    count = backups.delete_old(settings, folder, now=clock.now())
    click.echo(path)
    if count:
        click.echo(f"{count} older than {settings.backup_days} days deleted", err=True)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key", "key_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--log", "log_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--without-log", is_flag=True, help="Nobody was erased since the backup, or nobody knows.")
def restore_backup(file: Path, key_file: Path, log_file: Path | None, without_log: bool) -> None:
    """Restore FILE into a new installation: whoever was erased since is erased again, and it is held."""
    home = find_home()
    with backups.make_workplace(home) as workplace:
        manifest = backups.open_backup(file, key_file.read_text(), workplace)
        _place_field_key(home, workplace)
        settings = load_settings()
        log = _choose_log(file, log_file, settings, workplace, without_log=without_log)
        _refuse_other_kind(settings, str(manifest["kind"]))
        if settings.uses_sqlite:
            target = home / "donorhub.sqlite3"
            if target.exists():
                raise Conflict(f"{target} is there: move it away first", code="not_empty")
            dumping.check_copy(workplace / backups.BASE)
            _open_base(replace(settings, database_url=f"sqlite:///{workplace / backups.BASE}"), manifest, log)
            shutil.move(workplace / backups.BASE, target)
        else:
            dumping.load_postgres(workplace / backups.BASE, settings.database_url)
            _open_base(settings, manifest, log)
    click.echo("held until `donorhub adopt`: nothing leaves before that")


def _place_field_key(home: Path, workplace: Path) -> None:
    """Let a new installation have the key of what is sealed in the base; keep one that is there."""
    path = home / backups.FIELD_KEY
    if "DONORHUB_FIELD_KEY" not in os.environ and not path.exists():
        shutil.copy(workplace / backups.FIELD_KEY, path)
        path.chmod(0o600)
    key = os.environ.get("DONORHUB_FIELD_KEY") or path.read_text().strip()
    if key != (workplace / backups.FIELD_KEY).read_text().strip():
        raise Conflict(
            "this installation has another field key than the backup: restore into an empty DONORHUB_HOME,"
            " or without DONORHUB_FIELD_KEY",
            code="other_key",
        )


def _choose_log(
    file: Path, log_file: Path | None, settings: Settings, workplace: Path, *, without_log: bool
) -> ErasureLog:
    """Return the newest log of erasures; exit where there is none but that in the backup itself."""
    paths = [log_file] if log_file else [file.parent / erasure_log.NAME, *erasure_log.list_paths(settings)]
    texts = [path.read_text() for path in paths if path.exists()]
    if not texts and not without_log:
        click.echo(
            f"{erasure_log.NAME} is missing: without it, whoever was erased since this backup comes back."
            " Give it with --log, or say --without-log. Nothing was restored.",
            err=True,
        )
        sys.exit(1)
    log = erasure_log.choose_newest([*texts, (workplace / erasure_log.NAME).read_text()])
    assert log is not None  # noqa: S101  one is in the backup
    return log


def _refuse_other_kind(settings: Settings, kind: str) -> None:
    if settings.uses_sqlite != (kind == "sqlite"):
        way_out = "leave DATABASE_URL out" if kind == "sqlite" else "set DATABASE_URL to a new database"
        raise Rejected(f"the backup is of {kind}: {way_out}", code="other_database")


def _open_base(settings: Settings, manifest: dict[str, object], log: ErasureLog) -> None:
    """Check a restored base, hold it, and erase again whom the log names, before anybody opens it."""
    with make_app(settings).app_context():
        with db.engine.connect() as connection:
            if dumping.read_totals(connection) != manifest["totals"]:
                raise Rejected("what was restored does not add up to the backup", code="backup_damaged")
        bring_up_to_date()
        instance.hold_instance("restored", now=clock.now(), origin={"made_at": manifest["made_at"]})
        replay = erasure_log.replay_log(log, now=clock.now(), actor=get_actor())
        db.session.commit()
        while audit.seal_records():
            db.session.commit()
        db.session.remove()
        erased_bytes.overwrite_bytes()
        erased_bytes.note_overwritten(erased_before=clock.now(), now=clock.now())
        db.session.commit()
        erasure_log.write_log(settings, now=log.reaches)
        db.session.remove()
        db.engine.dispose()
    click.echo(f"restored as of {manifest['made_at']}; totals are those of the backup")
    click.echo(
        f"{erasure_log.NAME} reaches {log.reaches.isoformat()}: {replay.erased} erased again,"
        f" {replay.known} were, {replay.absent} came later. Whoever was erased after that is not."
    )
