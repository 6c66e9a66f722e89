"""A book with a sheet of people and a sheet of gifts that names them by their number alone."""

from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Gift
from tests.record_books import write_book
from tests.services.moving.counted import ROWS, Book, bring_as_counted
from tests.services.moving.records import bring, show

PEOPLE: ROWS = [
    ("ID", "Imię", "Nazwisko", "E-mail", "Zgoda RODO"),
    (101, "Anna", "Kowalska", "anna@example.org", "tak"),
    (102, "Jan", "Lis", "", "nie"),
    (103, "Ewa", "Mak", "ewa@example.org", ""),
    (104, "Ola", "Bąk", "", ""),
]
GIFTS: ROWS = [
    ("ID darczyńcy", "Data", "Kwota", "Waluta"),
    (101, date(2024, 3, 12), 50, "PLN"),
    (102, date(2024, 3, 13), 60, "PLN"),
    ("101", date(2024, 4, 12), 50, "PLN"),
    (103, date(2024, 4, 25), 20, "EUR"),
    (101, date(2024, 5, 12), 50, "PLN"),
    (999, date(2024, 5, 26), 5, "PLN"),
]


def sum_by_donor() -> dict[str, int]:
    query = select(Donor.name, func.sum(Gift.amount_minor)).join(Gift, Gift.donor_id == Donor.id)
    return {name: minor for name, minor in db.session.execute(query.group_by(Donor.name))}  # noqa: C416


def test_people_and_gifts_of_one_book(database: Flask) -> None:
    """Each gift is whose number it has; who gave nothing is a donor too, and a number of nobody is held."""
    bring_as_counted(
        Book(
            write_book({"Darczyńcy": PEOPLE, "Wpłaty": GIFTS}),
            (),
            Answers(),
            ("Anna Kowalska", "Jan Lis", "Ewa Mak", "Ola Bąk"),
            {"PLN": (4, 21000), "EUR": (1, 2000)},
            held={"unknown_person": 1},
            noes=("Jan Lis",),
        )
    )
    assert sum_by_donor() == {"Anna Kowalska": 15000, "Jan Lis": 6000, "Ewa Mak": 2000}
    longer = [*GIFTS, (104, date(2024, 6, 12), 70, "PLN")]
    _, plan = show(write_book({"Darczyńcy": PEOPLE, "Wpłaty": longer}), Answers())
    assert (plan.figures["gifts"], plan.figures["new_donors"]) == (1, 0)


def test_gifts_of_people_who_are_here(database: Flask) -> None:
    """A file of people first, then one of gifts by their number alone."""
    bring(write_book({"Darczyńcy": PEOPLE}), Answers())
    bring(write_book({"Wpłaty": GIFTS}), Answers())
    assert sum_by_donor() == {"Anna Kowalska": 15000, "Jan Lis": 6000, "Ewa Mak": 2000}
    _, plan = show(write_book({"Wpłaty": [*GIFTS, GIFTS[1]]}), Answers())
    assert [row.reason for row in plan.plan.rows].count("imported_before") == 5


def test_counted_rows_join_no_sheets(database: Flask) -> None:
    """Two sheets that count their rows have nothing to do with each other."""
    one = [
        ("Nr", "Imię i nazwisko", "Data", "Kwota zł"),
        (1, "Anna Lis", "2024-03-13", 5),
        (2, "Jan Lis", "2024-03-14", 6),
    ]
    other = [("Nr", "Wolontariusz", "Telefon"), (1, "Ewa Mak", "501 234 567"), (2, "Ola Bąk", "")]
    _, plan = show(write_book({"Wpłaty": one, "Inni": other}), Answers())
    assert plan.header == ("Nr", "Imię i nazwisko", "Data", "Kwota zł")
    assert [other["name"] for other in plan.figures["others"]] == ["Inni"]
