"""No sign that a terminal or a page obeys is kept of a file, and a currency is one that there is."""

from __future__ import annotations

import io
import re

import pytest
from msgspec.structs import replace

import importers
from importers import border
from importers.statement import Entry
from tests.importers.bank_writers import plain_entries
from tests.importers.camt.camt_writer import write_camt

HARM = "\x1b[31m\u202eevil\u200f\u009b"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MT940 = """:20:ST
:25:PL61109010140000071219812874
:28C:1
:60F:C260101PLN0,00
:61:2601020102C50,00NTRFNONREF
:86:020~00X~20dar{harm}~32JAN {harm}KOT
:62F:C260102PLN50,00
-
"""
OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:UNICODE
CHARSET:UTF-8
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>PLN
<BANKACCTFROM><BANKID>1<ACCTID>61109010140000071219812874<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260101<DTEND>20260131
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260102<TRNAMT>50.00<FITID>1<NAME>JAN {harm}KOT<MEMO>dar{harm}</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
QIF = "!Type:Bank\nD2026-01-02\nT50.00\nPJAN {harm}KOT\nMdar{harm}\n^\n"
CSV = "Data operacji;Kwota;Waluta;Nadawca;Opis\n2026-01-02;50,00;PLN;JAN {harm}KOT;dar{harm}\n"
IN_XML = "\u202eevil\u0085\u200f"


def list_texts(entry: Entry) -> list[str]:
    (detail,) = entry.details
    return [detail.counterparty.name or "", detail.remittance, entry.info or "", entry.raw]


@pytest.mark.parametrize("file", [MT940, OFX, QIF], ids=["mt940", "ofx", "qif"])
def test_signs_that_terminals_obey_are_left_out(file: str) -> None:
    """Controls and marks of direction become blanks in every text, and how many there were is told."""
    data = file.replace("{harm}", HARM).encode()
    reading = importers.read(data, currency="PLN")
    (entry,) = reading.statements[0].entries
    assert [text for text in list_texts(entry) if UNSAFE.search(text)] == []
    assert (entry.details[0].counterparty.name or "").startswith("JAN ")
    assert "evil" in entry.details[0].remittance and "\\x1b" in entry.raw
    warnings = [problem for problem in reading.problems if problem.code == "signs_cleaned"]
    assert [problem.params["count"] for problem in warnings] == [8]
    parts = list(importers.stream(io.BytesIO(data), currency="PLN"))
    assert [part for part in parts if isinstance(part, Entry)] == [entry]
    assert [part for part in parts if getattr(part, "code", "") == "signs_cleaned"] == warnings


def test_camt_keeps_no_mark_of_direction() -> None:
    """XML lets C1 controls and marks of direction through; no text of an entry keeps one."""
    data = write_camt(plain_entries(2, seed=3), 8).replace(b"<Ustrd>", f"<Ustrd>{IN_XML}".encode())
    (statement,) = importers.read(data).statements
    texts = [text for entry in statement.entries for text in list_texts(entry)]
    assert any("evil" in text for text in texts)
    assert [text for text in texts if UNSAFE.search(text)] == []


def test_what_banks_write_is_kept() -> None:
    """A file without such signs is told nothing of, and ids and names keep the blanks that the bank wrote."""
    reading = importers.read(MT940.replace("{harm}", "").encode())
    assert "signs_cleaned" not in {problem.code for problem in reading.problems}
    entry = replace(reading.statements[0].entries[0], bank_ref="AB  12")
    assert border.clean_entry(entry).bank_ref == "AB  12"


def test_letters_are_kept_in_one_form() -> None:
    """A letter with its mark apart is the same letter, PKO's sign for nothing and half a pair are blanks."""
    assert border.clean_text("Łódz\u0301  ˙ \ud83dA") == "Łódź A"


@pytest.mark.parametrize("code", ["ZZZ", "XXX", "XTS", "QQQ"])
def test_statement_in_no_currency_is_not_read(code: str) -> None:
    """What ISO 4217 does not hold is no currency: no format makes money of it."""
    files = [
        MT940.replace("{harm}", "").replace("PLN", code),
        OFX.replace("{harm}", "").replace("PLN", code),
        CSV.replace("{harm}", "").replace("PLN", code),
        write_camt(plain_entries(2, seed=3), 8).decode().replace("PLN", code),
    ]
    for file in files:
        reading = importers.read(file.encode())
        assert [problem for problem in reading.problems if problem.level == "error"], file[:40]
        assert not [s for s in reading.statements if s.integrity == "proved"], file[:40]
    assert importers.read(QIF.replace("{harm}", "").encode(), currency=code).statements == ()


def test_control_in_qif_text_ends_no_field() -> None:
    """A line of QIF ends where lines end, so that a control in a name brings no amount of its own."""
    data = QIF.replace("{harm}", "A\u0085T9.00\u2028").replace("T50.00\n", "").replace("^", "T50.00\n^")
    (entry,) = importers.read(data.encode(), currency="PLN").statements[0].entries
    assert entry.amount.minor == 5000
