"""Who or what may be there already is asked about before it is saved; wrong values are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from donorhub.services.giving import gifts
from tests.conftest import NOW
from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import TODAY, add_donor, add_gift, key_in, rows

NEW = {"kind": "person", "lang": "pl", "given_name": "Anna", "family_name": "Kowalska", "country": "PL"}


@pytest.mark.parametrize(
    ("earlier_fields", "new"),
    [
        ({"email": "anna@example.org"}, {"given_name": "Ewa", "email": "Anna+list@example.org"}),
        ({"city": "Łódź"}, {"city": "lodz"}),
        ({"city": ""}, {}),
    ],
    ids=["e-mail", "name and place", "name, no place"],
)
def test_a_known_donor_is_asked_about(
    database: Flask, earlier_fields: dict[str, str], new: dict[str, str]
) -> None:
    """One with the e-mail, or name and place, of another is shown that one, and saved on a second word."""
    first = add_donor(**earlier_fields)
    staff = Staff(database, "fundraiser")
    key = key_in(staff.get("/donors/new").text)
    before = rows()
    asked = staff.post("/donors/new", key=key, **{**NEW, **new})
    assert asked.status_code == 422 and "Is it one of these?" in words_of(asked.text)
    assert first.code in asked.text and f'name="another" value="{first.id}"' in asked.text
    assert rows() == before
    saved = staff.post("/donors/new", key=key, another=str(first.id), **{**NEW, **new})
    assert saved.status_code == 302


@pytest.mark.parametrize(
    ("earlier_fields", "new"),
    [
        ({"city": "Łódź"}, {"city": "Gdynia"}),
        ({"email": "anna@example.org", "name": "Jan Nowak"}, {"email": "anna@example.com"}),
    ],
)
def test_a_namesake_elsewhere_is_not_asked_about(
    database: Flask, earlier_fields: dict[str, str], new: dict[str, str]
) -> None:
    add_donor(**earlier_fields)
    staff = Staff(database, "fundraiser")
    key = key_in(staff.get("/donors/new").text)
    assert staff.post("/donors/new", key=key, **{**NEW, **new}).status_code == 302


def test_who_came_to_record_a_gift_goes_on(database: Flask) -> None:
    """Who adds a donor on the way to a gift comes back to the gift, with the donor chosen, old or new."""
    earlier_donor = add_donor(city="")
    staff = Staff(database, "fundraiser")
    search = staff.get("/gifts/new?q=nobody").text
    assert "/donors/new?name=nobody&amp;then=gift" in search
    key = key_in(staff.get("/donors/new?name=nobody&then=gift").text)
    asked = staff.post("/donors/new", key=key, then="gift", **NEW)
    assert f'href="/gifts/new?donor={earlier_donor.id}"' in asked.text
    saved = staff.post("/donors/new", key=key, then="gift", another=str(earlier_donor.id), **NEW)
    assert saved.headers["Location"] == f"/gifts/new?donor={earlier_donor.id + 1}"


def test_equal_gift_is_asked_about(database: Flask) -> None:
    """A gift of the same donor, day and amount is shown the one there is, and saved on a second word only."""
    anna = add_donor()
    first = add_gift(anna)
    staff = Staff(database, "fundraiser")
    form = {
        "donor_id": str(anna.id),
        "amount": "50,00",
        "currency": "PLN",
        "received_on": str(TODAY),
        "method": "cash",
        "key": key_in(staff.get(f"/gifts/new?donor={anna.id}").text),
    }
    before = rows()
    asked = staff.post("/gifts/new", **form)
    assert asked.status_code == 422 and "Is it one of these?" in words_of(asked.text)
    assert rows() == before
    saved = staff.post("/gifts/new", another=str(first.id), **form)
    assert saved.status_code == 302
    again = staff.post("/gifts/new", another=str(first.id), **form)
    assert again.headers["Location"] == saved.headers["Location"]


def test_gift_of_another_day_is_not_asked(database: Flask) -> None:
    """Another day or amount is another gift, and so is one whose equal was taken out."""
    anna = add_donor()
    first = add_gift(anna)
    equals = (anna.id, first.amount)
    assert gifts.list_equal_gifts(*equals, TODAY) == [first]
    assert gifts.list_equal_gifts(*equals, TODAY - timedelta(days=1)) == []
    gifts.correct_gift(first.id, reason="typo", source_ref="1", now=NOW, actor="test")
    assert gifts.list_equal_gifts(*equals, TODAY) == []


def test_wrong_nip_of_ours_is_refused(database: Flask) -> None:
    """A NIP whose check digit is wrong, and books closed beyond today, are refused beside their fields."""
    staff = Staff(database, "admin")
    fields = {
        "legal_name": "Fundacja",
        "country": "PL",
        "lang": "pl",
        "time_zone": "Europe/Warsaw",
        "home_currency": "PLN",
        "jurisdiction": "PL",
        "receipt_series": "R",
    }
    before = rows()
    wrong = staff.post("/settings/organisation", id_NIP="5252810771", **fields)
    assert wrong.status_code == 422 and "This is no NIP: compare its digits." in words_of(wrong.text)
    assert 'href="#f-id_NIP"' in wrong.text
    far = staff.post("/settings/organisation", closed_until="2099-12-31", **fields)
    assert far.status_code == 422 and "cannot be closed" in words_of(far.text)
    assert rows() == before
    assert staff.post("/settings/organisation", id_NIP="525-281-07-70", **fields).status_code == 302


@pytest.mark.parametrize("secret", ["sk_live_abcdefgh", "we_1234567890", "whsec_ with blanks", "whsec_"])
def test_secret_that_cannot_be_one_is_refused(database: Flask, secret: str) -> None:
    staff = Staff(database, "admin")
    before = rows()
    answer = staff.post("/settings/webhooks", provider="stripe", secret=secret, livemode="1")
    assert answer.status_code == 422
    if len(secret) >= 8:  # a shorter one is refused as too short before
        assert "the one of a Stripe endpoint begins with whsec_." in words_of(answer.text)
    assert rows() == before
