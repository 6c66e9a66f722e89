"""Tables with a column a month, quarter or year come in cell by cell, as a person counted them by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Correction, Donor, Gift, RecordRow
from donorhub.services.moving import record_plans, record_undo
from donorhub.services.moving.record_plans import RecordPlan
from tests.record_books import write_book
from tests.services.moving.counted import ROWS, Book, bring_as_counted
from tests.services.moving.records import bring, confirm, count, show

MONTHS: Final = (
    "styczeń",
    "luty",
    "marzec",
    "kwiecień",
    "maj",
    "czerwiec",
    "lipiec",
    "sierpień",
    "wrzesień",
    "październik",
    "listopad",
    "grudzień",
)
LAST: Final = Answers(month_day="last", currency="PLN", same_name="one")
_NO_MONTHS: Final = (None,) * 9


def make_polish_years() -> Book:
    """A sheet a year, the second not over: amounts in many writings, Razem both ways, a cross and a zero."""
    years: dict[str, ROWS] = {
        "2023": [
            ("Wpłaty członków i przyjaciół",),
            (),
            ("Lp.", "Imię i nazwisko", "E-mail", *MONTHS, "Razem"),
            (1, "Anna Kowalska", "anna@example.org", 50, "50 zł", "50,00", *_NO_MONTHS, 150),
            (2, "Jan Lis", None, "-", 0, "1 234,50", *_NO_MONTHS, 1234.5),
            (3, "Ewa Mazur", "ewa@example.org", *(None,) * 11, "x", None),
            (None, "Razem", None, 50, 50, 1284.5, *_NO_MONTHS, 1384.5),
        ],
        "2024": [
            ("Wpłaty członków i przyjaciół",),
            (),
            ("Lp.", "Imię i nazwisko", "E-mail", *MONTHS[:2], "Razem"),
            (1, "Anna Kowalska", "anna@example.org", 60, None, 60),
            (2, "Ola Wilk", "ola@example.org", None, None, None),
            (None, "Razem", None, 60, None, 60),
        ],
    }
    return Book(
        write_book(years),
        ("month_day", "currency"),
        replace(LAST, same_name=""),
        ("Anna Kowalska", "Jan Lis", "Ola Wilk"),
        {"PLN": (5, 50_00 * 3 + 1234_50 + 60_00)},
        days=(
            date(2023, 1, 31),
            date(2023, 2, 28),
            date(2023, 3, 31),
            date(2023, 3, 31),
            date(2024, 1, 31),
        ),
        held={"cross": 1},
    )


def make_albanian_quarters() -> Book:
    """A column a quarter, the year in the title, Gjithsej; families' names beside given ones."""
    rows: ROWS = [
        ("Kontributet e anëtarëve 2025",),
        (),
        ("Nr.", "Emri", "Mbiemri", "Tel", "Tremujori I", "Tremujori II", "Tremujori III", "Gjithsej"),
        (1, "Agim", "Krasniqi", "+383 44 123 456", "1.000 lekë", "1.000 lekë", None, 2000),
        (2, "Arta", "Hoxha", "+355 69 20 34 567", None, "2.500,50", "500,- L", 3000.5),
        (None, "Gjithsej", None, None, 1000, 3500.5, 500, 5000.5),
    ]
    return Book(
        write_book({"Anëtarët": rows}),
        ("month_day", "currency"),
        Answers(month_day="first", currency="ALL"),
        ("Agim Krasniqi", "Arta Hoxha"),
        {"ALL": (4, 5000_50)},
        days=(date(2025, 1, 1), date(2025, 4, 1), date(2025, 4, 1), date(2025, 7, 1)),
    )


def make_english_dates() -> Book:
    """Months as a spreadsheet makes dates of them, a total, and quarters that are sums of the months."""
    months = [date(2025, month, 1) for month in range(1, 7)]
    rows: ROWS = [
        ("Name", "Email", *months[:3], "Q1", *months[3:], "Q2", "Total (£)"),
        ("Mary Smith", "mary@example.org", 10, 10, 10, 30, "£12.50", None, None, 12.5, 42.5),
        ("Brown, Peter", "peter@example.org", None, "1,250.00", None, 1250, None, None, 5, 5, 1255),
        ("Total", None, 10, 1260, 10, 1280, 12.5, None, 5, 17.5, 1297.5),
    ]
    return Book(
        write_book({"Regular givers": rows}),
        ("month_day",),
        Answers(month_day="first"),
        ("Mary Smith", "Peter Brown"),
        {"GBP": (6, 1297_50)},
        days=(
            date(2025, 1, 1),
            date(2025, 2, 1),
            date(2025, 2, 1),
            date(2025, 3, 1),
            date(2025, 4, 1),
            date(2025, 6, 1),
        ),
    )


def make_polish_crosses() -> Book:
    """Crosses beside a declared amount, no year anywhere, months in short; one cell says an amount."""
    lines = [
        "Nazwisko i imię;Składka;I;II;III;IV",
        "Kowalska Anna;20 zł;x;x;X;",
        "Lis Jan;30 zł;;x;50 zł;",
        "Wilk Ewa;;x;;;",
    ]
    return Book(
        "\r\n".join(lines).encode("cp1250"),
        ("year", "crosses", "month_day"),
        Answers(years={"": 2024}, crosses="declared", month_day="first", same_name="one"),
        ("Anna Kowalska", "Jan Lis"),
        {"PLN": (5, 3 * 20_00 + 30_00 + 50_00)},
        days=(
            date(2024, 1, 1),
            date(2024, 2, 1),
            date(2024, 2, 1),
            date(2024, 3, 1),
            date(2024, 3, 1),
        ),
        held={"no_amount": 1},
    )


def make_two_lines() -> Book:
    """Years above months in merged cells, in złoty, and a school year that runs over."""
    rows: ROWS = [
        ("Darczyńca", "Adres", 2023, None, 2024, None, "Razem"),
        (None, None, "listopad", "grudzień", "styczeń", "luty", None),
        ("Anna Kowalska", "ul. Lipowa 3, 00-123 Warszawa", 10, 20, 30, 40, 100),
        ("Firma Sowa sp. z o.o.", "Rynek 1, 31-042 Kraków", None, 500, None, None, 400),
    ]
    return Book(
        write_book({"darowizny": rows}, {"darowizny": ["A1:A2", "B1:B2", "C1:D1", "E1:F1", "G1:G2"]}),
        ("month_day", "currency"),
        LAST,
        ("Anna Kowalska", "Firma Sowa sp. z o.o."),
        {"PLN": (5, 600_00)},
        days=(
            date(2023, 11, 30),
            date(2023, 12, 31),
            date(2023, 12, 31),
            date(2024, 1, 31),
            date(2024, 2, 29),
        ),
    )


def make_school_year() -> Book:
    """Months from September to August, of the two years that the title names."""
    names = ("wrz", "paź", "lis", "gru", "sty", "lut")
    rows: ROWS = [
        ("Rok szkolny 2023/2024, wpłaty w zł",),
        ("Imię i nazwisko", *names),
        ("Anna Kowalska", *(n * 10 for n in range(1, 7))),
    ]
    return Book(
        write_book({"Arkusz1": rows}),
        ("month_day", "currency"),
        replace(LAST, month_day="first"),
        ("Anna Kowalska",),
        {"PLN": (6, 210_00)},
        days=(
            date(2023, 9, 1),
            date(2023, 10, 1),
            date(2023, 11, 1),
            date(2023, 12, 1),
            date(2024, 1, 1),
            date(2024, 2, 1),
        ),
    )


def make_years() -> Book:
    """A column a year, which is asked: each sum is brought as one gift of its last day."""
    rows: ROWS = [
        ("Darczyńca", "E-mail", "2021", "2022", "2023", "Suma"),
        ("Anna Kowalska", "anna@example.org", 100, None, 300, 400),
        ("Jan Lis", "jan@example.org", None, 250, None, 250),
    ]
    return Book(
        write_book({"Lista": rows}),
        ("periods", "month_day", "currency"),
        replace(LAST, periods="gifts", same_name=""),
        ("Anna Kowalska", "Jan Lis"),
        {"PLN": (3, 650_00)},
        days=(date(2021, 12, 31), date(2022, 12, 31), date(2023, 12, 31)),
    )


BOOKS: Final[Sequence[Callable[[], Book]]] = (
    make_polish_years,
    make_albanian_quarters,
    make_english_dates,
    make_polish_crosses,
    make_two_lines,
    make_school_year,
    make_years,
)


@pytest.mark.parametrize("make", BOOKS, ids=lambda make: make.__name__.removeprefix("make_"))
def test_months_come_as_counted(database: Flask, make: Callable[[], Book]) -> None:
    """The questions are those that its owner must answer, and then each gift, donor and refusal is right."""
    bring_as_counted(make())


def show_years(answers: Answers = LAST) -> RecordPlan:
    return show(make_polish_years().content, answers)[1]


def test_sums_by_month_and_row(database: Flask) -> None:
    """Each column stands beside the file's own sum; a column of sums names the rows that it contradicts."""
    figures = show_years().figures
    assert [(one["sheet"], one["minor"], one["own_minor"]) for one in figures["sheets"]] == [
        ("2023 / styczeń", 50_00, 50_00),
        ("2023 / luty", 50_00, 50_00),
        ("2023 / marzec", 1284_50, 1284_50),
        ("2024 / styczeń", 60_00, 60_00),
    ]
    assert [(one["sheet"], one["new_minor"]) for one in figures["years"]] == [
        ("2023", 1384_50),
        ("2024", 60_00),
    ]
    assert [(one["sheet"], one["agreeing"], one["differing"]) for one in figures["row_sums"]] == [
        ("2023", 2, ()),
        ("2024", 1, ()),
    ]
    plan = show(make_two_lines().content, LAST)[1]
    assert [(one["agreeing"], one["differing"]) for one in plan.figures["row_sums"]] == [(1, (4,))]


def test_each_amount_names_its_cell(database: Flask) -> None:
    """The row of an amount says in which cell of which sheet it stands."""
    bring(make_polish_years().content, LAST)
    rows = db.session.scalars(select(RecordRow).where(RecordRow.made_gift).order_by(RecordRow.id))
    assert [(row.plan["origin"], row.plan["cell"]) for row in rows] == [
        ("2023", "D4"),
        ("2023", "E4"),
        ("2023", "F4"),
        ("2023", "F5"),
        ("2024", "D4"),
    ]


def make_growing(months: int, *, year: str = "2024") -> bytes:
    """A file that has one month more each month; two people have one name, one of them no mail."""
    rows: ROWS = [
        ("Imię i nazwisko", "E-mail", *(f"{month:02}.{year}" for month in range(1, months + 1)), "Suma"),
        ("Anna Kowalska", "anna@example.org", *(50,) * months, 50 * months),
        ("Anna Kowalska", None, *(50,) * months, 50 * months),
        ("Jan Lis", None, *(20 + n for n in range(months)), None),
    ]
    return write_book({"2024": rows})


@pytest.mark.parametrize("day", ["first", "last"])
def test_a_longer_file_of_months_adds_its_months(database: Flask, day: str) -> None:
    """The months that came are here whatever day is said of them now, and who has a name alone stays one."""
    answers = Answers(currency="PLN", month_day="last")
    bring(make_growing(2), answers)
    assert (count(Donor), count(Gift)) == (3, 6)
    _, plan = show(make_growing(2) + b"\0", replace(answers, month_day=day))
    assert plan.figures["counts"] == {"made": 0, "joined": 0, "known": 6, "held": 0, "left_out": 0}
    bring(make_growing(3), replace(answers, month_day=day))
    assert (count(Donor), count(Gift)) == (3, 9)
    sums = db.session.execute(select(Gift.donor_id, func.sum(Gift.amount_minor)).group_by(Gift.donor_id))
    assert sorted(total for _, total in sums) == [63_00, 150_00, 150_00]
    assert count(Correction) == 0


def test_a_changed_month_waits(database: Flask) -> None:
    """An amount that is another now is held, and never a second gift."""
    bring(make_growing(2), Answers(currency="PLN", month_day="last"))
    rows: ROWS = [
        ("Imię i nazwisko", "E-mail", "01.2024", "02.2024", "Suma"),
        ("Anna Kowalska", "anna@example.org", 50, 70, 120),
        ("Anna Kowalska", None, 50, 50, 100),
        ("Jan Lis", None, 20, 21, None),
    ]
    _, plan = show(write_book({"2024": rows}), Answers(currency="PLN", month_day="last"))
    assert [(row.record.cell, row.reason) for row in plan.plan.rows if row.state == "held"] == [
        ("D2", "gift_changed")
    ]


def test_months_taken_back(database: Flask) -> None:
    """Taken back, all gifts and donors go; the file can be brought again."""
    file = bring(make_growing(2), Answers(currency="PLN", month_day="last"))
    view = record_undo.show_taking_back(file.id)
    assert (len(view.gift_ids), len(view.donor_ids), view.obstacles) == (6, 3, ())


def test_money_of_a_month_by_another_door(database: Flask) -> None:
    """A gift of any day of the month, of the same donor and amount, is the cell's."""
    table = "Imię i nazwisko;E-mail;Data;Kwota\nAnna Kowalska;anna@example.org;2024-02-11;50\n".encode()
    bring(table, Answers(currency="PLN", system="old"))
    _, plan = show(make_growing(2), Answers(currency="PLN", month_day="last"))
    assert [(row.record.cell, row.reason) for row in plan.plan.rows if row.state == "known"] == [
        ("D2", "already_here")
    ]


def test_no_gift_of_a_month_to_come(database: Flask) -> None:
    """A month that has begun is of today at the latest; money of one to come is held."""
    rows: ROWS = [
        ("Imię i nazwisko", "październik 2026", "listopad 2026", "grudzień 2026"),
        ("Anna Kowalska", 10, 20, 30),
    ]
    table = record_plans.read_bytes(write_book({"x": rows}), "x")
    plan = record_plans.make_plan(table, LAST, now=datetime(2026, 10, 5, 12, tzinfo=UTC))
    days = [row.record.gift.received_on if row.record.gift else row.reason for row in plan.plan.rows]
    assert days == [date(2026, 10, 5), "future_date", "future_date"]


def test_the_people_alone(database: Flask) -> None:
    """Who wants the people alone, or the columns as any others, is asked nothing of months."""
    _, plan = show(make_polish_years().content, Answers(kind="people", same_name="one"))
    assert plan.questions == ()
    assert (plan.figures["new_donors"], plan.figures["gifts"]) == (4, 0)
    columns = Answers(periods="columns", columns={"4": "amount"})
    _, plan = show(make_polish_years().content, columns)
    assert plan.header[3:6] == ("Razem", "styczeń", "luty")
    assert [guess.field for guess in plan.writing.guesses][4] == "amount"


def test_a_name_is_mended_for_its_row(database: Flask) -> None:
    """A name that was missing is said once for all cells of its row."""
    rows: ROWS = [
        ("Imię i nazwisko", "I 2024", "II 2024", "III 2024"),
        (None, 10, 20, 30),
        ("Jan Lis", 1, 2, 3),
    ]
    content = write_book({"x": rows})
    file, plan = show(content, LAST)
    assert [row.reason for row in plan.plan.rows if row.state == "held"] == ["no_name"] * 3
    mended = replace(LAST, rows=Answers.from_dict({"rows": {"x!2": {"cells": {"0": "Anna Kowalska"}}}}).rows)
    file, plan = show(content, mended)
    confirm(file, plan.digest)
    assert (count(Donor), count(Gift)) == (2, 6)
