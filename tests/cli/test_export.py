"""``donorhub export``: everything out, as JSON, and no secret with it."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import Base, db
from donorhub.models import AuditRecord
from donorhub.services.access import users
from donorhub.services.providers import endpoints
from tests.cli.conftest import Donorhub
from tests.services.bank import bank
from tests.services.reports.test_invariants import bank_files_came, receipts_went_out, webhooks_came


@pytest.fixture
def secrets(database: Flask, now: datetime) -> list[str]:
    """A base with a bit of everything; gives the secrets that are in it, as they may be written."""
    webhooks_came(database, now)
    bank_files_came()
    receipts_went_out(now)
    user = users.create_user(
        "a@example.org", name="A", password="a-password-kept", roles=["admin"], now=now, actor="t"
    )
    token, shown = users.create_token("t", ["gifts:read"], now=now, actor="t")
    endpoints.create_endpoint("stripe", "whsec_second", now=now, actor="t")
    db.session.commit()
    settings = database.extensions["donorhub.settings"]
    return [
        "a-password-kept",
        user.password,
        user.fs_uniquifier,
        shown,
        token.token_sha256,
        "whsec_",
        settings.secret_key,
        settings.field_key,
    ]


def test_export_holds_all_rows_but_secrets(donorhub: Donorhub, secrets: list[str], tmp_path: Path) -> None:
    """Every row of every table comes out, and no secret does."""
    path = tmp_path / "all.json"
    ended = donorhub("export", "--all", "--json", "--output", path)
    assert ended.code == 0
    said = json.loads(path.read_text())
    counts = {
        table.name: db.session.scalar(select(func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
    }
    assert {name: len(rows) for name, rows in said.items()} == counts
    assert sum(1 for count in counts.values() if count) > 20
    written = path.read_text()
    assert [secret for secret in secrets if secret in written] == []
    assert {f"{name}: {count}" for name, count in counts.items()} <= set(ended.err.splitlines())


def test_files_and_messages_come_out_whole(donorhub: Donorhub, secrets: list[str], tmp_path: Path) -> None:
    """Files and messages come out as they came in."""
    said = json.loads(donorhub("export", "--all", "--json").out)
    (file,) = said["import_file"]
    assert base64.b64decode(file["content"]).startswith(b"<Document") and bank.OURS in str(
        said["bank_account"]
    )
    assert all(json.loads(event["body"]) for event in said["provider_event"])
    assert said["gift"][0]["amount_minor"] > 0 and said["donor"][0]["name"]


def test_who_took_everything_along_is_in_the_audit(donorhub: Donorhub, now: datetime) -> None:
    donorhub("export", "--all", "--json")
    assert [record.what for record in db.session.query(AuditRecord)] == ["export.all"]


@pytest.mark.parametrize("arguments", [("export",), ("export", "--json")])
def test_without_its_options_nothing_is_exported(donorhub: Donorhub, arguments: tuple[str, ...]) -> None:
    ended = donorhub(*arguments)
    assert (ended.code, ended.out) == (2, "") and "Missing option" in ended.err
    assert db.session.query(AuditRecord).count() == 0


def test_unwritable_file_is_an_error(donorhub: Donorhub, tmp_path: Path) -> None:
    """A file that cannot be written is an error with a sentence."""
    ended = donorhub("export", "--all", "--json", "--output", tmp_path / "none" / "x.json")
    assert ended.code != 0 and "No such file" in ended.err and "Traceback" not in ended.err
