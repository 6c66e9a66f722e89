"""BAI2: accounts of groups of a file, texts that go on, and control totals on every level."""

from __future__ import annotations

from datetime import date

import pytest

import importers
from donorhub.money import Money
from importers.statement import Reading

ENTRY = "16,165,5000,V,260929,,B1,OWN1,GIFT DH-1001-7, WITH THANKS/"


def file(*entries: str, modifier: str = "2", status: str = "1", currency: str = "USD") -> list[str]:
    """A file of one account whose totals hold for entries without continuation amounts."""
    total = 100_000 + sum(int(entry.split(",")[2]) for entry in entries if entry.startswith("16"))
    count = len(entries)
    return [
        "01,SENDER,RECEIVER,260930,0600,1,80,1,2/",
        f"02,RECEIVER,SENDER,{status},260929,,{currency},{modifier}/",
        "03,12345,,010,100000,,/",
        *entries,
        f"49,{total},{count + 2}/",
        f"98,{total},1,{count + 4}/",
        f"99,{total},1,{count + 6}/",
    ]


def read(lines: list[str]) -> Reading:
    return importers.read("\n".join([*lines, ""]).encode())


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def test_entry_has_day_references_and_text() -> None:
    """An entry has its day, its references and its text, commas included."""
    reading = read(file(ENTRY))
    (statement,) = reading.statements
    (entry,) = statement.entries
    assert (reading.format, reading.problems, statement.integrity) == ("bai2", (), "proved")
    assert (statement.account, statement.currency) == ("12345", "USD")
    assert (entry.booked_on, entry.value_on) == (date(2026, 9, 29), date(2026, 9, 29))
    assert (entry.amount, entry.bank_ref, entry.entry_ref) == (Money(5_000, "USD"), "B1", "OWN1")
    assert entry.details[0].remittance == "GIFT DH-1001-7, WITH THANKS"


def test_a_text_goes_on_in_the_next_lines() -> None:
    (entry,) = read(file(ENTRY, "88,FROM ANNA/", "88,AND JAN")).statements[0].entries
    assert entry.details[0].remittance == "GIFT DH-1001-7, WITH THANKS FROM ANNA AND JAN"


@pytest.mark.parametrize("funds", ["", "0", "Z", "S,1000,2000,2000", "D,2,0,2500,1,2500", "V,260929,"])
def test_text_behind_every_funds_type(funds: str) -> None:
    """The text is found behind every way to say when the money is available."""
    (entry,) = read(file(f"16,165,5000,{funds},B1,,TEXT/")).statements[0].entries
    assert (entry.bank_ref, entry.details[0].remittance) == ("B1", "TEXT")


def test_money_out_is_negative() -> None:
    """Money out is negative, and a record that only informs is no entry."""
    entries = read(file("16,475,700,,,,CHECK/", "16,890,0,,,,A NOTE/")).statements[0].entries
    assert [entry.amount.minor for entry in entries] == [-700]


def test_an_interim_report_is_advice() -> None:
    assert [read(file(ENTRY, modifier=m)).statements[0].advice for m in "1234"] == [True, False, True, False]


def test_account_currency_where_file_has_none() -> None:
    """The currency is the account's where the file names none."""
    lines = "\n".join(file(ENTRY, currency="")).encode()
    assert importers.read(lines).statements[0].currency == "USD"
    assert importers.read(lines, currency="CAD").statements[0].currency == "CAD"


@pytest.mark.parametrize(("status", "wanted"), [("2", "correction"), ("3", "correction")])
def test_a_group_that_corrects_says_so(status: str, wanted: str) -> None:
    assert codes(read(file(ENTRY, status=status))) == [wanted]


def test_test_group_brings_no_money() -> None:
    """A group that the bank marks as a test brings no money."""
    reading = read(file(ENTRY, status="4"))
    assert reading.statements == () and codes(reading) == ["test_group", "no_statement"]


@pytest.mark.parametrize("at", range(3, 7))
def test_a_missing_line_shows_in_the_totals(at: int) -> None:
    lines = file(ENTRY, "16,475,700,,,,CHECK/")
    del lines[at]
    reading = read(lines)
    assert "total_mismatch" in codes(reading)
    assert all(statement.integrity == "mismatch" for statement in reading.statements)


def test_a_file_without_its_end_is_refused() -> None:
    assert codes(read(file(ENTRY)[:-1])) == ["truncated"]


@pytest.mark.parametrize("row", ["16,165,50.00,,,,X/", "16,999,5000,,,,X/", "17,165,1,,,,X/"])
def test_unreadable_record_loses_no_other(row: str) -> None:
    """A record that cannot be read is named with its line and loses no other."""
    reading = read([*file(ENTRY)[:3], row, *file(ENTRY)[3:]])
    (problem,) = (problem for problem in reading.problems if problem.code == "unreadable_row")
    assert problem.where == "line 4"
    assert [entry.amount.minor for entry in reading.statements[0].entries] == [5_000]
    assert reading.statements[0].integrity == "mismatch"


@pytest.mark.parametrize(
    ("entries", "code", "integrity"),
    [((ENTRY,), "balance_mismatch", "mismatch"), ((), "entries_not_listed", "unverifiable")],
)
def test_balances_show_a_missing_entry(entries: tuple[str, ...], code: str, integrity: str) -> None:
    """Balances show that an entry is missing; a report of sums alone lists none and is no mismatch."""
    lines = [line.replace("010,100000,,/", "010,30000,,,015,70000,,/") for line in file(*entries)]
    reading = read(lines)
    assert codes(reading) == [code] and reading.statements[0].integrity == integrity
