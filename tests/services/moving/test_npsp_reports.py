"""Reports of Salesforce as people save them: accounts beside people, greetings, headings with spaces."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor
from donorhub.services.donors import donors
from donorhub.services.messages.donor_facts import write_salutation
from tests.services.moving.records import ME, bring, show
from tests.services.moving.test_presets import read_sample
from tests.services.moving.test_ties import (
    count_rows,
    list_contact_people,
    list_givers,
    list_members,
    take_back,
)

DATA_IMPORT = (
    "Contact1 First Name,Contact1 Last Name,Contact1 Personal Email,Contact2 First Name,Contact2 Last Name,"
    "Home Street,Home City,Home Country,Account1 Name,Donation Donor,Donation Amount,Donation Date,"
    "CurrencyIsoCode\n"
    "Ann,Miller,ann@example.org,Bob,Miller,1 Oak St,Springfield,US,,Contact1,25.00,2024-05-01,USD\n"
    "Cid,Gray,cid@example.org,,,,,,Gray Foundation,Account1,75.00,2024-05-02,USD\n"
)


def read_greetings() -> dict[str, str]:
    households = db.session.scalars(
        select(Donor).where(Donor.kind == "household", Donor.removed_at.is_(None))
    )
    return {household.name: write_salutation(household) for household in households}


def test_reports_of_contacts_and_gifts(database: Flask) -> None:
    """Four contacts are two households and a foundation; of four gifts each is its own giver's."""
    contacts = bring(read_sample("npsp-report-contacts"), Answers(), "contacts.csv")
    assert count_rows() == (7, 3, 1)  # Ann, Bob, Eva, Cid; two households and the foundation
    assert sorted(list_members()) == [
        ("Ann Miller and Bob Stone", "Ann Miller"),
        ("Ann Miller and Bob Stone", "Bob Stone"),
        ("Eva Lind", "Eva Lind"),
    ]
    assert list_contact_people() == [("Cid Gray", "Treasurer", "Gray Foundation")]
    assert read_greetings() == {"Ann Miller and Bob Stone": "Dear Annie and Bob,", "Eva Lind": "Dear Eva!"}
    gifts = bring(read_sample("npsp-report-gifts"), Answers(), "gifts.csv")
    assert list_givers() == [
        ("Ann Miller", "person", 10000),
        ("Bob Stone", "person", 4050),
        ("Ann Miller and Bob Stone", "household", 6000),
        ("Gray Foundation", "organisation", 100000),
    ]
    assert count_rows() == (7, 3, 1)
    for name in ("contacts", "gifts"):
        _, plan = show(read_sample(f"npsp-report-{name}") + b"\n", Answers(), f"{name}-again.csv")
        assert not plan.can_be_written
    assert take_back(gifts).obstacles == ()
    assert take_back(contacts).obstacles == ()
    assert count_rows() == (0, 0, 0)


def test_greeting_of_ours_wins_over_a_report(database: Flask) -> None:
    """What somebody wrote here as greeting stays, whatever a later report says."""
    bring(read_sample("npsp-report-contacts"), Answers(), "contacts.csv")
    household = db.session.scalars(
        select(Donor).where(Donor.name == "Eva Lind", Donor.kind == "household")
    ).one()
    donors.change_donor(household, {"salutation": "Hello Eva,"}, now=clock.now(), actor=ME)
    db.session.commit()
    other = (
        read_sample("npsp-report-contacts")
        .replace(b"Dear Eva!", b"Evie")
        .replace(b",Eva Lind,", b",E. Lind,")
    )
    _, plan = show(other, Answers(), "later.csv")
    assert not plan.can_be_written
    assert read_greetings()["Eva Lind"] == "Hello Eva,"


def test_data_import_by_its_labels(database: Flask) -> None:
    """Headings with spaces are read as the names of the fields are: two gifts, of Ann and the foundation."""
    file = bring(DATA_IMPORT.encode(), Answers(), "report.csv")
    assert file.layout["preset"] == "npsp-data-import"
    assert list_givers() == [("Ann Miller", "person", 2500), ("Gray Foundation", "organisation", 7500)]
    assert list_members() == [
        ("Ann and Bob Miller", "Ann Miller"),
        ("Ann and Bob Miller", "Bob Miller"),
    ]


def test_kind_of_an_account_is_no_number(database: Flask) -> None:
    """Of a table of no known kind, Account Record Type is no bank account either."""
    table = b"Full Name,Account Record Type,Date,Amount\nAnn Miller,Household Account,2024-05-01,10.00\n"
    _, plan = show(table, Answers(currency="USD"), "own.csv")
    assert [guess.field for guess in plan.writing.guesses] == [
        "full_name",
        "account_kind",
        "received_on",
        "amount",
    ]
    assert plan.figures["refused_cells"] == {}
