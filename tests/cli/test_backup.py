"""A backup opens with its key only, and whoever was erased since is erased again before it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text

from donorhub.config import Settings
from donorhub.db import db
from donorhub.errors import Misconfigured, Rejected
from donorhub.jobs.backups import backups, erasure_log
from donorhub.models import AuditRecord
from donorhub.services.donors import erasure
from tests.cli.conftest import Donorhub
from tests.contents import read_contents
from tests.servers import create_database, drop_database
from tests.services.donors.erasure_world import ME, NAMES, NOW, make_person, read_totals


class Kept(NamedTuple):
    """A backup with somebody in it, its key, and where they lie."""

    settings: Settings
    folder: Path
    path: Path
    key: Path
    donor_id: int


@pytest.fixture
def kept(database: Flask, tmp_path: Path) -> Kept:
    folder = tmp_path / "backups"
    settings = replace(
        database.extensions["donorhub.settings"], backup_dir=str(folder), home=tmp_path / "data"
    )
    settings.home.mkdir()
    donor_id = make_person()
    key = tmp_path / "key.txt"
    backups.make_key(settings, key)
    path = backups.make_backup(settings, folder, now=NOW, actor=ME)
    db.session.commit()
    return Kept(settings, folder, path, key, donor_id)


@pytest.fixture
def place(stores: str, servers: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a new installation."""
    environ = {"DONORHUB_HOME": str(tmp_path / "new"), "DONORHUB_MODE": "test"}
    if stores == "sqlite":
        yield environ
        return
    url = create_database(servers["DATABASE_URL"])
    yield {**environ, "DATABASE_URL": url}
    drop_database(url)


def erase(kept: Kept) -> dict[str, Any]:
    """Erase the person after the backup, and bring the log up to date; return what the books add up to."""
    totals = read_totals()
    erasure.erase_donor(kept.donor_id, now=NOW, actor=ME)
    db.session.commit()
    erasure_log.write_log(kept.settings, now=NOW + timedelta(hours=1))
    return totals


def read_restored(place: dict[str, str], query: str) -> list[tuple[Any, ...]]:
    url = place.get("DATABASE_URL") or f"sqlite:///{place['DONORHUB_HOME']}/donorhub.sqlite3"
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return rows


def test_earlier_backup_erases_again(kept: Kept, shell: Donorhub, place: dict[str, str], stores: str) -> None:
    """Not one byte of the person is restored; totals are those of the books, and the copy is held."""
    totals = erase(kept)
    ended = shell("restore", kept.path, "--key", kept.key, **place)
    assert ended.code == 0, ended.err
    assert "reaches 2026-11-22T10:00:00+00:00: 1 erased again, 0 were, 0 came later" in ended.out
    assert read_restored(place, "SELECT count(*), sum(amount_minor) FROM gift") == totals["gifts"]
    assert read_restored(place, "SELECT state, held_reason FROM instance") == [("held", "restored")]
    assert read_restored(place, f"SELECT name FROM donor WHERE id = {kept.donor_id}") == [
        (f"erased-{kept.donor_id}",)
    ]
    assert read_restored(place, "SELECT count(*) FROM suppression WHERE lifted_at IS NULL") == [(1,)]
    if stores == "sqlite":
        files = [path for path in Path(place["DONORHUB_HOME"]).rglob("*") if path.is_file()]
        found = [path for path in files for name in NAMES if name.encode() in path.read_bytes().lower()]
        assert files and found == []


def test_restoring_twice_is_refused(kept: Kept, shell: Donorhub, place: dict[str, str]) -> None:
    """Where a base is, nothing is written over it."""
    assert shell("restore", kept.path, "--key", kept.key, **place).code == 0
    before = read_restored(place, "SELECT id, name FROM donor ORDER BY id")
    again = shell("restore", kept.path, "--key", kept.key, **place)
    assert again.code == 1 and ("move it away" in again.err or "not empty" in again.err)
    assert read_restored(place, "SELECT id, name FROM donor ORDER BY id") == before


def test_without_log_it_stops_and_asks(kept: Kept, shell: Donorhub, place: dict[str, str]) -> None:
    """Nobody is brought back by a log that is missing, unless somebody says so."""
    erase(kept)
    for path in erasure_log.list_paths(kept.settings):
        path.unlink()
    stopped = shell("restore", kept.path, "--key", kept.key, **place)
    assert stopped.code == 1 and "erasures.log is missing" in stopped.err
    assert not (Path(place["DONORHUB_HOME"]) / "donorhub.sqlite3").exists()
    ended = shell("restore", kept.path, "--key", kept.key, "--without-log", **place)
    assert ended.code == 0 and "0 erased again" in ended.out


@pytest.mark.parametrize("at", [40, -40])
def test_flipped_bit_is_refused(kept: Kept, shell: Donorhub, place: dict[str, str], at: int) -> None:
    """A backup of which one bit is another is not restored."""
    content = bytearray(kept.path.read_bytes())
    content[at] ^= 1
    kept.path.write_bytes(bytes(content))
    ended = shell("restore", kept.path, "--key", kept.key, **place)
    assert ended.code == 1 and "this key does not open it, or the backup was changed" in ended.err
    assert not (Path(place["DONORHUB_HOME"]) / "donorhub.sqlite3").exists()


def test_backup_tells_nothing_without_its_key(kept: Kept) -> None:
    """No name is in the file, the folder is ours alone, and another key does not open it."""
    made = select(AuditRecord.data).where(AuditRecord.what == "backup.made")
    assert db.session.scalars(made).all() == [{"file": kept.path.name}]
    content = kept.path.read_bytes().lower()
    assert content.startswith(b"age-encryption.org/v1")
    assert not [name for name in NAMES if name.encode() in content]
    assert kept.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in kept.settings.home.iterdir() if path.is_dir()] == []
    other_key = kept.folder / "other"
    backups.make_key(kept.settings, other_key)
    with (
        backups.make_workplace(kept.settings.home) as workplace,
        pytest.raises(Rejected, match="this key does not open it"),
    ):
        backups.open_backup(kept.path, other_key.read_text(), workplace)


def test_no_backup_without_a_key(database: Flask, tmp_path: Path) -> None:
    """A backup is never written readable."""
    settings = replace(database.extensions["donorhub.settings"], home=tmp_path, backup_keys="")
    with pytest.raises(Misconfigured, match="--new-key"):
        backups.make_backup(settings, tmp_path / "backups", now=NOW, actor=ME)
    assert list(tmp_path.rglob("*.age")) == []


def test_old_backups_go_and_newest_stays(kept: Kept) -> None:
    """After the days of the setting they go, what was erased with them; the newest never does."""
    later = NOW + timedelta(days=36)
    assert backups.delete_old(kept.settings, kept.folder, now=later) == 0
    newest = backups.make_backup(kept.settings, kept.folder, now=later, actor=ME)
    assert backups.delete_old(kept.settings, kept.folder, now=later) == 1
    assert list(backups.list_backups(kept.folder).values()) == [newest]


def test_log_keeps_whom_it_named_and_no_person(kept: Kept) -> None:
    """Written again it says the same; it holds numbers and hashes, and whom another log named."""
    erase(kept)
    path = kept.folder / erasure_log.NAME
    first = path.read_text()
    assert re.search(r'"donor": \d+, "code_hash": "[0-9a-f]{64}"', first)
    assert not [name for name in NAMES if name in first.lower()]
    path.write_text(first + '{"donor": 999, "code_hash": "ab"}\n')
    erasure_log.write_log(kept.settings, now=NOW + timedelta(hours=1))
    assert path.read_text() == first + '{"donor": 999, "code_hash": "ab"}\n'
    with pytest.raises(Rejected, match="no erasures"):
        erasure_log.read_log("something else")


def test_replaying_again_changes_nothing(kept: Kept) -> None:
    """A log that was replayed erases nobody a second time."""
    erase(kept)
    log = erasure_log.read_log((kept.folder / erasure_log.NAME).read_text())
    before = read_contents()
    replay = erasure_log.replay_log(log, now=NOW, actor=ME)
    db.session.commit()
    assert (replay.erased, replay.known, replay.absent) == (0, 1, 0)
    assert read_contents() == before
