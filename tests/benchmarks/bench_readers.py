"""Reading alone, all formats side by side: entries a CPU second, peak of memory, and growth with size.

Run: python -m tests.benchmarks.bench_readers [--quick]. Each figure comes from a process of its own,
the best of two. It prints and asserts no time; it does check that no entry is missing. Files come from
the shared bench folder's generator where it is there, else from the tests' own writers. The others are
what a user would take instead: ofxparse and mt-940 (up to 10,000 entries), bare parsers as yardsticks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
GENERATOR: Final = (
    Path(os.environ.get("DONORHUB_SHARED", ROOT / ".." / "shared")) / "bench" / "gen" / "statement.py"
)
SIZES: Final = (1_000, 10_000, 100_000)
QUICK: Final = (200, 1_000, 5_000)
SLOW_UP_TO: Final = 10_000
GENERATED: Final = {
    "OFX 1": "ofx1",
    "OFX 2": "ofx2",
    "MT940": "mt940",
    "camt.053": "camt",
    "CSV": "csv",
    "QIF": "qif",
}
WRITTEN: Final = {
    "OFX 1": "ofx1",
    "OFX 2": "ofx2",
    "MT940": "mt940 gvc",
    "camt.053": "camt.053 v8",
    "CSV": "csv plain.pl",
    "XLSX": "xlsx shared",
    "QIF": "qif",
    "CODA": "coda",
    "BAI2": "bai2",
}
MONTHS_FIRST: Final = {"dates": "mdy", "currency": "PLN"}  # as the shared generator writes QIF
DAYS_FIRST: Final = {"dates": "dmy", "currency": "PLN"}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(_measure_reader(READERS[arguments[1]], Path(arguments[2]))))
        return
    sizes = QUICK if "--quick" in arguments else SIZES
    others = {"OFX 1": "ofxparse", "MT940": "mt-940", "camt.053": "camt stream", "CSV": "bare csv"}
    print(
        f"{'format':10}{'reader':13}{'entries':>9}{'MB':>7}{'CPU s':>9}{'entries/s':>12}"
        f"{'peak MB':>9}{'growth':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in WRITTEN:
            files = {size: _file(name, size, Path(folder)) for size in sizes}
            _lines(name, "ours", files)
            if name == "OFX 1":
                _lines(name, "ours, no 2nd", files)
            if name in others:
                _lines(name, others[name], files)


def _lines(name: str, reader: str, files: dict[int, Path]) -> None:
    before: tuple[int, float] | None = None
    for size, path in files.items():
        if size > SLOW_UP_TO and reader in ("ofxparse", "mt-940"):
            continue
        found = _in_own_process(reader, path)
        if found["entries"] != size:
            sys.exit(f"{reader} found {found['entries']} of {size} entries in {name}")
        seconds = found["seconds"]
        growth = f"x{seconds / before[1]:.1f}" if before else ""
        before = size, seconds
        print(
            f"{name:10}{reader:13}{size:>9,}{path.stat().st_size / 1e6:>7.1f}{seconds:>9.3f}"
            f"{size / seconds:>12,.0f}{found['peak_mb']:>9.0f}{growth:>9}",
            flush=True,
        )


def _file(name: str, entries: int, folder: Path) -> Path:
    path = folder / f"{name.replace(' ', '')}.{entries}"
    if GENERATOR.is_file() and name in GENERATED:
        command = [
            sys.executable,
            GENERATOR.name,
            GENERATED[name],
            str(entries),
            str(max(entries // 5, 10)),
            str(path),
        ]
        quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(command, cwd=GENERATOR.parent, check=True, env=quiet)
    else:
        from tests.importers.samples import sample

        path.write_bytes(sample(WRITTEN[name], entries, 7))
    return path


def _in_own_process(reader: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_readers", "--one", reader, str(path)]
    told = [
        json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        for _ in range(2)
    ]
    return min(told, key=lambda one: float(one["seconds"]))


def _measure_reader(read: Callable[[Path], int], path: Path) -> dict[str, float]:
    small = _small(path)
    read(small)  # imports are not what is measured
    small.unlink()
    started = time.process_time()
    entries = read(path)
    seconds = time.process_time() - started
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"entries": entries, "seconds": seconds, "peak_mb": peak / 1024}


def _small(path: Path) -> Path:
    from tests.importers.samples import sample

    name = next(name for name in WRITTEN if path.name.startswith(name.replace(" ", "")))
    small = path.with_name(f"{path.name}.small.{os.getpid()}")
    small.write_bytes(sample(WRITTEN[name], 2, 7))
    return small


def _ours(path: Path, **options: Any) -> int:
    import importers

    data = path.read_bytes()
    is_generated = GENERATOR.is_file() and "small" not in path.name
    choices = MONTHS_FIRST if is_generated else DAYS_FIRST
    reading = importers.read(data, path.name, choices, currency="PLN", **options)
    errors = [problem for problem in reading.problems if problem.level == "error"]
    if errors:
        sys.exit(f"{path.name}: {errors[0]}")
    return sum(len(statement.entries) for statement in reading.statements)


def _without_second(path: Path) -> int:
    return _ours(path, second_reader_limit=0)


def _camt_stream(path: Path) -> int:
    import importers
    from importers.statement import Entry

    with path.open("rb") as file:
        return sum(isinstance(part, Entry) for part in importers.stream(file))


def _ofxparse(path: Path) -> int:
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore")
        from ofxparse import OfxParser

        return sum(len(account.statement.transactions) for account in OfxParser.parse(file).accounts)


def _mt940(path: Path) -> int:
    import mt940

    return len(mt940.parse(path.read_text("utf-8")))


def _bare_csv(path: Path) -> int:
    import csv
    from datetime import date
    from decimal import Decimal

    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        return len([(date.fromisoformat(row[1]), Decimal(row[5].replace(",", "."))) for row in rows])


READERS: Final[dict[str, Callable[[Path], int]]] = {
    "ours": _ours,
    "ours, no 2nd": _without_second,
    "camt stream": _camt_stream,
    "ofxparse": _ofxparse,
    "mt-940": _mt940,
    "bare csv": _bare_csv,
}


if __name__ == "__main__":
    main(sys.argv[1:])
