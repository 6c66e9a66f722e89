"""Tables of offices that nobody here has seen: cash books, membership lists, guests; each counted by hand,
with a longer second file and the bank's file of the same days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Entry, Gift
from tests.record_books import write_book
from tests.services.bank.bank import ANNA, Paid, camt, match, open_account, send
from tests.services.moving.counted import ROWS, Book, bring_as_counted
from tests.services.moving.records import bring, show
from tests.services.moving.test_two_doors import join_all

CASH: ROWS = [
    ("RAPORT KASOWY",),
    ("Lp.", "Data", "Od kogo / komu", "Treść", "Przychód", "Rozchód", "Saldo", "Nr konta"),
    (1, "05.01.2024", "Anna Kowalska", "darowizna", "50,00 zł", "", "170,00", ANNA),
    (2, "13.01.2024", "Sklep Papierniczy", "papier", "", "35,20", "134,80", ""),
    (3, "25.02.2024", "p. Ewa Mak", "dar", "30 zł", "", "164,80", ""),
    (4, "26.02.2024", "wpłatomat", "dar", "5 zł", "", "169,80", ""),
]
BRITISH = """Donor Ref,Title,Forename,Surname,Town,Date received,Donation (£),Payment method
D001,Mrs,Anne,O'Neill,Leeds,25/12/2023,"£1,250.00",CAF cheque
D002,Dr,Peter,Smith-Jones,York,03/01/2024,£20,BACS
D003,,The Rotary Club of Leeds,,Leeds,14/01/2024,£500.00,S/O
D004,Mr & Mrs,John & Mary,Brown,Leeds,29/02/2024,£40.00,DD
D002,Dr,Peter,Smith-Jones,York,05/03/2024,(£20.00),Cash
"""


def list_gifts() -> list[tuple[str, str, int, str]]:
    """Return of each gift whose it is, what they are, its minor units and its method."""
    query = select(Donor.name, Donor.kind, Gift.amount_minor, Gift.method).join(
        Gift, Gift.donor_id == Donor.id
    )
    return [
        (name, kind, minor, how) for name, kind, minor, how in db.session.execute(query.order_by(Gift.id))
    ]


def list_reasons(rows: Sequence[Sequence[object]], answers: Answers) -> Counter[tuple[str, str]]:
    _, plan = show(write_book({"2024": rows}), answers)
    return Counter((row.state, row.reason) for row in plan.plan.rows)


def test_cash_book_has_money_both_ways(database: Flask) -> None:
    """Money that left is left out, a balance is no amount, a machine is nobody; a longer file adds its row
    alone, and the bank's entry is the gift that is here."""
    bring_as_counted(
        Book(
            write_book({"Kasa": CASH}),
            (),
            Answers(),
            ("Anna Kowalska", "Ewa Mak"),
            {"PLN": (2, 8000)},
            held={"no_name": 1},
        )
    )
    longer = [*CASH, (5, "01.03.2024", "Jan Lis", "dar", "100 zł", "", "269,80", "")]
    assert list_reasons(longer, Answers()) == {
        ("known", "imported_before"): 2,
        ("left_out", "money_out"): 1,
        ("held", "no_name"): 1,
        ("made", ""): 1,
    }
    bring(write_book({"Kasa": longer}), Answers())
    open_account("auto")
    send(camt([Paid(date(2024, 1, 5), 5000, ref="R1")]))
    match()
    assert join_all() == 1
    assert db.session.scalars(select(Entry.state)).all() == ["matched"]
    assert [minor for _, _, minor, _ in list_gifts()] == [5000, 3000, 10000]


def test_british_list_of_donors(database: Flask) -> None:
    """A reference is no name and a form of address no text of a gift; a club is none's given name, and two in
    a cell are asked; money in brackets left."""
    answers = Answers(pairs="two")
    _, plan = show(BRITISH.encode(), Answers(), "ledger.csv")
    assert [question.code for question in plan.questions] == ["pairs"]
    _, plan = show(BRITISH.encode(), answers, "ledger.csv")
    assert [row.reason for row in plan.plan.rows if row.state == "held"] == ["negative_amount"]
    bring(BRITISH.encode(), answers, "ledger.csv")
    assert list_gifts() == [
        ("Anne O'Neill", "person", 125000, "cheque"),
        ("Peter Smith-Jones", "person", 2000, "transfer"),
        ("The Rotary Club of Leeds", "organisation", 50000, "standing_order"),
        ("John Brown", "person", 4000, "direct_debit"),
    ]
    assert not any(db.session.scalars(select(Gift.note)))
    _, plan = show(BRITISH.encode() + b"D001,Mrs,Anne,O'Neill,Hull,25/03/2024,1.00,Cash\n", answers, "b.csv")
    assert (plan.figures["gifts"], plan.figures["new_donors"]) == (1, 0)


def test_families_and_companies_in_two_columns(database: Flask) -> None:
    """Familja and Kompania in a column of given names are no given names; two phones are split by no stroke
    that stands within a number."""
    rows: ROWS = [
        ("Emri", "Mbiemri", "Kontakti", "Data", "Shuma (Lekë)"),
        ("Arben", "Hoxha", "049/222-333", "13.05.2024", "5.000"),
        ("Familja", "Dervishi", "", "16.05.2024", "2.500,00"),
        ("Kompania", "Alba shpk", "", "20.05.2024", 20000),
        ("kesh", "", "", "21.05.2024", 100),
    ]
    bring(write_book({"Fletë1": rows}), Answers())
    assert [gift[:3] for gift in list_gifts()] == [
        ("Arben Hoxha", "person", 500000),
        ("Familja Dervishi", "household", 250000),
        ("Kompania Alba shpk", "organisation", 2000000),
    ]
    assert db.session.scalars(select(Donor.phone).order_by(Donor.id)).first() == "049/222-333"


def test_guests_have_names(database: Flask) -> None:
    """A column of names is one whatever it is called; the e-mail beside it is not taken for the name."""
    rows: ROWS = [
        ("Spring Ball", "E-mail", "Extra donation £", "Paid on"),
        ("Anna Smith", "anna@example.org", 20, "2024-04-13"),
        ("Peter Baker", "peter@example.org", 40, "2024-04-14"),
    ]
    bring(write_book({"Sheet1": rows}), Answers())
    assert [gift[0] for gift in list_gifts()] == ["Anna Smith", "Peter Baker"]


def test_whom_money_went_to_gave_nothing(database: Flask) -> None:
    """A column of the beneficiary names no giver, whatever it is called; the sender beside it does."""
    for ours, sender in (("Përfituesi", "Dërguesi"), ("Dla kogo", "Zleceniodawca przelewu")):
        rows: ROWS = [
            (ours, sender, "Data", "Shuma EUR"),
            ("Shoqata Drita", "AGIM KRASNIQI", "2024-01-02", 100),
            ("Shoqata Drita", "ARTA GASHI", "2024-01-09", "1.200,50"),
        ]
        _, plan = show(write_book({ours: rows}), Answers())
        names = [row.record.person.name for row in plan.plan.rows]
        assert names == ["Agim Krasniqi", "Arta Gashi"]


def test_sheet_of_a_school_year(database: Flask) -> None:
    """2023-24 is September 2023 to August 2024, without a question for the year."""
    rows: ROWS = [
        ("Rodzic wpłacający", "e-mail", "IX", "XII", "I zł"),
        ("Anna Kowalska", "anna@example.org", 20, 20, 25),
        ("rodzice", "", 5, "", ""),
    ]
    answers = Answers(month_day="last")
    _, plan = show(write_book({"2023-24": rows}), answers)
    assert plan.questions == ()
    bring(write_book({"2023-24": rows}), answers)
    days = [date(2023, 9, 30), date(2023, 12, 31), date(2024, 1, 31)]
    assert db.session.scalars(select(Gift.received_on).order_by(Gift.received_on)).all() == days
