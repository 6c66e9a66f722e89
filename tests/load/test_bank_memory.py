"""Importing a hundred thousand entries takes some memory, not all there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.bench_import import _file
from tests.load.installation import DONORHUB, ROOT

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]
MOST_MB = 330  # the goal is 300 with all that the program itself needs
# A process that pytest starts inherits pytest's own peak; its child does not.
WATCHED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)
"""


def peak_mb(home: Path, path: Path) -> int:
    """The peak memory of ``donorhub import`` of one file into a new database."""
    environ = {
        **os.environ,
        "DONORHUB_HOME": str(home),
        "DONORHUB_MODE": "test",
        "PYTHONPATH": str(ROOT),
        "DONORHUB_UPLOAD_LIMIT_MB": "200",
    }
    subprocess.run([*DONORHUB, "db", "upgrade"], env=environ, check=True, capture_output=True)
    watched = [sys.executable, "-c", WATCHED, *DONORHUB, "import", "--yes", str(path)]
    done = subprocess.run(watched, env=environ, check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.parametrize("name", ["camt", "ofx1", "mt940"])
def test_large_import_needs_bounded_memory(tmp_path: Path, name: str) -> None:
    """A hundred thousand entries are imported in bounded memory."""
    few = peak_mb(tmp_path / "few", _file(name, 100, tmp_path))
    many = peak_mb(tmp_path / "many", _file(name, 100_000, tmp_path))
    print(f"{name}: {few} MB for 100 entries, {many} MB for 100,000")
    assert few < many < MOST_MB
