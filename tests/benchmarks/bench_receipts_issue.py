"""Receipts issued and made a second, from the gift to the stored PDF, with one process and with two.

Run it: ``python -m tests.benchmarks.bench_receipts_issue [receipts | --quick]``. It measures and asserts
nothing. Reading, numbering, freezing, drawing and keeping each commit by themselves, as workers do.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.sizes import read_size
from tests.load.installation import Installation


def measure(count: int, processes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="donorhub-bench-") as home:
        installation = Installation(Path(home), {})
        installation.run("db", "upgrade")
        installation.script(f"from tests.load.inside import give\ngive({count})")
        year = str(time.gmtime().tm_year)
        start_up = seconds(installation, processes, "worker", "--burst")
        issuing = seconds(installation, processes, "receipts", "issue", "--yes", "--all-of", year) - start_up
        making = seconds(installation, processes, "worker", "--burst") - start_up
        made = installation.one("SELECT count(*) FROM receipt_pdf")
        both = count / (issuing + making)
        print(
            f"{processes} processes: {count} issued at {count / issuing:6.1f}/s, {made} made at"
            f" {made / making:6.1f}/s, both {both:6.1f}/s; start-up of {start_up:.1f} s not counted"
        )


def seconds(installation: Installation, processes: int, *arguments: str) -> float:
    """How long so many processes take that run the same command side by side."""
    since = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = [installation.start(*arguments) for _ in range(processes)]
    for process in running:
        process.wait()
    return time.perf_counter() - since


def main() -> None:
    count = read_size(sys.argv[1:], quick=10, full=200)
    for processes in (1, 2):
        measure(count, processes)


if __name__ == "__main__":
    main()
