"""Dates of birth in files: a column whole, nothing guessed, nobody joined who was born on another day."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor
from tests.services.moving.records import bring, show

PEOPLE = Answers(kind="people")
HEAD = "Imię i nazwisko;E-mail;Adres;Data urodzenia"


def make_file(*lines: str) -> bytes:
    return "\r\n".join((HEAD, *lines)).encode()


def read_births() -> list[tuple[str, date | None]]:
    return [(donor.name, donor.born_on) for donor in db.session.query(Donor).order_by(Donor.id)]


def test_birth_column_is_read_whole(database: Flask) -> None:
    """The order of the column is what all its cells say; a date that is not whole is refused alone."""
    data = make_file(
        "Anna Nowak;anna@example.org;;03.04.1980",
        "Jan Lis;jan@example.org;;25.12.1931 r.",
        "Ewa Mak;ewa@example.org;;1955-11-02",
        "Ola Bąk;ola@example.org;;4.5.71",
        "Iga Kos;iga@example.org;;1968",
        "Maja Sęk;maja@example.org;;III 1968",
        "Leon Ryś;leon@example.org;;12.12.2090",
        "Zofia Kret;zofia@example.org;;-",
    )
    _, plan = show(data, PEOPLE, "ludzie.csv")
    assert plan.questions == ()
    assert plan.figures["refused_cells"] == {"unclear_birth_date": 4}
    bring(data, PEOPLE, "ludzie.csv")
    assert read_births() == [
        ("Anna Nowak", date(1980, 4, 3)),
        ("Jan Lis", date(1931, 12, 25)),
        ("Ewa Mak", date(1955, 11, 2)),
        ("Ola Bąk", None),
        ("Iga Kos", None),
        ("Maja Sęk", None),
        ("Leon Ryś", None),
        ("Zofia Kret", None),
    ]


def test_open_order_is_asked(database: Flask) -> None:
    """Where all days are 12 or less, a person says what comes first; a list of people asks for no gift."""
    data = make_file("Anna Nowak;anna@example.org;;03.04.1980", "Jan Lis;jan@example.org;;05.06.1981")
    _, plan = show(data, PEOPLE, "ludzie.csv")
    assert [question.code for question in plan.questions] == ["date_order"]
    bring(data, Answers(kind="people", date_order="dmy"), "ludzie.csv")
    assert read_births() == [("Anna Nowak", date(1980, 4, 3)), ("Jan Lis", date(1981, 6, 5))]


def test_father_and_son_stay_two(database: Flask) -> None:
    """One name at one address with two dates of birth is two people, in the file and against the base."""
    home = "ul. Długa 4, 00-241 Warszawa"
    bring(make_file(f"Jan Lis;;{home};13.04.1950", f"Jan Lis;;{home};25.12.1980"), PEOPLE, "a.csv")
    assert read_births() == [("Jan Lis", date(1950, 4, 13)), ("Jan Lis", date(1980, 12, 25))]
    bring(make_file("Anna Lis;lis@example.org;;13.04.1950"), PEOPLE, "b.csv")
    bring(make_file("Anna Lis;lis@example.org;;14.04.1976"), PEOPLE, "c.csv")
    assert [name for name, _ in read_births()].count("Anna Lis") == 2


def test_birth_is_filled_in_once(database: Flask) -> None:
    """A later file fills in what is empty, of a person; what is there stays."""
    bring(make_file("Anna Lis;lis@example.org;;", "Ala sp. z o.o.;ala@example.org;;"), PEOPLE, "a.csv")
    anna = "Anna Lis;lis@example.org;;13.04.1950"
    data = make_file(anna, "Ala sp. z o.o.;ala@example.org;;13.04.1990")
    bring(data, PEOPLE, "b.csv")
    assert read_births() == [("Anna Lis", date(1950, 4, 13)), ("Ala sp. z o.o.", None)]
    _, plan = show(make_file(anna), PEOPLE, "c.csv")
    assert plan.figures["counts"]["known"] == 1


@pytest.mark.parametrize("number", ["44051401458", "4405140145"])
def test_national_id_tells_no_birth(database: Flask, number: str) -> None:
    """A PESEL holds a day of birth, and nobody said that it may be kept."""
    data = f"Imię i nazwisko;E-mail;PESEL\r\nAnna Nowak;anna@example.org;{number}\r\n".encode()
    bring(data, PEOPLE, "a.csv")
    assert read_births() == [("Anna Nowak", None)]
