"""A gift is recorded once under its reference, never edited, and taken out by a correction."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected
from donorhub.models import AuditRecord, Correction, Designation, Dispute, Donor, Gift, Refund, Task
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from tests.api.conftest import dump

PLN50 = Money(5000, "PLN")


@pytest.fixture
def donor(database: Flask, now: datetime) -> Donor:
    made = donors.create_donor({"name": "Anna"}, source="test", now=now, actor="t")
    db.session.commit()
    return made


def record(
    donor_id: int, now: datetime, amount: Money = PLN50, ref: str = "1", **more: Any
) -> tuple[Gift, bool]:
    more = {"received_on": date(2026, 11, 20), "source": "test", "source_ref": ref, **more}
    found = gifts.record_gift(donor_id, amount, now=now, actor="t", **more)
    db.session.commit()
    return found


def tasks_of(kind: str) -> list[Task]:
    return list(db.session.scalars(select(Task).where(Task.kind == kind).order_by(Task.id)))


def test_recording_again_gives_the_first_gift_and_changes_nothing(donor: Donor, now: datetime) -> None:
    first, is_new = record(donor.id, now)
    assert is_new and len(tasks_of("thank_you")) == 1
    before = dump()
    again, is_new = record(donor.id, now + timedelta(days=1))
    assert (again.id, is_new) == (first.id, False)
    assert dump() == before


def test_the_same_reference_with_another_amount_is_a_conflict_and_changes_nothing(
    donor: Donor, now: datetime
) -> None:
    record(donor.id, now)
    before = dump()
    for other in (Money(5001, "PLN"), Money(5000, "EUR")):
        with pytest.raises(Conflict, match=r"50\.00 PLN"):
            record(donor.id, now, other)
        db.session.rollback()
    assert dump() == before


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"amount": Money(0, "PLN")}, Rejected, "/amount"),
        ({"amount": Money(-1, "PLN")}, Rejected, "/amount"),
        ({"received_on": date(2026, 11, 24)}, Rejected, "/received_on"),
        ({"donor_id": 99}, NotFound, "/donor_id"),
        ({"fund_ids": {1: 4999}}, Rejected, "/designations"),
        ({"fund_ids": {1: 5001, 2: -1}}, Rejected, "/designations"),
        ({"fund_ids": {99: 5000}}, Rejected, "/designations"),
        ({"campaign_id": 99}, Rejected, "/campaign_id"),
        ({"appeal_id": 99}, Rejected, "/appeal_id"),
    ],
)
def test_a_gift_that_cannot_be_is_refused_by_name_and_changes_nothing(
    donor: Donor, now: datetime, change: dict[str, Any], error: type[DonorHubError], field: str
) -> None:
    before = dump()
    with pytest.raises(error) as refused:
        record(change.pop("donor_id", donor.id), now, **change)
    db.session.rollback()
    assert refused.value.field == field
    assert dump() == before


def test_what_a_gift_is_for_adds_up_to_it(donor: Donor, now: datetime) -> None:
    gift, _ = record(donor.id, now, fund_ids={1: 5000})
    assert db.session.scalars(select(Designation.amount_minor).filter_by(gift_id=gift.id)).all() == [5000]


def test_who_recorded_a_gift_is_in_the_audit_without_personal_data(donor: Donor, now: datetime) -> None:
    gift, _ = record(donor.id, now, note="from Anna's mother")
    said = db.session.scalars(select(AuditRecord).filter_by(what="gift.recorded")).one()
    assert (said.actor, said.subject_id) == ("t", gift.id)
    assert "Anna" not in str(said.data)


def test_a_gift_that_asked_for_no_thanks_gets_none(donor: Donor, now: datetime) -> None:
    record(donor.id, now, thank=False)
    assert tasks_of("thank_you") == []


def test_a_correction_takes_out_what_is_left_once_and_cancels_the_thanks(donor: Donor, now: datetime) -> None:
    gift, _ = record(donor.id, now)
    gift_id = gift.id
    correction, is_new = gifts.correct_gift(gift_id, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    assert is_new and correction.amount_minor == 5000
    assert gifts.counts_for(gifts.get_gift(gift_id)) == Money(0, "PLN")
    assert [task.state for task in tasks_of("thank_you")] == ["cancelled"]
    before = dump()
    again, is_new = gifts.correct_gift(gift_id, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    assert (again.id, is_new) == (correction.id, False)
    with pytest.raises(Rejected, match="nothing is left"):
        gifts.correct_gift(gift_id, reason="more", source_ref="d", now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_a_gift_on_a_receipt_is_corrected_only_after_the_receipt_is_void(donor: Donor, now: datetime) -> None:
    from tests.services.receipts.conftest import make_receiptable

    gift, _ = record(donor.id, now)
    make_receiptable(donor.id, now)
    receipt = receipts.issue([gift.id], today=now.date(), now=now, actor="t")
    db.session.commit()
    receipt_id, gift_id = receipt.id, gift.id
    with pytest.raises(Rejected) as refused:
        gifts.correct_gift(gift_id, reason="x", source_ref="c", now=now, actor="t")
    assert (refused.value.specific_code, refused.value.facts) == (
        "gift_on_receipt",
        {"receipt_id": receipt_id},
    )
    db.session.rollback()
    receipts.void(receipt_id, reason="x", now=now, actor="t")
    gifts.correct_gift(gift_id, reason="x", source_ref="c", now=now, actor="t")
    db.session.commit()
    assert db.session.scalar(select(func.count(Correction.id))) == 1


def test_what_was_taken_away_counts_refunds_under_way_lost_disputes_and_corrections(
    donor: Donor, now: datetime
) -> None:
    gift, _ = record(donor.id, now)
    common = {"gift_id": gift.id, "currency": "PLN", "recorded_at": now, "source": "s"}
    for n, (state, minor) in enumerate(
        {"succeeded": 100, "pending": 200, "failed": 400, "cancelled": 800}.items()
    ):
        db.session.add(
            Refund(**common, state=state, amount_minor=minor, refunded_on=now.date(), source_ref=str(n))
        )
    for n, (state, minor) in enumerate({"lost": 10, "open": 20, "won": 40}.items()):
        db.session.add(
            Dispute(**common, state=state, amount_minor=minor, opened_on=now.date(), source_ref=str(n))
        )
    db.session.flush()
    assert gifts.taken_away([gift.id]) == {gift.id: 310}
    assert gifts.counts_for(gift) == Money(4690, "PLN")


def test_a_gift_taken_twice_over_counts_for_nothing_and_not_for_less(donor: Donor, now: datetime) -> None:
    gift, _ = record(donor.id, now)
    common = {"gift_id": gift.id, "currency": "PLN", "recorded_at": now, "source": "s", "amount_minor": 5000}
    db.session.add(Refund(**common, state="succeeded", refunded_on=now.date(), source_ref="1"))
    db.session.add(Dispute(**common, state="lost", opened_on=now.date(), source_ref="1"))
    db.session.flush()
    assert gifts.counts_for(gift) == Money(0, "PLN")
