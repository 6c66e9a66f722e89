"""What a camt statement adds up to: balances, pages, reversals, and the bank's own totals."""

from __future__ import annotations

import io

import pytest

from importers.camt import reader
from importers.statement import Entry, Statement
from tests.importers.camt.camt_pieces import BOOKED, amount, balance, codes, document, entry, only

# ---------------------------------------------------------------- reversals and balances


REVERSED = f"<RvslInd>true</RvslInd>{BOOKED}"


def reversal(sign: str, closing: str) -> tuple[Statement, list[str]]:
    ends = balance("OPBD", "1000") + balance("CLBD", closing)
    rows = entry(amount("50.00", sign), amount("50.00", sign), state=REVERSED), entry(amount("7.00"))
    reading = reader.read(document(*rows, balances=ends))
    return reading.statements[0], codes(reading)


def test_a_reversal_has_the_sign_of_its_money() -> None:
    statement, problems = reversal("DBIT", "957")
    assert [found.amount.minor for found in statement.entries] == [-5000, 700]
    assert statement.entries[0].reversal and (statement.integrity, problems) == ("proved", [])


def test_inverted_reversals_turned_where_balances_prove_it() -> None:
    """Reversals written the other way round are turned when the balances prove that they are, and the report
    says so."""
    statement, problems = reversal("CRDT", "957")
    assert [found.amount.minor for found in statement.entries] == [-5000, 700]
    assert [detail.amount.minor for detail in statement.entries[0].details] == [-5000]
    assert (statement.integrity, problems) == ("proved", ["reversal_signs_inverted"])


def test_unproved_reversals_stay_as_written() -> None:
    """Reversals stay as written when neither way of reading them makes the balances agree."""
    statement, problems = reversal("CRDT", "1000")
    assert [found.amount.minor for found in statement.entries] == [5000, 700]
    assert (statement.integrity, problems) == ("mismatch", ["balance_mismatch"])


def test_streamed_reversals_come_last() -> None:
    """In a stream reversals come last, when the balances are known, and with the right sign."""
    ends = balance("OPBD", "1000") + balance("CLBD", "957")
    data = document(entry(state=REVERSED), entry(amount("7.00")), balances=ends)
    entries = [part for part in reader.stream(io.BytesIO(data)) if isinstance(part, Entry)]
    assert [(found.position, found.amount.minor) for found in entries] == [(1, 700), (0, -5000)]


@pytest.mark.parametrize(
    ("balances", "ends"),
    [
        (balance("OPBD", "10") + balance("PRCD", "9") + balance("CLBD", "60"), (1000, 6000)),
        (balance("PRCD", "10", "2026-09-29") + balance("CLBD", "60"), (1000, 6000)),
        (balance("OPBD", "10") + balance("ITBD", "60"), (1000, 6000)),
        (balance("ITBD", "10") + balance("ITBD", "60"), (1000, 6000)),
        (balance("ITBD", "10") + balance("CLBD", "60"), (1000, 6000)),
        (balance("CLBD", "60") + balance("CLAV", "60"), (None, 6000)),
    ],
)
def test_balances_open_and_close_each_page(balances: str, ends: tuple[int | None, int | None]) -> None:
    """Balances open and close a statement or a page; where one is missing nothing is proved."""
    statement = only(document(entry(), balances=balances))
    found = [end.amount.minor if end else None for end in (statement.opening, statement.closing)]
    assert tuple(found) == ends
    assert statement.integrity == ("unverifiable" if None in ends else "proved")


def test_a_missing_entry_shows_in_the_balances() -> None:
    reading = reader.read(document(entry(), balances=balance("OPBD", "0") + balance("CLBD", "50.01")))
    assert reading.statements[0].integrity == "mismatch"
    (problem,) = reading.problems
    assert (problem.level, problem.code) == ("error", "balance_mismatch") and "by 0.01 " in problem.message


def test_balance_without_sign_is_credit() -> None:
    """A balance without its sign counts as a credit, and the report says so."""
    ends = (
        balance("OPBD", "0")
        + '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">50</Amt></Bal>'
    )
    reading = reader.read(document(entry(), balances=ends))
    assert (reading.statements[0].integrity, codes(reading)) == ("proved", ["balance_without_sign"])


@pytest.mark.parametrize(
    ("totals", "wrong"),
    [
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>70.00</Sum></TtlNtries>", []),
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>30</Sum></TtlNtries>", []),
        ("<TtlNtries><NbOfNtries>3</NbOfNtries><Sum>70</Sum></TtlNtries>", ["total_mismatch"]),
        ("<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>50</Sum></TtlCdtNtries>", []),
        ("<TtlCdtNtries><Sum>51</Sum></TtlCdtNtries>", ["total_mismatch"]),
        ("<TtlDbtNtries><NbOfNtries>x</NbOfNtries><Sum>x</Sum></TtlDbtNtries>", ["total_mismatch"] * 2),
    ],
)
def test_banks_totals_are_compared(totals: str, wrong: list[str]) -> None:
    """The bank's own totals are compared with the entries, so that a missing entry is noticed."""
    rows = entry(), entry(amount("20.00", "DBIT"))
    reading = reader.read(document(*rows, balances=f"<TxsSummry>{totals}</TxsSummry>"))
    assert codes(reading) == wrong
