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
WISE = b""":20:STATEMENT
:25:BE12967012345678
:28C:1/1
:60F:C260901EUR1000,00
:61:260928C100,00NTRF
TRANSFER-9001
:86:Received money from Anna Kowalska with reference DH-1001-7
:61:260929D30,00NTRF
TRANSFER-9002
:86:Sent money to Drukarnia Kwiatek
:61:260929D0,90NTRF
FEE-TRANSFER-9002
:86:Wise Charges for: TRANSFER-9002
:62F:C260929EUR1069,10
-
"""
OFX = b"""OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:%s
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>0260<ACCTID>123-4<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260101<DTEND>20260131
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260102<TRNAMT>50.00<FITID>a<NAME>%s</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
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


@pytest.mark.parametrize("day", ["28.02'2026", "28/2'26", "28.2'26", "28-02'2026", "2/28/26"])
def test_qif_day_before_an_apostrophe_is_read(day: str) -> None:
    """An apostrophe parts the year, whatever parts day and month; Americans write the month first."""
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


def test_wise_ids_stand_in_the_line_below() -> None:
    """Wise's MT940 has no entry date, and its ids in the line below: those of its table, fees apart."""
    (statement,) = importers.read(WISE).statements
    told = [(entry.booked_on.day, entry.amount.as_text(), entry.bank_ref) for entry in statement.entries]
    assert told == [
        (28, "100.00", "TRANSFER-9001"),
        (29, "-30.00", "TRANSFER-9002"),
        (29, "-0.90", "FEE-TRANSFER-9002"),
    ]
    assert statement.integrity == "proved"
    assert statement.entries[0].details[0].remittance.startswith("Received money from Anna Kowalska")


@pytest.mark.parametrize("below", ["DAROWIZNA NA KOTY", "NR 12-2026", "PL-1", "ref-9001"])
def test_other_words_below_are_no_id(below: str) -> None:
    """What else stands below an entry's line stays a text of it."""
    (entry, *_) = importers.read(WISE.replace(b"TRANSFER-9001", below.encode(), 1)).statements[0].entries
    assert entry.bank_ref is None and entry.info == below


@pytest.mark.parametrize(
    ("charset", "encoding", "name"),
    [
        (b"NONE", "utf-8", "Łucja"),
        (b"NONE", "cp1252", "José"),
        (b"UTF-8", "cp1252", "José"),
        (b"1252", "cp1252", "José"),
        (b"8859-1", "latin-1", "José"),
        (b"1250", "cp1250", "Łucja"),
        (b"ISO-8859-2", "iso-8859-2", "Łucja"),
    ],
)
def test_ofx_letters_are_read_as_they_are(charset: bytes, encoding: str, name: str) -> None:
    """Letters are read whatever the header calls them: by UTF-8 where they are that, else as it says."""
    (entry,) = list_entries(OFX % (charset, name.encode(encoding)))
    assert entry.details[0].counterparty.name == name


@pytest.mark.parametrize("between", [b" ", b""], ids=["blanks", "nothing"])
def test_ofx_header_in_one_line_is_read(between: bytes) -> None:
    """Some banks write the whole header in one line, with blanks in it or with nothing."""
    head, mark, body = (OFX % (b"1252", b"Anna")).partition(b"<OFX>")
    (entry,) = list_entries(head.replace(b"\n", between) + mark + body)
    assert (entry.amount.minor, entry.bank_ref) == (5000, "a")


def test_ofx_without_id_or_name_is_read() -> None:
    """A transaction without FITID and without NAME is money all the same."""
    (entry,) = list_entries((OFX % (b"1252", b"Anna")).replace(b"<FITID>a<NAME>Anna", b""))
    assert (entry.amount.minor, entry.bank_ref) == (5000, None)


def test_long_mt940_reference_is_read() -> None:
    """A reference of 34 places, where the standard has 16, loses no entry."""
    long = WISE.replace(b"NTRF\nTRANSFER-9001", b"NTRFABCDEFGHIJKLMNOPQRSTUVWXYZ12345678")
    (statement,) = importers.read(long).statements
    assert statement.integrity == "proved" and len(statement.entries) == 3
