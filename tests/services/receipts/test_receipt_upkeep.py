"""The accountant is asked about a receipt that says more than is left of its gift, each time anew."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Donor, Entry, Refund, Task
from donorhub.services.bank.matching import entries
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.receipts.receipt_upkeep import KINDS, update_accountant_tasks
from tests.services.bank.bank import Paid, camt, open_account, send
from tests.services.receipts.conftest import make_receiptable
from tests.services.receipts.test_receipts import give, issue


@pytest.fixture
def donor(database: Flask, now: datetime) -> Donor:
    made = donors.create_donor({"name": "Łucja Żółć"}, source="test", now=now, actor="t")
    db.session.commit()
    make_receiptable(made.id, now)
    return made


def refund(gift_id: int, minor: int, now: datetime, state: str = "succeeded") -> Refund:
    """A refund that a provider tells of, and what follows from it."""
    ref = str(db.session.query(Refund).count())
    made = Refund(
        gift_id=gift_id,
        amount_minor=minor,
        currency="PLN",
        state=state,
        refunded_on=now.date(),
        recorded_at=now,
        source="s",
        source_ref=ref,
    )
    db.session.add(made)
    look(gift_id, now)
    return made


def look(gift_id: int, now: datetime) -> None:
    update_accountant_tasks(gifts.get_gift(gift_id), now=now, actor="t")
    db.session.commit()


def list_questions() -> list[tuple[str, str]]:
    query = select(Task).where(Task.kind.in_(KINDS)).order_by(Task.id)
    found = db.session.scalars(query.execution_options(populate_existing=True)).all()
    return [(task.kind, task.state) for task in found]


def test_every_unknown_refund_is_asked_about(donor: Donor, now: datetime) -> None:
    """Each refund that a new receipt does not know is asked about, and what is done need not be ticked
    off."""
    gift_id = give(donor.id, now)
    receipt = issue([gift_id], now)
    refund(gift_id, 1000, now)
    look(gift_id, now)
    assert list_questions() == [("receipt_correct", "planned")]
    receipts.replace_receipt(receipt.id, today=now.date(), now=now, actor="t")
    db.session.commit()
    assert list_questions() == [("receipt_correct", "cancelled")]  # it was done: nobody has to tick it off
    look(gift_id, now)
    assert list_questions() == [("receipt_correct", "cancelled")]  # the new receipt says what is left
    refund(gift_id, 500, now)
    assert list_questions() == [("receipt_correct", "cancelled"), ("receipt_correct", "planned")]


def test_empty_receipt_must_be_voided(donor: Donor, now: datetime) -> None:
    """When nothing is left, the receipt is to be voided and not replaced."""
    gift_id = give(donor.id, now)
    receipt = issue([gift_id], now)
    refund(gift_id, 1000, now)
    refund(gift_id, 4000, now)
    assert list_questions() == [("receipt_correct", "cancelled"), ("receipt_void", "planned")]
    receipts.void_receipt(receipt.id, reason="refunded", now=now, actor="t")
    db.session.commit()
    assert list_questions()[1] == ("receipt_void", "cancelled")


def test_repeated_refund_is_asked_about_again(donor: Donor, now: datetime) -> None:
    """A refund that failed and was made again is asked about again."""
    gift_id = give(donor.id, now)
    issue([gift_id], now)
    first = refund(gift_id, 5000, now, state="pending")
    first.state = "failed"
    look(gift_id, now)
    assert list_questions() == [("receipt_void", "cancelled")]
    refund(gift_id, 5000, now)
    assert list_questions() == [("receipt_void", "planned")]


def test_without_a_receipt_nobody_is_asked(donor: Donor, now: datetime) -> None:
    gift_id = give(donor.id, now)
    refund(gift_id, 1000, now)
    assert list_questions() == []


def test_undone_return_cancels_question(donor: Donor, now: datetime) -> None:
    """A return that was none takes back what was asked, since the receipt is good."""
    gift_id = give(donor.id, now)
    issue([gift_id], now)
    open_account("auto")
    send(camt([Paid(date(2026, 11, 21), -5000, text="zwrot", return_code="AM04")]))
    back = db.session.scalars(select(Entry.id)).one()
    entries.accept_return(back, gift_id, now=now, actor="user:5")
    db.session.commit()
    assert list_questions() == [("receipt_void", "planned")]
    entries.undo_entry(back, now=now, actor="user:5")
    db.session.commit()
    assert list_questions() == [
        ("receipt_void", "cancelled")
    ]  # the receipt is good: nobody may void it for this
