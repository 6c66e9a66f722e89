"""The table of people and gifts is found among titles, names of two lines, sums and other sheets."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from donorhub.domain.moving.field_words import is_field_name
from importers.records import BrokenCell, OtherSheet
from importers.sheet import UnreadableTable
from importers.table.records import read_records
from tests import record_books


def test_a_sheet_a_year_is_one_table() -> None:
    """Sheets of one shape are one table; titles are notes, Razem is the file's own sum."""
    table = read_records(record_books.make_polish_years(), is_field_name)
    assert table.header == (
        "Lp.",
        "Darczyńca / Imię i nazwisko",
        "Darczyńca / Adres",
        "Darczyńca / Telefon",
        "Wpłata / Data",
        "Wpłata / Kwota",
        "Wpłata / Tytuł",
        "Zgoda",
    )
    assert [(sheet.name, [row.number for row in sheet.rows]) for sheet in table.sheets] == [
        ("2023", [5, 6, 7]),
        ("2024", [5, 6, 7, 8]),
    ]
    assert table.sheets[0].notes == ("Wpłaty darczyńców 2023",)
    assert [row.cells[5] for sheet in table.sheets for row in sheet.total_rows] == [1384.5, 330]


def test_a_text_file_keeps_its_line_numbers() -> None:
    """Letters of cp1250 are read, and a row's number is its line."""
    table = read_records(record_books.make_polish_text(), is_field_name)
    assert [row.number for row in table.sheets[0].rows] == [2, 3, 4]
    assert table.sheets[0].rows[2].cells[1] == "Władysław Śliwa"
    assert table.facts["encoding"] == "cp1250"
    assert [row.number for row in table.sheets[0].total_rows] == [5]


@pytest.mark.parametrize("odd", ["A90:A95", "A4:A900", "D2:D4"])
def test_merged_cells_beyond_the_rows_are_ignored(odd: str) -> None:
    """A merged name is that of each row beside it; ranges behind the table or in no column say nothing."""
    rows = [
        ("Imię i nazwisko", "Kwota", "Data"),
        ("Anna Lis", 5, "1.2.2024"),
        (None, 6, "2.2.2024"),
        ("Ed Ek", 7, None),
    ]
    book = record_books.write_book({"A": rows}, {"A": ["A2:A3", odd]})
    (sheet,) = read_records(book, is_field_name).sheets
    assert [row.cells[:2] for row in sheet.rows] == [("Anna Lis", 5.0), ("Anna Lis", 6.0), ("Ed Ek", 7.0)]


def test_columns_in_another_order_are_put_right() -> None:
    """The second sheet's cells stand in the order of the first one's names."""
    book = record_books.write_book(
        {
            "A": [("Imię i nazwisko", "Kwota"), ("Anna Lis", 5)],
            "B": [("Kwota", "Imię i nazwisko"), (7, "Ed Ek")],
        }
    )
    table = read_records(book, is_field_name)
    assert [sheet.rows[0].cells for sheet in table.sheets] == [("Anna Lis", 5.0), ("Ed Ek", 7.0)]


def test_sheets_of_another_shape_are_named() -> None:
    """A sheet with other columns is no part of the table, and is told by name."""
    book = record_books.write_book(
        {
            "Wpłaty": [("Imię i nazwisko", "Kwota"), ("Anna Lis", 5), ("Jan Lis", 6)],
            "Członkowie": [("Imię i nazwisko", "E-mail"), ("Anna Lis", "anna@example.org")],
            "Opis": [("Plik skarbnika",)],
        }
    )
    assert read_records(book, is_field_name).others == (OtherSheet("Członkowie", 1),)


def test_hidden_rows_sheets_and_errors_are_told() -> None:
    """Hidden sheets and rows are marked, errors and formulas never computed carry their address."""
    book = openpyxl.load_workbook(
        io.BytesIO(
            record_books.write_book(
                {
                    "1": [("Imię i nazwisko", "Kwota"), ("Anna Lis", 5), ("Jan Lis", "=2*3"), ("Ewa Mak", 7)],
                    "2": [("Imię i nazwisko", "Kwota"), ("Ida Mak", 8)],
                }
            )
        )
    )
    book["1"]["B4"].value, book["1"]["B4"].data_type = "#N/A", "e"
    book["1"].row_dimensions[2].hidden = True
    book["2"].sheet_state = "hidden"
    content = io.BytesIO()
    book.save(content)
    table = read_records(content.getvalue(), is_field_name)
    rows = table.sheets[0].rows
    assert [row.is_hidden for row in rows] == [True, False, False]
    assert rows[1].cells[1] == BrokenCell("formula_without_value", "B3")
    assert rows[2].cells[1] == BrokenCell("error_value", "B4")
    assert [sheet.is_hidden for sheet in table.sheets] == [False, True]


def test_a_comma_file_in_one_column_is_cut() -> None:
    """A spreadsheet that opened a text file as one column is read as the file was meant."""
    book = record_books.write_book(
        {"x": [("Name,Amount,Date",), ("Mary Smith,10.00,2024-02-01",), ('"Brown, Peter",5.00,2024-02-02',)]}
    )
    assert [row.cells for row in read_records(book, is_field_name).sheets[0].rows] == [
        ("Mary Smith", "10.00", "2024-02-01"),
        ("Brown, Peter", "5.00", "2024-02-02"),
    ]


def test_a_donor_called_total_is_no_sum() -> None:
    """A row with a day is a row, whatever it begins with."""
    book = record_books.write_book(
        {"x": [("Name", "Date", "Amount"), ("Total Energies SE", date(2024, 1, 2), 9)]}
    )
    assert len(read_records(book, is_field_name).sheets[0].rows) == 1


@pytest.mark.parametrize("data", [b"%PDF-1.7 x", b"Imi\xc4\x99;Kwota\n", b"\x89PNG\r\n"])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    """A picture, a PDF and a table without rows are refused."""
    with pytest.raises(UnreadableTable):
        read_records(data, is_field_name)
