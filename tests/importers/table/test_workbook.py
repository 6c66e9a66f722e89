"""Spreadsheets go the same way as CSV: typed cells, odd epochs, hidden sheets, and zips that mean harm."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904  # type: ignore[import-untyped]

import importers
from importers import tabular
from importers.sheet import UnreadableTable
from importers.sniff import count_members, find_format
from importers.statement import Reading
from importers.table.layout import Column, Layout
from importers.table.workbook import open_workbook, parse_serial

HEADER = ("Data", "Opis", "Kwota", "Waluta")
LAYOUT = Layout(
    name="mine",
    columns=(
        Column("booked_on", "Data"),
        Column("remittance", "Opis"),
        Column("amount", "Kwota"),
        Column("currency", "Waluta"),
    ),
    header=HEADER,
    date_order="dmy",
    decimal=",",
)
SHEET = "xl/worksheets/sheet1.xml"


def save_workbook(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(*rows: Sequence[Any]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    return save_workbook(book)


def zip_members(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return file.getvalue()


def change_member(data: bytes, name: str, content: bytes) -> bytes:
    """The same zip with one member more, or with another content."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return file.getvalue()


def entries(reading: Reading) -> list[tuple[str, str, str]]:
    return [
        (e.booked_on.isoformat(), e.amount.as_text(), e.details[0].remittance)
        for statement in reading.statements
        for e in statement.entries
    ]


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def test_typed_serial_and_text_cells() -> None:
    """Dates and amounts are read whether they are typed cells, serial numbers or text."""
    data = workbook(
        HEADER,
        (date(2026, 9, 5), "a date", 50.0, "PLN"),
        (datetime(2026, 9, 6, 13, 5), "a time", 0.1 + 0.2, "PLN"),
        (46272, "a serial", -1234.5, "PLN"),
        ("08.09.2026", "text", "1 234,56", "PLN"),
        (date(2026, 9, 9), 20260909, 7, "PLN"),
    )
    reading = importers.read(data, profile=LAYOUT)
    assert reading.problems == ()
    assert reading.format == "xlsx"
    assert entries(reading) == [
        ("2026-09-05", "50.00", "a date"),
        ("2026-09-06", "0.30", "a time"),
        ("2026-09-07", "-1234.50", "a serial"),
        ("2026-09-08", "1234.56", "text"),
        ("2026-09-09", "7.00", "20260909"),
    ]


def test_too_many_decimals_fail_the_row() -> None:
    """A digit for which the currency has no coin fails its row instead of being rounded."""
    data = workbook(HEADER, (date(2026, 9, 5), "a", 12.345, "PLN"), (date(2026, 9, 6), "b", 1.5, "PLN"))
    reading = tabular.read(data, profile=LAYOUT)
    assert (entries(reading), codes(reading)) == ([("2026-09-06", "1.50", "b")], ["unreadable_amount"])


def test_calendar_of_1904_gives_same_days() -> None:
    """A workbook that counts its days from 1904 gives the same days."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    for row in (HEADER, (date(2026, 9, 5), "typed", 1, "PLN"), (44810, "serial", 2, "PLN")):
        book.active.append(list(row))
    days = [day for day, _, _ in entries(tabular.read(save_workbook(book), profile=LAYOUT))]
    assert (
        days == ["2026-09-05", str(parse_serial("44810", date(1904, 1, 1)))] == ["2026-09-05", "2026-09-07"]
    )


def test_first_visible_table_is_read() -> None:
    """The first visible sheet with a table is read, below its titles; hidden sheets are not."""
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes["A1"] = "Only a remark"
    hidden = book.create_sheet("old")
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("Zestawienie")
    for page, text in ((hidden, "hidden"), (sheet, "visible")):
        page["A1"] = "Bank Przykładowy"
        page.merge_cells("A1:D1")
        page.append([])
        page.append(list(HEADER))
        page.append([date(2026, 9, 5), text, 5, "PLN"])
    reading = tabular.read(save_workbook(book), profile=LAYOUT)
    assert entries(reading) == [("2026-09-05", "5.00", "visible")]
    assert (reading.facts["sheet"], reading.facts["header_line"]) == ("Zestawienie", "3")


def book_of(**sheets: list[tuple[Any, ...]]) -> bytes:
    """A workbook with these sheets, in this order."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    return save_workbook(book)


JANUARY = [HEADER, (date(2026, 1, 5), "a", 5, "PLN")]
FEBRUARY = [HEADER, ("05.02.2026", "b", "7,00", "PLN")]


def test_second_sheet_is_reported() -> None:
    """Entries on a second sheet are not passed over in silence: an error names both sheets."""
    reading = tabular.read(book_of(Jan=JANUARY, Notes=[("a", "b")], Feb=FEBRUARY), profile=LAYOUT)
    assert entries(reading) == [("2026-01-05", "5.00", "a")]
    (problem,) = reading.problems
    assert (problem.level, problem.code) == ("error", "other_sheets")
    assert "'Jan'" in problem.message and "(Feb)" in problem.message
    assert reading.statements[0].integrity == "unverifiable"


def test_sheet_of_notes_is_passed_over() -> None:
    """A sheet of notes before the entries is not taken for them."""
    data = book_of(Info=[("Klient", "Fundacja"), ("Rachunek", "EUR")], Feb=FEBRUARY)
    reading = tabular.read(data, profile=LAYOUT)
    assert entries(reading) == [("2026-02-05", "7.00", "b")]
    assert reading.problems == ()


def test_formula_without_value_fails_row() -> None:
    """A formula without a stored value fails its row, because its amount is unknown."""
    data = workbook(HEADER, (date(2026, 9, 5), "a", "=1+1", "PLN"), (date(2026, 9, 6), "b", 2, "PLN"))
    reading = tabular.read(data, profile=LAYOUT)
    assert (entries(reading), codes(reading)) == ([("2026-09-06", "2.00", "b")], ["unreadable_amount"])


def test_rounded_account_is_left_out() -> None:
    """An account number that the spreadsheet has rounded is left out, as it would be another account."""
    layout = replace(LAYOUT, columns=(*LAYOUT.columns[:3], Column("account", "Waluta")), currency="PLN")
    data = workbook(
        HEADER,
        (date(2026, 9, 5), "a", 1, 61109010140000071219812874),
        (date(2026, 9, 5), "b", 1, "61109010140000071219812874"),
    )
    found = [
        e.details[0].counterparty.account for e in tabular.read(data, profile=layout).statements[0].entries
    ]
    assert found == [None, "PL61109010140000071219812874"]


def test_an_unknown_workbook_is_proposed_to_the_wizard() -> None:
    header = ("Data", "Përshkrimi", "Shuma", "Gjendja")
    data = workbook(header, (date(2026, 9, 5), "a", 5, 105), (date(2026, 9, 6), "b", -2.5, 102.5))
    seen = tabular.draft_layout(data)
    assert seen.layout is not None and seen.is_proved
    assert [guess.role for guess in seen.columns] == ["booked_on", "remittance", "amount", "balance"]
    layout = replace(seen.layout, name="x", currency="EUR")
    assert entries(tabular.read(data, profile=layout)) == [
        ("2026-09-05", "5.00", "a"),
        ("2026-09-06", "-2.50", "b"),
    ]


def sheet_xml(cells: str) -> bytes:
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{cells}</sheetData></worksheet>"
    ).encode()


GOOD = workbook(HEADER, (date(2026, 9, 5), "a", 1, "PLN"))
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{cell}"><v>1</v></c></row>'
ODS = (
    b'<office:document-content xmlns:office="o" xmlns:table="t"><table:table>'
    b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float"/>'
    b"</table:table-row></table:table></office:document-content>"
)


def make_bomb(megabytes: int) -> bytes:
    return change_member(GOOD, "xl/media/x.bin", b"\0" * (megabytes * 1024 * 1024))


def make_liar() -> bytes:
    """A bomb whose list of members says that it holds 1000 bytes."""
    liar = bytearray(change_member(GOOD, "xl/media/x.bin", b"\0" * 30_000_000))
    central = liar.rindex(b"xl/media/x.bin") - 46
    liar[central + 24 : central + 28] = (1000).to_bytes(4, "little")
    return bytes(liar)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: make_bomb(49), "zip_bomb"),
    "a bomb that lies about its size": (make_liar, "damaged_workbook"),
    "more than fifty megabytes": (lambda: make_bomb(98), "zip_bomb"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_cheaply(name: str) -> None:
    """A workbook that grows when it is unpacked is refused quickly and in little memory."""
    make, code = BOMBS[name]
    refuse_cheaply(make(), code)


def dangerous() -> dict[str, tuple[bytes, str]]:
    many = {f"xl__m{n}": b"" for n in range(250)}
    return {
        "many members": (zip_members(xl__workbook_xml=b"<workbook/>", **many), "zip_bomb"),
        "a path out of the zip": (change_member(GOOD, "xl/../../etc/passwd", b"x"), "damaged_workbook"),
        "macros": (change_member(GOOD, "xl/vbaProject.bin", b"x"), "macros"),
        "a cell in the last column": (
            change_member(GOOD, SHEET, sheet_xml(FAR.format(row=2, cell="XFD2"))),
            "workbook_too_large",
        ),
        "a cell in the last row": (
            change_member(GOOD, SHEET, sheet_xml(FAR.format(row=1048576, cell="A1048576"))),
            "workbook_too_large",
        ),
        "a wide and long grid": (
            change_member(GOOD, SHEET, sheet_xml(FAR.format(row=150_000, cell="CA150000"))),
            "workbook_too_large",
        ),
        "rows repeated in ods": (
            zip_members(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content_xml=ODS),
            "workbook_too_large",
        ),
        "no xml inside": (change_member(GOOD, SHEET, b"no xml <<<"), "damaged_workbook"),
        "half a zip": (GOOD[: len(GOOD) // 2], "damaged_workbook"),
    }


@pytest.mark.parametrize("name", dangerous())
def test_dangerous_workbook_is_refused_cheaply(name: str) -> None:
    """A dangerous workbook is refused quickly and in little memory."""
    refuse_cheaply(*dangerous()[name])


def refuse_cheaply(data: bytes, code: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    with pytest.raises(UnreadableTable) as refusal:
        open_workbook(data)
    assert time.process_time() - begin < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # kilobytes
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")


def test_locked_workbook_gives_one_problem() -> None:
    """A locked or damaged workbook gives a reading with one problem."""
    for data in (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, change_member(GOOD, SHEET, b"<<<")):
        reading = importers.read(data, "wyciag.xlsx", LAYOUT)
        assert reading.statements == ()
        assert len(reading.problems) == 1 and reading.problems[0].level == "error"


def test_too_many_members_refused_unread() -> None:
    """A workbook of too many files is refused without reading the list of them."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in ("xl/workbook.xml", *(f"m{n}" for n in range(3_000))):
            archive.writestr(name, "")
    data = bytearray(kept.getvalue())
    directory = data.find(b"PK\x01\x02")
    data[directory + 28 : directory + 30] = b"\xff\xff"  # a name of 65,535 letters: the list cannot be read
    assert (find_format(bytes(data)), count_members(bytes(data))) == ("xlsx", 3_001)
    reading = importers.read(bytes(data))
    assert [problem.code for problem in reading.problems] == ["zip_bomb"]


def test_other_zip_is_no_workbook() -> None:
    """A ZIP of many files that is no workbook is called a ZIP."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.pdf", "")
    assert (find_format(kept.getvalue()), count_members(kept.getvalue())) == ("zip", 300)
    assert count_members(kept.getvalue()[:-1]) == count_members(b"PK") == 0
