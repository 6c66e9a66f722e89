"""Every sample of the shared bank corpora through ``importers.read``; nothing of it is kept here.

Run with ``-s`` to see the table, format by format.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import importers
from importers.statement import Reading

SHARED = Path(os.environ.get("DONORHUB_SHARED", Path(__file__).resolve().parents[3] / "shared"))
BANK = SHARED / "corpora" / "bank"
PROBES = BANK / "probes"

# The index counts every record of a QIF file; these are the ones of bank, cash and card sections.
QIF_RECORDS = {"test.qif": 5, "test_oth_a.qif": 5, "test_transaction_before_account_definition_1.qif": 2}

pytestmark = pytest.mark.skipif(not BANK.is_dir(), reason="the shared corpora are not here")


def samples() -> list[dict[str, str]]:
    if not BANK.is_dir():
        return []
    with (BANK / "INDEX.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if (BANK / row["path"]).is_file()]


def expected(kind: str) -> dict[str, Any]:
    path = PROBES / kind / "expected.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


@cache
def reading(path: str) -> Reading:
    profile = {"currency": "USD"} if path.startswith("qif/") else None
    return importers.read((BANK / path).read_bytes(), Path(path).name, profile)


def entries(found: Reading) -> int:
    return sum(len(statement.entries) for statement in found.statements)


def is_refused(found: Reading) -> bool:
    return not found.statements


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample["path"])
def test_a_sample_has_the_number_of_entries_it_should_or_a_reason(sample: dict[str, str]) -> None:
    found = reading(sample["path"])
    has_reason = any(problem.level == "error" and problem.message for problem in found.problems)
    assert found.statements or has_reason
    name = Path(sample["path"]).name
    number = QIF_RECORDS.get(name, int(sample["n_tx"] or -1))
    if number >= 0 and entries(found) != number:
        assert has_reason, f"{entries(found)} of {number} entries and no reason"
        assert entries(found) < number


@pytest.mark.parametrize("name", sorted(expected("ofx")))
def test_an_ofx_probe_comes_out_exactly(name: str) -> None:
    found = reading(f"probes/ofx/{name}.ofx")
    errors = [problem for problem in found.problems if problem.level == "error"]
    rows = [
        [
            entry.booked_on.isoformat(),
            entry.amount.as_text(),
            entry.bank_ref,
            entry.details[0].counterparty.name or "",
            entry.details[0].remittance,
        ]
        for statement in found.statements
        for entry in statement.entries
    ]
    wanted = expected("ofx")[name]
    if wanted is None:
        assert rows == [] and errors
    else:
        assert rows == wanted and not errors


def test_a_table_of_all_formats() -> None:
    table: dict[str, Counter[str]] = {}
    for sample in samples():
        found = reading(sample["path"])
        row = table.setdefault(sample["format"], Counter())
        row.update(files=1, entries=entries(found), refused=is_refused(found))
        row.update(statement.integrity for statement in found.statements)
    columns = ("files", "entries", "proved", "unverifiable", "mismatch", "refused")
    print(f"\n{'format':8}" + "".join(f"{column:>14}" for column in columns))
    for name, row in sorted(table.items()):
        print(f"{name:8}" + "".join(f"{row[column]:>14}" for column in columns))
    assert sum(row["files"] for row in table.values()) == len(samples()) > 0
