"""How many MT940 entries a second are read, with which peak of memory, beside the mt-940 library.

Run: python -m tests.benchmarks.bench_mt940 [--quick]. Each figure comes from a process of its
own. The file is the shared generator's where that folder is, else ``bank_writers``' own. It
prints, and asserts no time.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.importers.bank_writers import plain_entries, write_mt940

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = Path(os.environ.get("DONORHUB_SHARED", ROOT / ".." / "shared")) / "bench" / "gen" / "statement.py"
THEIRS_UP_TO = 10_000
SIZES = (1_000, 10_000, 100_000)
QUICK = (200, 1_000, 5_000)


def write(entries: int, path: Path) -> None:
    if GENERATOR.exists():
        command = [
            sys.executable,
            GENERATOR.name,
            "mt940",
            str(entries),
            str(max(entries // 5, 10)),
            str(path),
        ]
        subprocess.run(
            command, cwd=GENERATOR.parent, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        )
    else:
        path.write_bytes(write_mt940(plain_entries(entries, 7), "gvc"))


def ours(data: bytes) -> int:
    import importers

    return sum(len(statement.entries) for statement in importers.read(data).statements)


def theirs(data: bytes) -> int:
    import mt940

    return len(mt940.parse(data.decode()))


def measure(reader: str, path: Path) -> None:
    """In a process of its own: entries, CPU seconds and the peak of memory."""
    data = path.read_bytes()
    begun = time.process_time()
    count = {"ours": ours, "mt-940": theirs}[reader](data)
    seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count} {seconds} {peak}")


def compare(sizes: tuple[int, ...]) -> None:
    print(
        f"{'reader':8}{'entries':>9}{'CPU s':>8}{'entries/s':>11}{'peak MB':>9}  time for ten times as many"
    )
    before: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.sta"
            write(size, path)
            for reader in ["ours", "mt-940"] if size <= THEIRS_UP_TO else ["ours"]:
                command = [sys.executable, "-m", "tests.benchmarks.bench_mt940", f"--{reader}", str(path)]
                said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
                count, seconds, peak = said.split()
                growth = f"{float(seconds) / before[reader]:.1f} times" if reader in before else ""
                before[reader] = float(seconds)
                rate = int(count) / float(seconds)
                print(f"{reader:8}{int(count):9,}{float(seconds):8.2f}{rate:11,.0f}{peak:>9}  {growth}")


if __name__ == "__main__":
    if sys.argv[1:2] in (["--ours"], ["--mt-940"]):
        measure(sys.argv[1][2:], Path(sys.argv[2]))
    else:
        compare(QUICK if "--quick" in sys.argv else SIZES)
