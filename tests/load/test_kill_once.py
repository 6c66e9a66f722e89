"""The small twin of test_kill_import, for every day: one import is killed once, on its way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.load.installation import Installation, place_for
from tests.load.test_kill_import import state_of, wait_until_received
from tests.services.bank.bank import Paid, camt

pytestmark = pytest.mark.whole
ENTRIES = 600


@pytest.fixture
def installation(stores: str, tmp_path: Path) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as place:
        installation = Installation(place.home, place.stores)
        installation.run("db", "upgrade")
        yield installation
        installation.stop_all()


def test_a_killed_import_is_repeated_whole(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "statement.xml"
    first_on = date(2026, 1, 1)
    path.write_bytes(
        camt([Paid(first_on + timedelta(days=n // 100), 1000 + n) for n in range(ENTRIES)], name="S1")
    )
    command = installation.start("import", "--yes", str(path))
    wait_until_received(installation, path)
    installation.kill(command)
    assert state_of(installation, path) in ((0, 0), (1, ENTRIES))
    for _again in range(2):
        installation.run("import", "--yes", str(path))
        assert state_of(installation, path) == (1, ENTRIES)
    assert installation.one("SELECT sum(amount_minor) FROM entry") == sum(1000 + n for n in range(ENTRIES))
