"""What single banks write beside the norm is read, each by a sample of our own; what it might hide is not."""

from __future__ import annotations

from datetime import date

import pytest

import importers
from importers.statement import Entry, Reading

HUNGARIAN = b""":20:ST
:25:1966315302010001
:28:00046
:60F:C261011HUF627311,30
:61:2610111011DF2402,00S   X
:61:2610111011CF5000,00S   X
:62F:C261011HUF629909,30
-
"""
TURKISH = b""":20:12345678
:25:0067-00763/93984487
:28:1810118101
:60F:C260410TRY0000000000000100,00
:61:2604110411C0000000000000005,00NTRFNONREF
:86:x
:62F:C260411TRY0000000000000105,00
-
"""
NUBANK = b"""OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:UTF-8
CHARSET:NONE
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>BRL
<BANKACCTFROM><BANKID>0260<ACCTID>123-4<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260101<DTEND>20260131
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260102<TRNAMT>50.00<FITID>a<MEMO>um</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260103<TRNAMT>-20.00<FITID>b<MEMO>dois</STMTTRN>
<LEDGERBAL><BALAMT>30.00<DTASOF>20260131</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
LEDGER = b"<LEDGERBAL><BALAMT>30.00<DTASOF>20260131</LEDGERBAL>"


def list_errors(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems if problem.level == "error"]


def list_entries(data: bytes, currency: str = "") -> tuple[Entry, ...]:
    reading = importers.read(data, currency=currency)
    assert list_errors(reading) == []
    (statement,) = reading.statements
    return statement.entries


def test_type_code_followed_by_blanks_is_read() -> None:
    """Hungarian banks write S and three blanks for the type: the entries are read and prove the balances."""
    (statement,) = importers.read(HUNGARIAN).statements
    assert [entry.amount.as_text() for entry in statement.entries] == ["-2402.00", "5000.00"]
    assert (statement.currency, statement.integrity) == ("HUF", "proved")


def test_amounts_filled_up_with_zeros_are_read() -> None:
    """Turkish banks fill amounts up with zeros beyond the longest amount that there is."""
    (statement,) = importers.read(TURKISH).statements
    assert [str(entry.amount) for entry in statement.entries] == ["5.00 TRY"]
    assert statement.integrity == "proved"
    longer = TURKISH.replace(b"C0000000000000005,00", b"C" + b"0" * 25 + b"5,00")
    assert [str(entry.amount) for entry in importers.read(longer).statements[0].entries] == ["5.00 TRY"]


@pytest.mark.parametrize("tag", [b":60F:C260410", b":62F:C260411"])
def test_balance_without_currency_takes_the_other(tag: bytes) -> None:
    """A balance without a currency is in the one of the other balance; without both nothing is guessed."""
    (statement,) = importers.read(TURKISH.replace(tag + b"TRY", tag)).statements
    assert (statement.currency, statement.integrity) == ("TRY", "proved")
    neither = importers.read(TURKISH.replace(b"TRY", b""), currency="PLN")
    assert "unreadable_balance" in list_errors(neither)


@pytest.mark.parametrize("day", ["28.02'2026", "28/2'26", "28.2'26", "28-02'2026"])
def test_qif_day_before_an_apostrophe_is_read(day: str) -> None:
    """An apostrophe parts the year, whatever parts day and month."""
    (entry,) = list_entries(f"!Type:Bank\nD{day}\nT2.29\nPSolde\n^\n".encode(), "EUR")
    assert (entry.booked_on, entry.amount.minor) == (date(2026, 2, 28), 229)


def test_unclosed_list_of_transactions_is_read() -> None:
    """Nubank does not close its list: it ends at the balance, or with its statement."""
    assert [entry.amount.minor for entry in list_entries(NUBANK)] == [5000, -2000]
    assert [entry.amount.minor for entry in list_entries(NUBANK.replace(LEDGER, b""))] == [5000, -2000]
    assert importers.read(NUBANK).statements[0].closing is not None


@pytest.mark.parametrize("cut", [b"</OFX>", b"<FITID>b<MEMO>dois</STMTTRN>"])
def test_unclosed_list_hides_no_cut_file(cut: bytes) -> None:
    """A file that is cut off is refused as before, though its list was never closed."""
    reading = importers.read(NUBANK.replace(cut, b""))
    assert reading.statements == () and list_errors(reading) == ["truncated"]
