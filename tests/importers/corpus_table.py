"""Every sample of the shared bank corpora through ``importers.read``, as a table: format by format.

Run: python -m tests.importers.corpus_table [--all]. ``--all`` lists every file that is refused, read in
part or does not balance, with the reason. Nothing of the samples is kept here.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

import importers
from importers.statement import Reading
from tests.shared import BANK

COLUMNS: Final = ("files", "entries", "proved", "unverifiable", "mismatch", "refused")

# What a person would say where a file leaves it open: the account's currency.
CURRENCIES: Final = {"raiffeisen_al.csv": "ALL", "kosovo_generic_tab_utf16.txt": "EUR"}


def samples() -> list[dict[str, str]]:
    """The rows of the corpora's index whose files are there; none where the folder is not."""
    if not BANK.is_dir():
        return []
    with (BANK / "INDEX.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if (BANK / row["path"]).is_file()]


@cache
def reading(path: str) -> Reading:
    """A sample as the application reads it, for an account whose currency is known."""
    name = Path(path).name
    profile: Any = {"currency": "USD"} if path.startswith("qif/") else None
    return importers.read((BANK / path).read_bytes(), name, profile, currency=CURRENCIES.get(name, ""))


def entries(found: Reading) -> int:
    return sum(len(statement.entries) for statement in found.statements)


def reason(found: Reading) -> str:
    """The code of the first thing that is wrong with the file, or "" when nothing is."""
    return next((problem.code for problem in found.problems if problem.level == "error"), "")


def table() -> dict[str, Counter[str]]:
    """For each format: files, entries, statements by verdict, and files that were refused."""
    rows: dict[str, Counter[str]] = {}
    for sample in samples():
        found = reading(sample["path"])
        row = rows.setdefault(sample["format"], Counter())
        row.update(files=1, entries=entries(found), refused=not found.statements)
        row.update(statement.integrity for statement in found.statements)
    return dict(sorted(rows.items()))


def format_table() -> str:
    """The table as text."""
    lines = [f"{'format':8}" + "".join(f"{column:>14}" for column in COLUMNS)]
    for name, row in table().items():
        lines.append(f"{name:8}" + "".join(f"{row[column]:>14,}" for column in COLUMNS))
    return "\n".join(lines)


def reasons() -> str:
    """Each file that is not read whole, proved or unverifiable, with the first reason."""
    lines = []
    for sample in samples():
        found = reading(sample["path"])
        problem = next((problem for problem in found.problems if problem.level == "error"), None)
        if problem:
            what = f"{entries(found)} of {sample['n_tx'] or '?'}"
            lines.append(f"{sample['path']}: {what}; {problem.code}: {problem.message}")
    return "\n".join(lines)


if __name__ == "__main__":
    if not samples():
        sys.exit(f"the shared corpora are not at {BANK}")
    print(format_table())
    if "--all" in sys.argv:
        print(reasons())
