"""Balances prove an MT940 statement, pages chain, and an interim report is proved by its totals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from importers.mt940 import reader
from tests.importers.bank_writers import OWN_ACCOUNT
from tests.importers.mt940.test_mt940 import FILES, codes, places, statement


def test_wrong_balance_keeps_the_entries() -> None:
    """A balance that does not agree keeps the entries, and the report names its line."""
    reading = reader.read(statement(":61:2609300930C50,00NTRFNONREF", closing="C260930PLN1055,00"))
    assert reading.statements[0].integrity == "mismatch"
    assert places(reading, "balance_mismatch") == ["line 6"]
    assert len(reading.statements[0].entries) == 1


def test_balances_in_two_currencies_prove_nothing() -> None:
    reading = reader.read(statement(":61:2609300930C50,00NTRFNONREF", closing="C260930EUR1050,00"))
    assert reading.statements[0].integrity == "mismatch"
    assert "currency_mixed" in codes(reading)


def test_broken_available_balance_only_warns() -> None:
    """Available balances are kept, and a broken one is only a warning, since it proves nothing."""
    data = statement(closing="C260930PLN1000,00").replace(
        b"\r\n-", b"\r\n:64:C260930PLN900,00\r\n:65:Dnullnullnull\r\n-"
    )
    reading = reader.read(data)
    assert [balance.kind for balance in reading.statements[0].balances] == ["opening", "closing", "available"]
    assert [(problem.level, problem.code) for problem in reading.problems] == [
        ("warning", "unreadable_balance")
    ]


def pages() -> bytes:
    return (FILES / "two_pages_two_accounts.sta").read_bytes()


def test_pages_stay_statements_that_chain() -> None:
    """Pages stay statements of their own, whose balances chain from one to the next."""
    reading = reader.read(pages())
    assert [(s.sequence_no, s.page, s.integrity) for s in reading.statements] == [
        ("7", "1", "proved"),
        ("7", "2", "proved"),
        ("1", "1", "proved"),
    ]
    assert reading.problems == ()
    assert reading.statements[0].account != reading.statements[2].account


def test_missing_middle_page_is_reported() -> None:
    """A page that is missing between two others is reported, because the balances leave a gap."""
    reading = reader.read(pages().replace(b":60M:C260930PLN1050,00", b":60M:C260930PLN1051,00"))
    assert places(reading, "balance_gap") == ["line 9"]


def test_missing_last_page_is_reported() -> None:
    """A last page that closes with an interim balance shows that a page is missing, and the report says
    so."""
    first = pages().split(b"-\r\n")[0] + b"-\r\n"
    assert codes(reader.read(first)) == {"page_missing"}


def interim(*totals: str) -> bytes:
    rows = [
        ":61:2609300930C50,00NTRFNONREF//B1",
        ":86:a",
        ":61:2609300930C1,50NTRFNONREF//B2",
        ":61:2609300930D2,00NTRFNONREF//B3",
    ]
    head = [":20:X", f":25:{OWN_ACCOUNT}", ":28C:1/1", ":34F:PLN0", ":13D:2609301215+0200"]
    return "\r\n".join([*head, *rows, *totals, "-", ""]).encode()


def test_interim_report_is_proved_by_totals() -> None:
    """An interim report is advice, with the instant of its making, and is proved by its totals."""
    reading = reader.read(interim(":90D:1PLN2,00", ":90C:2PLN51,50"))
    (report,) = reading.statements
    assert (report.advice, report.source_format, report.integrity) == (True, "mt942", "proved")
    assert report.created_at == datetime(2026, 9, 30, 10, 15, tzinfo=UTC)
    assert reading.problems == ()


@pytest.mark.parametrize("total", [":90C:3PLN51,50", ":90C:2PLN51,51", ":90C:2EUR51,50"])
def test_wrong_control_total_is_reported(total: str) -> None:
    """A control total that does not agree with the rows is reported."""
    reading = reader.read(interim(":90D:1PLN2,00", total))
    assert reading.statements[0].integrity == "mismatch"
    assert "total_mismatch" in codes(reading)


def test_interim_report_without_totals_warns() -> None:
    """An interim report without totals may have been cut, and the report says so."""
    assert codes(reader.read(interim(":90D:1PLN2,00"))) == {"no_control_total"}


def test_pages_cut_anywhere_never_lose_an_entry_silently() -> None:
    data = pages()
    ends = [data.index(b"-\r\n", at) for at in (data.index(b":62F"), data.rindex(b":62F"))]
    for cut in range(len(data)):
        reading = reader.read(data[:cut])
        count = sum(len(read.entries) for read in reading.statements)
        # Nothing in a file tells that another account's statement would have followed.
        between = ends[0] - 2 <= cut <= ends[0] + 3
        assert reading.problems or count == 4 or (between and count == 3), f"cut at {cut}"
