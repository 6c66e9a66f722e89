"""Donors are made with a code, changed by version, and known by what they are looked up by."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.donors import codes
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import AuditRecord, AuditValue, DomainEvent, Donor, IdentityKey, Task
from donorhub.services.access import users
from donorhub.services.donors import accounts, donors, search
from donorhub.services.donors.identity_keys import hash_key
from tests.api.conftest import dump


def make(now: datetime, **fields: object) -> Donor:
    made = donors.create_donor({"name": "Anna Kowalska", **fields}, source="test", now=now, actor="t")
    db.session.commit()
    return made


def keys(donor: Donor) -> set[tuple[str, str]]:
    rows = db.session.execute(select(IdentityKey.kind, IdentityKey.value_hash).filter_by(donor_id=donor.id))
    return {(kind, value) for kind, value in rows}


def test_new_donor_has_code_and_audit(database: Flask, now: datetime) -> None:
    """A new donor has a code with a check character, an event, an audit record and a task."""
    donor = make(now)
    assert donor.code == "DH-1001-7"
    assert codes.find_codes(f"darowizna {donor.code}", "DH") == (1001,)
    assert db.session.scalars(select(DomainEvent.kind)).all() == ["donor.created"]
    assert "donor.created" in db.session.scalars(select(AuditRecord.what)).all()
    assert db.session.scalars(select(Task.kind)).all() == ["new_donor"]


def test_name_is_made_of_its_parts(database: Flask, now: datetime) -> None:
    """Without a name the donor's name is made of given name and surname."""
    donor = make(now, name="", given_name="Çlirim", family_name="Gjoka")
    assert donor.name == "Çlirim Gjoka"


def test_change_is_counted_and_told(database: Flask, now: datetime) -> None:
    """A change counts the version up; the audit tells which fields changed, what they held stands beside."""
    donor = make(now)
    later = now + timedelta(days=1)
    donors.change_donor(donor, {"city": "Łódź", "name": "Anna Kowalska"}, now=later, actor="t", version=1)
    db.session.commit()
    assert (donor.version, donor.updated_at, donor.created_at) == (2, later, now)
    record = db.session.scalars(select(AuditRecord).filter_by(what="donor.changed")).one()
    assert list(record.data["sealed"]) == ["city"] and "Łódź" not in str(record.data)  # type: ignore[call-overload]
    value = db.session.scalars(select(AuditValue)).one()
    assert (value.donor_id, value.field, value.before, value.after) == (donor.id, "city", "", "Łódź")


def test_a_change_of_nothing_changes_nothing(database: Flask, now: datetime) -> None:
    donor = make(now)
    before = dump()
    donors.change_donor(donor, {"name": "Anna Kowalska"}, now=now + timedelta(days=1), actor="t")
    db.session.commit()
    assert dump() == before


def test_whoever_saw_an_older_version_changes_nothing(database: Flask, now: datetime) -> None:
    donor = make(now)
    donors.change_donor(donor, {"city": "Łódź"}, now=now, actor="t", version=1)
    db.session.commit()
    before = dump()
    with pytest.raises(Conflict) as refused:
        donors.change_donor(donor, {"city": "Gdynia"}, now=now, actor="t", version=1)
    db.session.rollback()
    assert refused.value.specific_code == "donor_changed"
    assert dump() == before


def test_an_owner_must_be_one_of_the_staff(database: Flask, now: datetime) -> None:
    before = dump()
    with pytest.raises(Rejected) as refused:
        make(now, owner_id=9)
    db.session.rollback()
    assert refused.value.field == "/owner_id"
    assert dump() == before


def test_others_list_hides_its_donors(database: Flask, now: datetime) -> None:
    """A donor of somebody else's list is not found."""
    user = users.create_user(
        "caller@example.org", name="C", password="a long password", roles=["caller"], now=now, actor="t"
    )
    mine, other = make(now, owner_id=user.id), make(now)
    assert donors.get_donor(mine.id, owner_id=user.id).id == mine.id
    with pytest.raises(NotFound):
        donors.get_donor(other.id, owner_id=user.id)


def test_keys_follow_every_change(database: Flask, now: datetime) -> None:
    """What a donor is known by follows every change, but a learned account stays."""
    donor = make(now, email="Anna+News@Example.org", phone="+48 600 100 200")
    accounts.learn_account(donor.id, "PL61109010140000071219812874", now=now)
    assert keys(donor) >= {
        ("email", hash_key("email", "anna@example.org")),
        ("phone", hash_key("phone", "+48600100200")),
    }
    donors.change_donor(donor, {"email": "", "name": "Zofia Nowak"}, now=now, actor="t")
    db.session.commit()
    kinds = {kind for kind, _ in keys(donor)}
    assert kinds == {"phone", "name", "iban", "surname_initial", "surname_given"}
    assert donors.find_by_email("anna@example.org") is None


def test_an_address_of_two_donors_names_neither(database: Flask, now: datetime) -> None:
    make(now, email="home@example.org")
    assert donors.find_by_email("home@example.org") is not None
    make(now, email="HOME@example.org")
    assert donors.find_by_email("home@example.org") is None


def test_external_key_makes_one_donor(database: Flask, now: datetime) -> None:
    """Another system's key makes the donor once, and follows it into a merge."""
    donor, is_new = donors.put_by_external_id("crm", "7", {"name": "Anna"}, now=now, actor="t")
    db.session.commit()
    assert is_new and donor.source == "import:crm"
    before = dump()
    again, is_new = donors.put_by_external_id("crm", "7", {"name": "Anna"}, now=now, actor="t")
    db.session.commit()
    assert (again.id, is_new) == (donor.id, False)
    assert dump() == before
    survivor = make(now)
    donor.merged_into_id = survivor.id
    db.session.commit()
    found = donors.find_by_external_id("crm", "7")
    assert found is not None and found.id == survivor.id
    assert donors.find_by_external_id("other", "7") is None


def test_tax_number_finds_donor(database: Flask, now: datetime) -> None:
    """A tax number is kept as its country writes it, and finds the donor."""
    donor = make(now, kind="organisation", country="AL", tax_number="k 12345678 l")
    make(now, name="Another")
    assert (donor.tax_number, donors.get_tax_number_label(donor)) == ("K12345678L", "NIPT")
    assert [row.id for row in search.find_donors("K12345678L").rows] == [donor.id]
    donors.change_donor(donor, {"tax_number": "K-12345678-L"}, now=now, actor="t")
    assert donor.version == 1
    donors.change_donor(donor, {"tax_number": ""}, now=now, actor="t")
    assert (donor.version, donor.tax_number) == (2, "")


def test_wrong_tax_number_changes_nothing(database: Flask, now: datetime) -> None:
    """A tax number without a country is taken for one of ours, and a wrong one changes nothing."""
    donor = make(now)
    before = dump()
    for fields in ({"tax_number": "5252810771"}, {"tax_number": "5252810770", "country": "AL"}):
        with pytest.raises(Rejected, match="no tax number of") as refused:
            donors.change_donor(donor, fields, now=now, actor="t")
        assert (refused.value.field, refused.value.specific_code) == ("/tax_number", "tax_number_invalid")
        db.session.rollback()
    assert dump() == before
    donors.change_donor(donor, {"tax_number": "525-281-07-70"}, now=now, actor="t")
    assert (donor.tax_number, donors.get_tax_number_label(donor)) == ("5252810770", "NIP")
