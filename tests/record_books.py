"""Workbooks and text files of invented organisations, as people keep them; their sums are written by hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import openpyxl

Cells = Sequence[object]
LESNE = "os. Leśne 7, 61-001 Poznań"
LIPOWA = "ul. Lipowa 3, 00-123 Warszawa"


def write_book(sheets: dict[str, Sequence[Cells]], merged: dict[str, Sequence[str]] | None = None) -> bytes:
    """Return an XLSX of these sheets, each a list of rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for place in (merged or {}).get(name, ()):
            sheet.merge_cells(place)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


_GROUPS = ("Lp.", "Darczyńca", None, None, "Wpłata", None, None, "Zgoda")
_NAMES = (None, "Imię i nazwisko", "Adres", "Telefon", "Data", "Kwota", "Tytuł", None)


_YEARS = {
    "2023": [
        ("Wpłaty darczyńców 2023",),
        (),
        _GROUPS,
        _NAMES,
        (1, "Anna Kowalska", LIPOWA, 501234567, date(2023, 3, 12), "50 zł", "dar", "TAK"),
        (2, "Piotr Zieliński", LESNE, "602 345 678", date(2023, 5, 2), "1\u00a0234,50", "na psy", "x"),
        (3, "Fundacja Promyk", "Rynek 1, 31-042 Kraków", None, "12.3.23r.", 100, "dar", "brak"),
        (None, "Razem", None, None, None, 1384.5, None, None),
    ],
    "2024": [
        ("Wpłaty darczyńców 2024",),
        (),
        _GROUPS,
        _NAMES,
        (1, "KOWALSKA ANNA", LIPOWA, "501-234-567", 45363, "50,00 zł", "dar", "TAK"),
        (2, "Kowalska Anna", LIPOWA, 501234567.0, "25.12.2024", "50,00", "dar", "TAK"),
        (3, "Ewa Mazur", None, "5,01E+08", "13.04.2024", "200,00", None, "NIE"),
        (4, "Jan Lis", None, None, "kwiecień", "30,00", None, None),
        (None, "Razem:", None, None, None, 330, None, None),
    ],
}


def make_polish_years() -> bytes:
    """A sheet a year with title rows, a header of two lines with merged cells, and Razem."""
    return write_book(_YEARS, {name: ["A3:A4", "B3:D3", "E3:G3", "H3:H4"] for name in _YEARS})


def make_polish_text() -> bytes:
    """A CSV of cp1250 with semicolons, as an old spreadsheet writes it."""
    lines = [
        "Lp;Imię i nazwisko;E-mail;Ile zł;Kiedy;Na co;Uwagi",
        "1;Łucja Żak;lucja@example.org;40;03.02.2024;Dzieci;",
        "2;Łucja Żak;lucja@example.org;40;03.02.2024;Dzieci;druga wpłata tego dnia",
        "3;Władysław Śliwa;wlad@example.org;1 050,00;14.02.2024;Psy;dzwonić po 16",
        ";Suma;;1130;;;",
    ]
    return "\r\n".join(lines).encode("cp1250")


def make_albanian_text() -> bytes:
    """A CSV of an Albanian organisation."""
    lines = [
        "Nr. rendor,Emri dhe mbiemri,Posta elektronike,Shuma (lekë),Data e pagesës,Përshkrimi,Pëlqimi",
        '1,Agim Krasniqi,agim@example.org,"2,000.00",13/01/2024,dhurim,po',
        '2,Arta Hoxha,arta@example.org,"1,500.00",14/01/2024,dhurim,jo',
        '3,Agim Krasniqi,agim@example.org,"2,000.00",13/02/2024,dhurim,po',
        ',Gjithsej,,"5,500.00",,,',
    ]
    return "\n".join(lines).encode()


def make_english_book() -> bytes:
    """A workbook of an English organisation: parts of names, typed cells, an id."""
    return write_book(
        {
            "Donors": [
                (
                    "Donor ID",
                    "First name",
                    "Last name",
                    "Email",
                    "Gift date",
                    "Amount",
                    "Currency",
                    "Payment method",
                ),
                (1042, "Mary", "Smith", "mary@example.org", date(2024, 1, 31), 25.0, "GBP", "Card"),
                (1043, "Peter", "Brown", "peter@example.org", date(2024, 2, 1), 10.5, "EUR", "Bank transfer"),
                (1042, "Mary", "Smith", "mary@example.org", date(2024, 2, 29), 25.0, "GBP", "Card"),
                ("Total", None, None, None, None, 60.5, None, None),
            ]
        }
    )
