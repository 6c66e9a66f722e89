"""Wrong arguments are told in a sentence with the right exit code, and lists that are empty say so."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import ApiToken, AuditRecord
from donorhub.services.access import users
from tests.cli.conftest import Donorhub
from tests.conftest import NOW

TOO_LARGE = "99999999999999999999"


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"receipts void {TOO_LARGE} --reason x", 2, "is not in the range"),
        (f"receipts replace {TOO_LARGE}", 2, "is not in the range"),
        (f"receipts issue {TOO_LARGE}", 2, "is not in the range"),
        ("receipts issue 0", 2, "is not in the range"),
        ("receipts issue --all-of 0", 2, "is not in the range"),
        (f"webhooks show {TOO_LARGE}", 2, "is not in the range"),
        (f"webhooks release {TOO_LARGE}", 2, "is not in the range"),
        (f"webhooks expire-secret {TOO_LARGE}", 2, "is not in the range"),
        ("webhooks tail -n 0", 2, "is not in the range"),
        ("webhooks tail --state lost", 2, "'lost' is not one of"),
        ("webhooks send http://127.0.0.1:1 /tmp --secret x", 2, "is a directory"),
        (f"token revoke {TOO_LARGE}", 2, "is not in the range"),
        ("export --all --json --output /nowhere/at/all.json", 1, "cannot write /nowhere/at/all.json"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(donorhub: Donorhub, line: str, code: int, said: str) -> None:
    ended = donorhub(*line.split())
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_a_token_needs_a_name(donorhub: Donorhub) -> None:
    ended = donorhub("token", "create", " ", "--scope", "gifts:read")
    assert ended.code == 1
    assert "name: Please fill this in" in ended.err
    assert db.session.scalar(select(func.count()).select_from(ApiToken)) == 0


@pytest.mark.parametrize("content", ["[1]", '"charge"', "[{}, null]"])
def test_what_is_no_event_is_not_posted(donorhub: Donorhub, tmp_path: Path, content: str) -> None:
    file = tmp_path / "events.json"
    file.write_text(content)
    ended = donorhub("webhooks", "send", "http://127.0.0.1:1/x", file, "--secret", "s")
    assert ended.code == 1
    assert "holds something else than events" in ended.err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("token list", "there is none: `donorhub token create` makes one"),
        ("webhooks endpoints", "there is none: `donorhub webhooks create stripe` makes one"),
        ("webhooks tail", "there is no such provider event"),
        ("receipts issue --all-of 2026", "every gift of 2026 has its receipt, or there is none"),
    ],
)
def test_empty_list_says_so_on_stderr(donorhub: Donorhub, line: str, sentence: str) -> None:
    """A list of nothing says so beside its output, so that a script reads no line too many."""
    ended = donorhub(*line.split())
    assert (ended.code, ended.out) == (0, "")
    assert sentence in ended.err


def test_ended_token_is_not_valid(donorhub: Donorhub) -> None:
    """A token that has ended is not called valid."""
    for name, days in (("old", -1), ("new", 30)):
        users.create_token(
            name,
            ["gifts:read"],
            now=NOW - timedelta(days=60),
            actor="test",
            expires_at=NOW + timedelta(days=days),
        )
    users.create_token("ever", ["gifts:read"], now=NOW, actor="test")
    db.session.commit()
    states = [line[3] for line in donorhub("token", "list").lines]
    assert states == ["expired 2026-11-21", "valid until 2026-12-22", "valid"]


def test_only_its_owner_can_read_an_export(donorhub: Donorhub, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.touch(0o644)
    assert donorhub("export", "--all", "--json", "--output", file).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("{")


def test_failed_export_is_not_audited(donorhub: Donorhub, tmp_path: Path) -> None:
    """An export that cannot be written is not audited as one."""
    donorhub("export", "--all", "--json", "--output", tmp_path / "no" / "all.json")
    export_count = select(func.count()).where(AuditRecord.what == "export.all")
    assert db.session.scalar(export_count) == 0
