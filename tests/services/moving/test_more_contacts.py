"""A second e-mail, phone or account of a person in a file is a second contact, once, and never written to."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import ContactPoint, Donor
from donorhub.services.donors import contacts, interactions, removal, search
from donorhub.services.moving import record_undo
from donorhub.services.reports import invariants
from tests.api.conftest import dump
from tests.services.moving.records import ME, bring, count, show

IBAN = "PL61109010140000071219812874"
PEOPLE = (
    "Imię i nazwisko;E-mail;Telefon;Konto;Uwagi\n"
    "Anna Kowalska;anna@example.org / work@firma.example;501 234 567;"
    "61 1090 1014 0000 0712 1981 2874;zna Jana\n"
)
MORE = PEOPLE.replace("501 234 567;", "501 234 567, 601 234 567;").replace(" / ", " / second@example.org / ")


def tell_contacts() -> list[tuple[str, str, bool, str]]:
    donor_id = db.session.scalars(select(Donor.id)).one()
    return [(one.kind, one.value, one.is_preferred, one.source) for one in contacts.list_contacts(donor_id)]


def list_broken() -> list[str]:
    return invariants.check_all(now=clock.now())["what is shown of a donor is their preferred contact"]


def test_second_contacts_come_in(database: Flask) -> None:
    """Each address, phone and account of a row is a contact of the donor, the first preferred."""
    bring(PEOPLE.encode(), filename="people.csv")
    assert tell_contacts() == [
        ("email", "anna@example.org", True, "import:spreadsheet"),
        ("email", "work@firma.example", False, "import:spreadsheet"),
        ("phone", "+48 501234567", True, "import:spreadsheet"),
        ("account", IBAN, False, "import:spreadsheet"),
    ]
    donor = db.session.scalars(select(Donor)).one()
    assert donor.email == "anna@example.org"
    assert interactions.read_notes([donor.id]) == {donor.id: ["zna Jana"]}
    assert [one.id for one in search.find_donors("work@firma.example").rows] == [donor.id]
    assert list_broken() == []


def test_longer_file_adds_only_contacts(database: Flask) -> None:
    """A file that knows more of a donor adds it, the rest stays; the same again tells nothing new."""
    bring(PEOPLE.encode(), filename="people.csv")
    _, plan = show(MORE.encode(), filename="more.csv")
    assert plan.figures["counts"] == {"made": 0, "joined": 1, "known": 0, "held": 0, "left_out": 0}
    assert plan.figures["changed_donors"] == 1
    bring(MORE.encode(), filename="more.csv")
    assert {told[1]: told[2] for told in tell_contacts()} == {
        IBAN: False,
        "anna@example.org": True,
        "work@firma.example": False,
        "second@example.org": False,
        "+48 501234567": True,
        "+48 601234567": False,
    }
    assert list_broken() == []
    _, plan = show(MORE.replace("zna Jana", "").encode(), filename="again.csv")
    assert plan.figures["counts"]["known"] == 1


@pytest.mark.parametrize("ended", ["anna@example.org", "work@firma.example", "+48 501234567", IBAN])
def test_ended_contact_is_not_brought_back(database: Flask, ended: str) -> None:
    """What a donor is not reached by any more stays a former contact, whatever a file says."""
    bring(PEOPLE.encode(), filename="people.csv")
    donor = db.session.scalars(select(Donor)).one()
    contact = next(one for one in contacts.list_contacts(donor.id) if one.value == ended)
    contacts.end_contact(contact, until_on=clock.now().date(), now=clock.now(), actor=ME)
    db.session.commit()
    before = dump()
    bring(PEOPLE.replace("zna Jana", "zna też Ewę").encode(), filename="again.csv")
    assert "zna też Ewę" in interactions.read_notes([donor.id])[donor.id]
    assert dump()["contact_point"] == before["contact_point"]
    assert list_broken() == []


def test_taking_back_takes_contacts(database: Flask) -> None:
    """With the donors that a file made go their contacts."""
    file_id = bring(PEOPLE.encode(), filename="people.csv").id
    digest = record_undo.show_taking_back(file_id).digest
    record_undo.take_back_file(file_id, digest, now=clock.now(), actor=ME)
    db.session.commit()
    assert db.session.scalars(select(ContactPoint)).all() == []
    assert count(Donor) == 1 and removal.list_obstacles([1]) == []
    assert list_broken() == []
