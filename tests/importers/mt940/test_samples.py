"""MT940 as dialects write it and as the shared samples hold it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import mt940 as other_reader
import pytest

import importers
from importers.mt940 import reader
from importers.statement import Entry
from tests.importers.bank_writers import MT940_DIALECTS, Plain, plain_entries, write_mt940
from tests.importers.mt940.test_mt940 import only, places
from tests.shared import BANK, or_skip

PROBES = BANK / "probes" / "mt940"

# ---------------------------------------------------------------- written and read back


def as_plain(entry: Entry) -> Plain:
    (detail,) = entry.details
    party = detail.counterparty
    return Plain(
        entry.booked_on,
        entry.amount.minor,
        entry.amount.currency,
        party.name or "",
        party.account or "",
        detail.remittance,
        entry.bank_ref or "",
    )


@pytest.mark.parametrize("dialect", MT940_DIALECTS)
def test_written_dialect_is_read_back(dialect: str) -> None:
    """What is written in a bank's dialect is read back exactly, and proved."""
    written = plain_entries(200, 11)
    reading = importers.read(write_mt940(written, dialect))
    if dialect == "caret":  # its account numbers are read as they stand, without a country
        written = [replace(plain, account=plain.account[2:]) for plain in written]
    assert [as_plain(entry) for entry in reading.statements[0].entries] == written
    assert (reading.statements[0].integrity, reading.problems) == ("proved", ())


# ---------------------------------------------------------------- samples of the shared folder


def _samples() -> list[tuple[str, int]]:
    index = BANK / "INDEX.csv"
    if not index.exists():
        return []
    with index.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["format"] == "mt940" and row["n_tx"]]
    return [(row["path"], int(row["n_tx"])) for row in rows]


@pytest.mark.parametrize(("path", "count"), or_skip(_samples(), 2))
def test_samples_give_all_their_entries(path: str, count: int) -> None:
    """Every sample gives as many entries as it has."""
    reading = reader.read((BANK / path).read_bytes())
    assert sum(len(read.entries) for read in reading.statements) == count
    assert not places(reading, "unreadable_entry")


def _probes() -> dict[str, dict[str, Any]]:
    expected = PROBES / "expected.json"
    return json.loads(expected.read_text("utf-8")) if expected.exists() else {}


@pytest.mark.parametrize(("name", "expected"), or_skip(list(_probes().items()), 2))
def test_every_probe_says_what_is_expected_of_it(name: str, expected: dict[str, Any]) -> None:
    read = only((PROBES / f"{name}.sta").read_bytes())
    (entry,) = read.entries
    detail = entry.details[0]
    said = {
        "amount": entry.amount.as_text(),
        "name": detail.counterparty.name,
        "acct": detail.counterparty.account,
        "purpose": detail.remittance,
        "e2e": detail.end_to_end_id,
        "mandate": detail.mandate_id,
        "rtr": detail.return_code,
        "bal": read.integrity == "proved",
    }
    assert {key: said[key] for key in expected if key != "encoding"} == {
        key: value for key, value in expected.items() if key != "encoding"
    }


@pytest.mark.parametrize("path", or_skip([path for path, count in _samples() if count > 1]))
def test_another_reader_finds_the_same(path: str) -> None:
    """Another reader finds the same dates and amounts wherever it can read the file."""
    data = (BANK / path).read_bytes()
    theirs = read_by_other(data)
    if theirs is None:
        pytest.skip("the other reader cannot read this file")
    assert read_by_ours(data) == theirs


@pytest.mark.parametrize("dialect", ["gvc", "structured"])
def test_another_reader_finds_our_entries(dialect: str) -> None:
    """Another reader finds the dates and amounts of our own samples, where their letters are UTF-8."""
    data = write_mt940(plain_entries(50, 11), dialect)
    assert read_by_ours(data) == read_by_other(data) != []


def read_by_other(data: bytes) -> list[tuple[Any, Decimal]] | None:
    """The days and amounts that the other reader finds; None where it cannot read the file."""
    try:
        theirs = other_reader.parse(data.decode("utf-8"), options=other_reader.Options.all())
    except Exception:  # it fails in many ways, and that is not what is tested
        return None
    return [(row.data["date"], row.data["amount"].amount) for row in theirs]


def read_by_ours(data: bytes) -> list[tuple[Any, Decimal]]:
    """The same by our reader."""
    entries = [entry for read in reader.read(data).statements for entry in read.entries]
    return [(entry.value_on, entry.amount.as_decimal()) for entry in entries]
