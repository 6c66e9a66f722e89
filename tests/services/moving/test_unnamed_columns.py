"""Tables without names of columns are offered by what stands in them, and a person confirms it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from donorhub.domain.moving.answers import Answers
from donorhub.errors import Rejected
from donorhub.services.moving import record_plans
from tests.record_books import write_book
from tests.services.moving.counted import ROWS, Book, bring_as_counted
from tests.services.moving.records import show


def make_polish_list() -> Book:
    """Numbers, names, addresses, phones, mail, days and amounts of an old notebook."""
    rows: ROWS = [
        (
            1,
            "Anna Kowalska",
            "ul. Lipowa 3, 00-123 Warszawa",
            501234567,
            "anna@example.org",
            "12.03.2024",
            "50 zł",
        ),
        (2, "Jan Lis", "Rynek 1, 31-042 Kraków", "602 345 678", None, "13.03.2024", "1 234,50"),
        (3, "Ewa Mazur", None, None, "ewa@example.org", "25.03.2024", "60,-"),
        (None, "Razem", None, None, None, None, 1344.5),
    ]
    return Book(
        write_book({"Arkusz1": rows}),
        ("unnamed", "currency"),
        Answers(unnamed="right", currency="PLN"),
        ("Anna Kowalska", "Ewa Mazur", "Jan Lis"),
        {"PLN": (3, 1344_50)},
        days=(date(2024, 3, 12), date(2024, 3, 13), date(2024, 3, 25)),
    )


def make_albanian_list() -> Book:
    """Given and family names apart, and amounts with their currency."""
    lines = [
        "Agim;Krasniqi;044 123 456;12.03.2024;2.000,00 lekë",
        "Arta;Hoxha;069 20 34 567;25.03.2024;500,00 lekë",
        "Besnik;Çela;;26.03.2024;1.500,50 lekë",
    ]
    return Book(
        "\r\n".join(lines).encode(),
        ("unnamed",),
        Answers(unnamed="right", phone_country="AL", same_name="one"),
        ("Agim Krasniqi", "Arta Hoxha", "Besnik Çela"),
        {"ALL": (3, 4000_50)},
    )


def make_mailing_list() -> Book:
    """E-mail addresses, one a line."""
    content = write_book({"List": [("mary@example.org",), ("peter@example.org",), ("zoe@example.org",)]})
    donors = ("mary@example.org", "peter@example.org", "zoe@example.org")
    return Book(content, ("unnamed",), Answers(unnamed="right"), donors, {})


@pytest.mark.parametrize("make", [make_polish_list, make_albanian_list, make_mailing_list])
def test_unnamed_columns_come_as_counted(database: Flask, make: Callable[[], Book]) -> None:
    """What each column holds is offered; confirmed, each gift and donor is right, and no row is lost."""
    bring_as_counted(make())


def test_two_amounts_without_names_are_asked(database: Flask) -> None:
    """Two columns that could be the amount are a question here too, and a person's word decides."""
    rows: ROWS = [("Anna Kowalska", "12.03.2024", 50, 7), ("Jan Lis", "13.03.2024", 60, 5)]
    content = write_book({"x": rows})
    _, plan = show(content, Answers(unnamed="right", currency="PLN"))
    assert [question.code for question in plan.questions] == ["amount_column"]
    _, plan = show(content, Answers(unnamed="right", currency="PLN", columns={"2": "amount"}))
    assert plan.figures["sums"] == {"PLN": 110_00}


def test_one_table_is_not_read_as_the_last(database: Flask) -> None:
    """What was said of one table without names says nothing of the next."""
    first = record_plans.read_bytes(make_polish_list().content, "x")
    assert record_plans.find_earlier_answers(first) is None
    assert (first.has_names, first.header[:3]) == (False, ("A", "B", "C"))


@pytest.mark.parametrize(
    "text",
    [
        "Drodzy Przyjaciele, przesyłamy sprawozdanie z działalności fundacji za ubiegły rok.\nZ poważaniem\n",
        "jeden\ndwa\ntrzy\n",
    ],
)
def test_a_letter_is_no_table(text: str) -> None:
    """A text that is no list is refused as before."""
    with pytest.raises(Rejected):
        record_plans.read_bytes(text.encode(), "list.txt")
