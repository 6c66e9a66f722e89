"""With a disk that takes nothing more, or a database that somebody holds, no webhook is answered as kept."""

from __future__ import annotations

import resource
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.installation import Installation
from tests.load.posting import Provider, gift_events

pytestmark = [pytest.mark.load, pytest.mark.timeout(200)]
SECRET = "whsec_disk"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path / "home", {})
    yield installation
    installation.stop_all()


def open_address(installation: Installation) -> str:
    installation.run("db", "upgrade")
    return installation.run("webhooks", "create", "stripe", "--secret", SECRET).stdout.strip()


def list_kept_ids(installation: Installation) -> set[str]:
    return {ref for (ref,) in installation.rows("SELECT external_id FROM provider_event")}


def test_a_full_disk_refuses_and_recovers(installation: Installation) -> None:
    """The limit on the size of files is what a full disk is to the server: each write fails, also of logs."""
    url = open_address(installation)
    server = installation.serve()
    before, during = gift_events(100, 10)[:20], gift_events(100, 10)[20:]
    provider = Provider(url, SECRET, before)
    provider.start()
    provider.wait_for(len(before))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    provider = Provider(url, SECRET, during)
    provider.start()
    time.sleep(3)
    assert provider.told() == set() and provider.refused_cells == []
    assert set(provider.statuses) == {503}, provider.statuses
    assert installation.answers()
    assert list_kept_ids(installation) == {event["id"] for event in before}
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    provider.wait_for(len(during))
    installation.shift_clock(400)
    assert provider.told() <= list_kept_ids(installation)
    deadline = time.monotonic() + 60
    while installation.one("SELECT count(*) FROM gift") < 100:
        assert time.monotonic() < deadline, installation.log()
        time.sleep(0.2)
    installation.run("verify", "--thorough")


def test_held_database_is_not_awaited_forever(installation: Installation) -> None:
    """A database that somebody holds is not waited for without end, and recovers."""
    url = open_address(installation)
    installation.serve()
    holder = sqlite3.connect(installation.home / "donorhub.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    since = time.monotonic()
    provider = Provider(url, SECRET, gift_events(1, 1), threads=1)
    provider.start()
    while not provider.statuses:
        assert time.monotonic() - since < 30, "no answer"
        time.sleep(0.05)
    assert set(provider.statuses) == {503}
    holder.execute("ROLLBACK")
    holder.close()
    provider.wait_for(1)
    assert list_kept_ids(installation) == {"evt_load0"}
