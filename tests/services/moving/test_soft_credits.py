"""Who is recognised for gifts of others comes with a file: the right donor, in no sum, once."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Gift, SoftCredit
from donorhub.services.moving import record_undo
from donorhub.services.reports import invariants
from tests.services.moving.records import ME, bring, count, show

HEADERS = {
    "en": (
        "Contact ID,Display Name,Contribution ID,Total Amount,Date Received,Currency,Contribution Status,"
        "Contribution OR Soft Credit?,Soft Credit Amount"
    ),
    "pl": (
        "ID kontaktu,Wyświetlana nazwa,ID wpłaty,Kwota całkowita,Data wpłaty,Waluta,Status wpłaty,"
        "Contribution OR Soft Credit?,Soft Credit Amount"
    ),
    "de": (
        "Kontakt-ID,Anzeigename,Zuwendungs-ID,Gesamtbetrag,Zuwendungsdatum,Währung,Zuwendungsstatus,"
        "Contribution OR Soft Credit?,Soft Credit Amount"
    ),
}
DONE = {"en": "Completed", "pl": "Zakończona", "de": "Abgeschlossen"}
OPEN = {"en": "Pending", "pl": "Oczekująca", "de": "Ausstehend"}
BACK = {"en": "Refunded", "pl": "Zwrócona", "de": "Rückerstattet"}


def make_contributions(lang: str) -> bytes:
    """A firm's gift credited to two people, one of them in part; one credit of money that never came."""
    done = DONE[lang]
    lines = [
        HEADERS[lang],
        f"1,Sowa sp. z o.o.,101,500.00,2024-02-01,PLN,{done},Contribution,",
        f"2,Anna Lis,101,500.00,2024-02-01,PLN,{done},Soft Credit,200.00",
        f"3,Jan Wilk,101,500.00,2024-02-01,PLN,{done},Soft Credit,",
        f"2,Anna Lis,102,50.00,2024-02-02,EUR,{done},Contribution,",
        f"3,Jan Wilk,103,70.00,2024-02-03,PLN,{OPEN[lang]},Contribution,",
        f"2,Anna Lis,103,70.00,2024-02-03,PLN,{OPEN[lang]},Soft Credit,",
        f"3,Jan Wilk,104,90.00,2024-02-04,PLN,{BACK[lang]},Contribution,",
    ]
    return "\n".join(lines).encode()


def read_credits() -> list[tuple[str, str, int]]:
    """Return who is recognised for whose gift, with how much of it."""
    giver = select(Gift.id, Donor.name.label("name")).join(Donor, Donor.id == Gift.donor_id).subquery()
    query = (
        select(Donor.name, giver.c.name, SoftCredit.amount_minor)
        .join(SoftCredit, SoftCredit.donor_id == Donor.id)
        .join(giver, giver.c.id == SoftCredit.gift_id)
        .order_by(SoftCredit.id)
    )
    return [(name, giver_name, minor) for name, giver_name, minor in db.session.execute(query)]


EXPECTED = [("Anna Lis", "Sowa sp. z o.o.", 200_00), ("Jan Wilk", "Sowa sp. z o.o.", 500_00)]


@pytest.mark.parametrize("lang", ["en", "pl", "de"])
def test_civicrm_soft_credits(database: Flask, lang: str) -> None:
    """They go to the right donor, are in no sum, respect statuses, and a second import adds nothing."""
    bring(make_contributions(lang), Answers())
    sums = db.session.execute(
        select(Gift.currency, func.count(Gift.id), func.sum(Gift.amount_minor)).group_by(Gift.currency)
    )
    assert {unit: (number, total) for unit, number, total in sums} == {
        "PLN": (1, 500_00),
        "EUR": (1, 50_00),
    }
    assert count(Donor) == 3
    assert read_credits() == EXPECTED
    _, plan = show(make_contributions(lang) + b"\n", Answers())
    assert not plan.can_be_written
    assert plan.figures["counts"] == {"made": 0, "joined": 0, "known": 4, "held": 0, "left_out": 3}
    assert not any(invariants.check_all(now=clock.now()).values())


def test_credits_of_gifts_that_are_here(database: Flask) -> None:
    """A file of credits alone finds the gifts of an earlier one; again it brings nothing."""
    lines = make_contributions("en").decode().splitlines()
    credits = "\n".join([lines[0], lines[2], lines[3], lines[6]]).encode()
    bring("\n".join([lines[0], lines[1], lines[4]]).encode(), Answers())
    file = bring(credits, Answers())
    assert read_credits() == EXPECTED
    assert count(Gift) == 2
    _, plan = show(credits + b"\n", Answers())
    assert not plan.can_be_written
    view = record_undo.show_taking_back(file.id)
    assert (view.gift_ids, len(view.donor_ids), view.obstacles) == ((), 1, ())
    record_undo.take_back_file(file.id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    assert read_credits() == []
    assert count(Gift) == 2


def test_a_donor_beside_a_gift_is_recognised(database: Flask) -> None:
    """A column of the gift's row names who is recognised; a number that nobody has is no donor."""
    lines = [
        "Name,Date,Amount,Currency,Donor ID,Soft credit to,Soft credit contact ID",
        "Sowa sp. z o.o.,2024-02-01,500,PLN,F1,Anna Lis,P1",
        "Sowa sp. z o.o.,2024-03-01,300,PLN,F1,Anna Lis,P1",
        "Bank Wilk SA,2024-03-02,70,PLN,F2,,P9",
        "Anna Lis,2024-03-03,20,PLN,P1,,",
    ]
    answers = Answers(system="crm")
    bring("\n".join(lines).encode(), answers)
    assert read_credits() == [
        ("Anna Lis", "Sowa sp. z o.o.", 500_00),
        ("Anna Lis", "Sowa sp. z o.o.", 300_00),
    ]
    assert (count(Donor), count(Gift)) == (3, 4)
    _, plan = show("\n".join(lines).encode() + b"\n", answers)
    assert plan.figures["refused_cells"] == {"unknown_credited": 1}
    assert not plan.can_be_written


def test_a_credit_without_its_gift(database: Flask) -> None:
    """Whose gift is neither here nor in the file stays out, and makes nobody."""
    lines = make_contributions("en").decode().splitlines()
    _, plan = show("\n".join([lines[0], lines[2]]).encode(), Answers())
    assert [(row.state, row.reason) for row in plan.plan.rows] == [("left_out", "gift_missing")]
    assert not plan.can_be_written
