"""CSV: our reader beside bare csv, Decimal and date: entries a second, peak memory and growth.

Run: python -m tests.benchmarks.bench_csv [--quick]. It prints and asserts no time; it does check
that both find the same sum. The bare loop makes no entries, keeps no raw text and checks nothing.
"""

from __future__ import annotations

import csv
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import importers
from tests.importers.bank_writers import plain_entries
from tests.importers.table.table_writer import write_csv

LAYOUTS = ("plain.pl", "pl.mbank.detail", "pl.pko.ipko")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(_measure_reader(arguments[1], Path(arguments[2]))))
        return
    if arguments[:1] == ["--write"]:
        Path(arguments[3]).write_bytes(write_csv(plain_entries(int(arguments[2]), seed=7), arguments[1]))
        return
    sizes = (500, 1_000, 2_000) if "--quick" in arguments else (1_000, 10_000, 100_000)
    print(f"{'reader':22}{'entries':>9}{'CPU s':>9}{'entries/s':>12}{'peak MB':>9}{'growth':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for layout in LAYOUTS:
            _compare(layout, sizes, Path(folder))


def _compare(layout: str, sizes: tuple[int, ...], folder: Path) -> None:
    readers = ("bare", layout) if layout == "plain.pl" else (layout,)
    files = {n: folder / f"{layout}-{n}.csv" for n in sizes}
    for n, file in files.items():
        _call_child("--write", layout, str(n), str(file))
    sums: dict[int, set[int]] = {n: set() for n in sizes}
    for reader in readers:
        before: tuple[int, float] | None = None
        for n, file in files.items():
            found = _in_own_process(reader, file)
            seconds = found["seconds"]
            growth = f"x{seconds / before[1]:.1f}" if before else ""
            print(
                f"{reader:22}{n:>9,}{seconds:>9.3f}{n / seconds:>12,.0f}{found['peak_mb']:>9.0f}{growth:>8}"
            )
            sums[n].add(int(found["sum"]))
            before = n, seconds
    if any(len(found) != 1 for found in sums.values()):
        raise SystemExit(f"the readers do not agree on the sums of {layout}: {sums}")


def _in_own_process(reader: str, file: Path) -> dict[str, float]:
    figures: dict[str, float] = json.loads(_call_child("--one", reader, str(file)))
    return figures


def _call_child(*arguments: str) -> str:
    """What this module prints in a process of its own: a child's peak memory begins with its parent's."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_csv", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _measure_reader(reader: str, file: Path) -> dict[str, float]:
    data = file.read_bytes()
    importers.read(write_csv(plain_entries(5, seed=1), "plain.pl"))  # imports and profiles are loaded once
    begin = time.process_time()
    total = _bare(data) if reader == "bare" else _ours(data, reader)
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mb": peak, "sum": total}


def _bare(data: bytes) -> int:
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), delimiter=";")
    next(rows)
    found = [(date.fromisoformat(row[1]), Decimal(row[5].replace(",", "."))) for row in rows]
    return int(sum(amount for _, amount in found) * 100)


def _ours(data: bytes, layout: str) -> int:
    reading = importers.read(data)
    if reading.profile != layout or any(problem.level == "error" for problem in reading.problems):
        raise SystemExit(f"{layout} was not read: {reading.problems[:3]}")
    return sum(entry.amount.minor for statement in reading.statements for entry in statement.entries)


if __name__ == "__main__":
    main(sys.argv[1:])
