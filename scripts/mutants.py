"""Put one bug after another into a copy of the tree and see whether the tests near it fail.

Run it through ``scripts/mutants``. The everyday suite only sees that every patch still applies.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.mutating.patches import Broken, Mutant, apply_patch, read_mutants, refresh_patch

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 2
LONGEST_S = 600
LEFT_OUT = (".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "instance", "build")
FAILED = 1  # pytest's exit code when tests ran and some failed

Outcome = Literal["caught", "survived", "broken"]


@dataclass(frozen=True)
class Result:
    """What became of one bug: the first test that failed, or what is wrong with the patch or its tests."""

    mutant: Mutant
    outcome: Outcome
    by: str
    seconds: float

    def describe(self) -> str:
        by = {"caught": f" by {self.by}", "broken": f": {self.by}", "survived": ""}[self.outcome]
        return f"{self.outcome:<9}{self.mutant.kind} / {self.mutant.name}{by} ({self.seconds:.0f} s)"


@contextmanager
def copy_tree(root: Path, count: int) -> Iterator[queue.Queue[Path]]:
    """Lend copies of the project, without what git ignores; they are gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="donorhub-mutants-") as folder:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(count):
            copy = Path(folder) / str(number)
            shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
            copies.put(copy)
        yield copies


def run_tests(tree: Path, tests: tuple[str, ...], db: str) -> tuple[int | None, str]:
    """Run tests of a copy until the first fails; return pytest's code, None when it hangs, and its report."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-rfE",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        *tests,
    ]
    if db == "postgres":
        command.append("--db=postgres")
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            command, cwd=tree, env=environ, capture_output=True, text=True, check=False, timeout=LONGEST_S
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return run.returncode, run.stdout + run.stderr


def try_mutant(mutant: Mutant, tree: Path) -> Result:
    """Put the bug into the copy, run the tests near it and take it out again."""
    began_at = time.monotonic()
    try:
        apply_patch(mutant.path, tree)
    except Broken as error:
        return Result(mutant, "broken", str(error), 0)
    try:
        code, report = run_tests(tree, mutant.tests, mutant.db)
    finally:
        apply_patch(mutant.path, tree, "--reverse")
    outcome, by = judge_run(code, report)
    return Result(mutant, outcome, by, time.monotonic() - began_at)


def judge_run(code: int | None, report: str) -> tuple[Outcome, str]:
    """Return what a run of the tests says about the bug, and the test that says so.

    A test that hangs has caught it. A tree that cannot even be imported is no bug that a test could catch.
    """
    if code is None:
        return "caught", "a test that waits for ever"
    if code == 0:
        return "survived", ""
    failure = re.search(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", report, re.MULTILINE)
    if code == FAILED and failure:
        return "caught", failure[1]
    return "broken", "the tests do not run: " + (report.strip().splitlines() or ["no report"])[-1]


def check_tests(mutants: list[Mutant], copies: queue.Queue[Path], pool: ThreadPoolExecutor) -> dict[str, str]:
    """Run what is near the bugs without any of them; return what fails then, by database and tests."""

    def run_once(case: tuple[str, tuple[str, ...]]) -> tuple[str, str]:
        db, tests = case
        tree = copies.get()
        try:
            code, report = run_tests(tree, tests, db)
        finally:
            copies.put(tree)
        return name_case(db, tests), "" if code == 0 else (report.strip().splitlines() or ["it hangs"])[-1]

    cases = sorted({(mutant.db, mutant.tests) for mutant in mutants})
    return {case: failure for case, failure in pool.map(run_once, cases) if failure}


def name_case(db: str, tests: tuple[str, ...]) -> str:
    return f"{db}: {' '.join(tests)}"


def try_mutants(mutants: list[Mutant], root: Path) -> list[Result]:
    """Try every bug, two at once, and print each result as it comes."""
    with copy_tree(root, AT_ONCE) as copies, ThreadPoolExecutor(AT_ONCE) as pool:
        failures = check_tests(mutants, copies, pool)

        def try_one(mutant: Mutant) -> Result:
            failure = failures.get(name_case(mutant.db, mutant.tests))
            if failure:
                result = Result(mutant, "broken", f"its tests, which fail without it too: {failure}", 0)
            else:
                tree = copies.get()
                try:
                    result = try_mutant(mutant, tree)
                finally:
                    copies.put(tree)
            print(result.describe(), flush=True)
            return result

        return list(pool.map(try_one, mutants))


def print_summary(results: list[Result]) -> int:
    """Print what survived and what is broken; return the exit code."""
    counts = {
        word: sum(result.outcome == word for result in results) for word in ("caught", "survived", "broken")
    }
    print(f"{len(results)} bugs: " + ", ".join(f"{count} {word}" for word, count in counts.items()))
    for result in results:
        if result.outcome == "survived":
            print(f"survived: {result.mutant.name}: {result.mutant.harm}")
    return 0 if counts["caught"] == len(results) else 1


def refresh_patches(mutants: list[Mutant], root: Path) -> int:
    """Write moved patches anew; return 1 when one no longer fits at all."""
    code = 0
    for mutant in mutants:
        try:
            if refresh_patch(mutant.path, root):
                print(f"refreshed {mutant.name}")
        except Broken as error:
            print(f"{mutant.name}: {error}")
            code = 1
    return code


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Do what the arguments say; return 1 when a bug survived or a patch is broken."""
    options = {word for word in arguments if word.startswith("-")}
    if unknown := options - {"--list", "--refresh"}:
        print(f"scripts/mutants knows --list and --refresh, not {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    words = [word for word in arguments if word not in options]
    mutants = [
        mutant
        for mutant in read_mutants(root)
        if not words or any(word in f"{mutant.kind} {mutant.name}" for word in words)
    ]
    if not mutants:
        print("there is no such bug in tests/mutants", file=sys.stderr)
        return 2
    if "--list" in options:
        for mutant in mutants:
            print(f"{mutant.kind} / {mutant.name}: {mutant.harm}")
        return 0
    if "--refresh" in options:
        return refresh_patches(mutants, root)
    return print_summary(try_mutants(mutants, root))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
