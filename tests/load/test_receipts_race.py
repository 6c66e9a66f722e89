"""Two processes asked for 500 receipts at once number them 1 to 500, also when they are killed on the way."""

from __future__ import annotations

import hashlib
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.installation import Installation, place_for

pytestmark = [pytest.mark.load, pytest.mark.timeout(400)]
COUNT, YEAR = 500, "2026"
CLOCK = {"DONORHUB_CLOCK": "2026-11-22T09:00:00+01:00"}
SCRIPT = f"""
from tests.load.inside import give
give({COUNT})
"""


@pytest.fixture
def installation(stores: str, tmp_path: Path) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as place:
        installation = Installation(place.home, place.stores, **CLOCK)
        installation.run("db", "upgrade")
        installation.script(SCRIPT)
        yield installation
        installation.stop_all()


def numbers(installation: Installation) -> list[int]:
    return [number for (number,) in installation.rows("SELECT number FROM receipt ORDER BY id")]


def issuing(installation: Installation) -> list[subprocess.Popen[bytes]]:
    """Two processes that each issue a receipt for every gift that has none."""
    return [installation.start("receipts", "issue", "--yes", "--all-of", YEAR) for _ in range(2)]


def render_receipts(installation: Installation) -> None:
    """Let two workers make the PDFs; every one is there with its sha256."""
    workers = [
        installation.start("worker", *(["--burst"] if installation.is_embedded else [])) for _ in range(2)
    ]
    if not installation.is_embedded:
        installation.start("timer")
    deadline = time.monotonic() + 200
    while left := installation.one("SELECT count(*) FROM receipt WHERE pdf_sha256 IS NULL"):
        assert time.monotonic() < deadline, f"{left} PDFs are missing: {installation.log()}"
        assert not all(worker.poll() for worker in workers), installation.log()
        time.sleep(0.3)
    rows = installation.rows(
        "SELECT receipt.pdf_sha256, receipt_pdf.sha256, receipt_pdf.content FROM receipt"
        " JOIN receipt_pdf ON receipt_pdf.receipt_id = receipt.id"
    )
    assert len(rows) == COUNT
    for said, kept, content in rows:
        assert said == kept == hashlib.sha256(content).hexdigest() and content.startswith(b"%PDF")


def test_two_processes_number_without_gap(installation: Installation) -> None:
    """Two processes give 500 consecutive numbers, and every PDF is made."""
    began = time.monotonic()
    both = issuing(installation)
    for process in both:
        process.wait(120)
    issued = time.monotonic() - began
    assert numbers(installation) == list(range(1, COUNT + 1)), installation.log()
    assert installation.one("SELECT count(DISTINCT gift_id) FROM receipt_line") == COUNT
    assert "Traceback" not in (installation.home / "log").read_text(errors="replace")
    render_receipts(installation)
    print(f"{COUNT} issued in {issued:.1f} s, made after {time.monotonic() - began:.1f} s")
    installation.run("verify", "--thorough")


def test_killed_processes_leave_no_gap(installation: Installation) -> None:
    """Processes that are killed on the way leave no gap, and no number twice."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    kills = 0
    while (have := len(numbers(installation))) < COUNT and kills < 6:
        both = issuing(installation)
        wanted = min(have + chance.randint(20, 120), COUNT)
        while len(numbers(installation)) < wanted and any(one.poll() is None for one in both):
            time.sleep(0.02)
        for process in both:
            installation.kill(process)
        kills += 1
        assert numbers(installation) == list(range(1, len(numbers(installation)) + 1))
    for process in issuing(installation):
        process.wait(120)
    print(f"{kills} kills")
    assert numbers(installation) == list(range(1, COUNT + 1))
    assert installation.one("SELECT last FROM receipt_counter") == COUNT
    installation.run("verify", "--thorough")
