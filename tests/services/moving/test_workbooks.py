"""Workbooks as organisations in three languages keep them come in as a person counted them by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import pytest
from flask import Flask

from donorhub.domain.moving.answers import Answers
from tests.record_books import write_book
from tests.services.moving.counted import ROWS, Book, bring_as_counted


def make_merged_names() -> Book:
    """One name beside three gifts, as a merged cell shows it; amounts that are merged stand for one."""
    rows: ROWS = [
        ("Imię i nazwisko", "Data", "Kwota zł"),
        ("Anna Kowalska", "12.03.2024", "50,-"),
        (None, "13.03.2024", "60,- zł"),
        (None, "25.03.2024", "1\u202f234,50"),
        ("Jan Lis", "14.03.2024", 80),
        (None, "16.03.2024", 90),
    ]
    return Book(
        write_book({"2024": rows}, {"2024": ["A2:A4"]}),
        (),
        Answers(same_name="one"),
        ("Anna Kowalska", "Jan Lis"),
        {"PLN": (4, 142450)},
        held={"no_name": 1},
    )


def make_parts() -> Book:
    """Titles between the rows, a sum behind each part, and one of all."""
    rows: ROWS = [
        ("Darczyńca", "Data", "Kwota zł"),
        ("STYCZEŃ",),
        ("Anna Kowalska", "12.01.2024", 50),
        ("Jan Lis", "13.01.2024", 60),
        ("Razem styczeń", None, 110),
        ("LUTY",),
        ("Anna Kowalska", "25.02.2024", 50),
        ("Razem luty", None, 50),
        ("OGÓŁEM", None, 160),
    ]
    answers = Answers(same_name="one")
    return Book(write_book({"2024": rows}), (), answers, ("Anna Kowalska", "Jan Lis"), {"PLN": (3, 16000)})


def make_days_without_year() -> Book:
    """A sheet a year, whose days name none; a title tells the year of the third."""
    rows: ROWS = [
        ("Imię i nazwisko", "Data", "Kwota zł"),
        ("Anna Kowalska", "12.03", 50),
        ("Jan Lis", "25.04.", 60),
    ]
    titled: ROWS = [("Wpłaty za rok 2021",), (), *rows[:2], ("Jan Lis", "29 lutego", 60)]
    return Book(
        write_book({"2022": rows, "2023": rows, "dawne": titled}),
        (),
        Answers(same_name="one"),
        ("Anna Kowalska", "Jan Lis"),
        {"PLN": (5, 27000)},
        days=(date(2021, 3, 12), date(2022, 3, 12), date(2022, 4, 25), date(2023, 3, 12), date(2023, 4, 25)),
        held={"unreadable_date": 1},  # there was no 29 February 2021
    )


def make_couples() -> Book:
    """Two people in a cell in each way that people write them, and names that are one person's."""
    names = (
        "Anna i Jan Kowalscy",
        "Wilk Maria, Wilk Adam",
        "Jan Lis / Ewa Lis",
        "Ewa, Piotr Zielińscy",
        "Mazur, Zofia",
        "Firma Sowa i Syn sp. z o.o.",
    )
    rows = [
        ("Darczyńca", "Data", "Kwota zł"),
        *((name, f"{at}.03.2024", 50) for at, name in enumerate(names, 13)),
    ]
    return Book(
        write_book({"2024": rows}),
        ("pairs",),
        Answers(pairs="two"),
        (
            "Anna Kowalska",
            "Jan Kowalski",
            "Maria Wilk",
            "Adam Wilk",
            "Jan Lis",
            "Ewa Lis",
            "Ewa Zielińska",
            "Piotr Zieliński",
            "Zofia Mazur",
            "Firma Sowa i Syn sp. z o.o.",
        ),
        {"PLN": (6, 30000)},
    )


def make_albanian_months() -> Book:
    """A sheet a month with title rows, days as numbers and in two writings, and Gjithsej."""
    sheets = {
        name: [
            ("Shoqata Drita – dhurimet",),
            (),
            ("Nr.", "Emri dhe mbiemri", "Telefoni", "Data e pagesës", "Shuma", "Shënime"),
            (1, "Agim Krasniqi", "+355 69 20 34 567", f"12.{month}.24", "2.000 lekë", None),
            (2, "Arta Hoxha", "+383 44 123 456", f"25.{month}.2024", "1.234,50", None),
            (3, "Besnik Çela", None, 45300 + month, "500,- L", None),
            ("", "Gjithsej", None, None, 3734.5, None),
        ]
        for month, name in enumerate(("Janar", "Shkurt", "Mars"), 1)
    }
    return Book(
        write_book(sheets),
        ("currency",),
        Answers(currency="ALL", same_name="one"),
        ("Agim Krasniqi", "Arta Hoxha", "Besnik Çela"),
        {"ALL": (9, 1120350)},
    )


def make_albanian_members() -> Book:
    """Members with a column that says who accepts e-mail."""
    rows: ROWS = [
        ("Emri", "Mbiemri", "Adresa elektronike", "Tel", "Adresa", "Pranon email"),
        ("Agim", "Krasniqi", "agim@example.org", "044 123 456", "Rr. Nëna Terezë 5, 10000 Prishtinë", "PO"),
        ("Arta", "Hoxha", "arta@example.org", "", "", "JO"),
        ("Besnik", "Çela", "besnik@example.org", "", "", "nuk ka"),
        ("Drita", "Gashi", "drita@example.org", "", "", "x"),
    ]
    donors = ("Agim Krasniqi", "Arta Hoxha", "Besnik Çela", "Drita Gashi")
    return Book(write_book({"Anëtarët": rows}), (), Answers(), donors, {}, noes=("Arta Hoxha",))


def make_english_years() -> Book:
    """A sheet a year with family names first, pounds, and days in words."""
    sheets = {
        str(year): [
            (f"Donations received {year}",),
            (),
            ("No", "Name", "Address", "Date received", "Amount (£)", "Reference"),
            (1, "Mary Smith", "3 Lime Street, London EC3M 7AA", date(year, 1, 12), "£50", "gift"),
            (2, "Brown, Peter", "7 Forest Road, Leeds LS6 2AB", f"25/02/{year}", "1,234.50", "gift"),
            (3, "O'Neill, Zoë", None, f"3 March {year}", "£1,000.00", "gift"),
            (None, "Total", None, None, 2284.5, None),
        ]
        for year in (2022, 2023)
    }
    donors = ("Mary Smith", "Peter Brown", "Zoë O'Neill")
    return Book(write_book(sheets), (), Answers(same_name="one"), donors, {"GBP": (6, 456900)})


def make_english_members() -> Book:
    """Members with two columns of yes and no, one of them the other way round."""
    rows: ROWS = [
        ("Title", "First name", "Surname", "Email address", "Mobile", "OK to email?", "Do not contact"),
        ("Mrs", "Mary", "Smith", "mary@example.org", "07700 900123", "Yes", ""),
        ("Mr", "Peter", "Brown", "peter@example.org", "07700 900124", "No", ""),
        ("Dr", "Zoë", "O'Neill", "zoe@example.org", 7700900125, "", "Yes"),
        ("", "", "St Anne's Church", "office@example.org", "", "Yes", ""),
    ]
    donors = ("Mary Smith", "Peter Brown", "Zoë O'Neill", "St Anne's Church")
    return Book(write_book({"List": rows}), (), Answers(), donors, {}, noes=("Peter Brown", "Zoë O'Neill"))


def make_either_name() -> Book:
    """A column for people and companies, how each was paid, and a phone by which one person is told again."""
    rows: ROWS = [
        ("Fundacja Zielony Dom", None, None, None, None, None),
        ("L.p.", "Imię i nazwisko / firma", "Data przelewu", "Wpłata zł", "Forma", "Tel. kontaktowy"),
        (1, "Kowalczyk Anna", "12.01.2024", "50 zł", "przelew", "601 222 333"),
        (2, "Kowalczyk Anna", "14.02.2024", "50 zł", "przelew", "+48 601222333"),
        (3, 'Piekarnia "Kłos" s.c.', "25.03.24", "1.200,00 zł", "gotówka", None),
        (None, "RAZEM:", None, "1 300,00", None, None),
    ]
    donors = ("Anna Kowalczyk", 'Piekarnia "Kłos" s.c.')
    return Book(write_book({"I kw.": rows}), (), Answers(), donors, {"PLN": (3, 130000)})


def make_albanian_names() -> Book:
    """Names that the column has in the order of the language, also one that a Pole would turn."""
    rows: ROWS = [
        ("Emri i plotë", "Data", "Shuma", "Valuta"),
        ("Driton Berisha", "15/01/2024", "1.000,00", "ALL"),
        ("Vjosa Leka", "16/02/2024", "2.500,50", "ALL"),
        ("Totali", None, "3.500,50", None),
    ]
    donors = ("Driton Berisha", "Vjosa Leka")
    return Book(write_book({"2024": rows}), (), Answers(), donors, {"ALL": (2, 350050)})


def make_english_names() -> Book:
    """Names of which one could be turned stay as nearly all of the column are."""
    names = ("Adam Green", "Anna Brown", "Robert Stone", "Maria Wood", "Barbara Hill", "Sharpe Adam")
    rows: ROWS = [("Supporter", "Date", "Amount (GBP)", "Type")]
    rows = [*rows, *((name, f"2024-01-1{at}", 10, "Card") for at, name in enumerate(names))]
    return Book(write_book({"Log": rows}), (), Answers(), names, {"GBP": (6, 6000)})


BOOKS: Final[Sequence[Callable[[], Book]]] = (
    make_merged_names,
    make_parts,
    make_days_without_year,
    make_couples,
    make_either_name,
    make_albanian_names,
    make_english_names,
    make_albanian_months,
    make_albanian_members,
    make_english_years,
    make_english_members,
)


@pytest.mark.parametrize("make", BOOKS, ids=lambda make: make.__name__.removeprefix("make_"))
def test_workbook_comes_as_counted(database: Flask, make: Callable[[], Book]) -> None:
    """The questions are those that its owner must answer, and then each gift, donor and refusal is right."""
    bring_as_counted(make())
