"""The audit chain shows what was touched."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from donorhub.db import db
from donorhub.models import AuditHead, AuditRecord
from donorhub.services.access import audit


def three_records(now: datetime) -> None:
    for number in range(3):
        audit.record_action(
            "user:1", "gift.recorded", ("gift", number), now=now, data={"minor": 5000, "text": "ł"}
        )
    db.session.commit()


def test_records_are_sealed_once_and_the_chain_holds(database: Flask, now: datetime) -> None:
    three_records(now)
    assert (audit.seal_records(), audit.seal_records()) == (3, 0)
    db.session.commit()
    three_records(now)
    audit.seal_records(limit=2)
    audit.seal_records()
    db.session.commit()
    assert list(audit.find_broken_links()) == []


def test_changed_and_missing_records_are_named(database: Flask, now: datetime) -> None:
    """A record that was changed and one that is missing are both named."""
    three_records(now)
    audit.seal_records()
    db.session.commit()
    db.session.query(AuditRecord).filter_by(seq=2).update({"data": {"minor": 9000}})
    assert list(audit.find_broken_links()) == ["audit record 2 was changed"]
    db.session.rollback()
    db.session.query(AuditRecord).filter_by(seq=2).delete()
    assert "audit record 2 is missing" in list(audit.find_broken_links())
    db.session.rollback()


def test_cut_off_end_is_noticed(database: Flask, now: datetime) -> None:
    """A cut-off end of the audit is noticed, and what is sealed later does not hide it."""
    three_records(now)
    audit.seal_records()
    db.session.commit()
    db.session.query(AuditRecord).filter(AuditRecord.seq >= 2).delete()
    db.session.commit()
    assert list(audit.find_broken_links()) == ["audit records 2 to 3 are missing: the end was cut off"]
    three_records(now)
    assert audit.seal_records() == 3
    db.session.commit()
    assert "audit record 2 is missing" in list(audit.find_broken_links())


def test_remade_chain_does_not_fit_its_head(database: Flask, now: datetime) -> None:
    """A chain that was made anew does not fit its head, so a forger must change both."""
    three_records(now)
    audit.seal_records()
    db.session.commit()
    last = db.session.query(AuditRecord).filter_by(seq=3).one()
    last.what = "gift.forgotten"
    last.digest = audit.compute_digest(
        at=last.at, actor=last.actor, what=last.what, subject_type="gift", subject_id=2, data=last.data
    )
    before = db.session.query(AuditRecord).filter_by(seq=2).one()
    last.chain = audit.compute_link(str(before.chain), 3, last.digest)
    db.session.commit()
    assert list(audit.find_broken_links()) == ["audit record 3 is not the one that was sealed last"]


def test_missing_audit_and_head_are_noticed(database: Flask, now: datetime) -> None:
    """That all records are gone is noticed, and so is a missing head."""
    three_records(now)
    audit.seal_records()
    db.session.commit()
    db.session.query(AuditRecord).delete()
    assert list(audit.find_broken_links()) == ["audit records 1 to 3 are missing: the end was cut off"]
    db.session.rollback()
    db.session.query(AuditHead).delete()
    assert list(audit.find_broken_links()) == ["the audit has no head that tells how far it went"]
