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


def test_recording_again_changes_nothing(donor: Donor, now: datetime) -> None:
    """Recording a gift again gives the first gift and changes nothing."""
    first, is_new = record(donor.id, now)
    assert is_new and len(tasks_of("thank_you")) == 1
    before = dump()
    again, is_new = record(donor.id, now + timedelta(days=1))
    assert (again.id, is_new) == (first.id, False)
    assert dump() == before


def test_same_reference_other_amount_conflicts(donor: Donor, now: datetime) -> None:
    """The same reference with another amount is a conflict and changes nothing."""
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
def test_impossible_gift_is_refused_by_field(
    donor: Donor, now: datetime, change: dict[str, Any], error: type[DonorHubError], field: str
) -> None:
    """A gift that cannot be is refused with the name of the field, and nothing changes."""
    before = dump()
    with pytest.raises(error) as refused:
        record(change.pop("donor_id", donor.id), now, **change)
    db.session.rollback()
    assert refused.value.field == field
    assert dump() == before


def test_designations_add_up_to_gift(donor: Donor, now: datetime) -> None:
    """What a gift is for adds up to the gift."""
    gift, _ = record(donor.id, now, fund_ids={1: 5000})
    assert db.session.scalars(select(Designation.amount_minor).filter_by(gift_id=gift.id)).all() == [5000]


def test_audit_names_recorder_without_personal_data(donor: Donor, now: datetime) -> None:
    """Who recorded a gift is in the audit, without personal data."""
    gift, _ = record(donor.id, now, note="from Anna's mother")
    said = db.session.scalars(select(AuditRecord).filter_by(what="gift.recorded")).one()
    assert (said.actor, said.subject_id) == ("t", gift.id)
    assert "Anna" not in str(said.data)


def test_gift_without_thanks_plans_none(donor: Donor, now: datetime) -> None:
    """A gift that asked for no thanks gets none."""
    record(donor.id, now, thank=False)
    assert tasks_of("thank_you") == []


def test_correction_cancels_thanks_once(donor: Donor, now: datetime) -> None:
    """A correction takes out what is left, once, and cancels the thanks."""
    gift, _ = record(donor.id, now)
    gift_id = gift.id
    correction, is_new = gifts.correct_gift(gift_id, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    assert is_new and correction.amount_minor == 5000
    assert gifts.compute_remainder(gifts.get_gift(gift_id)) == Money(0, "PLN")
    assert [task.state for task in tasks_of("thank_you")] == ["cancelled"]
    before = dump()
    again, is_new = gifts.correct_gift(gift_id, reason="twice", source_ref="c", now=now, actor="t")
    db.session.commit()
    assert (again.id, is_new) == (correction.id, False)
    with pytest.raises(Rejected, match="nothing is left"):
        gifts.correct_gift(gift_id, reason="more", source_ref="d", now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_receipt_forbids_correction(donor: Donor, now: datetime) -> None:
    """A gift on a receipt is corrected only after the receipt is void."""
    from tests.services.receipts.conftest import make_receiptable

    gift, _ = record(donor.id, now)
    make_receiptable(donor.id, now)
    receipt = receipts.issue_receipt([gift.id], today=now.date(), now=now, actor="t")
    db.session.commit()
    receipt_id, gift_id = receipt.id, gift.id
    with pytest.raises(Rejected) as refused:
        gifts.correct_gift(gift_id, reason="x", source_ref="c", now=now, actor="t")
    assert (refused.value.specific_code, refused.value.facts) == (
        "gift_on_receipt",
        {"receipt_id": receipt_id},
    )
    db.session.rollback()
    receipts.void_receipt(receipt_id, reason="x", now=now, actor="t")
    gifts.correct_gift(gift_id, reason="x", source_ref="c", now=now, actor="t")
    db.session.commit()
    assert db.session.scalar(select(func.count(Correction.id))) == 1


def test_taken_away_sums_real_losses(donor: Donor, now: datetime) -> None:
    """What was taken away counts refunds made or under way, lost disputes and corrections, and nothing
    else."""
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
    assert gifts.sum_deductions([gift.id]) == {gift.id: 310}
    assert gifts.compute_remainder(gift) == Money(4690, "PLN")


def test_double_loss_never_counts_below_zero(donor: Donor, now: datetime) -> None:
    """A gift that was taken back twice over counts for nothing, and not for less."""
    gift, _ = record(donor.id, now)
    common = {"gift_id": gift.id, "currency": "PLN", "recorded_at": now, "source": "s", "amount_minor": 5000}
    db.session.add(Refund(**common, state="succeeded", refunded_on=now.date(), source_ref="1"))
    db.session.add(Dispute(**common, state="lost", opened_on=now.date(), source_ref="1"))
    db.session.flush()
    assert gifts.compute_remainder(gift) == Money(0, "PLN")
