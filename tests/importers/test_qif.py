"""QIF: what the file proves is read, and what it leaves open is asked for."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.money import Money
from importers import qif
from importers.statement import Entry, Reading


def entries(reading: Reading) -> list[Entry]:
    return [entry for statement in reading.statements for entry in statement.entries]


def file(*days: str) -> bytes:
    return ("!Type:Bank\n" + "".join(f"D{day}\nT10.00\nPŁukasz Żak\nMdar\n^\n" for day in days)).encode()


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def test_bank_section_gives_every_field() -> None:
    """A bank section gives amount, day, payer, cheque number and memo."""
    data = (
        "!Type:Bank\nD25/12/2025\nT-1,234.56\nN101\nPÇlirim Gjoni\nMdhurim\nLGifts\n"
        "SGifts\n$-1.00\nD1/1/1\n^\n"
    )
    reading = qif.read(data.encode("cp1252"), currency="EUR")
    assert reading.problems == ()
    (entry,) = entries(reading)
    assert (entry.booked_on, entry.amount, entry.info) == (date(2025, 12, 25), Money(-123456, "EUR"), "Gifts")
    (detail,) = entry.details
    assert (detail.counterparty.name, detail.cheque_no, detail.remittance) == (
        "Çlirim Gjoni",
        "101",
        "dhurim",
    )
    assert entry.raw.startswith("D25/12/2025\nT-1,234.56")


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["01/02/2025", "13/02/2025"], [date(2025, 2, 1), date(2025, 2, 13)]),
        (["01/02/2025", "02/13/2025"], [date(2025, 1, 2), date(2025, 2, 13)]),
        (["2/14'2020", " 1/ 1'05"], [date(2020, 2, 14), date(2005, 1, 1)]),
        (["7/24/98"], [date(1998, 7, 24)]),
        (["08/27/21"], [date(2021, 8, 27)]),
        (["2022-09-08"], [date(2022, 9, 8)]),
        (["05/05/2025"], [date(2025, 5, 5)]),
    ],
)
def test_file_proves_its_date_order(days: list[str], expected: list[date]) -> None:
    """The order of day and month is the one that the file proves."""
    assert [entry.booked_on for entry in entries(qif.read(file(*days), currency="PLN"))] == expected


@pytest.mark.parametrize("day", ["01/02/2025", "1/ 2'05", "04/03/15"])
def test_an_order_that_nothing_proves_is_asked_for(day: str) -> None:
    reading = qif.read(file(day), currency="PLN")
    assert reading.statements == () and codes(reading) == ["ambiguous_dates"]


def test_the_answer_decides_what_the_file_leaves_open() -> None:
    assert entries(qif.read(file("01/02/2025"), dates="dmy", currency="PLN"))[0].booked_on == date(2025, 2, 1)
    assert entries(qif.read(file("01/02/2025"), dates="mdy", currency="PLN"))[0].booked_on == date(2025, 1, 2)


def test_disproved_answer_changes_no_date() -> None:
    """An answer that the file disproves changes no date."""
    reading = qif.read(file("25/12/2025", "01/02/2025"), dates="mdy", currency="PLN")
    assert [entry.booked_on for entry in entries(reading)] == [date(2025, 12, 25), date(2025, 2, 1)]


def test_dates_in_two_orders_are_refused() -> None:
    assert codes(qif.read(file("25/12/2025", "12/25/2025"), currency="PLN")) == ["mixed_dates"]


def test_currency_and_order_asked_together() -> None:
    """The currency is asked for together with the order of the dates, so that a person is asked once."""
    assert codes(qif.read(file("01/02/2025"))) == ["ambiguous_dates", "currency_needed"]


@pytest.mark.parametrize("bad", ["D32/12/2025\nT1.00", "D25/12/2025\nT1,234", "D25/12/2025", "T5.00"])
def test_unreadable_record_loses_no_other(bad: str) -> None:
    """A record that cannot be read is named with its line, and the others are kept."""
    data = file("24/12/2025") + f"{bad}\n^\n".encode() + file("26/12/2025")
    reading = qif.read(data, currency="EUR")
    assert [entry.booked_on.day for entry in entries(reading)] == [24, 26]
    assert [(problem.code, problem.where) for problem in reading.problems] == [
        ("unreadable_transaction", "line 7")
    ]


def test_opening_balance_is_no_gift() -> None:
    """Each account is a statement, and its opening balance is no gift."""
    data = (
        "!Account\nNPL61109010140000071219812874\nTBank\n^\n!Type:Bank\n"
        "D25/12/2025\nT500.00\nPOpening Balance\nL[Main]\n^\nD26/12/2025\nT10.00\nPA\n^\n"
        "!Account\nNCash box\n^\n!Type:Cash\nD26/12/2025\nT3.00\nPB\n^\n"
    )
    main, cash = qif.read(data.encode(), currency="PLN").statements
    assert (main.account, main.account_scheme) == ("PL61109010140000071219812874", "iban")
    assert main.opening is not None and main.opening.amount == Money(50000, "PLN")
    assert [entry.amount.minor for entry in main.entries] == [1000]
    assert (cash.account, len(cash.entries)) == ("Cash box", 1)


def test_other_sections_are_counted() -> None:
    """Sections without bank transactions are passed over, each with a warning."""
    data = b"!Type:Cat\nNFood\n^\nNFun\n^\n" + file("25/12/2025") + b"!Type:Invst\nD1/1/2025\nNBuy\nT5\n^\n"
    reading = qif.read(data, currency="PLN")
    assert len(entries(reading)) == 1
    assert [(problem.level, problem.code) for problem in reading.problems] == [
        ("warning", "section_skipped")
    ] * 2


@pytest.mark.parametrize("data", [b"!Type:Cat\nNFood\n^\n", b"!Account\nNA\n^\n", b"!Type:Bank\n^\n"])
def test_a_file_without_bank_transactions_says_so(data: bytes) -> None:
    assert codes(qif.read(data, currency="PLN")) == ["no_statement"]


def test_record_cut_at_end_is_reported() -> None:
    """A record that is cut off at the end of the file is not passed over in silence."""
    assert codes(qif.read(file("25/12/2025") + b"D26/12/2025\n", currency="PLN")) == [
        "unreadable_transaction"
    ]


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    reading = qif.read(b"!Type:Bank\n" + data, currency="PLN")
    assert reading.statements or reading.problems
