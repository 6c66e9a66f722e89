"""A donor's contacts on their page: all are seen with their origin, added, preferred, marked and ended."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.models import ContactPoint, Donor
from donorhub.services.donors import contacts
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, rows

IBAN = "PL61109010140000071219812874"


@pytest.fixture
def anna(database: Flask) -> Donor:
    return add_donor(email="anna@example.org", phone="+48 501 222 333")


def find(donor_id: int, value: str) -> ContactPoint:
    let_write()
    return next(one for one in contacts.list_contacts(donor_id) if one.value == value)


def read_version(donor_id: int) -> str:
    let_write()
    return str(db.session.get_one(Donor, donor_id).version)


def see_card(staff: Staff, donor_id: int) -> str:
    """The words of the card with the donor's contacts."""
    page = staff.get(f"/donors/{donor_id}").text
    card = re.search(r'<section class="card" aria-labelledby="contact">.*?</section>', page, re.DOTALL)
    assert card is not None
    return words_of(card[0])


def test_all_contacts_are_on_the_page(database: Flask, anna: Donor) -> None:
    """Each contact stands there with its state, source and days; who may not write has no button."""
    staff = Staff(database, "fundraiser")
    card = see_card(staff, anna.id)
    for text in (
        "anna@example.org",
        "+48 501 222 333",
        "ul. Lipowa 3, 90-001 Łódź",
        "Entered by hand",
        "End",
    ):
        assert text in card
    seen = see_card(Staff(database, "accountant"), anna.id)
    assert "anna@example.org" in seen and "End" not in seen and "Add" not in seen


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"kind": "email", "value": "work@firma.example", "label": "at work"}, "work@firma.example"),
        ({"kind": "phone", "value": "+48 22 621 10 20"}, "+48 22 621 10 20"),
        ({"kind": "post", "street": "Leśna 1", "town": "Gdynia", "country": "PL"}, "Leśna 1, Gdynia, PL"),
        ({"kind": "account", "value": "PL61 1090 1014 0000 0712 1981 2874"}, IBAN),
    ],
)
def test_contact_is_added_by_its_form(
    database: Flask, anna: Donor, fields: dict[str, str], value: str
) -> None:
    """Each kind has its form; sent twice it adds one."""
    staff, donor_id = Staff(database, "fundraiser"), anna.id
    assert staff.get(f"/donors/{donor_id}/contact-points/new?kind={fields['kind']}").status_code == 200
    answer = staff.post(f"/donors/{donor_id}/contact-points", since_on="2026-01-02", **fields)
    assert answer.status_code == 302
    assert value in see_card(staff, donor_id) and "2 Jan 2026" in see_card(staff, donor_id)
    before = rows()
    again = staff.post(f"/donors/{donor_id}/contact-points", since_on="2026-01-02", **fields)
    assert again.status_code == 302 and rows() == before
    assert "The donor has this contact already." in staff.text(f"/donors/{donor_id}")


def test_contact_is_preferred_marked_and_ended(database: Flask, anna: Donor) -> None:
    """One click prefers a second e-mail, says that mail comes back, and ends it; twice changes nothing."""
    staff, donor_id = Staff(database, "fundraiser"), anna.id
    staff.post(f"/donors/{donor_id}/contact-points", kind="email", value="b@example.org", is_preferred="1")
    assert db.session.get_one(Donor, donor_id).email == "b@example.org"
    path = f"/donors/{donor_id}/contact-points/{find(donor_id, 'anna@example.org').id}"
    for act in ("prefer", "bounced", "end"):
        version = read_version(donor_id)
        assert staff.post(f"{path}/{act}", version=version).status_code == 302, act
        before = rows()
        staff.post(f"{path}/{act}", version=version)
        assert "Somebody else changed this donor" in staff.text(f"/donors/{donor_id}"), act
        assert rows() == before, act
    card = see_card(staff, donor_id)
    assert "mail came back" in card and "Former contacts" in card
    assert find(donor_id, "anna@example.org").until_on is not None


def test_contact_is_put_right(database: Flask, anna: Donor) -> None:
    """A contact is changed in its form, and can be taken up again after it ended."""
    staff, donor_id = Staff(database, "fundraiser"), anna.id
    path = f"/donors/{donor_id}/contact-points/{find(donor_id, 'anna@example.org').id}"
    assert 'value="anna@example.org"' in staff.get(path).text
    form = {"value": "anna@example.com", "label": "private", "since_on": "", "state": "ok"}
    ended = staff.post(path, version=read_version(donor_id), until_on="2026-11-20", **form)
    assert ended.status_code == 302
    contact = find(donor_id, "anna@example.com")
    assert (str(contact.until_on), contact.label, contact.is_preferred) == ("2026-11-20", "private", False)
    staff.post(path, version=read_version(donor_id), until_on="", **form)
    assert find(donor_id, "anna@example.com").until_on is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "email", "value": "anna@"}, "This is no e-mail address."),
        ({"kind": "email", "value": ""}, "Please fill this in."),
        ({"kind": "account", "value": "PL61109010140000071219812875"}, "This is no IBAN"),
        ({"kind": "post", "country": "PL"}, "Please fill this in."),
        ({"kind": "phone", "value": "1", "since_on": "2027-01-01"}, "This day is still to come."),
    ],
)
def test_wrong_contact_is_told_beside_its_field(
    database: Flask, anna: Donor, fields: dict[str, str], sentence: str
) -> None:
    staff = Staff(database, "fundraiser")
    before = rows()
    answer = staff.post(f"/donors/{anna.id}/contact-points", **fields)
    assert answer.status_code == 422
    assert sentence in words_of(answer.text) and 'aria-invalid="true"' in answer.text
    assert rows() == before


def test_shared_contact_is_asked_about(database: Flask, anna: Donor) -> None:
    """An e-mail that another donor has is added on a second word only."""
    other, donor_id = add_donor("Jan Nowak", email="home@example.org"), anna.id
    code, other_id = other.code, other.id
    staff = Staff(database, "fundraiser")
    fields = {"kind": "email", "value": "home@example.org"}
    before = rows()
    asked = staff.post(f"/donors/{donor_id}/contact-points", **fields)
    assert asked.status_code == 422 and code in asked.text
    assert rows() == before
    shared = staff.post(f"/donors/{donor_id}/contact-points", another=str(other_id), **fields)
    assert shared.status_code == 302 and find(donor_id, "home@example.org").is_preferred is False
