"""A hundred thousand rows come out as a file in the memory that a hundred take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.load.installation import DONORHUB, ROOT
from tests.load.test_bank_memory import WATCHED

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]
MORE_MB = 25  # than for a hundred rows
FILL = """
import sys
from datetime import date, timedelta
from sqlalchemy import insert
from donorhub.clock import now
from donorhub.db import db
from donorhub.models import Gift
from donorhub.services.donors import donors
from tests.load.inside import app
with app():
    donor = donors.create_donor({"name": "Ewa Lis"}, source="t", now=now(), actor="t")
    db.session.flush()
    rows = [
        dict(donor_id=donor.id, amount_minor=5000 + n, currency="PLN", method="cash", source="t",
             source_ref=str(n), received_on=date(2026, 1, 1) + timedelta(days=n % 300), recorded_at=now())
        for n in range(int(sys.argv[1]))
    ]
    db.session.execute(insert(Gift), rows)
"""


def export(home: Path, count: int, form: str) -> tuple[int, int]:
    """The peak memory of exporting so many gifts, in megabytes, and the bytes of the file."""
    environ = {
        **os.environ,
        "DONORHUB_HOME": str(home),
        "DONORHUB_MODE": "test",
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run([*DONORHUB, "db", "upgrade"], env=environ, check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", FILL, str(count)], env=environ, check=True, capture_output=True)
    path = home / f"gifts.{form}"
    command = [*DONORHUB, "export", "gifts", "--form", form, "--lang", "pl", "--output", str(path)]
    watched = [sys.executable, "-c", WATCHED, *command]
    ended = subprocess.run(watched, env=environ, check=True, capture_output=True, text=True)
    return int(ended.stdout), path.stat().st_size


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_long_list_needs_bounded_memory(tmp_path: Path, form: str) -> None:
    """A hundred thousand gifts come out in nearly the memory of a hundred."""
    few_mb, few_bytes = export(tmp_path / "few", 100, form)
    many_mb, many_bytes = export(tmp_path / "many", 100_000, form)
    print(f"{form}: {few_mb} MB for 100 rows, {many_mb} MB for 100,000")
    assert many_bytes > 100 * few_bytes / 2 and many_mb < few_mb + MORE_MB
