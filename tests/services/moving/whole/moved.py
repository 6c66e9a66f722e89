"""Installations for tests that move everything: the one of the test, and others with keys of their own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from donorhub import clock, config, vault
from donorhub.app import create_app
from donorhub.cli.upgrading import bring_up_to_date
from donorhub.db import db, read_only
from donorhub.migrations.run import find_newest_revision, list_revisions
from donorhub.models import Suppression
from donorhub.services.access import audit, instance
from donorhub.services.messages import suppressions
from donorhub.services.moving.whole import reading, writing
from tests.conftest import NOW, empty_database

SCHEMA = find_newest_revision() or ""
EARLIER = frozenset(list_revisions()) - {SCHEMA}
Archive = bytes


def export(now: datetime = NOW) -> Archive:
    """Everything of the present installation, its audit sealed before."""
    while audit.seal_records():
        db.session.commit()
    db.session.commit()
    place = io.BytesIO()
    with read_only():
        writing.begin_snapshot()
        writing.write_archive(place, schema=SCHEMA, now=now, note_table=lambda *_: None)
        db.session.rollback()
    return place.getvalue()


def bring(archive: Archive, now: datetime = NOW) -> None:
    """Bring an archive into the present installation."""
    db.session.rollback()
    opened = reading.open_archive(io.BytesIO(archive), schema=SCHEMA, earlier_schemas=EARLIER)
    reading.read_archive(opened, now=now, note_table=lambda *_: None)
    db.session.commit()


def read_members(archive: Archive) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def read_tables(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table."""
    return {
        name.removeprefix("tables/").removesuffix(".jsonl"): [json.loads(line) for line in lines.splitlines()]
        for name, lines in read_members(archive).items()
        if name.startswith("tables/")
    }


def read_manifest(archive: Archive) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(read_members(archive)["manifest.json"])
    return manifest


def change_member(archive: Archive, name: str, content: bytes | None) -> Archive:
    """The archive with another content of one member, or without it."""
    members = {**read_members(archive), name: content}
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as file:
        for member, data in members.items():
            if data is not None:
                file.writestr(member, data)
    return place.getvalue()


def change_manifest(archive: Archive, **fields: Any) -> Archive:
    manifest = {**read_manifest(archive), **fields}
    return change_member(archive, "manifest.json", json.dumps(manifest).encode())


@contextmanager
def emptied(app: Flask, home: Path, *, key: str) -> Iterator[None]:
    """The test's own database, empty, as that of an installation with another key."""
    before, process = vault._key, instance._process
    empty_database(app, home)
    vault.use_key(key)
    instance.use_place(dict)
    try:
        yield
    finally:
        db.session.rollback()
        vault._key, instance._process = before, process


@contextmanager
def another_installation(home: Path, *, key: str) -> Iterator[Flask]:
    """An installation of its own, on SQLite."""
    before, process, now = vault._key, instance._process, clock.now
    settings = config.load_settings(
        {"DONORHUB_MODE": "test", "DONORHUB_HOME": str(home), "DONORHUB_FIELD_KEY": key}
    )
    app = create_app(settings)
    earlier = clock.use_clock(lambda: NOW)
    try:
        with app.app_context():
            bring_up_to_date()
            yield app
            db.session.remove()
            db.engine.dispose()
    finally:
        vault._key, instance._process = before, process
        clock.use_clock(earlier)
    assert clock.now is now


def make_known(archive: Archive) -> Archive:
    """The archive without the opt-outs that only the old key can read."""
    lines = read_members(archive)["tables/suppression.jsonl"].splitlines(keepends=True)
    assert any(b"address_hash" in line for line in lines)
    orphan = Suppression.address_hash == suppressions.hash_address("stop@example.org")
    db.session.execute(Suppression.__table__.delete().where(orphan))
    db.session.commit()
    return export()
