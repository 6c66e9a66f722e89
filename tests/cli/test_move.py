"""``donorhub export --all`` and ``donorhub import --all``: from one installation into another."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from donorhub.cli import context
from donorhub.cli.context import make_app
from donorhub.db import db
from donorhub.models import AuditRecord
from tests.cli.conftest import Donorhub, Ended
from tests.cli.test_export import secrets  # noqa: F401  a fixture

Shell = Donorhub


@pytest.fixture
def archive(donorhub: Donorhub, secrets: list[str], tmp_path: Path) -> Path:  # noqa: F811
    """What is exported of a base with a bit of everything."""
    path = tmp_path / "everything.zip"
    ended = donorhub("export", "--all", "--output", path)
    assert ended.code == 0, ended
    return path


def start_anew(shell: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands on a new installation with keys of its own."""
    monkeypatch.setattr(context, "make_app", make_app)  # not the application of the test's own base
    now = "2026-11-22T09:00:00+00:00"
    environ = {"DONORHUB_HOME": str(home), "DONORHUB_MODE": "test", "DONORHUB_CLOCK": now}

    def call(*arguments: str | Path, **more: str) -> Ended:
        return shell(*arguments, **{**environ, **more})

    assert call("db", "upgrade").code == 0
    return call


def read_tables(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist() if name != "manifest.json"}


def test_archive_is_private_and_describes_itself(archive: Path, secrets: list[str]) -> None:  # noqa: F811
    """Only its owner can read it, no secret is in it, and it says what was left out and why."""
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        manifest = json.loads(file.read("manifest.json"))
        text = b"".join(file.read(name) for name in file.namelist()).decode()
    assert [secret for secret in secrets if secret in text] == []
    assert "user.password" in manifest["left_out"]["columns"] and "instance" in manifest["left_out"]["tables"]
    assert manifest["tables"]["donor"]["rows"] > 0 and manifest["audit"]["is_whole"] is True


def test_archive_is_older_than_its_audit_record(archive: Path) -> None:
    """The audit here says who took everything; the archive is of the moment before."""
    db.session.rollback()
    assert db.session.scalars(select(AuditRecord.what).filter_by(what="export.all")).all() == ["export.all"]
    assert b"export.all" not in read_tables(archive)["tables/audit_record.jsonl"]


def test_two_commands_move_an_installation(
    shell: Shell, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was brought is exported the same, verified, held, and who has a new password may come in."""
    other = start_anew(shell, tmp_path / "new", monkeypatch)
    ended = other("import", "--all", archive)
    assert ended.code == 0, ended
    assert "donorhub adopt" in ended.out and "donorhub user password EMAIL" in ended.out
    assert "  a@example.org" in ended.out.splitlines() and "gift: " in ended.err
    assert other("verify", "--thorough").code == 0
    assert "it was brought in from the export of another installation" in other("doctor").out
    assert other("export", "--all", "--output", tmp_path / "again.zip").code == 0
    assert read_tables(tmp_path / "again.zip") == read_tables(archive)
    assert other("user", "password", "a@example.org").code == 0
    twice = other("import", "all", archive)
    assert twice.code == 1 and "this installation is not empty" in twice.err
    assert other("adopt", "--yes").code == 0 and "nothing leaves" not in other("doctor").out


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"{}"])
def test_other_files_are_refused(
    shell: Shell, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no archive is refused with a sentence, and nothing is changed."""
    other = start_anew(shell, tmp_path / "new", monkeypatch)
    file = tmp_path / "file.zip"
    file.write_bytes(content)
    ended = other("import", "--all", file)
    assert ended.code == 1 and "this is no archive of" in ended.err and "Traceback" not in ended.err


@pytest.mark.slow
def test_demo_moved_twice_is_the_same(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo exported, brought into an empty installation and exported again is the same, and verified."""
    demo = {"DONORHUB_HOME": str(tmp_path / "demo"), "DONORHUB_MODE": "demo"}
    assert shell("demo", "--prepare", tmp_path / "demo").code == 0
    assert shell("export", "--all", "--output", tmp_path / "first.zip", **demo).code == 0
    other = start_anew(shell, tmp_path / "new", monkeypatch)
    assert other("import", "--all", tmp_path / "first.zip").code == 0
    assert other("verify", "--thorough").code == 0
    assert other("export", "--all", "--output", tmp_path / "second.zip").code == 0
    tables = read_tables(tmp_path / "first.zip")
    assert sum(1 for lines in tables.values() if lines) > 30
    assert read_tables(tmp_path / "second.zip") == tables
