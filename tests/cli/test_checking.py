"""``donorhub verify`` and ``pending``: what is broken, what waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from donorhub import clock
from donorhub.db import db
from donorhub.migrations.run import find_newest_revision
from donorhub.models import AuditRecord
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.reports import invariants
from tests.cli.conftest import Donorhub


def gift_came(now: datetime) -> None:
    donor = donors.create_donor({"name": "Ola W"}, source="t", now=now, actor="t")
    gifts.record_gift(
        donor.id,
        Money(5000, "PLN"),
        received_on=now.date(),
        source="t",
        source_ref="1",
        now=now,
        actor="t",
        thank_delay=timedelta(0),
    )
    db.session.commit()


def test_verify_seals_the_audit(donorhub: Donorhub, now: datetime) -> None:
    """When all checks hold, verify says so and seals the audit on the way."""
    gift_came(now)
    ended = donorhub("verify")
    assert ended.code == 0
    span, *lines = ended.out.splitlines()
    assert span == "checked: every row, from the first on"
    assert {line[:8] for line in lines} == {"holds   "} and len(lines) == len(invariants.CHECKS)
    assert db.session.query(AuditRecord).filter(AuditRecord.seq.is_(None)).count() == 0


def test_broken_check_names_its_row(donorhub: Donorhub, now: datetime) -> None:
    """What is broken is named with its row, and the exit code is 1."""
    gift_came(now)
    db.session.execute(text("UPDATE task SET key = 'lost' WHERE key = 'thank_you:gift:1'"))
    db.session.commit()
    ended = donorhub("verify")
    assert ended.code == 1
    assert "broken  one thank-you a gift\n        gift 1 has no thank-you planned\n" in ended.out
    as_json = donorhub("verify", "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out)["one thank-you a gift"] == ["gift 1 has no thank-you planned"]


def test_older_fault_needs_thorough_check(donorhub: Donorhub, now: datetime) -> None:
    """Verify says from where it checked, and finds a fault in an older row only when thorough."""
    gift_came(now)
    for minutes in (0, 10):
        clock.use_clock(lambda: now + timedelta(minutes=minutes))  # noqa: B023  used before it changes
        assert donorhub("verify").code == 0
    db.session.execute(text("UPDATE task SET key = 'lost' WHERE key = 'thank_you:gift:1'"))
    db.session.commit()
    quick, whole = donorhub("verify"), donorhub("verify", "--thorough")
    assert (quick.code, whole.code) == (0, 1)
    assert quick.out.startswith(
        "checked: what came since 2026-11-22 10:00 (from gift 2, entry 1, receipt 1 on, the audit from record"
    )
    assert "every row was checked never: `donorhub verify --thorough` does" in quick.out
    assert "broken  one thank-you a gift\n" in whole.out
    assert "every row was checked on 2026-11-22 10:10" in donorhub("verify", "--json").err


def test_verifying_changes_nothing_but_the_seal(donorhub: Donorhub, now: datetime) -> None:
    gift_came(now)
    donorhub("verify")
    before = [tuple(row) for row in db.session.execute(text("SELECT id, seq, chain FROM audit_record"))]
    assert donorhub("verify").code == 0
    assert [tuple(r) for r in db.session.execute(text("SELECT id, seq, chain FROM audit_record"))] == before


def test_what_waits_is_counted_by_kind(donorhub: Donorhub, now: datetime) -> None:
    gift_came(now)
    assert "worker tasks due: 2\n    new_donor: 1\n    thank_you: 1\n" in donorhub("pending").out
    waits = json.loads(donorhub("pending", "--json").out)
    assert waits["worker tasks due"] == {"new_donor": 1, "thank_you": 1} and waits["provider events"] == {}


@pytest.fixture
def other_version(database: Flask) -> Iterator[None]:
    """The test's database calls itself an old one; emptying does not change what it calls itself."""
    set_version = text("UPDATE alembic_version SET version_num = :version")
    with db.engine.begin() as connection:
        connection.execute(set_version, {"version": "20200101_0000"})
    yield
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(set_version, {"version": find_newest_revision()})


def test_other_database_version_is_refused(donorhub: Donorhub, other_version: None) -> None:
    """A database of another version is refused with the way out."""
    for command in (("verify",), ("pending",), ("user", "list"), ("export", "--all", "--json")):
        ended = donorhub(*command)
        assert (ended.code, ended.out) == (1, "")
        assert "run `donorhub db upgrade` first" in ended.err
