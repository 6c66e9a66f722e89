"""Read files in processes of their own, measured: what came out, CPU seconds, and the peak of memory.

A process that imports the readers once forks for each file, so that no peak or crash of one
file is another's. Run as a program it is that process; tests use :class:`Children`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_CPU_LIMIT = 60  # seconds, after which a child is killed and its test fails
_MEMORY_LIMIT = 3 * 1024**3  # of addresses: so that a bomb does not take the machine with it


@dataclass(frozen=True, slots=True)
class Taken:
    """``peak_mb`` is above what the process had before it saw the file. ``failure`` is a traceback."""

    seconds: float
    wall: float
    peak_mb: float
    format: str
    entries: int
    details: int
    proved: bool
    minor: int  # the sum of all entries
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    messages: tuple[str, ...]
    facts: dict[str, str]
    failure: str


class Children:
    """Reads one file after the other; use it as a context."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "statement.bin"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.importers.in_child"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def read(self, data: bytes) -> Taken:
        """What ``tests.importers.samples.read`` says of these bytes."""
        self._file.write_bytes(data)
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{self._file}\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        for name in ("errors", "warnings", "messages"):
            told[name] = tuple(told[name])
        return Taken(**told)


def _summarise_reading(path: str) -> dict[str, Any]:
    from tests.importers.samples import read

    try:
        reading = read(Path(path).read_bytes())
    except BaseException:  # a crash is what is looked for; the test shows it
        return {"failure": traceback.format_exc()}
    entries = [entry for statement in reading.statements for entry in statement.entries]
    problems = reading.problems
    return {
        "format": reading.format,
        "entries": len(entries),
        "details": sum(len(entry.details) for entry in entries),
        "proved": bool(reading.statements) and all(s.integrity == "proved" for s in reading.statements),
        "minor": sum(entry.amount.minor for entry in entries),
        "errors": [problem.code for problem in problems if problem.level == "error"],
        "warnings": [problem.code for problem in problems if problem.level == "warning"],
        "messages": [problem.message for problem in problems][:50],
        "facts": dict(reading.facts),
    }


_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("format", "failure"), ""),
    **dict.fromkeys(("entries", "details", "minor"), 0),
    "proved": False,
    "errors": [],
    "warnings": [],
    "messages": [],
    "facts": {},
}


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024**2


def _measure_reading(path: str) -> dict[str, Any]:
    """Fork, read, and take from the kernel what the child used."""
    base = _resident_mb()
    started = time.monotonic()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_LIMIT, _CPU_LIMIT))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))
        with os.fdopen(writer, "w") as out:
            json.dump(_summarise_reading(path), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        answer = said.read()
    _, status, used = os.wait4(child, 0)
    told = json.loads(answer) if answer else {"failure": f"the reader was killed (status {status})"}
    return {
        **_NOTHING,
        **told,
        "seconds": used.ru_utime + used.ru_stime,
        "wall": time.monotonic() - started,
        "peak_mb": max(0.0, used.ru_maxrss / 1024 - base),
    }


def _serve() -> None:
    from tests.importers.samples import WRITE, read, sample

    for name in WRITE:
        read(sample(name))  # all readers and profiles are imported before the first fork
    for line in sys.stdin:
        print(json.dumps(_measure_reading(line.strip())), flush=True)


if __name__ == "__main__":
    _serve()
