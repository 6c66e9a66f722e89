"""Bringing everything of another installation, killed at any moment, leaves nothing or all of it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.installation import Installation, place_for

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]
KILLS = 5
FILL = """
from donorhub import clock
from donorhub.db import db
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
now = clock.now()
for n in range(400):
    fields = {"name": f"Anna {n}", "email": f"a{n}@example.org"}
    donor = donors.create_donor(fields, source="form", now=now, actor="t")
    for part in range(5):
        of_gift = {"received_on": now.date(), "source": "test", "source_ref": f"{n}/{part}"}
        gifts.record_gift(donor.id, Money(5000, "PLN"), now=now, actor="t", **of_gift)
db.session.commit()
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    source = Installation(tmp_path / "source", {})
    source.run("db", "upgrade")
    source.script(FILL)
    source.run("export", "--all", "--output", str(tmp_path / "everything.zip"))
    return tmp_path / "everything.zip"


@pytest.fixture
def installation(stores: str, tmp_path: Path) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as place:
        installation = Installation(place.home, place.stores)
        installation.run("db", "upgrade")
        yield installation
        installation.stop_all()


def count_rows(installation: Installation) -> tuple[int, int, str]:
    query = "SELECT (SELECT count(*) FROM donor), (SELECT count(*) FROM gift), state FROM instance"
    donors, gifts, state = installation.rows(query)[0]
    return donors, gifts, state


def test_killed_move_leaves_nothing_or_all(installation: Installation, archive: Path) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    began_at = time.monotonic()
    installation.run("import", "--all", str(archive), "--help")
    start_s = time.monotonic() - began_at
    for _ in range(KILLS):
        command = installation.start("import", "--all", str(archive))
        time.sleep(start_s + chance.random() * 3)
        if command.poll() is None:
            installation.kill(command)
        assert count_rows(installation) in ((0, 0, "normal"), (400, 2000, "held")), seed
    installation.run("import", "--all", str(archive), code=None)
    assert count_rows(installation) == (400, 2000, "held"), seed
    installation.run("verify", "--thorough")
