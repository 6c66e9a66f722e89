"""Gifts on pages: recorded once however often the form is sent, taken out with a reason."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Correction, Designation, Fund, Gift, Task
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, key_in, rows

FORM = {"amount": "50,00", "currency": "PLN", "received_on": "2026-11-20", "method": "cash", "thank": "1"}


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "fundraiser")


def fill_form(staff: Staff, donor_id: int, **fields: str) -> dict[str, str]:
    key = key_in(staff.get(f"/gifts/new?donor={donor_id}").text)
    return {**FORM, "donor_id": str(donor_id), "key": key, **fields}


@pytest.mark.parametrize(
    ("written", "minor"),
    [("50,00", 5000), ("50.00", 5000), ("50", 5000), ("1 234,56", 123456), ("1,234.56", 123456)],
)
def test_an_amount_is_read_as_people_write_it(staff: Staff, written: str, minor: int) -> None:
    answer = staff.post("/gifts/new", **fill_form(staff, add_donor().id, amount=written))
    assert answer.status_code == 302
    gift = db.session.scalars(select(Gift)).one()
    assert (gift.amount_minor, gift.currency, gift.received_on) == (minor, "PLN", date(2026, 11, 20))


def test_gift_plans_its_thanks(staff: Staff) -> None:
    """A gift goes to its fund, and its thank-you is planned."""
    fund_id = db.session.scalars(select(Fund.id)).one()
    answer = staff.post(
        "/gifts/new", **fill_form(staff, add_donor().id, fund_id=str(fund_id), note="at the fair")
    )
    shown = staff.text(answer.headers["Location"])
    assert "General" in shown and "at the fair" in shown and "PLN 50.00" in shown
    assert db.session.scalars(select(Designation)).one().amount_minor == 5000
    assert db.session.scalars(select(Task).filter_by(kind="thank_you")).one().state == "planned"


def test_without_the_tick_nobody_is_thanked(staff: Staff) -> None:
    staff.post("/gifts/new", **fill_form(staff, add_donor().id, thank=""))
    assert db.session.scalar(select(Task).filter_by(kind="thank_you")) is None


def test_a_form_sent_twice_records_one_gift(staff: Staff) -> None:
    fields = fill_form(staff, add_donor().id)
    first = staff.post("/gifts/new", **fields)
    before = rows()
    second = staff.post("/gifts/new", **fields)
    assert first.headers["Location"] == second.headers["Location"]
    assert "recorded already" in staff.text(second.headers["Location"])
    assert rows() == before


def test_the_same_form_with_another_amount_is_refused(staff: Staff) -> None:
    fields = fill_form(staff, add_donor().id)
    staff.post("/gifts/new", **fields)
    before = rows()
    assert staff.post("/gifts/new", **{**fields, "amount": "60,00"}).status_code == 422
    assert rows() == before


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"amount": ""}, "Please give an amount."),
        ({"amount": "abc"}, "This is no amount"),
        ({"amount": "1,234"}, "This is no amount"),
        ({"amount": "0"}, "more than nothing"),
        ({"amount": "-5"}, "more than nothing"),
        ({"amount": "12,345"}, "This is no amount"),
        ({"amount": "50 EUR"}, "This is no amount"),
        ({"amount": "1000000000000,01"}, "more money than can be kept"),
        ({"currency": "zł"}, "three letters"),
        ({"received_on": ""}, "Please give a date."),
        ({"received_on": "2026-02-30"}, "This is no date."),
        ({"received_on": "2026-11-24"}, "in the future"),
        ({"received_on": "0026-11-24"}, "too long ago"),
        ({"method": "barter"}, "Please choose one of the list."),
        ({"fund_id": "77"}, "This fund is closed"),
        ({"campaign_id": "77"}, "Please choose one of the list."),
        ({"note": "x" * 2001}, "At most 2000 characters"),
        ({"key": ""}, "load the form anew"),
    ],
)
def test_wrong_gift_records_nothing(staff: Staff, wrong: dict[str, str], sentence: str) -> None:
    """What is wrong is said, and nothing is recorded."""
    fields = fill_form(staff, add_donor().id, note="kept words")
    before = rows()
    answer = staff.post("/gifts/new", **{**fields, **wrong})
    assert answer.status_code == 422
    assert sentence in words_of(answer.text)
    assert 'role="alert"' in answer.text and 'tabindex="-1" autofocus' in answer.text
    assert "note" in wrong or "kept words" in answer.text
    assert rows() == before


def test_a_gift_of_nobody_is_not_found(staff: Staff) -> None:
    fields = fill_form(staff, add_donor().id)
    assert staff.post("/gifts/new", **{**fields, "donor_id": "77"}).status_code == 404


def test_donor_is_found_by_search(staff: Staff) -> None:
    """The donor is found by a search, or at once when only one fits."""
    add_donor("Anna Kowalska")
    other_id = add_donor("Adam Kowalski").id
    assert "Adam Kowalski" in staff.text("/gifts/new?q=kowalsk")
    assert f'name="donor_id" value="{other_id}"' in staff.get("/gifts/new?q=adam").text
    assert "Nobody is found" in staff.text("/gifts/new?q=zzz")


def test_a_closed_fund_takes_no_gift(staff: Staff) -> None:
    fund = db.session.scalars(select(Fund)).one()
    fund_id, donor_id = fund.id, add_donor().id
    fields = fill_form(staff, donor_id, fund_id=str(fund_id))
    fund = db.session.scalars(select(Fund)).one()
    fund.is_closed = True
    db.session.commit()
    before = rows()
    assert staff.post("/gifts/new", **fields).status_code == 422
    assert rows() == before


def test_wrong_gift_is_corrected_once(staff: Staff) -> None:
    """A gift that was recorded wrongly is taken out once, with its reason."""
    gift_id = add_gift(add_donor()).id
    key = key_in(staff.get(f"/gifts/{gift_id}").text)
    before = rows()
    assert staff.click(f"/gifts/{gift_id}/correct", key=key, reason=" ").status_code == 422
    assert rows() == before
    for _again in range(2):
        assert staff.click(f"/gifts/{gift_id}/correct", key=key, reason="typed twice").status_code == 302
    let_write()
    assert db.session.scalars(select(Correction)).one().reason == "typed twice"
    shown = staff.text(f"/gifts/{gift_id}")
    assert "taken away" in shown and "typed twice" in shown and "Take the gift out" not in shown
    assert "taken away" in staff.text("/gifts")


def test_gift_list_is_narrowed(staff: Staff) -> None:
    """The list is narrowed by days, donor and method."""
    anna, besnik = add_donor(), add_donor("Besnik Çela")
    anna_id = anna.id
    add_gift(anna, "10.00", date(2026, 10, 1), method="card")
    add_gift(besnik, "20.00", date(2026, 11, 1))
    assert "20.00" not in staff.text("/gifts?last=2026-10-31") and "10.00" in staff.text(
        "/gifts?last=2026-10-31"
    )
    assert "10.00" not in staff.text("/gifts?first=2026-10-31")
    assert "20.00" not in staff.text(f"/gifts?donor={anna_id}")
    assert "20.00" not in staff.text("/gifts?method=card")
    assert staff.get("/gifts?first=yesterday").status_code == 422


def test_a_gift_says_what_refunds_and_disputes_took(staff: Staff) -> None:
    from donorhub.models import Dispute, Refund
    from tests.web.desk import moment

    gift_id = add_gift(add_donor(), "80.00").id
    common = {"gift_id": gift_id, "currency": "PLN", "recorded_at": moment(22), "source": "stripe:x"}
    db.session.add(
        Refund(
            amount_minor=3000, state="succeeded", refunded_on=date(2026, 11, 21), source_ref="re", **common
        )
    )
    db.session.add(
        Dispute(
            amount_minor=5000,
            state="open",
            kind="dispute",
            reason="fraudulent",
            opened_on=date(2026, 11, 21),
            source_ref="dp",
            **common,
        )
    )
    db.session.commit()
    shown = staff.text(f"/gifts/{gift_id}")
    assert "PLN 50.00 left" in shown and "given back" in shown and "the payer says it was fraud" in shown
