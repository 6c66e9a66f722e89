"""Columns as offices keep them: a year beside a month, mail and phone in one, signs of currencies, nobody."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import ContactPoint, Donor, Gift
from tests.record_books import write_book
from tests.services.moving.counted import Book, bring_as_counted
from tests.services.moving.records import bring, show

MONTHS = [
    ("Darczyńca", "Rok", "Miesiąc", "Kwota zł"),
    ("Anna Kowalska", 2024, 3, 50),
    ("Anna Kowalska", 2024, "kwiecień", 50),
    ("Jan Lis", 2023, "XII", 70),
    ("Ewa Sowa", 2024, None, 10),
    ("Ewa Sowa", 2024, 13, 11),
]


def list_days() -> list[date]:
    return list(db.session.scalars(select(Gift.received_on).order_by(Gift.received_on)))


def test_year_beside_month_is_that_month(database: Flask) -> None:
    """Only the day that a month stands for is asked; what names no month is held."""
    answers = Answers(same_name="one", month_day="last")
    bring_as_counted(
        Book(
            write_book({"wpłaty": MONTHS}),
            ("month_day",),
            answers,
            ("Anna Kowalska", "Jan Lis"),
            {"PLN": (3, 17000)},
            days=(date(2023, 12, 31), date(2024, 3, 31), date(2024, 4, 30)),
            held={"no_date": 1, "unreadable_date": 1},
        )
    )
    bring(write_book({"wpłaty": [*MONTHS, ("Jan Lis", 2024, "I", 75)]}), answers)
    assert list_days() == [date(2023, 12, 31), date(2024, 1, 31), date(2024, 3, 31), date(2024, 4, 30)]


def test_columns_of_a_month_say_so(database: Flask) -> None:
    """Year and month are shown as parts of the day, the first time and where the file is longer."""
    answers = Answers(same_name="one", month_day="last")
    for rows in (MONTHS, [*MONTHS, ("Jan Lis", 2024, "I", 75)]):
        file = bring(write_book({"wpłaty": rows}), answers)
        grounds = [column["ground"] for column in file.summaries[0]["columns"]]
        assert grounds == ["name", "of_month", "of_month", "name", "periods"]
        assert set(file.layout["columns"]) == {"0", "3"}  # what the next file with these columns is read by
    moved = Answers(same_name="one", month_day="last", columns={"1": "note"})
    _, plan = show(write_book({"2024": MONTHS}), moved, "x.xlsx")
    assert plan.writing.guesses[1].field == "note"


def test_money_of_a_currency_that_ended(database: Flask) -> None:
    """An amount in a currency that was no more on its day is held; one of before comes."""
    rows = [
        ("Donor", "Date", "Amount", "Currency"),
        ("Anna Smith", "2000-03-12", 50, "DEM"),
        ("Peter Smith", "2024-03-12", 60, "DEM"),
        ("Eva Smith", "2024-03-13", 70, "EUR"),
    ]
    _, plan = show(write_book({"gifts": rows}), Answers())
    assert [row.reason for row in plan.plan.rows] == ["", "currency_ended", ""]


def test_month_is_of_the_year_of_its_sheet(database: Flask) -> None:
    rows = [("Emri", "Muaji", "Shuma €"), ("Agim Krasniqi", "mars", 50), ("Arta Hoxha", 12, "60,50")]
    bring(write_book({"2022": rows, "2023": rows}), Answers(same_name="one", month_day="last"))
    assert list_days() == [date(2022, 3, 31), date(2022, 12, 31), date(2023, 3, 31), date(2023, 12, 31)]


def test_day_counts_more_than_month_beside_it(database: Flask) -> None:
    rows = [("Donor", "Year", "Month", "Date", "Amount EUR"), ("Anna Smith", 2024, 3, "2024-03-12", 50)]
    bring(write_book({"gifts": rows}), Answers())
    assert list_days() == [date(2024, 3, 12)]


def test_month_of_people_alone_is_nothing(database: Flask) -> None:
    """A list of members with the month in which they joined asks for no amount."""
    rows = [("Imię i nazwisko", "E-mail", "Rok", "Miesiąc"), ("Anna Lis", "anna@example.org", 2024, 3)]
    bring(write_book({"członkowie": rows}), Answers())
    assert [donor.name for donor in db.session.query(Donor)] == ["Anna Lis"]
    assert list_days() == []


@pytest.mark.parametrize(
    ("cell", "email", "phones"),
    [
        ("anna@x.example, 601 222 333", "anna@x.example", ["+48 601222333"]),
        ("601222333 / anna@x.example", "anna@x.example", ["+48 601222333"]),
        ("tel. 601 222 333, mail: anna@x.example", "anna@x.example", ["+48 601222333"]),
        ("anna@x.example 22 555 66 77", "anna@x.example", ["+48 225556677"]),
        ("601 222 333; 602 333 444", "", ["+48 601222333", "+48 602333444"]),
        ("anna@x.example", "anna@x.example", []),
        ("przez sekretariat", "", []),
    ],
)
def test_contact_cell_holds_mail_and_phone(database: Flask, cell: str, email: str, phones: list[str]) -> None:
    rows = [
        ("Darczyńca", "Kontakt", "Data", "Kwota zł"),
        ("Anna Kowalska", cell, "2024-03-12", 50),
        ("Jan Lis", "jan@x.example", "2024-03-13", 50),
    ]
    bring(write_book({"2024": rows}), Answers())
    anna = db.session.scalars(select(Donor).filter_by(name="Anna Kowalska")).one()
    assert anna.email == email
    phone_query = (
        select(ContactPoint.value).filter_by(donor_id=anna.id, kind="phone").order_by(ContactPoint.id)
    )
    assert list(db.session.scalars(phone_query)) == phones


def test_words_beside_no_contact_are_told(database: Flask) -> None:
    """What is neither an e-mail nor a phone is refused with its reason, and the row goes on."""
    rows = [
        ("Darczyńca", "Kontakt", "Data", "Kwota zł"),
        ("Anna Kowalska", "anna@x.example lub przez Jana", "2024-03-12", 50),
        ("Jan Lis", "jan@x.example", "2024-03-13", 50),
    ]
    _, plan = show(write_book({"2024": rows}), Answers())
    row = plan.plan.rows[0]
    assert (row.state, row.record.refused_cells) == ("made", (("contact", "unreadable_email"),))


@pytest.mark.parametrize(
    ("name", "currency"), [("Amount £", "GBP"), ("Amount (€)", "EUR"), ("$ given", "USD")]
)
def test_sign_in_a_name_is_its_currency(database: Flask, name: str, currency: str) -> None:
    rows = [("Donor", "Date", name), ("Anna Smith", "2024-03-12", "50.25"), ("John Fox", "2024-03-13", "20")]
    bring(write_book({"gifts": rows}), Answers(columns={"2": "amount"}))
    gifts = db.session.execute(select(Gift.amount_minor, Gift.currency).order_by(Gift.id)).all()
    assert list(gifts) == [(5025, currency), (2000, currency)]


@pytest.mark.parametrize(
    "name",
    ["N.N.", "p. anonim", "X", "Anonimowa darczyni", "anonymous gift", "Dhurues i panjohur", "brak danych"],
)
def test_nobody_is_no_donor(database: Flask, name: str) -> None:
    """Money of whom nobody knows is held until somebody says whose it is; it makes no donor of that name."""
    rows = [
        ("Darczyńca", "Data", "Kwota zł"),
        (name, "13.03.2024", 20),
        (name, "14.03.2024", 30),
        ("Anna Kowalska", "15.03.2024", 50),
    ]
    answers = Answers(same_name="one")
    bring_as_counted(
        Book(
            write_book({"2024": rows}),
            (),
            answers,
            ("Anna Kowalska",),
            {"PLN": (1, 5000)},
            held={"no_name": 2},
        )
    )


def test_nobody_in_columns_of_two_names(database: Flask) -> None:
    """Nobody's name is none in columns of its parts either."""
    rows = [
        ("Imię", "Nazwisko", "Data", "Kwota zł"),
        ("anonim", "", "2024-03-13", 20),
        ("", "N.N.", "2024-03-14", 30),
        ("Anonimowy", "Darczyńca", "2024-03-15", 40),
        ("Ola", "Bąk", "2024-03-16", 50),
    ]
    _, plan = show(write_book({"2024": rows}), Answers(same_name="one"))
    assert [row.reason for row in plan.plan.rows[:3]] == ["no_name"] * 3
    assert [row.record.person.name for row in plan.plan.rows if row.state == "made"] == ["Ola Bąk"]


def test_nobody_in_a_column_of_companies(database: Flask) -> None:
    """Nobody's name is none in a column of companies, of households, or of a second person either."""
    rows = [
        ("Nazwa firmy", "Data", "Kwota zł"),
        ("Anonimowy darczyńca", "2024-03-13", 20),
        ("Anonim sp. z o.o.", "2024-03-14", 30),
    ]
    _, plan = show(write_book({"2024": rows}), Answers())
    assert [(row.state, row.reason) for row in plan.plan.rows] == [("held", "no_name"), ("made", "")]
    table = (
        "Contact1_Firstname__c,Contact1_Lastname__c,Contact2_Firstname__c,Contact2_Lastname__c,Account1_Name__c,"
        "Donation_Amount__c,Donation_Date__c,CurrencyIsoCode\n"
        "Ann,Miller,Anonymous,Donor,Unknown,25.00,2024-05-01,USD\n"
    )
    _, plan = show(table.encode(), Answers(), "npsp.csv")
    assert [donor.group.person.name for donor in plan.plan.donors] == ["Ann Miller"]


def test_albanian_name_and_english_role(database: Flask) -> None:
    _, plan = show(
        write_book(
            {"1": [("Emri e mbiemri", "Role", "Shuma €", "Data"), ("Valon Sopi", "", 20, "2024-03-13")]}
        )
    )
    assert [guess.field for guess in plan.writing.guesses][:2] == ["full_name", "position"]
