"""Recurring gifts on pages: started once, changed from a day on, paused, resumed, closed, skipped."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import BankAccount, IdentityKey, Instalment, RecurringGift, Term
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.recurring import overdue, recurring_gifts
from tests.services.recurring.known_bank import know_bank
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import TODAY, add_donor, add_gift, add_recurring, key_in, moment, rows

FORM = {
    "kind": "standing_order",
    "amount": "30,00",
    "currency": "PLN",
    "every": "1",
    "period": "M",
    "start_on": "2026-11-25",
}
IBAN = "PL61 1090 1014 0000 0712 1981 2874"


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "fundraiser")


def fill_form(staff: Staff, donor_id: int, **fields: str) -> dict[str, str]:
    key = key_in(staff.get(f"/recurring-gifts/new?donor={donor_id}").text)
    return {**FORM, "donor_id": str(donor_id), "key": key, **fields}


def state(id_: int) -> str:
    let_write()
    return db.session.get(RecurringGift, id_).state  # type: ignore[union-attr]


def test_standing_order_starts_once(staff: Staff) -> None:
    """A standing order is started once, with its instalments."""
    fields = fill_form(staff, add_donor().id, payer_iban=IBAN)
    answer = staff.post("/recurring-gifts/new", **fields)
    before = rows()
    again = staff.post("/recurring-gifts/new", **fields)
    assert answer.headers["Location"] == again.headers["Location"]
    assert rows() == before
    shown = staff.text(answer.headers["Location"])
    assert "Recurring gift of PLN 30.00" in shown and "25 Nov 2026" in shown and "expected" in shown
    assert db.session.scalars(select(IdentityKey.value_hash).filter_by(kind="iban")).all() == [
        hash_key("iban", IBAN.replace(" ", ""))
    ]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"amount": "x"}, "This is no amount"),
        ({"every": "0"}, "A whole number from 1 to 60"),
        ({"day_of_month": "33"}, "A whole number from 1 to 32"),
        ({"start_on": ""}, "Please give a date."),
        ({"ends_on": "2026-11-01"}, "It would end before it starts."),
        ({"payer_iban": "PL61 1090"}, "This is no IBAN"),
        ({"kind": "card"}, "Please choose one of the list."),
    ],
)
def test_wrong_promise_starts_nothing(staff: Staff, wrong: dict[str, str], sentence: str) -> None:
    """What is wrong is said, and nothing is started."""
    fields = fill_form(staff, add_donor().id)
    before = rows()
    answer = staff.post("/recurring-gifts/new", **{**fields, **wrong})
    assert answer.status_code == 422 and sentence in words_of(answer.text)
    assert rows() == before


def test_another_amount_opens_another_term(staff: Staff) -> None:
    id_ = add_recurring(add_donor()).id
    at = f"/recurring-gifts/{id_}/amount"
    before = rows()
    assert staff.click(at, amount="", currency="PLN", from_on="2026-12-01").status_code == 422
    assert staff.click(at, amount="45,00", currency="EUR", from_on="2026-12-01").status_code == 422
    assert rows() == before
    assert staff.click(at, amount="45,00", currency="PLN", from_on="2026-12-01").status_code == 302
    assert "PLN 45.00" in staff.text(f"/recurring-gifts/{id_}")
    assert db.session.scalars(select(Term.amount_minor).order_by(Term.from_on)).all() == [3000, 4500]


def test_recurring_gift_pauses_resumes_and_ends(staff: Staff) -> None:
    """A recurring gift is paused, resumed and closed on its page."""
    id_ = add_recurring(add_donor()).id
    assert staff.click(f"/recurring-gifts/{id_}/pause", until="2026-11-01").status_code == 422
    assert state(id_) == "active"
    staff.click(f"/recurring-gifts/{id_}/pause", until="2027-02-01")
    assert state(id_) == "paused"
    staff.click(f"/recurring-gifts/{id_}/resume")
    assert state(id_) == "active"
    assert staff.click(f"/recurring-gifts/{id_}/close", reason="").status_code == 422
    assert state(id_) == "active"
    staff.click(f"/recurring-gifts/{id_}/close", reason="moved abroad")
    assert state(id_) == "closed"
    assert "moved abroad" in staff.text(f"/recurring-gifts/{id_}")
    assert (
        staff.post(
            f"/recurring-gifts/{id_}/amount", amount="1", currency="PLN", from_on="2026-12-01"
        ).status_code
        == 422
    )


def test_an_instalment_is_skipped(staff: Staff) -> None:
    gift = add_recurring(add_donor())
    one = db.session.scalars(select(Instalment).order_by(Instalment.due_on.desc())).first()
    assert one is not None
    one_id, id_ = one.id, gift.id
    answer = staff.click(f"/recurring-gifts/instalments/{one_id}/skip", at=f"/recurring-gifts/{id_}")
    assert answer.headers["Location"] == f"/recurring-gifts/{id_}"
    let_write()
    assert db.session.get(Instalment, one_id).state == "skipped"  # type: ignore[union-attr]


def test_late_and_missed_instalments_are_listed(staff: Staff) -> None:
    add_recurring(add_donor(phone="512 345 678"), start_on=date(2026, 9, 15))
    know_bank(date(2026, 11, 21))
    overdue.advance_recurring_gifts(today=TODAY, now=moment(22))
    db.session.commit()
    shown = staff.text("/recurring-gifts/late")
    assert "Anna Kowalska" in shown and "missed" in shown and "512 345 678" in shown
    assert "Anna" in staff.text("/recurring-gifts/late?state=missed")
    assert "2 missed" in staff.text("/")


def test_page_says_what_waits_for_the_bank(staff: Staff, database: Flask) -> None:
    """Pages say up to which day the bank is known and what waits for it, and so does the account's page."""
    id_ = add_recurring(add_donor(), start_on=date(2026, 9, 15)).id
    assert "No bank statement has been imported yet" in staff.text("/recurring-gifts/late")
    account_id = know_bank(date(2026, 9, 25)).id
    overdue.advance_recurring_gifts(today=TODAY, now=moment(22))
    db.session.commit()
    shown = staff.text("/recurring-gifts/late")
    assert "known up to 25 Sept 2026" in shown and "waits for the bank, known to 25 Sept 2026" in shown
    assert "waits for the bank, known to 25 Sept 2026" in staff.text(f"/recurring-gifts/{id_}")
    assert "bank known to 25 Sept 2026: 1 waits for it" in staff.text("/")
    accountant = Staff(database, "accountant")
    assert "No day of this account is known yet" in accountant.text(f"/bank/accounts/{account_id}")
    accountant.post(f"/bank/accounts/{account_id}", name="Old", matching="off", closed_on="2026-11-01")
    let_write()
    assert db.session.get_one(BankAccount, account_id).closed_on == date(2026, 11, 1)
    accountant.post(f"/bank/accounts/{account_id}", name="Old", matching="off", closed_on="")
    let_write()
    assert db.session.get_one(BankAccount, account_id).closed_on is None


def test_the_list_is_narrowed_by_state(staff: Staff) -> None:
    id_ = add_recurring(add_donor()).id
    assert "Anna" in staff.text("/recurring-gifts?state=running")
    assert "Anna" not in staff.text("/recurring-gifts?state=closed")
    assert str(id_) in staff.get("/recurring-gifts").text


def test_what_a_provider_collects_is_not_changed_here(staff: Staff) -> None:
    gift = add_recurring(add_donor())
    gift.origin = "provider"
    id_ = gift.id
    db.session.commit()
    assert "Change or stop it there" in staff.text(f"/recurring-gifts/{id_}")
    assert "Close the recurring gift" not in staff.text(f"/recurring-gifts/{id_}")
    for path, fields in (
        ("amount", {"amount": "99", "currency": "PLN", "from_on": "2026-12-01"}),
        ("pause", {}),
        ("close", {"reason": "x"}),
    ):
        assert staff.post(f"/recurring-gifts/{id_}/{path}", **fields).status_code == 409
    assert state(id_) == "active"


def test_page_lets_ended_gift_go_on(staff: Staff) -> None:
    """Money that came after the end is shown with one button, which lets the recurring gift run again."""
    gift = add_recurring(add_donor(), start_on=date(2026, 8, 15))
    path = f"/recurring-gifts/{gift.id}"
    recurring_gifts.close_recurring_gift(
        gift, reason="asked", now=clock.now(), actor="user:1", on=date(2026, 9, 20)
    )
    db.session.commit()
    assert "Does it go on?" not in staff.text(path)
    for day in (date(2026, 10, 15), date(2026, 11, 16)):
        add_gift(gift.donor, "30.00", on=day)
    shown = staff.text(path)
    assert "came on 2 days" in shown and "It goes on from 15 Oct 2026" in shown
    assert staff.click(f"{path}/go-on").status_code == 302
    assert state(gift.id) == "active" and "Does it go on?" not in staff.text(path)
    before = rows()
    assert staff.click(f"{path}/go-on").status_code == 422 and rows() == before
