"""Donors who have nothing are taken away with what made them; whoever has anything stays, and it is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import Base, db
from donorhub.errors import NotFound, Rejected
from donorhub.models import (
    AuditRecord,
    Donor,
    DonorStage,
    Gift,
    IdentityKey,
    PayerKey,
    Payment,
    Preference,
    Receipt,
    SoftCredit,
    Task,
)
from donorhub.money import Money
from donorhub.services.bank.matching import entries
from donorhub.services.donors import (
    consent_rows,
    donor_files,
    donor_roles,
    donors,
    duplicates,
    households,
    interactions,
    memberships,
    relationships,
    removal,
    search,
    tags,
)
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.giving import gifts
from donorhub.services.messages import messages
from donorhub.services.recurring import recurring_gifts
from donorhub.services.work import tasks
from tests.services.bank.bank import ANNA, Paid, assert_sound
from tests.services.bank.matching.matching_world import DAY, donor, entry_states, import_and_match, only_entry

ME = "user:1"
# What hangs on a donor goes with them, stands in the way, or stays as the record of what was done and undone.
GOES = {
    "contact_point",
    "custom_value",
    "identity_key",
    "external_id",
    "payer_use",
    "donor_stage",
    "donor_document",
    "former_name",
}
STANDS_IN_THE_WAY = {
    "gift",
    "soft_credit",
    "receipt",
    "recurring_gift",
    "payment",
    "message",
    "task",
    "interaction",
    "donor_tag",
    "relationship",
    "household_member",
    "membership",
    "donor_role",
    "donor_file",
    "consent",
    "preference",
    "donor",
}
STAYS = {
    "organisation",  # its unknown donor, whom nothing takes away
    *("audit_value", "domain_event", "match", "record_row"),
    *("erased_key", "erasure", "donor_read"),
    *("duplicate_member", "duplicate_verdict", "merge_log"),
}


def read_donors() -> list[tuple[object, ...]]:
    db.session.commit()
    rows = db.session.execute(select(*Donor.__table__.columns).order_by(Donor.id))
    return [tuple(row) for row in rows]


def give(donor_id: int, now: datetime) -> Gift:
    gift, _ = gifts.record_gift(
        donor_id, Money(5000, "PLN"), received_on=DAY, source="manual", source_ref="g", now=now, actor=ME
    )
    return gift


def test_each_table_of_a_donor_is_thought_of() -> None:
    """A new table that points to donors must say what becomes of its rows."""
    tables = {
        table.name
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == "donor" for key in column.foreign_keys)
    }
    assert tables == GOES | STANDS_IN_THE_WAY | STAYS


def test_removed_donor_is_found_by_nothing(database: Flask, now: datetime) -> None:
    """Whoever was taken away is in no list and found by no key; the second time nothing is left to do."""
    fields: donors.DonorFields = {"name": "Anna Kowalska", "email": "a@example.org", "city": "Łódź"}
    row = donors.create_donor(fields, source="import:civicrm", now=now, actor=ME)
    id_, code = row.id, row.code
    db.session.commit()
    assert removal.remove_donors([id_], reason="undone", now=now, actor=ME) == 1
    before = read_donors()
    assert removal.remove_donors([id_], reason="undone", now=now, actor=ME) == 0
    removals = select(AuditRecord.actor, AuditRecord.subject_id).where(AuditRecord.what == "donor.removed")
    assert [tuple(row) for row in db.session.execute(removals)] == [(ME, id_)]
    assert read_donors() == before
    for text in ("", "Anna Kowalska", "kowal", "a@example.org", "Łódź", code):
        assert search.find_donors(text).rows == [], text
    assert search.find_by_code(code) is None
    assert donors.find_by_email("a@example.org") is None and donors.find_survivor(id_) is None
    assert duplicates.list_alike(fields) == []
    with pytest.raises(NotFound) as refused:
        donors.get_donor(id_)
    assert refused.value.specific_code == "donor_removed"
    assert db.session.scalars(select(DonorStage)).all() == []
    assert db.session.scalars(select(IdentityKey)).all() == []
    assert db.session.get_one(Donor, id_).email == ""
    assert [task.state for task in db.session.scalars(select(Task))] in ([], ["cancelled"])
    assert_sound()


OBSTACLES: dict[str, Callable[[int, datetime], object]] = {
    "interaction": lambda id_, now: interactions.add_note(
        id_, "wants a visit", source="form", now=now + timedelta(minutes=1), actor=ME
    ),
    "gift": give,
    "tag": lambda id_, now: tags.add_tag(id_, "vip", source="form", now=now + timedelta(minutes=1), actor=ME),
    "relationship": lambda id_, now: relationships.add_relationship(
        donor("Firma").id, id_, "introduced_by", now=now, actor=ME
    ),
    "household_member": lambda id_, now: households.add_member(
        donors.create_donor({"name": "Dom", "kind": "household"}, source="form", now=now, actor=ME),
        donors.get_donor(id_),
        role="other",
        is_head=True,
        now=now,
        actor=ME,
    ),
    "membership": lambda id_, now: memberships.start_membership(
        id_, "regular", since_on=DAY, now=now, actor=ME
    ),
    "donor_role": lambda id_, now: donor_roles.give_role(id_, "volunteer", since_on=DAY, now=now, actor=ME),
    "donor_file": lambda id_, now: donor_files.add_file(id_, b"x", "x", note="", now=now, actor=ME),
    "consent": lambda id_, now: consent_rows.add_row(
        consent_rows.NewSaying(id_, "opt_out", "phone", now, purpose="appeal"),
        now=now + timedelta(minutes=1),
        actor=ME,
    ),
    "preference": lambda id_, now: db.session.add(
        Preference(donor_id=id_, frequency="monthly", source="form", at=now, actor=ME)
    ),
    "soft_credit": lambda id_, now: db.session.add(
        SoftCredit(gift_id=give(donor("Firma").id, now).id, donor_id=id_, amount_minor=5000)
    ),
    "recurring_gift": lambda id_, now: recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=id_,
            amount=Money(5000, "PLN"),
            kind="standing_order",
            start_on=DAY,
            source="manual",
            source_ref="r1",
        ),
        now=now,
        actor=ME,
    ),
    "payment": lambda id_, now: db.session.add(
        Payment(
            provider="stripe",
            account="acct_1",
            payment_key="pi_1",
            state="failed",
            amount_minor=5000,
            currency="PLN",
            occurred_at=now,
            donor_id=id_,
        )
    ),
    "receipt": lambda id_, now: db.session.add(
        Receipt(
            series="A",
            year=2026,
            number=1,
            kind="single",
            state="void",
            jurisdiction="PL",
            rule_pack_version="1",
            template_version="1",
            lang="pl",
            donor_id=id_,
            total_minor=5000,
            currency="PLN",
            payload={},
            payload_sha256="",
            issued_at=now,
            issued_on=DAY,
            issued_by=ME,
        )
    ),
    "message": lambda id_, now: messages.plan_message(
        "thank_you",
        {},
        key="m",
        task_id=None,
        donor=donors.get_donor(id_),
        to_address="a@example.org",
        lang="pl",
        now=now,
        domain="example.org",
    ),
    "task": lambda id_, now: (
        tasks.plan_task("call:1", kind="call", subject=("donor", id_), donor_id=id_, now=now),
        tasks.finish_task(db.session.scalars(select(Task).filter_by(key="call:1")).one(), now=now, actor=ME),
    ),
    "changed": lambda id_, now: donors.change_donor(
        donors.get_donor(id_), {"city": "Łódź"}, now=now, actor=ME
    ),
    "merged": lambda id_, now: setattr(donor("A. Kowalska"), "merged_into_id", id_),
}


@pytest.mark.parametrize("kind", OBSTACLES)
def test_donor_with_anything_stays(database: Flask, now: datetime, kind: str) -> None:
    """What hangs on a donor is named, and nobody is taken away, not even those who have nothing."""
    busy_id, idle_id = donor().id, donor("Besa Krasniqi").id
    OBSTACLES[kind](busy_id, now)
    db.session.flush()
    assert [(one.donor_id, one.kind) for one in removal.list_obstacles([busy_id, idle_id])] == [
        (busy_id, kind)
    ]
    before = read_donors()
    with pytest.raises(Rejected) as refused:
        removal.remove_donors([busy_id, idle_id], reason="undone", now=now, actor=ME)
    assert refused.value.specific_code == "donor_in_use"
    assert read_donors() == before


def test_gift_that_was_taken_out_is_nothing(database: Flask, now: datetime) -> None:
    """A donor all of whose gifts were recorded wrongly has nothing, and their stage does not come back."""
    row_id = donor().id
    gifts.correct_gift(give(row_id, now).id, reason="undone", source_ref="c", now=now, actor=ME)
    assert removal.remove_donors([row_id], reason="undone", now=now, actor=ME) == 1
    db.session.commit()
    assert db.session.scalars(select(DonorStage)).all() == []
    assert db.session.scalars(select(Gift)).one().donor.name == "Anna Kowalska"
    assert_sound()


def test_undone_new_donor_goes_with_the_entry(database: Flask, now: datetime) -> None:
    """Undoing "new donor" takes the donor away; the payer is as unknown as before, and asked about anew."""
    import_and_match(Paid(DAY, 5000))
    first = entries.create_donor_from(only_entry().id, now=now, actor=ME).id
    db.session.commit()
    entries.undo_entry(only_entry().id, now=now, actor=ME)
    db.session.commit()
    assert (entry_states(), search.find_donors("").rows) == (["suspense"], [])
    assert db.session.scalars(select(PayerKey)).all() == []
    assert db.session.scalars(select(IdentityKey).filter_by(value_hash=hash_key("iban", ANNA))).all() == []
    second = entries.create_donor_from(only_entry().id, now=now, actor=ME)
    assert second.id != first
    db.session.commit()
    assert_sound()


def test_undone_entry_leaves_a_busy_donor(database: Flask, now: datetime) -> None:
    """A donor who was made of an entry and has more by now stays when the entry is undone."""
    import_and_match(Paid(DAY, 5000))
    row = entries.create_donor_from(only_entry().id, now=now, actor=ME)
    give(row.id, now)
    db.session.commit()
    entries.undo_entry(only_entry().id, now=now, actor=ME)
    db.session.commit()
    assert [one.id for one in search.find_donors("").rows] == [row.id]


def test_earlier_donor_stays_with_an_undone_entry(database: Flask, now: datetime) -> None:
    """A donor whom the entry did not make stays, also one that the bank brought before."""
    giver = donor()
    giver.source = "bank"
    db.session.commit()
    import_and_match(Paid(date(2026, 10, 6), 5000))
    later = now + timedelta(seconds=1)
    entries.accept_shares(only_entry().id, [entries.Share(giver.id, 5000)], now=later, actor=ME)
    db.session.commit()
    entries.undo_entry(only_entry().id, now=now, actor=ME)
    assert [one.id for one in search.find_donors("").rows] == [giver.id]
