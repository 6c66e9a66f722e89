"""Letters and labels to an organisation name the one person whom they are for, where somebody said who."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import ContactPoint, Donor
from donorhub.models.states import Lang
from donorhub.services.donors import donors, relationships
from donorhub.services.messages import letter_runs, writing
from donorhub.services.messages.writing import Wish
from donorhub.services.paging import Page
from tests.conftest import NOW

ME = "user:1"
WISH = Wish("post", "personal", "transactional", "Wieści", "Nowy dach jest gotowy.")


def add_firm(lang: Lang = "pl") -> Donor:
    fields = {"name": "Fundacja Dom", "kind": "organisation", "street": "ul. Polna 1", "postcode": "00-001"}
    firm = donors.create_donor(
        {**fields, "city": "Warszawa", "lang": lang},  # type: ignore[typeddict-item]
        source="form",
        now=NOW,
        actor=ME,
    )
    db.session.commit()
    return firm


def add_person(firm: Donor, name: str) -> Donor:
    person = donors.create_donor({"name": name}, source="form", now=NOW, actor=ME)
    relationships.add_relationship(person.id, firm.id, "contact_person_of", now=NOW, actor=ME)
    db.session.commit()
    return person


def read_second_line(firm: Donor) -> str:
    """Return what stands below the name, the same in a letter and among those of a run."""
    lines = writing.draft_message(firm, WISH, author="Ola", now=NOW).to_address.split("\n")
    audience = letter_runs.read_audience(lambda _after, _limit: Page([firm]), "transactional", now=NOW)
    assert [list(of_run) for _, of_run in audience.recipients] == [lines]
    assert lines[0] == "Fundacja Dom" and lines[-1] == "00-001 Warszawa"
    return lines[1]


@pytest.mark.parametrize(
    ("lang", "line"),
    [("pl", "Do rąk: Ewa Wilk"), ("sq", "Në vëmendje të: Ewa Wilk"), ("en", "Attn: Ewa Wilk")],
)
def test_contact_person_is_named_in_their_language(database: Flask, lang: Lang, line: str) -> None:
    """The line stands between the organisation's name and its street."""
    firm = add_firm(lang)
    assert read_second_line(firm) == "ul. Polna 1"
    add_person(firm, "Ewa Wilk")
    assert read_second_line(firm) == line


def test_nobody_is_named_where_it_is_not_said(database: Flask) -> None:
    """Of two contact people none is chosen, and none who died or left, or where a role is written to."""
    firm = add_firm()
    ewa = add_person(firm, "Ewa Wilk")
    jan = add_person(firm, "Jan Lis")
    assert read_second_line(firm) == "ul. Polna 1"
    donors.change_donor(jan, {"is_deceased": True}, now=NOW, actor=ME)
    db.session.commit()
    assert read_second_line(firm) == "Do rąk: Ewa Wilk"
    address = db.session.scalars(select(ContactPoint).filter_by(donor_id=firm.id, kind="post")).one()
    address.role = "secretariat"
    db.session.commit()
    assert read_second_line(firm) == "ul. Polna 1"
    address.role, address.person_id = None, jan.id
    db.session.commit()
    assert read_second_line(firm) == "ul. Polna 1"  # who died
    address.person_id = ewa.id
    db.session.commit()
    assert read_second_line(firm) == "Do rąk: Ewa Wilk"
    address.person_id = None
    (row,) = [one.row for one in relationships.list_relations(ewa.id)]
    relationships.end_relationship(row, NOW.date() - timedelta(days=1), now=NOW, actor=ME)
    db.session.commit()
    assert read_second_line(firm) == "ul. Polna 1"


def test_person_gets_no_such_line(database: Flask) -> None:
    """A letter to a person has their name alone, whatever they are to an organisation."""
    firm = add_firm()
    ewa = add_person(firm, "Ewa Wilk")
    address = {"street": "ul. Leśna 2", "postcode": "00-002", "city": "Łódź"}
    donors.change_donor(ewa, address, now=NOW, actor=ME)  # type: ignore[arg-type]
    db.session.commit()
    lines = writing.draft_message(ewa, WISH, author="Ola", now=NOW).to_address.split("\n")
    assert lines == ["Ewa Wilk", "ul. Leśna 2", "00-002 Łódź"]
