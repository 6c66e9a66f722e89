"""The keys of donors: nothing readable in them, equal however a value is written, and who shares one."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select, text

from donorhub.db import db
from donorhub.models import Donor, IdentityValue
from donorhub.services.donors import accounts, donors, identity_keys, removal, search
from donorhub.services.donors.donor_fields import DonorFields
from tests.races import run_second

IBAN = "PL61109010140000071219812874"
VALUES = text("SELECT kind, holders, state FROM identity_value ORDER BY kind, holders")


def add(now: datetime, name: str, **fields: str) -> Donor:
    given, _, family = name.rpartition(" ")
    parts: DonorFields = {"name": name, "given_name": given, "family_name": family, **fields}  # type: ignore[typeddict-item]
    donor = donors.create_donor(parts, source="form", now=now, actor="user:1")
    db.session.commit()
    return donor


def list_values() -> list[tuple[str, int, str]]:
    return [(kind, holders, state) for kind, holders, state in db.session.execute(VALUES)]


def test_keys_tell_nothing_readable(database: Flask, now: datetime) -> None:
    """No part of a name, address or number stands in the table, and what is looked up is found."""
    anna = add(
        now,
        "Anna Kowalska",
        email="anna@example.org",
        phone="501 222 333",
        street="Długa 4",
        postcode="00-241",
        city="Warszawa",
        country="PL",
    )
    accounts.learn_account(anna.id, IBAN, now=now)
    db.session.commit()
    rows = db.session.execute(text("SELECT kind, value_hash FROM identity_key")).all()
    assert {kind for kind, _ in rows} == {
        *("email", "phone", "iban", "name", "address", "surname_initial", "surname_given")
    }
    assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for _, one in rows)
    for words in ("anna@example.org", "501222333", IBAN, "kowalska anna"):
        assert [one.id for one in search.find_donors(words).rows] == [anna.id], words


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("PL", "501 222 333", "+48 501-222-333"),
        ("PL", "48501222333", "0048 501 222 333"),
        ("AL", "069 123 4567", "+355 69 123 4567"),
        ("XK", "044 123 456", "+383 44 123 456"),
    ],
)
def test_phone_is_one_however_written(
    database: Flask, now: datetime, country: str, one: str, other: str
) -> None:
    """Two donors with one number share it, with or without the country before it."""
    add(now, "Anna Kowalska", phone=one, country=country)
    add(now, "Jan Nowak", phone=other, country=country)
    assert list_values() == [("phone", 2, "normal")]


def test_third_person_makes_value_generic(database: Flask, now: datetime) -> None:
    """A couple's mailbox tells of them; a third person's makes it nobody's, also when they are gone again."""
    for name in ("Anna Kowalska", "Jan Kowalski", "Ania Kowalska"):
        add(now, name, email="home@example.org")
    assert list_values() == [("email", 2, "normal")]
    third_person = add(now, "Ewa Nowak", email="home@example.org")
    assert list_values() == [("email", 3, "generic")]
    removal.remove_donors([third_person.id], reason="undo", now=now, actor="user:1")
    db.session.commit()
    assert list_values() == [("email", 2, "generic")]


def test_mailbox_of_an_office_says_nothing(database: Flask, now: datetime) -> None:
    """biuro@ is generic from its first holder on."""
    add(now, "Anna Kowalska", email="Biuro@firma.example")
    assert list_values() == [("email", 1, "generic")]


def test_rebuilt_keys_are_the_same(database: Flask, now: datetime) -> None:
    """What an archive leaves out is made anew as it was, with who shares what."""
    for number, name in enumerate(("Anna Kowalska", "Jan Kowalski", "Ewa Nowak", "Fundacja Las")):
        donor = add(
            now, name, email="x@example.org", phone=f"60010020{number}", street="Leśna 1", city="Łódź"
        )
        accounts.learn_accounts([(donor.id, IBAN)], now=now)
    db.session.commit()
    query = text("SELECT kind, value_hash, donor_id, is_learned FROM identity_key ORDER BY 3, 1, 2")
    before = db.session.execute(query).all(), list_values()
    assert identity_keys.rebuild_keys() == 4
    db.session.commit()
    assert (db.session.execute(query).all(), list_values()) == before
    assert len(before[0]) > 20 and db.session.scalars(select(IdentityValue.state)).all() != []


def test_two_who_share_are_counted(locks: Flask, now: datetime) -> None:
    """Who gives a donor an address at the same moment as somebody else waits, and counts both."""
    fields: DonorFields = {"name": "Anna Kowalska", "email": "home@example.org"}
    donors.create_donor(fields, source="form", now=now, actor="user:1")
    other: DonorFields = {"name": "Jan Nowak", "email": "home@example.org"}
    second = run_second(
        locks, lambda: donors.create_donor(other, source="form", now=now, actor="user:2") and None
    )
    assert second.waited and second.error is None
    assert list_values() == [("email", 2, "normal")]
