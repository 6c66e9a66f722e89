"""What a gift is for is changed without taking it out, told from what to what; what was told stays."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected
from donorhub.models import Appeal, AuditRecord, Campaign, Designation, Donor, Fund, Gift
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.giving import funds, gift_changes, gifts, soft_credits
from donorhub.services.receipts import receipts
from donorhub.services.reports import invariants
from tests.api.conftest import dump
from tests.services.bank.matching.matching_world import donor as add_donor
from tests.services.receipts.conftest import make_receiptable

ME = "user:7"
DAY = date(2026, 11, 20)


@pytest.fixture
def giver(database: Flask, now: datetime) -> Donor:
    return add_donor()


def give(giver_id: int, now: datetime, ref: str = "1", **more: Any) -> Gift:
    fields = {"received_on": DAY, "source": "test", "source_ref": ref, "now": now, "actor": "t", **more}
    gift, _ = gifts.record_gift(giver_id, Money(5000, "PLN"), **fields)
    db.session.commit()
    return gift


def add_fund(code: str, now: datetime) -> int:
    fund = funds.create_purpose(Fund, {"code": code, "name": code.title()}, now=now, actor="t")
    db.session.commit()
    return fund.id


def change(gift_id: int, now: datetime, **changes: Any) -> bool:
    is_changed = gift_changes.change_gift(gift_id, changes, now=now, actor=ME)  # type: ignore[arg-type]
    db.session.commit()
    return is_changed


def read_parts(gift_id: int) -> list[tuple[int, int]]:
    query = select(Designation.fund_id, Designation.amount_minor).filter_by(gift_id=gift_id)
    return [(fund_id, minor) for fund_id, minor in db.session.execute(query.order_by(Designation.fund_id))]


def read_trace(gift_id: int) -> list[tuple[str, dict[str, object]]]:
    records = gift_changes.list_changes(gift_id)
    changes = audit.read_changes(records)
    return [(record.actor, dict(changes[record.id])) for record in records]


def test_changed_purpose_tells_from_what_to_what(giver: Donor, now: datetime) -> None:
    """Fund, campaign, appeal and note change, and the audit tells who changed each from what to what."""
    dogs, cats = add_fund("dogs", now), add_fund("cats", now)
    campaign = funds.create_purpose(Campaign, {"code": "w", "name": "Winter"}, now=now, actor="t")
    appeal = funds.create_purpose(Appeal, {"code": "l", "name": "Letter"}, now=now, actor="t")
    gift = give(giver.id, now, fund_ids={dogs: 5000}, note="from Ewa")
    assert change(
        gift.id,
        now,
        fund_ids={cats: 2000, dogs: 3000},
        campaign_id=campaign.id,
        appeal_id=appeal.id,
        note="from Ola",
    )
    assert read_parts(gift.id) == [(dogs, 3000), (cats, 2000)]
    assert (gift.campaign_id, gift.appeal_id, gift.note) == (campaign.id, appeal.id, "from Ola")
    told = {
        "funds": ([[dogs, 5000]], [[dogs, 3000], [cats, 2000]]),
        "campaign_id": (None, campaign.id),
        "appeal_id": (None, appeal.id),
        "note": ("from Ewa", "from Ola"),
    }
    assert read_trace(gift.id) == [(ME, told)]
    record = db.session.scalars(select(AuditRecord).filter_by(what="gift.changed")).one()
    assert "Ewa" not in str(record.data) and "Ola" not in str(record.data)
    assert gift.amount == Money(5000, "PLN") and gift.received_on == DAY
    assert [name for name, broken in invariants.check_all(now=now).items() if broken] == []


def test_changing_again_changes_nothing(giver: Donor, now: datetime) -> None:
    """What is as it was is no change and leaves no record, a closed fund that stays among it."""
    dogs = add_fund("dogs", now)
    gift = give(giver.id, now, fund_ids={dogs: 5000}, note="x")
    funds.change_purpose(db.session.get_one(Fund, dogs), {"is_closed": True}, now=now, actor="t")
    db.session.commit()
    before = dump()
    assert not change(gift.id, now, fund_ids={dogs: 5000}, note="x", campaign_id=None, appeal_id=None)
    assert dump() == before


@pytest.mark.parametrize("changes", [{"fund_ids": {1: 5000}}, {"fund_ids": {}}])
def test_fund_told_on_receipt_stays(giver: Donor, now: datetime, changes: dict[str, Any]) -> None:
    """While a receipt names a gift its fund stays, the note does not; void, the fund may change again."""
    make_receiptable(giver.id, now)
    dogs = add_fund("dogs", now)
    gift = give(giver.id, now, fund_ids={dogs: 5000})
    receipt = receipts.issue_receipt([gift.id], today=DAY, now=now, actor="t")
    payload = dict(receipt.payload)
    db.session.commit()
    before = dump()
    with pytest.raises(Rejected) as refusal:
        change(gift.id, now, note="typed", **changes)
    db.session.rollback()
    assert (refusal.value.specific_code, refusal.value.facts) == (
        "fund_on_receipt",
        {"receipt_id": receipt.id},
    )
    assert dump() == before
    assert change(gift.id, now, note="typed")
    assert receipts.get_receipt(receipt.id).payload == payload
    receipts.void_receipt(receipt.id, reason="wrong", now=now, actor="t")
    assert change(gift.id, now, **changes)


def test_closed_books_keep_fund_not_note(giver: Donor, now: datetime) -> None:
    """In closed books a fund stays; campaign and note are no money and may change."""
    campaign = funds.create_purpose(Campaign, {"code": "w", "name": "Winter"}, now=now, actor="t")
    gift = give(giver.id, now)
    organisation.change_organisation({"closed_until": DAY}, now=now, actor="t")
    db.session.commit()
    before = dump()
    with pytest.raises(Rejected) as refusal:
        change(gift.id, now, fund_ids={1: 5000}, note="typed")
    db.session.rollback()
    assert (refusal.value.specific_code, refusal.value.field) == ("books_closed", "/fund_id")
    assert dump() == before
    assert change(gift.id, now, note="typed", campaign_id=campaign.id)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fund_ids": {77: 5000}}, "fund_closed"),
        ({"fund_ids": {1: 4999}}, "designations_differ"),
        ({"campaign_id": 77}, "rejected"),
        ({"appeal_id": 77}, "rejected"),
    ],
)
def test_refused_purpose_changes_nothing(
    giver: Donor, now: datetime, changes: dict[str, Any], code: str
) -> None:
    """A fund, campaign or appeal that is not there changes nothing of the gift."""
    gift = give(giver.id, now, note="kept")
    before = dump()
    with pytest.raises(DonorHubError) as refusal:
        change(gift.id, now, note="typed", **changes)
    db.session.rollback()
    assert refusal.value.specific_code == code
    assert dump() == before


def test_gift_taken_out_keeps_its_fund(giver: Donor, now: datetime) -> None:
    """Of a gift that was taken out nothing is left that could go to another fund."""
    gift = give(giver.id, now)
    gifts.correct_gift(gift.id, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    with pytest.raises(Rejected) as refusal:
        change(gift.id, now, fund_ids={1: 5000})
    assert refusal.value.specific_code == "nothing_left"


def test_unseen_change_is_not_overwritten(giver: Donor, now: datetime) -> None:
    """Who looked before somebody else changed the gift is told so, and nothing is overwritten."""
    gift = give(giver.id, now, note="old")
    shown_digest = gift_changes.compute_digest(gift)
    change(gift.id, now, note="by another")
    with pytest.raises(Conflict) as refusal:
        gift_changes.change_gift(gift.id, {"note": "mine"}, now=now, actor=ME, shown_digest=shown_digest)
    assert refusal.value.specific_code == "gift_changed"
    assert gift.note == "by another"


# ---------------------------------------------------------------- several at once


def test_several_gifts_change_fund_as_shown(giver: Donor, now: datetime) -> None:
    """Of several gifts those that may go to another fund go there, as was shown; twice acts once."""
    make_receiptable(giver.id, now)
    dogs = add_fund("dogs", now)
    free, told, there = (
        give(giver.id, now, ref, fund_ids=parts)
        for ref, parts in (("1", None), ("2", None), ("3", {dogs: 5000}))
    )
    receipts.issue_receipt([told.id], today=DAY, now=now, actor="t")
    db.session.commit()
    ids = [free.id, told.id, there.id]
    plan = gift_changes.plan_fund(ids, dogs)
    assert [gift.id for gift in plan.changing_gifts] == [free.id]
    assert [gift.id for gift in plan.unchanged_gifts] == [there.id]
    assert [(gift.id, refusal.specific_code) for gift, refusal in plan.hindrances] == [
        (told.id, "fund_on_receipt")
    ]
    again = {"shown_digest": plan.digest, "now": now, "actor": ME}
    assert gift_changes.change_fund(ids, dogs, **again) == [free.id]  # type: ignore[arg-type]
    db.session.commit()
    assert read_trace(free.id) == [(ME, {"funds": ([], [[dogs, 5000]])})]
    before = dump()
    assert gift_changes.change_fund(ids, dogs, **again) == []  # type: ignore[arg-type]
    assert dump() == before


def test_changed_ledger_gives_several_up(giver: Donor, now: datetime) -> None:
    """Where one of several gifts was changed after they were shown, nothing at all is changed."""
    dogs, cats = add_fund("dogs", now), add_fund("cats", now)
    ids = [give(giver.id, now, ref).id for ref in ("1", "2")]
    plan = gift_changes.plan_fund(ids, dogs)
    change(ids[0], now, fund_ids={cats: 5000})
    before = dump()
    with pytest.raises(Conflict) as refusal:
        gift_changes.change_fund(ids, dogs, shown_digest=plan.digest, now=now, actor=ME)
    db.session.rollback()
    assert refusal.value.specific_code == "gifts_changed"
    assert dump() == before


def test_unknown_gifts_are_not_planned(giver: Donor, now: datetime) -> None:
    """None, too many and unknown gifts, and a closed fund, are refused before anything is shown."""
    gift = give(giver.id, now)
    for ids in ([], list(range(1, 202))):
        with pytest.raises(Rejected) as refusal:
            gift_changes.plan_fund(ids, 1)
        assert refusal.value.specific_code == "too_many_gifts"
    with pytest.raises(NotFound):
        gift_changes.plan_fund([gift.id, 77], 1)
    with pytest.raises(Rejected) as refusal:
        gift_changes.plan_fund([gift.id], 77)
    assert refusal.value.specific_code == "fund_closed"


def test_who_is_recognised_has_its_trace(giver: Donor, now: datetime) -> None:
    """Credits are set as they are said; the same again changes nothing, and refused ones change nothing."""
    anna = add_donor("Anna Lis")
    gift = give(giver.id, now)
    assert change(gift.id, now, credits={anna.id: 4_000})
    assert not change(gift.id, now, credits={anna.id: 4_000})
    assert soft_credits.read_credits([gift.id]) == {gift.id: [(anna.id, 4_000)]}
    assert read_trace(gift.id)[0][1]["credits"] == ([], [f"#{anna.id} 40.00 PLN"])
    before = dump()
    for refused, code in (
        ({giver.id: 100}, "credited_gave"),
        ({anna.id: 5_001}, "credit_too_large"),
        ({999: 1}, "donor_unknown"),
    ):
        with pytest.raises(Rejected) as refusal:
            change(gift.id, now, credits=refused)
        assert refusal.value.specific_code == code
        db.session.rollback()
    assert dump() == before
    assert [(one.giver_name, one.amount) for one in soft_credits.list_credited_gifts(anna.id)] == [
        (giver.name, Money(4_000, "PLN"))
    ]
    assert change(gift.id, now, credits={})
    assert soft_credits.read_credits([gift.id]) == {}
