"""API and pages judge a text, an address and an amount alike: what one took, the other saves unchanged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Donor, Gift
from donorhub.services.access import users
from tests.api.conftest import Caller
from tests.web.bank.bank_world import Staff
from tests.web.desk import add_donor, key_in

LONGEST = {
    "name": 200,
    "given_name": 200,
    "family_name": 200,
    "salutation": 200,
    "phone": 200,
    "street": 200,
    "city": 200,
    "postcode": 20,
    "note": 5000,
}
ADDRESSES = {
    "anna@example.org": True,
    "anna.nowak+list@poczta.przykład.pl": True,
    "a" * 64 + "@example.org": True,
    "": True,
    "anna": False,
    "anna@": False,
    "anna@localhost": False,
    "a..b@example.org": False,
    "anna@-example.org": False,
    "anna nowak@example.org": False,
    "anna@example.org\r\nBcc: c@example.org": False,
}


@pytest.fixture
def caller(database: Flask, now: datetime) -> Caller:
    _, token = users.create_token("test", PERMISSIONS, now=now, actor="system:0")
    db.session.commit()
    return Caller(database, token)


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "admin")


def save_on_page(staff: Staff, donor_id: int, **changes: Any) -> int:
    """Save the donor's form with these fields changed; 302 where they are taken."""
    page = f"/donors/{donor_id}/edit"
    donor = db.session.get_one(Donor, donor_id, populate_existing=True)
    names = (*LONGEST, "email", "kind", "lang", "country", "tax_number", "version")
    fields = {name: getattr(donor, name) for name in names}
    db.session.rollback()
    return staff.post(page, **fields | changes).status_code


@pytest.mark.parametrize("field", sorted(LONGEST))
def test_doors_share_longest_text(caller: Caller, staff: Staff, field: str) -> None:
    """The longest text that one door takes is saved by the other, and one letter more by neither."""
    longest = "x" * LONGEST[field]
    donor_id = caller.post("/donors", {"name": "Anna", field: longest}).get_json()["id"]
    assert save_on_page(staff, donor_id, **{field: longest}) == 302
    assert save_on_page(staff, donor_id, **{field: longest + "x"}) == 422
    assert caller.post("/donors", {"name": "Anna", field: longest + "x"}).status_code == 422


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_judged_alike(caller: Caller, staff: Staff, address: str) -> None:
    donor_id, is_good = add_donor().id, ADDRESSES[address]
    assert caller.post("/donors", {"name": "B", "email": address}).status_code == (201 if is_good else 422)
    assert save_on_page(staff, donor_id, email=address) == (302 if is_good else 422)


def test_the_note_of_a_gift_is_judged_alike(caller: Caller, staff: Staff) -> None:
    donor_id, amount = add_donor().id, {"amount": "5.00", "currency": "PLN"}
    gift = {"donor_id": donor_id, "amount": amount, "received_on": "2026-11-20"}
    for length, is_good in ((2000, True), (2001, False)):
        note = "x" * length
        assert caller.post("/gifts", gift | {"note": note}).status_code == (201 if is_good else 422)
        key = key_in(staff.get(f"/gifts/new?donor={donor_id}").text)
        answer = staff.post(
            "/gifts/new",
            donor_id=donor_id,
            amount="5,00",
            currency="PLN",
            received_on="2026-11-20",
            method="transfer",
            note=note,
            key=key,
        )
        assert answer.status_code == (302 if is_good else 422)


def test_the_largest_amount_is_judged_alike(caller: Caller, staff: Staff) -> None:
    donor_id = add_donor().id
    for amount, is_good in (("1000000000000.00", True), ("1000000000000.01", False)):
        gift = {"donor_id": donor_id, "amount": {"amount": amount, "currency": "PLN"}}
        answer = caller.post("/gifts", gift | {"received_on": "2026-11-20"})
        assert answer.status_code == (201 if is_good else 422)
        key = key_in(staff.get(f"/gifts/new?donor={donor_id}").text)
        page = staff.post(
            "/gifts/new",
            donor_id=donor_id,
            amount=amount,
            currency="PLN",
            received_on="2026-11-20",
            method="transfer",
            key=key,
        )
        assert page.status_code == (302 if is_good else 422)
    assert db.session.query(Gift).count() == 2
