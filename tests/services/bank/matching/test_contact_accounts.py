"""A payment is known by every account of a donor that is live, and by none that has ended."""

from __future__ import annotations

from datetime import date

from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.models import ContactPoint, Donor
from donorhub.services.bank.matching import matching
from donorhub.services.donors import contacts
from tests.services.bank.bank import ANNA, BESA, Paid, assert_sound
from tests.services.bank.matching.matching_world import DAY, donor, import_and_match, only_entry


def add_account(giver: Donor, iban: str) -> ContactPoint:
    contact, _ = contacts.add_contact(
        giver.id, {"kind": "account", "value": iban}, source="form", now=clock.now(), actor="user:1"
    )
    db.session.commit()
    return contact


def find_candidates() -> list[int]:
    entry = only_entry()
    return [one.donor_id for one in matching.list_proposals([entry.id])[entry.id][0].candidates]


def test_second_account_finds_its_donor(database: Flask) -> None:
    """Money from the second account of a donor is proposed to be theirs."""
    anna = donor(iban=ANNA)
    add_account(anna, BESA)
    import_and_match(Paid(DAY, 5000, name="Firma Anny", account=BESA, text="darowizna"))
    assert find_candidates() == [anna.id]
    assert_sound()


def test_ended_account_finds_nobody(database: Flask) -> None:
    """Money from an account that is a donor's no more is not proposed to be theirs."""
    anna = donor(iban=ANNA)
    account = add_account(anna, BESA)
    contacts.end_contact(account, until_on=date(2026, 10, 1), now=clock.now(), actor="user:1")
    db.session.commit()
    import_and_match(Paid(DAY, 5000, name="Firma Anny", account=BESA, text="darowizna"))
    assert find_candidates() == []
    assert_sound()
