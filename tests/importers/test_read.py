"""``importers.read``: which format the bytes are, what is refused and how, and the stream."""

from __future__ import annotations

import gc
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import importers
from importers.sniff import find_format
from importers.statement import Begin, End, Entry, Problem

FILES = Path(__file__).parents[1] / "files"
OFX = (FILES / "ofx" / "sgml_cp1250.ofx").read_bytes()
CAMT = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">'
    b"<BkToCstmrStmt/></Document>"
)


def zip_names(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "x")  # of no time, as its bytes are a test's name
    return buffer.getvalue()


LOCKED = bytearray(zip_names("statement.csv"))
LOCKED[LOCKED.index(b"PK\x01\x02") + 8] |= 1  # the flag "encrypted" in the list of contents


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (OFX, "ofx"),
        (b"\xef\xbb\xbf\r\n\r\n" + OFX, "ofx"),
        (OFX[:60].decode().encode("utf-16"), "ofx"),
        (OFX[:60].decode().encode("utf-16-le"), "ofx"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + OFX, "ofx"),
        (b"  <ofx><x>", "ofx"),
        (CAMT, "camt"),
        (CAMT.decode().encode("utf-16"), "camt"),
        (CAMT.replace(b"<BkTo", b"<p:BkTo").replace(b"camt.053", b"x"), "camt"),
        (b'<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "b">]>' + CAMT[39:], "camt"),
        (b":20:START\r\n:25:1\r\n", "mt940"),
        (b"{1:F01INGBNL2AXXXX00001}{2:I940", "mt940"),
        (b"\x01:20:START", "mt940"),
        (b"ABNANL2A\r\n940\r\nABNANL2A\r\n:20:ABN\r\n", "mt940"),
        (b"!Type:Bank\nD1/1/2025\n", "qif"),
        (b"# remark\n!Account\nN1\n", "qif"),
        (b"01,0004,12345,060321,0829,001,80,1,2/\n02,12345,0004,1\n", "bai2"),
        (b"0000001012572505" + b" " * 112 + b"\r\n1100", "coda"),
        (b'110,20260930,1250,11402004,0,"1","2"\n', "elixir"),
        (b'\xef\xbb\xbf"210","20260930","1250",\n', "elixir"),
        (b"H,REPPZ,2026-09-30\nP,2026-09-30,50.00,X\nF,1,50.00\n", "debit_report"),
        (b'H,REPPZ\r\nP,2026-09-30,50.00,X\r\nP,2026-09-30,50.00,X\r\n"F","2","100.00"\r\n', "debit_report"),
        (b"EUR,2026-09-30,50.00,X\nEUR,2026-09-30,50.00,X\nSUM,2,100.00\n", "table"),
        (b"DATE,AMOUNT\n2026-09-30,50.00\nTOTAL,1,50.00\n", "table"),
        (b"Data;Kwota\n2026-01-01;5,00\n", "table"),
        (b"Data,Text\n2026-01-01,<OFX> and camt.053 and :20: in a remittance\n", "table"),
        ("Data\tKwota\n".encode("utf-16"), "table"),
        (zip_names("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (zip_names("mimetype", "content.xml"), "ods"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "xls"),
        (b"<note>hello</note>", "xml"),
        (b'<?xml version="1.0"?><note/>', "xml"),
    ],
)
def test_bytes_reveal_the_format(data: bytes, name: str) -> None:
    """The bytes of a file reveal its format, whatever its name."""
    assert find_format(data) == name


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"", "empty", "empty"),
        (b" \r\n\t\0\0", "empty", "empty"),
        (b"\n<!DOCTYPE html><html><body>Session expired", "web_page", "log in"),
        (b"<html><body><OFX> Session expired", "web_page", "log in"),
        (b'<?xml version="1.0"?>\n<html xmlns="x">', "web_page", "log in"),
        (b"%PDF-1.7\n", "pdf", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "locked", "password"),
        (bytes(LOCKED), "locked", "password"),
        (zip_names("statement.csv"), "archive", "by itself"),
        (zip_names("../statement.csv"), "archive", "send the files"),
        (zip_names("[Content_Types].xml", "word/document.xml"), "document", "camt.053"),
        (b"\x1f\x8b\x08\0", "archive", "unpack"),
        (zip_names("xl/workbook.xml")[:40], "damaged", "download"),
        (b"\x89PNG\r\n\x1a\n", "picture", "camt.053"),
        (b"{\\rtf1 hello}", "document", "camt.053"),
        (b' {"amount": 1}', "json", "camt.053"),
        (b'[\n  {"amount": 1}]', "json", "camt.053"),
        (b"<note/>", "unknown_xml", "camt.053"),
        (bytes(range(256)) * 4, "binary", "camt.053"),
    ],
)
def test_no_statement_names_the_way_out(data: bytes, code: str, word: str) -> None:
    """What is no statement is refused, with the way out in the message."""
    reading = importers.read(data, "statement.csv")
    assert reading.statements == () and reading.format == ""
    (problem,) = reading.problems
    assert (problem.level, problem.code) == ("error", code)
    assert word in problem.message and problem.message.endswith(".")


def test_reading_has_format_and_digest() -> None:
    """A reading has its format and the digest of its file, whatever the file is called."""
    reading = importers.read(OFX, "wrong.csv")
    assert (reading.format, reading.file_sha256) == ("ofx", hashlib.sha256(OFX).hexdigest())
    assert [len(statement.entries) for statement in reading.statements] == [3]


def test_a_refusal_has_the_digest_too() -> None:
    assert importers.read(b"<html>").file_sha256 == hashlib.sha256(b"<html>").hexdigest()


@pytest.mark.parametrize(("closing", "verdict"), [("110,00", "proved"), ("110,01", "mismatch")])
def test_balances_prove_or_disprove_statement(closing: str, verdict: str) -> None:
    """Balances prove a statement or show that it does not agree."""
    data = (
        ":20:S\r\n:25:PL61109010140000071219812874\r\n:28C:1/1\r\n:60F:C260101PLN100,00\r\n"
        f":61:2601020102C10,00NTRFNONREF\r\n:86:gift\r\n:62F:C260102PLN{closing}\r\n-\r\n"
    )
    assert [statement.integrity for statement in importers.read(data.encode()).statements] == [verdict]


@pytest.mark.parametrize("was_running", [True, False])
def test_reading_leaves_the_garbage_collector_as_it_was(was_running: bool) -> None:
    try:
        (gc.enable if was_running else gc.disable)()
        importers.read(OFX)
        assert gc.isenabled() is was_running
    finally:
        gc.enable()


def test_open_qif_questions_have_answers() -> None:
    """What a QIF file leaves open comes from the profile or from the account."""
    data = b"!Type:Bank\nD01/02/2025\nT10.00\nPA\n^\n"
    assert {problem.code for problem in importers.read(data).problems} == {
        "ambiguous_dates",
        "currency_needed",
    }
    for reading in (
        importers.read(data, profile={"dates": "dmy", "currency": "PLN"}),
        importers.read(data, profile={"dates": "dmy"}, currency="PLN"),
    ):
        (statement,) = reading.statements
        assert (statement.currency, statement.entries[0].booked_on.month) == ("PLN", 2)


def test_a_stream_gives_the_same_in_pieces() -> None:
    reading = importers.read(OFX)
    parts = list(importers.stream(io.BytesIO(OFX)))
    first, *middle, last = parts
    assert isinstance(first, Begin) and isinstance(last, End) and first.statement == last.statement
    assert first.statement.entries == ()
    assert tuple(part for part in middle if isinstance(part, Entry)) == reading.statements[0].entries
    assert len(middle) == len(reading.statements[0].entries)


def test_streamed_web_page_is_one_problem() -> None:
    """A web page that is streamed is one problem and no entry."""
    (part,) = importers.stream(io.BytesIO(b"<html>"))
    assert isinstance(part, Problem) and part.code == "web_page"


@given(st.binary(max_size=400))
def test_any_bytes_have_a_format(data: bytes) -> None:
    """Any bytes have a format or a problem, and none make the reader crash."""
    name = find_format(data)
    assert name in importers.FORMATS or importers.read(data).problems
