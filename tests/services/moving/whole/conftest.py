"""A base with a bit of everything, and with what is hard to move."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import JSON, select, update

from donorhub.db import db
from donorhub.models import AuditValue, Entry
from donorhub.services.access import users
from donorhub.services.donors import donors
from donorhub.services.messages import suppressions
from tests.api.test_dates import something_of_everything  # noqa: F401  a fixture
from tests.services.messages.test_receipt_mail import issue
from tests.web.bank.bank_world import let_write


@pytest.fixture
def world(database: Flask, something_of_everything: None, now: datetime) -> Flask:  # noqa: F811
    """A base with a bit of everything, and with what is hard to move."""
    let_write()
    first = donors.create_donor(
        {"name": "Ela Nowak", "email": "ela@example.org"}, source="form", now=now, actor="t"
    )
    second = donors.create_donor(
        {"name": "Ela Nowak", "phone": "501234567"}, source="form", now=now, actor="t"
    )
    first.merged_into_id = second.id  # a row that points at a later one
    donors.change_donor(second, {"note": "córka p. Ewy", "family_name": "Nowak-Lis"}, now=now, actor="user:1")
    donors.change_donor(second, {"note": "inna"}, now=now, actor="user:1")
    suppressions.suppress_address("ela@example.org", reason="asked", now=now, actor="user:1")
    db.session.flush()
    value = db.session.scalars(select(AuditValue).order_by(AuditValue.id.desc()).limit(1)).one()
    db.session.delete(value)  # erased
    issue(now)
    users.create_token("program", ["gifts:read"], now=now, actor="user:1")
    entry = db.session.scalars(select(Entry).order_by(Entry.id).limit(1)).one()
    db.session.execute(update(Entry).where(Entry.id == entry.id).values(more=JSON.NULL))
    db.session.commit()
    return database
