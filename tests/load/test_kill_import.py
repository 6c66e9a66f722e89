"""An import that is killed is complete or wholly absent, can be repeated, and brings nothing twice."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.load.installation import Installation, place_for
from tests.services.bank.bank import Paid, camt

pytestmark = [pytest.mark.load, pytest.mark.timeout(400)]
ENTRIES, FILES = 5000, 5  # each file is killed once at the command line and once in the server's worker
FIRST = date(2026, 1, 1)
ACCOUNTS = (
    "PL61109010140000071219812874",
    "PL27114020040000300201355387",
    "PL83101010230000261395100000",
    "AL47212110090000000235698741",
    "XK051212012345678906",
)


@pytest.fixture
def installation(stores: str, tmp_path: Path) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as place:
        installation = Installation(place.home, place.stores)
        installation.run("db", "upgrade")
        yield installation
        installation.stop_all()


def write_files(folder: Path) -> list[Path]:
    """Statements of 5,000 entries, each of another account, with honest twins on every day."""
    paths = []
    for number, account in enumerate(ACCOUNTS[:FILES]):
        paid = [
            Paid(
                FIRST + timedelta(days=n // 100),
                1000 + n % 50,
                name=f"Dëmo {n % 300}",
                account="",
                text=f"darowizna {n % 7}",
            )
            for n in range(ENTRIES)
        ]
        path = folder / f"statement{number}.xml"
        path.write_bytes(camt(paid, account=account, name=f"S{number}"))
        paths.append(path)
    return paths


def state_of(installation: Installation, path: Path) -> tuple[int, int]:
    """How many statements and entries of a file are there."""
    query = (
        "SELECT count(DISTINCT statement.id), count(entry.id) FROM import_file"
        " JOIN statement ON statement.import_file_id = import_file.id"
        " LEFT JOIN entry ON entry.statement_id = statement.id WHERE import_file.filename = :name"
    )
    statements, entries = installation.rows(query, name=path.name)[0]
    return statements, entries


def is_whole_or_absent(installation: Installation, path: Path) -> bool:
    """Whether it is complete; AssertionError when it is there in part."""
    state = state_of(installation, path)
    assert state in ((0, 0), (1, ENTRIES)), f"{path.name} is there in part: {state}"
    assert not installation.rows(
        "SELECT entry.id FROM entry JOIN statement ON statement.id = entry.statement_id"
        " WHERE statement.posted_at IS NULL"
    )
    return state == (1, ENTRIES)


def wait_until_received(installation: Installation, path: Path) -> None:
    deadline = time.monotonic() + 60
    while not installation.rows("SELECT id FROM import_file WHERE filename = :name", name=path.name):
        assert time.monotonic() < deadline, installation.log()
        time.sleep(0.005)


def test_killed_import_is_whole_or_absent(installation: Installation, tmp_path: Path) -> None:
    """An import that is killed at random moments is whole or absent, and can be repeated."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    paths, kills, whole, shift = write_files(tmp_path), 0, 0, 0
    takes = how_long_it_takes(installation, paths.pop())
    for path in paths:
        command = installation.start("import", "--yes", str(path))
        wait_until_received(installation, path)
        time.sleep(chance.random() * takes * 1.3)
        installation.kill(command)
        whole += is_whole_or_absent(installation, path)
        for _ in range(2):
            running = start_workers(installation)
            time.sleep(chance.random() * takes * 1.5)
            for process in running:
                installation.kill(process)
            kills += 1
            shift += 400  # with Redis, what was claimed is free again when its lease is over
            installation.shift_clock(shift)
            whole += is_whole_or_absent(installation, path)
        kills += 1
    print(f"seed {seed}: {kills} kills within {takes:.1f} s each; complete after {whole} of them")
    for path in paths:
        installation.run("import", "--yes", str(path))
        assert is_whole_or_absent(installation, path)
    everything_is_there_once(installation, paths)


def how_long_it_takes(installation: Installation, path: Path) -> float:
    """Import one file undisturbed; gives the seconds from when it was received until it was complete."""
    command = installation.start("import", "--yes", str(path))
    wait_until_received(installation, path)
    since = time.monotonic()
    while not is_whole_or_absent(installation, path):
        assert command.poll() is None, installation.log()
        time.sleep(0.02)
    took = time.monotonic() - since
    assert command.wait(120) == 0, installation.log()
    return took


def start_workers(installation: Installation) -> list[subprocess.Popen[bytes]]:
    """Whoever works off what waits; returns when they are at it."""
    if installation.is_embedded:
        return [installation.serve()]
    running = [installation.start("worker"), installation.start("worker"), installation.start("timer")]
    time.sleep(3)  # they have to load first
    return running


def everything_is_there_once(installation: Installation, paths: list[Path]) -> None:
    before = installation.one("SELECT count(*) FROM entry")
    assert before == ENTRIES * FILES
    again = installation.run("import", "--yes", *map(str, paths))
    assert again.stdout.count("known already: nothing changed") == len(paths)
    assert installation.one("SELECT count(*) FROM entry") == before
    assert installation.one("SELECT count(*) FROM statement") == FILES
    expected = FILES * sum(1000 + n % 50 for n in range(ENTRIES))
    assert installation.one("SELECT sum(amount_minor) FROM entry") == expected
    installation.run("verify", "--thorough")
