"""A donor's contacts: several of each kind, one preferred, former ones kept, and the donor's row follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected
from donorhub.models import AuditRecord, ContactPoint, Donor, IdentityKey
from donorhub.models.states import IdentityKind
from donorhub.services.donors import accounts, contacts, donors, duplicates, removal, search
from donorhub.services.donors.contacts import ContactChanges, NewContact
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.reports import invariants
from tests.api.conftest import dump
from tests.races import run_second, skip_without_locks

ME = "user:1"
IBAN = "PL61109010140000071219812874"
TODAY = date(2026, 11, 22)
Told = tuple[str, str, bool, date | None]


@pytest.fixture
def anna(database: Flask, now: datetime) -> Donor:
    fields: DonorFields = {
        "name": "Anna Kowalska",
        "email": "anna@example.org",
        "phone": "+48 501 222 333",
        "street": "Długa 4",
        "postcode": "00-241",
        "city": "Warszawa",
        "country": "PL",
    }
    donor = donors.create_donor(fields, source="form", now=now, actor=ME)
    db.session.commit()
    return donor


def add(donor: Donor, now: datetime, **new: Any) -> ContactPoint:
    fields: NewContact = {"kind": "email", **new}  # type: ignore[typeddict-item]
    contact, is_new = contacts.add_contact(donor.id, fields, source="form", now=now, actor=ME)
    db.session.commit()
    assert is_new
    return contact


def tell(donor: Donor) -> list[Told]:
    """What a donor's contacts are: kind, value, whether preferred and until when."""
    return [(one.kind, one.value, one.is_preferred, one.until_on) for one in contacts.list_contacts(donor.id)]


def find(donor: Donor, value: str) -> ContactPoint:
    return next(one for one in contacts.list_contacts(donor.id) if one.value == value)


def list_keys(donor: Donor) -> set[tuple[str, str]]:
    rows = db.session.execute(select(IdentityKey.kind, IdentityKey.value_hash).filter_by(donor_id=donor.id))
    return {(kind, value) for kind, value in rows}


def key(kind: IdentityKind, value: str) -> tuple[str, str]:
    return kind, hash_key(kind, value)


def list_broken(now: datetime) -> list[str]:
    return invariants.check_all(now=now)["what is shown of a donor is their preferred contact"]


def test_new_donor_has_contacts(anna: Donor, now: datetime) -> None:
    """What a donor is made with are their preferred contacts, with its source and day."""
    assert tell(anna) == [
        ("email", "anna@example.org", True, None),
        ("phone", "+48 501 222 333", True, None),
        ("post", "Długa 4, 00-241 Warszawa, PL", True, None),
    ]
    assert {(one.source, one.collected_at) for one in contacts.list_contacts(anna.id)} == {("form", now)}
    assert list_broken(now) == []


def test_second_contact_is_known_too(anna: Donor, now: datetime) -> None:
    """A second e-mail, phone and account find the donor, and lists go on naming the first."""
    version = anna.version
    add(anna, now, value="work@firma.example", label="at work")
    add(anna, now, kind="phone", value="+48 22 111 22 33")
    add(anna, now, kind="post", street="Leśna 1", town="Łódź")
    account = add(anna, now, kind="account", value="PL61 1090 1014 0000 0712 1981 2874")
    assert (anna.email, anna.phone, anna.city) == ("anna@example.org", "+48 501 222 333", "Warszawa")
    assert (account.value, account.is_preferred, anna.version) == (IBAN, False, version + 4)
    for words in ("work@firma.example", "221112233", "lodz", IBAN):
        assert [one.name for one in search.find_donors(words).rows] == ["Anna Kowalska"], words
    assert list_keys(anna) >= {
        key("email", "work@firma.example"),
        key("phone", "+48221112233"),
        key("iban", IBAN),
    }
    assert list_broken(now) == []


def test_same_contact_again_changes_nothing(anna: Donor, now: datetime) -> None:
    """The same address, however it is written, is there once."""
    before = dump()
    for value in ("anna@example.org", "ANNA+news@example.org"):
        new: NewContact = {"kind": "email", "value": value, "label": "again"}
        contact, is_new = contacts.add_contact(anna.id, new, source="api", now=now, actor=ME)
        db.session.commit()
        assert (contact.value, contact.label, is_new) == ("anna@example.org", "", False)
    assert dump() == before


def test_preferred_contact_is_shown(anna: Donor, now: datetime) -> None:
    """Preferring another e-mail changes the donor's, once; the earlier one stays live."""
    other = add(anna, now, value="work@firma.example")
    contacts.prefer_contact(other, now=now, actor=ME)
    db.session.commit()
    assert anna.email == "work@firma.example"
    assert tell(anna)[:2] == [
        ("email", "work@firma.example", True, None),
        ("email", "anna@example.org", False, None),
    ]
    before = dump()
    contacts.prefer_contact(find(anna, "work@firma.example"), now=now, actor=ME)
    db.session.commit()
    assert dump() == before
    assert list_broken(now) == []


def test_ended_contact_stays_to_be_seen(anna: Donor, now: datetime) -> None:
    """A former address is in no list and no key, is kept with its last day, and may come back."""
    contacts.end_contact(find(anna, "anna@example.org"), until_on=TODAY, now=now, actor=ME)
    db.session.commit()
    assert anna.email == "" and key("email", "anna@example.org") not in list_keys(anna)
    assert ("email", "anna@example.org", False, TODAY) in tell(anna)
    assert find(anna, "anna@example.org").until_on == TODAY
    contacts.change_contact(
        find(anna, "anna@example.org"), {"until_on": None, "is_preferred": True}, now=now, actor=ME
    )
    db.session.commit()
    assert anna.email == "anna@example.org" and key("email", "anna@example.org") in list_keys(anna)
    assert list_broken(now) == []


def test_country_stays_without_address(anna: Donor, now: datetime) -> None:
    """When the address ends the donor's country is still known; a new address brings its own."""
    contacts.end_contact(find(anna, "Długa 4, 00-241 Warszawa, PL"), until_on=TODAY, now=now, actor=ME)
    assert (anna.street, anna.postcode, anna.city, anna.country) == ("", "", "", "PL")
    add(anna, now, kind="post", street="Rruga e Dibrës 1", town="Tirana", country="AL")
    assert (anna.street, anna.city, anna.country) == ("Rruga e Dibrës 1", "Tirana", "AL")
    assert list_broken(now) == []


def test_changed_donor_changes_contacts(anna: Donor, now: datetime) -> None:
    """Another e-mail in the donor's form ends the earlier one; an address of which more is known goes on."""
    later = now + timedelta(days=1)
    donors.change_donor(anna, {"email": "new@example.org"}, now=later, actor=ME, source="api")
    donors.change_donor(anna, {"street": "Długa 4 m. 7"}, now=later, actor=ME)
    donors.change_donor(anna, {"phone": ""}, now=later, actor=ME)
    db.session.commit()
    assert tell(anna) == [
        ("email", "new@example.org", True, None),
        ("post", "Długa 4 m. 7, 00-241 Warszawa, PL", True, None),
        ("email", "anna@example.org", False, TODAY + timedelta(days=1)),
        ("phone", "+48 501 222 333", False, TODAY + timedelta(days=1)),
        ("post", "Długa 4, 00-241 Warszawa, PL", False, TODAY + timedelta(days=1)),
    ]
    new = find(anna, "new@example.org")
    assert (new.source, new.collected_at) == ("api", later)
    assert list_broken(now) == []


def test_more_of_an_address_is_no_other(database: Flask, now: datetime) -> None:
    """What is filled in of an address, or written another way, is the same contact."""
    donor = donors.create_donor({"name": "Jan", "city": "Łódź"}, source="api", now=now, actor=ME)
    donors.change_donor(donor, {"street": "Leśna 1", "country": "PL"}, now=now, actor=ME)
    donors.change_donor(donor, {"email": "jan@example.org"}, now=now, actor=ME)
    donors.change_donor(donor, {"email": "Jan@Example.org"}, now=now, actor=ME)
    db.session.commit()
    assert tell(donor) == [
        ("email", "Jan@Example.org", True, None),
        ("post", "Leśna 1, Łódź, PL", True, None),
    ]
    assert list_broken(now) == []


def test_known_contact_is_preferred_by_the_form(anna: Donor, now: datetime) -> None:
    """Whoever writes a second address of the donor into their form prefers it, and makes no third."""
    add(anna, now, value="work@firma.example")
    donors.change_donor(anna, {"email": "work@firma.example"}, now=now, actor=ME)
    db.session.commit()
    assert [told for told in tell(anna) if told[0] == "email"] == [
        ("email", "work@firma.example", True, None),
        ("email", "anna@example.org", False, None),
    ]
    assert list_broken(now) == []


REFUSALS: dict[str, tuple[ContactChanges, type[DonorHubError], str]] = {
    "a day to come": ({"until_on": TODAY + timedelta(days=1)}, Rejected, "day_to_come"),
    "from a day to come": ({"since_on": TODAY + timedelta(days=1)}, Rejected, "day_to_come"),
    "an end before it began": (
        {"since_on": TODAY, "until_on": TODAY - timedelta(days=1)},
        Rejected,
        "ends_before_start",
    ),
    "a former one preferred": ({"until_on": TODAY, "is_preferred": True}, Rejected, "contact_ended"),
    "nothing in it": ({"value": ""}, Rejected, "contact_empty"),
    "what is there already": ({"value": "work@firma.example"}, Conflict, "contact_known"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_contact_changes_nothing(anna: Donor, now: datetime, case: str) -> None:
    add(anna, now, value="work@firma.example")
    changes, kind, code = REFUSALS[case]
    contact = find(anna, "anna@example.org")
    before = dump()
    with pytest.raises(kind) as refusal:
        contacts.change_contact(contact, changes, now=now, actor=ME)
    assert refusal.value.specific_code == code
    assert dump() == before


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"kind": "account", "value": "PL61109010140000071219812875"}, "iban_invalid"),
        ({"kind": "account", "value": IBAN, "is_preferred": True}, "account_not_preferred"),
        ({"kind": "post", "country": "PL"}, "contact_empty"),
        ({"kind": "phone", "value": ""}, "contact_empty"),
        ({"kind": "email", "value": "b@example.org", "since_on": date(2027, 1, 1)}, "day_to_come"),
    ],
)
def test_refused_new_contact_changes_nothing(anna: Donor, now: datetime, new: NewContact, code: str) -> None:
    before = dump()
    with pytest.raises(Rejected) as refusal:
        contacts.add_contact(anna.id, new, source="form", now=now, actor=ME)
    assert refusal.value.specific_code == code
    assert dump() == before


def test_stale_version_is_refused(anna: Donor, now: datetime) -> None:
    """Who saw an earlier state of the donor changes none of their contacts."""
    seen = anna.version
    add(anna, now, value="work@firma.example")
    contact = find(anna, "anna@example.org")
    before = dump()
    with pytest.raises(Conflict, match="somebody else changed"):
        contacts.end_contact(contact, until_on=TODAY, now=now, actor=ME, version=seen)
    assert dump() == before


def test_contact_of_another_is_not_found(anna: Donor, now: datetime) -> None:
    other = donors.create_donor({"name": "Jan"}, source="form", now=now, actor=ME)
    with pytest.raises(NotFound):
        contacts.get_contact(other.id, find(anna, "anna@example.org").id)


def test_dead_address_stays_dead(anna: Donor, now: datetime) -> None:
    """An address from which mail came back is dead too when it is added again; put right, it works."""
    contacts.mark_contact(find(anna, "anna@example.org"), "bounced", now=now, actor=ME)
    contacts.end_contact(find(anna, "anna@example.org"), until_on=TODAY, now=now, actor=ME)
    again = add(anna, now, value="Anna@example.org")
    assert again.state == "bounced"
    contacts.change_contact(again, {"value": "anna@example.com"}, now=now, actor=ME)
    db.session.commit()
    assert (again.state, anna.email) == ("ok", "anna@example.com")


def test_complaint_stays(anna: Donor, now: datetime) -> None:
    """Nobody but the person takes a complaint back, by no way round."""
    contact = find(anna, "anna@example.org")
    contacts.mark_contact(contact, "complained", now=now, actor=ME)
    db.session.commit()
    before = dump()
    for changes in ({"state": "ok"}, {"value": "b@example.org"}):
        with pytest.raises(Conflict, match="complained"):
            contacts.change_contact(contact, changes, now=now, actor=ME)  # type: ignore[arg-type]
        assert dump() == before


def test_typed_account_outlives_its_decision(anna: Donor, now: datetime) -> None:
    """A learned account goes when it is forgotten; one that a person typed or added stays."""
    accounts.learn_accounts([(anna.id, IBAN)], now=now)
    assert [one.source for one in contacts.list_contacts(anna.id) if one.kind == "account"] == ["bank"]
    accounts.forget_account(anna.id, IBAN)
    assert key("iban", IBAN) not in list_keys(anna)
    assert [one for one in contacts.list_contacts(anna.id) if one.kind == "account"] == []
    accounts.learn_accounts([(anna.id, IBAN)], now=now)
    accounts.learn_account(anna.id, IBAN, now=now)
    accounts.learn_accounts([(anna.id, IBAN)], now=now)
    accounts.forget_account(anna.id, IBAN)
    assert [one.source for one in contacts.list_contacts(anna.id) if one.kind == "account"] == ["typed"]
    donors.change_donor(anna, {"name": "Anna Mazur"}, now=now, actor=ME)
    assert key("iban", IBAN) in list_keys(anna)
    db.session.commit()
    assert list_broken(now) == []


def test_learned_account_that_somebody_adds_stays(anna: Donor, now: datetime) -> None:
    """Who adds an account that decisions found already says that it is the donor's: no undoing forgets it."""
    accounts.learn_accounts([(anna.id, IBAN)], now=now)
    for _ in range(2):
        _contact, is_new = contacts.add_contact(
            anna.id, {"kind": "account", "value": IBAN}, source="form", now=now, actor=ME
        )
        db.session.commit()
        assert not is_new
    accounts.forget_account(anna.id, IBAN)
    db.session.commit()
    assert [one.source for one in contacts.list_contacts(anna.id) if one.kind == "account"] == ["form"]
    assert [donor.id for donor in donors.find_by_key("iban", IBAN)] == [anna.id]
    assert list_broken(now) == []


def test_removed_donor_takes_contacts_along(database: Flask, now: datetime) -> None:
    fields: DonorFields = {"name": "Jan", "email": "jan@example.org", "city": "Łódź"}
    donor = donors.create_donor(fields, source="import:crm", now=now, actor=ME)
    accounts.learn_account(donor.id, IBAN, now=now)
    db.session.commit()
    assert removal.remove_donors([donor.id], reason="import_taken_back", now=now, actor=ME) == 1
    db.session.commit()
    assert db.session.scalars(select(ContactPoint)).all() == []
    assert list_broken(now) == []


def test_all_contacts_are_asked_about(anna: Donor, now: datetime) -> None:
    """Who has the e-mail of any contact, or the name and any town, of a donor may be them."""
    add(anna, now, value="work@firma.example")
    add(anna, now, kind="post", street="Leśna 1", town="Łódź")
    same_mail: DonorFields = {"name": "Ewa Nowak", "email": "Work+x@firma.example"}
    assert duplicates.list_alike(same_mail) == [anna]
    for town, alike in (("lodz", [anna]), ("Warszawa", [anna]), ("Gdynia", []), ("", [])):
        assert duplicates.list_alike({"name": "Anna Kowalska", "city": town}) == alike, town
    contacts.end_contact(find(anna, "work@firma.example"), until_on=TODAY, now=now, actor=ME)
    assert duplicates.list_alike(same_mail) == []


def test_contact_of_another_is_asked_about(anna: Donor, now: datetime) -> None:
    """A contact that another donor has too may mean that they are one; their own does not."""
    namesake: DonorFields = {"name": "Anna Kowalska", "email": "a2@example.org", "city": "Łódź"}
    other = donors.create_donor(namesake, source="form", now=now, actor=ME)
    ask = duplicates.list_alike_by_contact
    assert ask(anna, {"kind": "email", "value": "A2@example.org"}) == [other]
    assert ask(anna, {"kind": "email", "value": "anna@example.org"}) == []
    assert ask(anna, {"kind": "post", "town": "Łódź"}) == [other]
    assert ask(anna, {"kind": "post", "town": "Gdynia"}) == []
    assert ask(anna, {"kind": "phone", "value": "+48 501 222 333"}) == []


def test_contacts_are_audited(anna: Donor, now: datetime) -> None:
    """Who added and changed a contact is in the audit, its value beside the chain."""
    contact = add(anna, now, value="work@firma.example", label="at work")
    contacts.mark_contact(contact, "bounced", now=now, actor=ME)
    db.session.commit()
    records = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()[-2:]
    assert [record.what for record in records] == ["donor.contact_added", "donor.contact_changed"]
    assert all("work@firma" not in str(record.data) for record in records)
    assert records[1].data["changes"] == {"contact_state": ["ok", "bounced"]}


@pytest.mark.parametrize("first", ["prefer", "add"])
def test_two_at_once_prefer_one(anna: Donor, now: datetime, database: Flask, first: str) -> None:
    """Two who prefer, or add the first phone, at once take turns: one is preferred and both are kept."""
    skip_without_locks(database)
    add(anna, now, value="b@example.org")
    add(anna, now, value="c@example.org")
    ids = {one.value: one.id for one in contacts.list_contacts(anna.id)}
    donor_id = anna.id
    acts: dict[str, Callable[[str], object]] = {
        "prefer": lambda value: contacts.prefer_contact(
            contacts.get_contact(donor_id, ids[value]), now=now, actor=ME
        ),
        "add": lambda value: contacts.add_contact(
            donor_id,
            {"kind": "email", "value": f"x{value}", "is_preferred": True},
            source="api",
            now=now,
            actor=ME,
        ),
    }
    acts[first]("b@example.org")
    second = run_second(database, lambda: acts[first]("c@example.org") and None)
    assert (second.waited, second.error) == (True, None)
    db.session.rollback()
    preferred = [
        one.value for one in contacts.list_contacts(donor_id) if one.kind == "email" and one.is_preferred
    ]
    assert preferred == [db.session.get_one(Donor, donor_id).email]
    assert preferred[0].endswith("c@example.org")
    assert list_broken(now) == []
