"""Whole tables of invented organisations: what every row becomes, and what is asked."""

from __future__ import annotations

from datetime import date

import pytest

from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.field_words import find_field
from donorhub.domain.moving.plan_rows import Plan
from donorhub.domain.moving.totals import SheetTotal, YearTotal, sum_sheets, sum_years
from tests import record_books
from tests.domain.moving.tables import plan_file, read_file, understand

PLN = Answers(currency="PLN", month_day="first")


def tell_rows(plan: Plan) -> list[tuple[object, ...]]:
    """Return what comes of each row, shortly."""
    return [
        (row.record.number, row.state, row.reason, row.gift.amount.minor if row.gift else None)
        for row in plan.rows
    ]


def test_polish_years() -> None:
    """Every gift, donor and refusal of a workbook with a sheet a year, as counted by hand."""
    plan = plan_file(record_books.make_polish_years(), Answers(currency="PLN"))
    assert tell_rows(plan) == [
        (5, "made", "", 5000),
        (6, "made", "", 123450),
        (7, "made", "", 10000),
        (5, "made", "", 5000),
        (6, "made", "", 5000),
        (7, "made", "", 20000),
        (8, "held", "unreadable_date", None),
    ]
    people = [(donor.group.person.name, donor.group.row_count) for donor in plan.donors]
    assert people == [("Anna Kowalska", 3), ("Piotr Zieliński", 1), ("Fundacja Promyk", 1), ("Ewa Mazur", 1)]
    anna, _, promyk, ewa = (donor.group.person for donor in plan.donors)
    assert (anna.phone, anna.street, anna.postcode, anna.city) == (
        "+48 501234567",
        "ul. Lipowa 3",
        "00-123",
        "Warszawa",
    )
    assert (promyk.kind, ewa.opt_out, ewa.phone) == ("organisation", "no_contact", "")
    assert plan.rows[5].record.refused_cells == (("phone", "lost_digits"),)
    assert [row.record.gift.received_on for row in plan.rows if row.record.gift] == [
        date(2023, 3, 12),
        date(2023, 5, 2),
        date(2023, 3, 12),
        date(2024, 3, 12),
        date(2024, 12, 25),
        date(2024, 4, 13),
    ]


def test_control_totals() -> None:
    """The sums of each sheet stand beside the file's Razem, and the held row makes the difference."""
    answers = Answers(currency="PLN")
    table, writing = understand(record_books.make_polish_years(), answers)
    plan = plan_file(record_books.make_polish_years(), answers)
    assert sum_sheets(plan, table, writing) == (
        SheetTotal("2023", "PLN", 3, 138450, 138450, ()),
        SheetTotal("2024", "PLN", 3, 30000, 33000, (8,)),
    )
    assert sum_years(plan) == (
        YearTotal("2023", 2023, "PLN", 3, 138450, 0, 0),
        YearTotal("2024", 2024, "PLN", 3, 30000, 0, 0),
    )


def test_polish_text() -> None:
    """Two equal gifts of a day stay two; funds nobody knows are asked about."""
    plan = plan_file(record_books.make_polish_text(), PLN)
    assert tell_rows(plan) == [(2, "made", "", 4000), (3, "made", "", 4000), (4, "made", "", 105000)]
    assert [donor.group.person.name for donor in plan.donors] == ["Łucja Żak", "Władysław Śliwa"]
    assert plan.donors[0].group.person.note == "druga wpłata tego dnia"
    assert plan.unknown_funds == ("Dzieci", "Psy")
    assert len({row.source_ref for row in plan.rows}) == 3


def test_albanian_text() -> None:
    """Lek in a name, day before month, an e-mail that joins two gifts, a no."""
    plan = plan_file(record_books.make_albanian_text(), Answers())
    assert tell_rows(plan) == [(2, "made", "", 200000), (3, "made", "", 150000), (4, "made", "", 200000)]
    assert {row.record.gift.amount.currency for row in plan.rows if row.record.gift} == {"ALL"}
    assert [(donor.group.person.name, donor.group.person.opt_out) for donor in plan.donors] == [
        ("Agim Krasniqi", ""),
        ("Arta Hoxha", "no_contact"),
    ]


def test_english_book() -> None:
    """Their ids join rows; currencies of a column are never added."""
    records = read_file(record_books.make_english_book(), Answers())
    assert [(record.person.ref, record.gift.amount.currency) for record in records if record.gift] == [
        ("1042", "GBP"),
        ("1043", "EUR"),
        ("1042", "GBP"),
    ]
    assert [record.gift.method for record in records if record.gift] == ["card", "transfer", "card"]


def ask(text: str, answers: Answers | None = None) -> list[tuple[object, ...]]:
    """Return what a text file asks: code, choices and how many cells speak for each."""
    _, writing = understand(text.encode(), answers or Answers(currency="PLN"))
    return [(question.code, question.choices, question.counts) for question in writing.questions]


def test_a_row_number_is_no_amount() -> None:
    """A column that counts is no money, whatever it is called; then there is no amount, and that is asked."""
    text = "Kwota;Darczyńca;Data\n1;Anna Lis;13.02.2024\n2;Jan Lis;14.02.2024\n3;Ida Lis;15.02.2024\n"
    assert ask(text) == [("amount_column", (), ())]


def test_two_amounts_are_a_question() -> None:
    """Of two columns that could be the amount none is taken."""
    text = "Darczyńca;Data;Kwota;Suma\nAnna Lis;13.02.2024;50;70\nJan Lis;14.02.2024;60;50\n"
    assert ask(text) == [("amount_column", ("2", "3"), ())]
    assert ask(text, Answers(currency="PLN", columns={"2": "amount", "3": "left_out"})) == []


def test_days_that_read_two_ways_are_asked() -> None:
    """No day above 12: the order is asked, never guessed."""
    text = "Darczyńca;Data;Kwota\nAnna Lis;03/02/2024;50\nJan Lis;04/02/2024;60\n"
    assert ask(text) == [("date_order", ("dmy", "mdy"), ())]


def test_a_column_that_contradicts_itself_waits() -> None:
    """Half day-month, half month-day: the counts and the cells that do not fit are shown."""
    text = "Darczyńca;Data;Kwota\nA Lis;13/02/2024;5\nB Lis;02/14/2024;6\nC Lis;15/02/2024;6\n"
    _, writing = understand(text.encode(), Answers(currency="PLN"))
    (question,) = writing.questions
    assert (question.code, question.counts, question.examples) == (
        "date_contradicts",
        (2, 1),
        ("02/14/2024",),
    )
    plan = plan_file(text.encode(), Answers(currency="PLN", date_order="dmy"))
    assert [row.reason for row in plan.rows] == ["", "unreadable_date", ""]


def test_thousands_or_decimals_are_asked() -> None:
    """1,234 is read by nobody's guess."""
    text = "Name;Date;Amount\nAnna Lis;2024-02-01;1,234\nJan Lis;2024-02-02;50\n"
    assert ask(text) == [("decimal", (",", "."), ())]


def test_no_currency_is_assumed() -> None:
    """Amounts without a unit ask for their currency."""
    text = "Name;Date;Amount\nAnna Lis;2024-02-01;10\nJan Lis;2024-02-02;50\n"
    assert ask(text, Answers()) == [("currency", (), ())]
    assert ask(text.replace("Amount", "Amount EUR"), Answers()) == []


def test_two_people_in_a_cell_are_asked_once() -> None:
    """A pair is two donors or one as a person says, and the gift is the first one's."""
    text = "Darczyńca;Data;Kwota\nAnna i Jan Kowalscy;2024-02-01;10\nEwa Lis;2024-02-02;50\n"
    assert ask(text) == [("pairs", ("two", "one"), (1,))]
    one = plan_file(text.encode(), Answers(currency="PLN", pairs="one"))
    assert [(donor.group.person.name, donor.group.person.kind) for donor in one.donors] == [
        ("Anna i Jan Kowalscy", "household"),
        ("Ewa Lis", "person"),
    ]
    two = plan_file(text.encode(), Answers(currency="PLN", pairs="two"))
    assert [(donor.group.person.name, donor.is_used) for donor in two.donors] == [
        ("Anna Kowalska", True),
        ("Jan Kowalski", True),
        ("Ewa Lis", True),
    ]
    assert [(row.group, row.companions) for row in two.rows] == [(0, (1,)), (2, ())]


NAMES_ALONE = "Darczyńca;Data;Kwota\nAnna Lis;2024-02-01;10\nAnna Lis;2024-03-01;10\n"


def test_a_name_alone_never_joins() -> None:
    """Two rows of one name are two donors until a person says otherwise."""
    assert len(plan_file(NAMES_ALONE.encode(), PLN).donors) == 2
    assert len(plan_file(NAMES_ALONE.encode(), Answers(currency="PLN", same_name="one")).donors) == 1


def test_one_mailbox_of_two_people_is_two_donors() -> None:
    """A couple's mailbox joins nobody of another name; another spelling of the name is the same person."""
    text = "Name;Email\nAnna Lis;dom@example.org\nJan Lis;dom@example.org\nLIS ANNA;DOM@example.org\n"
    plan = plan_file(text.encode(), Answers())
    assert [donor.group.row_count for donor in plan.donors] == [2, 1]
    assert [(row.state, row.reason) for row in plan.rows] == [
        ("made", ""),
        ("made", ""),
        ("joined", "same_person"),
    ]


def test_money_that_never_came_is_left_out() -> None:
    """Only received money is a gift; an unknown status holds its row."""
    text = (
        "Name;Date;Amount;Status\nA Lis;2024-02-01;10;Completed\nB Lis;2024-02-02;50;Oczekująca\n"
        "C Lis;2024-02-03;20;Refunded\nD Lis;2024-02-04;30;Dziwny\n"
    )
    plan = plan_file(text.encode(), PLN)
    assert [(row.state, row.reason) for row in plan.rows] == [
        ("made", ""),
        ("left_out", "not_received"),
        ("left_out", "taken_back"),
        ("held", "unclear_status"),
    ]


def test_a_sum_without_a_label_is_no_row() -> None:
    """An amount alone that is the sum of all above is the file's own sum."""
    text = "Name;Date;Amount\nA Lis;2024-02-01;10\nB Lis;2024-02-02;50\n;;60\n"
    plan = plan_file(text.encode(), PLN)
    assert [row.is_total for row in plan.rows] == [False, False, True]
    assert sum(plan.count_states().values()) == 2


def test_a_mended_and_a_left_out_row() -> None:
    """A cell that a person wrote counts, and a row left out stays out."""
    text = "Name;Date;Amount\nA Lis;lutego;10\nB Lis;2024-02-02;50\n"
    answers = Answers.from_dict(
        {"currency": "PLN", "rows": {"!2": {"cells": {"1": "2024-02-01"}}, "!3": {"is_left_out": True}}}
    )
    assert tell_rows(plan_file(text.encode(), answers)) == [
        (2, "made", "", 1000),
        (3, "left_out", "by_person", None),
    ]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Lp.", "row_no"),
        ("Imię i nazwisko", "full_name"),
        ("Kush", "full_name"),
        ("Imię i nazwisko / firma", "full_name"),
        ("Tel. kontaktowy", "phone"),
        ("Tytuł operacji", "title"),
        ("Kwota (zł)", "amount"),
        ("Shuma (lekë)", "amount"),
        ("Data wpłaty", "received_on"),
        ("Wpłata / Data", "received_on"),
        ("Contact1_Firstname__c", "given_name"),
        ("Spendenbetrag", "amount"),
        ("Nr konta", "account"),
        ("Zgoda na kontakt", "consent"),
        ("Do Not Email", "no_email"),
        ("Kolor oczu", None),
    ],
)
def test_names_of_columns_tell_fields(name: str, field: str | None) -> None:
    """Names are known in four languages, of one line or two."""
    assert find_field(name) == field
