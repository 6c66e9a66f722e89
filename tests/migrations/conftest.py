"""Databases for the tests of migrations: empty ones, and one as the last release left it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from donorhub import clock, vault
from tests.migrations import last_release
from tests.migrations.databases import new_database


@pytest.fixture
def engine(home: Path, servers: dict[str, str]) -> Iterator[Engine]:
    with new_database(home, servers) as engine:
        yield engine


@pytest.fixture(scope="session")
def release_image(home: Path, servers: dict[str, str]) -> Iterator[Engine]:
    """A database as the last release left it, to be copied."""
    with new_database(home, servers) as engine:
        with engine.begin() as connection:
            last_release.load(connection)
        engine.dispose()
        yield engine


@pytest.fixture
def release_engine(
    release_image: Engine, home: Path, servers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """A database as the last release left it; this process has its key, and time stands at NOW."""
    monkeypatch.setattr(vault, "_key", None)
    vault.use_key(last_release.KEY)
    before = clock.use_clock(lambda: last_release.NOW)
    with new_database(home, servers, like=release_image) as engine:
        yield engine
    clock.use_clock(before)
