"""camt.053: our reader beside the standard library's bare parser, entries a second, memory, growth.

Run: python -m tests.benchmarks.bench_camt [--quick]. Each reading is in a process of its own and
from a file on disk, piece by piece. It prints, and asserts no time; what it does check is that no
entry is missing. Files come from the shared bench folder's generator where it is there, else from
the tests' own writer.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

GENERATOR: Final = (
    Path(os.environ.get("DONORHUB_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    / "bench"
    / "gen"
    / "statement.py"
)


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(_measure_reader(READERS[arguments[1]], Path(arguments[2]))))
        return
    sizes = (200, 1_000, 5_000) if "--quick" in arguments else (1_000, 10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        files = {n: _file(n, Path(folder)) for n in sizes}
        print(f"{'reader':28}{'entries':>10}{'MB':>8}{'CPU s':>10}{'entries/s':>12}{'peak MB':>10}")
        ours = {n: _print_reader("stream", f"ours, piece by piece, {n:,}", files[n], n) for n in sizes}
        _print_reader("whole", f"ours, gathered, {sizes[-1]:,}", files[sizes[-1]], sizes[-1])
        bare = {n: _print_reader("iterparse", f"bare iterparse, {n:,}", files[n], n) for n in sizes}
    large, larger = sizes[1], sizes[2]
    print(f"growth from {large:,} to {larger:,}: {ours[larger] / ours[large]:.1f} times the time")
    print(f"at {larger:,} entries ours takes {ours[larger] / bare[larger]:.2f} times bare iterparse")


def _file(entries: int, folder: Path) -> Path:
    path = folder / f"camt_{entries}.xml"
    if GENERATOR.is_file():
        command = [sys.executable, GENERATOR.name, "camt", str(entries), "1000000", str(path)]
        subprocess.run(command, cwd=GENERATOR.parent, check=True)
    else:
        return _write_file(entries, folder)
    return path


def _write_file(entries: int, folder: Path) -> Path:
    from tests.importers.bank_writers import plain_entries
    from tests.importers.camt.camt_writer import write_camt

    path = folder / f"written_{entries}.xml"
    path.write_bytes(write_camt(plain_entries(entries, seed=7), 8))
    return path


def _print_reader(reader: str, label: str, path: Path, entries: int) -> float:
    """Measure in a process of its own, so that peaks do not mix; the best CPU seconds of three."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_camt", "--one", reader, str(path)]
    told = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(3)]
    best = min(told, key=lambda one: float(one["seconds"]))
    if best["entries"] != entries:
        sys.exit(f"{label}: {best['entries']} of {entries} entries")
    megabytes, speed = path.stat().st_size / 1e6, entries / best["seconds"]
    print(
        f"{label:28}{entries:>10,}{megabytes:>8.1f}{best['seconds']:>10.3f}{speed:>12,.0f}{best['peak_mb']:>10}"
    )
    return float(best["seconds"])


def _measure_reader(read: Callable[[Path], int], path: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        read(_write_file(1, Path(folder)))  # imports are not what is measured
    started = time.process_time()
    entries = read(path)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"entries": entries, "seconds": seconds, "peak_mb": peak}


def _stream(path: Path) -> int:
    from importers.camt import reader as camt
    from importers.statement import Entry

    with path.open("rb") as file:
        return sum(isinstance(part, Entry) for part in camt.stream(file))


def _whole(path: Path) -> int:
    from importers.camt import reader as camt

    return sum(len(statement.entries) for statement in camt.read(path.read_bytes()).statements)


def _iterparse(path: Path) -> int:
    """The yardstick: every element is built and thrown away, no text of it is looked at."""
    from xml.etree.ElementTree import iterparse

    entries = 0
    for _, element in iterparse(path):
        if element.tag.endswith("}Ntry"):
            entries += 1
            element.clear()
    return entries


READERS: Final[dict[str, Callable[[Path], int]]] = {
    "stream": _stream,
    "whole": _whole,
    "iterparse": _iterparse,
}


if __name__ == "__main__":
    main(sys.argv[1:])
