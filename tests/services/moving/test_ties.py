"""Households and contact people that a file names: tied once, known to a longer file, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from flask import Flask
from sqlalchemy import Select, func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Gift, HouseholdMember, ImportFile, Relationship
from donorhub.services.donors import households
from donorhub.services.moving import record_undo
from tests.record_books import write_book
from tests.services.moving.records import ME, bring, count, show

TWO: Final = Answers(pairs="two", date_order="dmy", same_name="one")
COUPLES: Final = [
    ("Darczyńca", "Ulica", "Kod", "Miasto", "Data", "Kwota zł"),
    ("Anna i Jan Kowalscy", "ul. Lipowa 3", "00-123", "Warszawa", "12.03.2024", 50),
    ("Ewa i Piotr Wilk", "", "", "", "13.03.2024", 60),
]
COMPANIES: Final = [
    ("Nazwa firmy", "Osoba kontaktowa", "Stanowisko", "E-mail", "Data", "Kwota zł"),
    ("Sowa sp. z o.o.", "Anna Kowalska", "prezes", "biuro@sowa.example", "13.03.2024", 500),
    ("", "Jan Lis", "", "jan@lis.example", "14.03.2024", 60),
    ("Lis S.A.", "brak", "", "", "15.03.2024", 70),
]


def bring_rows(rows: Sequence[Sequence[object]], answers: Answers = TWO) -> ImportFile:
    return bring(write_book({"2024": list(rows)}), answers)


def list_members() -> list[tuple[str, str]]:
    """Return the names of households with those of their members."""
    return [
        (household.name, person.name)
        for household in db.session.scalars(select(Donor).where(Donor.kind == "household"))
        for _, person in households.list_members(household.id)
    ]


def list_contact_people() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(Relationship).filter_by(kind="contact_person_of"))
    names = dict(db.session.execute(select(Donor.id, Donor.name)).all())
    return [(names[row.from_id], row.title, names[row.to_id]) for row in rows]


def list_givers() -> list[tuple[str, str, int]]:
    query = select(Donor.name, Donor.kind, Gift.amount_minor).join(Gift, Gift.donor_id == Donor.id)
    return [(name, kind, minor) for name, kind, minor in db.session.execute(query.order_by(Gift.id))]


def take_back(file: ImportFile) -> record_undo.TakingBack:
    view = record_undo.show_taking_back(file.id)
    record_undo.take_back_file(file.id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    return view


def _count(kind: type[HouseholdMember | Relationship]) -> Select[int]:
    return select(func.count()).select_from(kind)


def count_rows() -> tuple[int, int, int]:
    """Return how many donors there are, members of households, and relationships."""
    staying = select(func.count()).select_from(Donor).where(Donor.removed_at.is_(None))
    ties = [
        db.session.scalar(select(func.count()).select_from(kind)) for kind in (HouseholdMember, Relationship)
    ]
    return (db.session.scalar(staying) or 0, ties[0] or 0, ties[1] or 0)


def test_couple_at_an_address_is_a_household(database: Flask) -> None:
    """Two in a cell are two donors, of whom the first gave; with an address they are a household too."""
    bring_rows(COUPLES)
    assert list_givers() == [("Anna Kowalska", "person", 5000), ("Ewa Wilk", "person", 6000)]
    assert list_members() == [
        ("Anna i Jan Kowalscy", "Anna Kowalska"),
        ("Anna i Jan Kowalscy", "Jan Kowalski"),
    ]
    assert count_rows() == (5, 2, 0)
    longer = [*COUPLES, ("Anna i Jan Kowalscy", "ul. Lipowa 3", "00-123", "Warszawa", "15.04.2024", 55)]
    bring_rows(longer)
    assert list_givers()[2:] == [("Anna Kowalska", "person", 5500)]
    assert count_rows() == (5, 2, 0)


def test_contact_person_is_not_the_giver(database: Flask) -> None:
    """The company gave; who is asked for there is a donor of their own, with their position."""
    _, plan = show(write_book({"2024": COMPANIES}), TWO)
    assert (plan.figures["contact_people"], plan.figures["members"]) == (1, 0)
    file = bring_rows(COMPANIES)
    assert list_givers() == [
        ("Sowa sp. z o.o.", "organisation", 50000),
        ("Jan Lis", "person", 6000),
        ("Lis S.A.", "organisation", 7000),
    ]
    assert list_contact_people() == [("Anna Kowalska", "prezes", "Sowa sp. z o.o.")]
    bring_rows(
        [*COMPANIES, ("Sowa sp. z o.o.", "Anna Kowalska", "prezes", "biuro@sowa.example", "16.04.2024", 10)]
    )
    assert list_contact_people() == [("Anna Kowalska", "prezes", "Sowa sp. z o.o.")]
    assert count(Donor) == 4
    assert take_back(file).obstacles != ()  # the longer file's gift hangs on the company


def test_household_of_a_column_has_its_members(database: Flask) -> None:
    """A number or an address makes a household of a column; one that stands alone is a donor itself."""
    bring_rows(
        [
            ("Imię", "Nazwisko", "Gospodarstwo", "Ulica", "Miasto"),
            ("Anna", "Kowalska", "Kowalscy", "Lipowa 3", "Warszawa"),
            ("Jan", "Kowalski", "Kowalscy", "Lipowa 3", "Warszawa"),
            ("", "", "Zielińscy", "Polna 1", "Radom"),
            ("Ewa", "Lis", "Lisowie", "", ""),
        ]
    )
    kinds = db.session.execute(select(Donor.name, Donor.kind).order_by(Donor.name)).all()
    assert [name for name, kind in kinds if kind == "household"] == ["Kowalscy", "Zielińscy"]
    assert list_members() == [("Kowalscy", "Anna Kowalska"), ("Kowalscy", "Jan Kowalski")]


def test_households_of_salesforce_are_found_by_number(database: Flask) -> None:
    """An account that is a household has those as members who name it, without an address too."""
    contacts = [
        ("First Name", "Last Name", "Account Name", "Account ID"),
        ("Anna", "Smith", "Smith Household", "0011x00000AAAAAAA1"),
        ("John", "Smith", "Smith Household", "0011x00000AAAAAAA1"),
        ("Mary", "Fox", "Owl Ltd", "0011x00000BBBBBBB2"),
    ]
    bring_rows(contacts)
    assert list_members() == [("Smith Household", "Anna Smith"), ("Smith Household", "John Smith")]
    assert count_rows() == (5, 2, 0)
    bring_rows([*contacts, ("Lucy", "Smith", "Smith Household", "0011x00000AAAAAAA1")])
    assert [name for _, name in list_members()] == ["Anna Smith", "John Smith", "Lucy Smith"]


def test_member_taken_out_does_not_come_again(database: Flask) -> None:
    bring_rows(COUPLES)
    household_id, jan_id = (
        db.session.scalars(select(Donor.id).filter_by(name=name)).one()
        for name in ("Anna i Jan Kowalscy", "Jan Kowalski")
    )
    assert households.remove_member(household_id, jan_id, now=clock.now(), actor=ME)
    db.session.commit()
    bring_rows([*COUPLES, ("Anna i Jan Kowalscy", "ul. Lipowa 3", "00-123", "Warszawa", "15.04.2024", 55)])
    assert list_members() == [("Anna i Jan Kowalscy", "Anna Kowalska")]


def test_taking_back_unties_what_it_tied(database: Flask) -> None:
    for rows in (COUPLES, COMPANIES):
        file = bring_rows(rows)
        assert take_back(file).obstacles == ()
        assert count_rows() == (0, 0, 0)


def test_what_a_person_tied_stays(database: Flask) -> None:
    """A household to which somebody added a member stays, and both of its members with it."""
    file = bring_rows(COUPLES)
    household = db.session.scalars(select(Donor).filter_by(kind="household")).one()
    ewa = db.session.scalars(select(Donor).filter_by(name="Ewa Wilk")).one()
    households.add_member(household, ewa, role="child", is_head=False, now=clock.now(), actor=ME)
    db.session.commit()
    names = [one.name for one in take_back(file).obstacles]
    assert sorted(names) == ["Anna i Jan Kowalscy", "Ewa Wilk"]
    assert list_members() == [("Anna i Jan Kowalscy", "Ewa Wilk")]


def test_households_of_civicrm_have_their_members(database: Flask) -> None:
    """A person of CiviCRM who names a household at an address is its member, and no employee of it."""
    contacts = [
        ("Contact ID", "Contact Type", "First Name", "Last Name", "Household Name", "Street Address", "City"),
        (11, "Household", "", "", "Familja Dema", "Rr. Kavajës 3", "Tirana"),
        (12, "Individual", "Luan", "Dema", "Familja Dema", "Rr. Kavajës 3", "Tirana"),
        (13, "Individual", "Mira", "Dema", "Familja Dema", "Rr. Kavajës 3", "Tirana"),
    ]
    bring_rows(contacts)
    assert list_members() == [("Familja Dema", "Luan Dema"), ("Familja Dema", "Mira Dema")]
    assert count_rows() == (3, 2, 0)
    bring_rows([*contacts, (14, "Individual", "Ana", "Dema", "Familja Dema", "Rr. Kavajës 3", "Tirana")])
    assert count_rows() == (4, 3, 0)


def test_number_given_again_is_not_the_files(database: Flask) -> None:
    """A tie that a person made under the number of one of the file's stays, and its household with it."""
    file = bring_rows(COUPLES)
    household = db.session.scalars(select(Donor).filter_by(kind="household")).one()
    jan = db.session.scalars(select(Donor).filter_by(name="Jan Kowalski")).one()
    ewa = db.session.scalars(select(Donor).filter_by(name="Ewa Wilk")).one()
    last_id = db.session.scalars(select(func.max(HouseholdMember.id))).one()
    assert households.remove_member(household.id, jan.id, now=clock.now(), actor=ME)
    db.session.commit()
    later = clock.now() + timedelta(hours=1)
    row, _ = households.add_member(household, ewa, role="child", is_head=False, now=later, actor=ME)
    row.id = last_id  # as SQLite gives it, and PostgreSQL does not
    db.session.commit()
    names = [one.name for one in take_back(file).obstacles]
    assert sorted(names) == ["Anna i Jan Kowalscy", "Ewa Wilk"]
    assert list_members() == [("Anna i Jan Kowalscy", "Ewa Wilk")]


def test_household_account_that_gave_is_the_giver(database: Flask) -> None:
    """In NPSP's rows an account may have given itself, with people of it beside it, or with nobody."""
    head = "Contact1_Firstname__c,Contact1_Lastname__c,Account1_Name__c,Account1Imported__c,"
    head += "Donation_Donor__c,Donation_Amount__c,Donation_Date__c,CurrencyIsoCode"
    rows = (
        "Anna,Smith,Smith Household,0011x00000AAAAAAA1,Account1,50,2024-03-12,USD",
        ",,Fox Family,0011x00000BBBBBBB2,Account1,60,2024-03-13,USD",
        "Mary,Owl,Owl Ltd,0011x00000CCCCCCC3,Account1,70,2024-03-14,USD",
    )
    bring("\r\n".join((head, *rows)).encode(), Answers(), "npsp.csv")
    assert list_givers() == [
        ("Smith Household", "household", 5000),
        ("Fox Family", "household", 6000),
        ("Owl Ltd", "organisation", 7000),
    ]
    assert list_members() == [("Smith Household", "Anna Smith")]
    assert count_rows() == (5, 1, 0)
