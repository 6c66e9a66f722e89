"""Two who bring everything at once, on PostgreSQL: one of them does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Donor
from donorhub.services.moving.whole import reading
from tests.conftest import NOW
from tests.races import run_second, skip_without_locks
from tests.services.moving.whole.moved import EARLIER, SCHEMA, Archive, emptied, export, make_known


@pytest.fixture
def archive(world: Flask) -> Archive:
    skip_without_locks(world)
    return make_known(export())


def read(archive: Archive) -> None:
    opened = reading.open_archive(io.BytesIO(archive), schema=SCHEMA, earlier_schemas=EARLIER)
    reading.read_archive(opened, now=NOW, note_table=lambda *_: None)


def test_second_archive_finds_a_full_base(world: Flask, archive: Archive, home: Path) -> None:
    """The second waits for the first, and is then refused for what it finds."""
    with emptied(world, home, key="another key"):
        read(archive)
        second = run_second(world, lambda: read(archive))
        assert second.waited and isinstance(second.error, Conflict)
        assert second.error.specific_code == "not_empty"
        assert db.session.query(Donor).count() > 0
