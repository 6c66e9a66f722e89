"""Two people who record what one donor said at the same moment, on PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Consent
from donorhub.services.donors import donors
from donorhub.services.messages import consents
from tests.races import run_second


def test_no_is_recorded_once(locks: Flask, now: datetime) -> None:
    """Of two who record that a donor wants no contact the second finds it recorded."""
    donor_id = donors.create_donor({"name": "Anna"}, source="form", now=now, actor="user:1").id
    db.session.commit()

    def refuse(actor: str) -> bool:
        donor = donors.get_donor(donor_id)
        _, is_new = consents.refuse_contact(
            donor, source="phone", reason="", said_on=now.date(), now=now, actor=actor
        )
        return is_new

    is_new = refuse("user:1")
    second = run_second(locks, lambda: refuse("user:2"))
    assert (is_new, second.result, second.error) == (True, False, None)
    db.session.expire_all()
    assert db.session.scalars(select(Consent.actor)).all() == ["user:1"]
