"""A donor whom a provider has not named yet gets no receipt, and gives way to the one who is named."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Donor, Gift, Receipt, ReceiptCounter
from donorhub.services.donors import donors
from donorhub.services.receipts import receipts
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.services.receipts.conftest import make_receiptable
from tests.webhooks.hard_stories import HARD


def only_gift() -> Gift:
    return db.session.scalars(select(Gift).execution_options(populate_existing=True)).one()


def issue(now: datetime) -> Receipt:
    return receipts.issue_receipt([only_gift().id], today=now.date(), now=now, actor="t")


def test_nameless_donor_gets_no_receipt_number(database: Flask, now: datetime) -> None:
    """No number is used for a place-holder, and who is named later takes its place and gets the receipt."""
    endpoint, events = open_endpoint(now), HARD["guest"]("x")
    donor = donors.create_donor(
        {"name": "Ola Wiśniewska", "email": "ola@example.org"}, source="form", now=now, actor="t"
    )
    db.session.commit()
    deliver(database, endpoint, events[:2], now)
    make_receiptable(only_gift().donor_id, now)
    with pytest.raises(Rejected) as refusal:
        issue(now)
    db.session.rollback()
    assert refusal.value.facts["problems"] == ["donor_name_missing"]
    assert db.session.scalars(select(ReceiptCounter.last)).all() == []
    deliver(database, endpoint, events[2:], now)
    assert only_gift().donor_id == donor.id
    make_receiptable(donor.id, now)
    assert issue(now).number == 1


def test_donor_with_address_for_name_waits(database: Flask, now: datetime) -> None:
    """An e-mail address is no name: no receipt is issued to it until somebody says one."""
    deliver(database, open_endpoint(now), HARD["guest"]("x")[:2], now)
    donor = db.session.get_one(Donor, only_gift().donor_id)
    make_receiptable(donor.id, now)
    donors.change_donor(donor, {"email": "ola@example.org", "name": "ola@example.org"}, now=now, actor="t")
    with pytest.raises(Rejected):
        issue(now)
    donors.change_donor(donor, {"name": "Ola Wiśniewska"}, now=now, actor="t")
    assert issue(now).number == 1
