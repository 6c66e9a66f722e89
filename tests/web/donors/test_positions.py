"""Whose an organisation's contact is, on its pages: a role's or a person's; a position's end hands over."""

from __future__ import annotations

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Task
from donorhub.services.donors import contacts, relationships
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, rows
from tests.web.donors.test_contact_pages import find, read_version, see_card

HERS, ROLES = "ewa.wilk@fundacja.example", "sekretariat@fundacja.example"


@pytest.fixture
def firm(database: Flask) -> Donor:
    firm = add_donor("Fundacja", kind="organisation", street="", city="", postcode="")
    ewa = add_donor("Ewa Wilk")
    relationships.add_relationship(
        ewa.id, firm.id, "employee_of", title="treasurer", now=clock.now(), actor="user:1"
    )
    db.session.commit()
    return firm


def add(staff: Staff, firm_id: int, value: str, **fields: object) -> int:
    fields = {"kind": "email", "value": value, "role": "", "person_id": "", **fields}
    return staff.post(f"/donors/{firm_id}/contact-points", **fields).status_code


def test_mail_goes_to_the_role_when_she_leaves(database: Flask, firm: Donor) -> None:
    """A person's and a role's address stand on the page; the end of the position hands over, and is told."""
    staff, firm_id = Staff(database, "fundraiser"), firm.id
    form = words_of(staff.get(f"/donors/{firm_id}/contact-points/new?kind=email").text)
    assert "Ewa Wilk" in form and "secretariat" in form
    assert add(staff, firm_id, HERS, person_id=2) == 302
    assert add(staff, firm_id, ROLES, role="secretariat") == 302
    card = see_card(staff, firm_id)
    assert f"{HERS} preferred Ewa Wilk" in card and f"{ROLES} secretariat" in card
    assert staff.post("/donors/2/relationships/1/end", until_on="2026-11-22").status_code == 302
    card = see_card(staff, firm_id)
    assert f"{ROLES} preferred secretariat" in card and "Former contacts (1)" in card
    let_write()
    assert db.session.get_one(Donor, firm_id).email == ROLES


def test_contact_is_given_to_a_role(database: Flask, firm: Donor) -> None:
    """An address changes hands by its form; of both at once, or of a stranger, it is refused."""
    staff, firm_id = Staff(database, "fundraiser"), firm.id
    add(staff, firm_id, ROLES)
    add_donor("Jan Obcy")
    address = f"/donors/{firm_id}/contact-points/{find(firm_id, ROLES).id}"
    fields = {"value": ROLES, "state": "ok", "role": "office", "person_id": ""}
    version = read_version(firm_id)
    before = rows()
    for wrong, sentence in (
        ({"person_id": 2}, "choose one"),
        ({"role": "", "person_id": 3}, "no position at the organisation"),
        ({"role": "boss"}, "Please choose one of the list."),
    ):
        answer = staff.post(address, **{**fields, "version": version, **wrong})
        assert answer.status_code == 422 and sentence in words_of(answer.text), wrong
        assert rows() == before
    assert staff.post(address, **fields, version=version).status_code == 302
    assert f"{ROLES} preferred office" in see_card(staff, firm_id)
    assert 'value="office" selected' in staff.get(address).text


def test_person_has_no_role_address(database: Flask, firm: Donor) -> None:
    """The form of a person asks for no role, and takes none."""
    staff = Staff(database, "fundraiser")
    assert 'name="role"' not in staff.get("/donors/2/contact-points/new?kind=email").text
    assert add(staff, 2, "ewa@home.example", role="office") == 302
    let_write()
    assert [one.role for one in contacts.list_contacts(2) if one.kind == "email"] == [None]


def test_bounce_leads_to_who_left(database: Flask, firm: Donor) -> None:
    """Mail that came back is a task about the organisation that leads to the person."""
    staff, firm_id = Staff(database, "fundraiser"), firm.id
    add(staff, firm_id, HERS, person_id=2)
    contact = find(firm_id, HERS)
    staff.post(f"/donors/{firm_id}/contact-points/{contact.id}/bounced", version=read_version(firm_id))
    let_write()
    task = db.session.query(Task).filter_by(kind="find_successor").one()
    page = staff.get(f"/tasks/{task.id}")
    assert "Find out whom to write to now" in words_of(page.text) and "Fundacja" in page.text
    assert 'href="/donors/2"' in page.text
    assert "Find out whom to write to now" in staff.text("/tasks?view=all")


def test_person_of_another_list_is_not_named(database: Flask, firm: Donor) -> None:
    """Who sees the organisation alone sees its address, and not the name of whom it reaches."""
    add(Staff(database, "fundraiser"), firm.id, HERS, person_id=2)
    caller = Staff(database, "caller")
    let_write()
    user_id = db.session.scalar(db.text("SELECT id FROM \"user\" WHERE name = 'Ann caller'"))
    db.session.get_one(Donor, firm.id).owner_id = user_id
    db.session.commit()
    card = see_card(caller, 1)
    assert HERS in card and "Ewa" not in card
