"""Every benchmark runs: ``scripts/bench --quick`` is what docs/contributing.md asks a newcomer to call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.sizes import read_size

BENCHMARKS = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))


@pytest.mark.parametrize(
    ("arguments", "size"), [([], 1000), (["--quick"], 10), (["70"], 70), (["--quick", "70"], 70)]
)
def test_size_is_typed_quick_or_full(arguments: list[str], size: int) -> None:
    assert read_size(arguments, quick=10, full=1000) == size


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_runs_in_small_sizes(name: str) -> None:
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert run.returncode == 0, run.stderr[-2000:]
    assert any(letter.isdigit() for letter in run.stdout)
