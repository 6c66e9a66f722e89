"""``donorhub db upgrade``: the base of the last release is brought up to date, once, and is sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from donorhub import vault
from donorhub.migrations.run import find_newest_revision
from tests.cli.conftest import Donorhub
from tests.migrations import last_release
from tests.migrations.databases import new_database


@pytest.fixture
def of_last_release(
    home: Path, servers: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The settings of an installation whose database the last release made."""
    monkeypatch.setattr(vault, "_key", vault._key)  # a command takes its own
    with new_database(home, servers) as engine:
        with engine.begin() as connection:
            last_release.load(connection)
        engine.dispose()
        yield {
            "DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "DONORHUB_HOME": str(tmp_path),
            "DONORHUB_FIELD_KEY": last_release.KEY,
        }


def test_last_releases_base_upgrades_once(shell: Donorhub, of_last_release: dict[str, str]) -> None:
    """The database of the last release is upgraded once, and is sound afterwards."""
    assert shell("verify", **of_last_release).code == 1
    ended = shell("db", "upgrade", **of_last_release)
    assert (ended.code, ended.out) == (
        0,
        f"database at {find_newest_revision()} (was {last_release.REVISION})\n",
    )
    assert shell("db", "upgrade", **of_last_release).out == f"database at {find_newest_revision()}\n"
    ended = shell("verify", "--json", **of_last_release)
    assert ended.code == 0 and ended.err.startswith("checked: every row"), ended.err
