"""The audit chain shows what was touched."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services import audit


def three_records(now: datetime) -> None:
    for number in range(3):
        audit.record("user:1", "gift.recorded", ("gift", number), now=now, data={"minor": 5000, "text": "ł"})
    db.session.commit()


def test_records_are_sealed_once_and_the_chain_holds(database: Flask, now: datetime) -> None:
    three_records(now)
    assert (audit.seal(), audit.seal()) == (3, 0)
    db.session.commit()
    three_records(now)
    audit.seal(limit=2)
    audit.seal()
    db.session.commit()
    assert audit.broken_links() == []


def test_a_changed_record_and_a_missing_one_are_named(database: Flask, now: datetime) -> None:
    three_records(now)
    audit.seal()
    db.session.commit()
    db.session.query(AuditRecord).filter_by(seq=2).update({"data": {"minor": 9000}})
    assert audit.broken_links() == ["audit record 2 was changed"]
    db.session.rollback()
    db.session.query(AuditRecord).filter_by(seq=2).delete()
    assert "audit record 2 is missing" in audit.broken_links()
    db.session.rollback()
