"""The audit tells from what to what; what is personal of it stands beside the chain and can be erased."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import delete, select, update

from donorhub.db import db
from donorhub.models import AuditRecord, AuditValue, Fund, Task
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.bank.files import bank_accounts
from donorhub.services.donors import donors
from donorhub.services.giving import funds, gift_changes, gifts
from donorhub.services.messages import thank_yous
from donorhub.services.reports import invariants
from donorhub.services.work import tasks
from tests.services.bank.bank import open_account
from tests.services.bank.matching.matching_world import DAY, donor

ME = "user:7"


def test_each_change_tells_from_what_to_what(database: Flask, now: datetime) -> None:
    """Whatever a person changes of a row, the audit tells what each field was and what it became."""
    giver = donor()
    gift, _ = gifts.record_gift(
        giver.id,
        Money(5000, "PLN"),
        received_on=now.date(),
        source="import:x",
        source_ref="1",
        now=now,
        actor=ME,
    )
    fund = funds.create_purpose(Fund, {"name": "A", "code": "a"}, now=now, actor=ME)
    account = open_account()
    due_at = now + timedelta(days=1)
    tasks.plan_task("c", kind="call", subject=("donor", giver.id), due_at=now, now=now)
    call = db.session.scalars(select(Task).filter_by(key="c")).one()
    db.session.commit()

    donors.change_donor(giver, {"city": "Berat"}, now=now, actor=ME)
    gift_changes.change_gift(gift.id, {"fund_ids": {fund.id: 5000}, "note": "typed"}, now=now, actor=ME)
    funds.change_purpose(fund, {"is_closed": True}, now=now, actor=ME)
    organisation.change_organisation({"closed_until": DAY, "signatory_name": "Ewa"}, now=now, actor=ME)
    bank_accounts.change_account(account, closed_on=DAY, now=now, actor=ME)
    tasks.postpone_task(call.id, due_at=due_at, now=now, actor=ME)
    thank_yous.ask_for_thanks([gift.id], now=now, actor=ME)
    db.session.commit()

    records = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id)).all()
    changes = audit.read_changes(records)
    told = {record.what: changes[record.id] for record in records}
    assert told["donor.changed"] == {"city": ("", "Berat")}
    assert told["gift.changed"] == {"funds": ([], [[fund.id, 5000]]), "note": ("", "typed")}
    assert told["fund.changed"] == {"is_closed": (False, True)}
    assert told["organisation.changed"] == {
        "closed_until": (None, DAY.isoformat()),
        "signatory_name": ("", "Ewa"),
    }
    assert told["bank_account.changed"] == {"closed_on": (None, DAY.isoformat())}
    assert told["task.postponed"] == {"due_at": ("2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z")}
    assert told["gift.thanks_asked"] == {}


def change_donor(now: datetime) -> int:
    """A donor whose address and town were changed; the id of the record that says so."""
    donor = donors.create_donor({"name": "Anna", "email": "a@example.org"}, source="form", now=now, actor="t")
    donors.change_donor(donor, {"email": "b@example.org", "city": "Berat"}, now=now, actor="user:1")
    while audit.seal_records():
        db.session.commit()
    return db.session.scalars(select(AuditRecord.id).filter_by(what="donor.changed")).one()


def test_personal_values_stand_beside_the_chain(database: Flask, now: datetime) -> None:
    """What a donor's field was and became is told, and the chain itself holds nothing personal."""
    record = db.session.get_one(AuditRecord, change_donor(now))
    assert audit.read_changes([record]) == {
        record.id: {"city": ("", "Berat"), "email": ("a@example.org", "b@example.org")}
    }
    assert "example" not in str(record.data) and "Berat" not in str(record.data)


def test_erased_values_leave_the_chain_whole(database: Flask, now: datetime) -> None:
    """When the values of a donor are erased the chain holds, and the fields are told without them."""
    record_id = change_donor(now)
    db.session.execute(delete(AuditValue).where(AuditValue.donor_id.is_not(None)))
    db.session.commit()
    assert [sentences for sentences in invariants.check_all(now=now).values() if sentences] == []
    record = db.session.get_one(AuditRecord, record_id)
    assert audit.read_changes([record]) == {record_id: {"city": None, "email": None}}


def test_changed_value_beside_the_chain_is_named(database: Flask, now: datetime) -> None:
    """A value that somebody changed in the database is no longer the one that was sealed."""
    record_id = change_donor(now)
    db.session.execute(update(AuditValue).where(AuditValue.field == "email").values(before="c@example.org"))
    db.session.commit()
    assert invariants.check_all(now=now)["the audit chain is unbroken"] == [
        f"the email that audit record {record_id} tells of was changed"
    ]


def test_old_records_tell_their_fields(database: Flask, now: datetime) -> None:
    """A record of before, which named only its fields, is read as fields whose values were not kept."""
    audit.record_action("user:1", "donor.changed", ("donor", 1), now=now, data={"fields": ["city"]})
    record = db.session.scalars(select(AuditRecord).filter_by(what="donor.changed")).one()
    assert audit.read_changes([record]) == {record.id: {"city": None}}
