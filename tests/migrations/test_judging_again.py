"""What an older version called missed, lapsed and closed without knowing is judged again after the upgrade.

The dump was written by the program of that revision: eight promises, one statement of January to March that
came in April, and the clock running until July.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from donorhub import clock, config, vault
from donorhub.app import create_app
from donorhub.cli import upgrading
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import (
    AuditRecord,
    DomainEvent,
    Gift,
    Instalment,
    Message,
    RecurringGift,
    Task,
    UpgradeNote,
)
from donorhub.services.access import audit
from donorhub.services.reports import invariants
from tests.contents import read_contents
from tests.migrations import last_release
from tests.migrations.databases import new_database

REVISION: Final = "20261130_0850"
KEY: Final = "of that release"
NOW: Final = datetime(2026, 7, 21, 7, 0, tzinfo=UTC)
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
IN_TIME, STOPPED, EURO, DEBIT, CARD, LOWERED, ENDED, EURO_DEBIT = range(1, 9)  # the promises of the dump


@pytest.fixture(scope="module")
def old_image(home: Path, servers: dict[str, str]) -> Iterator[Engine]:
    """The base as it was left, to be copied."""
    with new_database(home, servers) as engine:
        with engine.begin() as connection:
            last_release.load(connection, f"{REVISION}_recurring", revision=REVISION)
        engine.dispose()
        yield engine


@pytest.fixture
def old_base(
    old_image: Engine, home: Path, servers: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Flask]:
    """The base as it was left, and this program started on it but for its upgrade."""
    monkeypatch.setattr(vault, "_key", None)
    vault.use_key(KEY)
    before = clock.use_clock(lambda: NOW)
    with new_database(home, servers, like=old_image) as engine:
        url = engine.url.render_as_string(hide_password=False)
        settings = {
            **servers,
            "DATABASE_URL": url,
            "DONORHUB_MODE": "test",
            "DONORHUB_HOME": str(tmp_path),
            "DONORHUB_FIELD_KEY": KEY,
        }
        app = create_app(config.load_settings(settings))
        clock.use_clock(lambda: NOW)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()
    clock.use_clock(before)


def read_sums(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        columns = {"gift": "amount_minor", "entry": "amount_minor, state"}
        return {
            table: [
                tuple(row) for row in connection.execute(text(f"SELECT id, {some} FROM {table} ORDER BY id"))
            ]
            for table, some in columns.items()
        }


def states(promise_id: int) -> tuple[str, str, list[str]]:
    gift = db.session.get_one(RecurringGift, promise_id)
    rows = db.session.scalars(
        select(Instalment).where(Instalment.recurring_gift_id == promise_id).order_by(Instalment.due_on)
    )
    marks = [f"{row.due_on:%m} {row.state}{' missed_at' if row.missed_at else ''}" for row in rows]
    return gift.state, gift.state_reason, marks[:7]


def test_upgrade_judges_again_what_was_not_known(old_base: Flask) -> None:
    """False misses go, true ones stay; who was lapsed or closed unknown runs again, and debits wait."""
    upgrading.bring_up_to_date()
    late = ["04 late", "05 late", "06 late", "07 late"]
    assert states(IN_TIME) == ("active", "", ["01 paid", "02 paid", "03 paid", *late])
    missed = ["02 missed missed_at", "03 missed missed_at"]
    assert states(STOPPED) == ("lapsed", "missed", ["01 paid", *missed, *late])
    assert states(LOWERED) == ("active", "", ["01 paid", "02 late", "03 late", *late])
    state, reason, marks = states(EURO)
    assert (state, reason, marks[:6]) == ("active", "", [f"{n:02} late" for n in range(1, 7)])
    assert states(CARD)[0] == "active"
    assert states(CARD)[2] == ["01 late", "02 late", "03 late", "04 missed missed_at"]
    for debit in (DEBIT, EURO_DEBIT):
        state, reason, marks = states(debit)
        assert (state, reason) == ("pending", "no_mandate")
        assert {mark[3:] for mark in marks} == {"skipped"}
    assert states(ENDED)[:2] == ("closed", "asked")


def test_upgrade_changes_no_sum_and_writes_to_nobody(old_base: Flask) -> None:
    """No gift and no entry is another, no message is written, and only tasks about true misses stay open."""
    before = read_sums(db.engine)
    upgrading.bring_up_to_date()
    assert read_sums(db.engine) == before
    assert db.session.scalars(select(Message)).all() == []
    open_ids = db.session.scalars(
        select(Task.subject_id).where(Task.kind == "missed_instalment", Task.state == "planned")
    ).all()
    still_missed = db.session.scalars(select(Instalment.id).where(Instalment.missed_at.is_not(None))).all()
    assert sorted(open_ids) == sorted(still_missed)


def test_upgrade_says_what_it_judged_again(old_base: Flask) -> None:
    """The notes name the promises, and the audit each change, with when it had been called missed."""
    upgrading.bring_up_to_date()
    notes = {row.kind: row.subject_ids for row in db.session.scalars(select(UpgradeNote))}
    assert notes["debits_without_mandate"] == [DEBIT, EURO_DEBIT]
    assert notes["skipped_instalments"] == [DEBIT, EURO_DEBIT]
    assert set(notes["lapsed_promises"]) == {IN_TIME, EURO, CARD, LOWERED}
    assert {IN_TIME, LOWERED} <= set(notes["missed_instalments"])
    records = db.session.scalars(
        select(AuditRecord).where(AuditRecord.what == "instalment.judged_again")
    ).all()
    assert {record.actor for record in records} == {"system:0"}
    assert all(record.data["missed_at"] for record in records if record.data["before"] == "missed")
    gifts = db.session.scalars(
        select(AuditRecord.subject_id).where(AuditRecord.what == "recurring_gift.judged_again")
    ).all()
    assert set(gifts) == {IN_TIME, EURO, CARD, LOWERED, DEBIT, EURO_DEBIT}
    audit.seal_records()
    assert {name: found for name, found in invariants.check_all(now=NOW).items() if found} == {}


def test_upgrade_twice_changes_nothing(old_base: Flask) -> None:
    """The second start finds nothing to mend, and the clock's next round says nothing new of the past."""
    upgrading.bring_up_to_date()
    before = read_contents()
    db.session.remove()
    upgrading.bring_up_to_date()
    assert read_contents() == before
    timer._advance_recurring_gifts()
    assert states(IN_TIME)[0] == "active" and states(STOPPED)[0] == "lapsed"
    assert states(EURO)[0] == "active" and states(DEBIT)[0] == "pending"
    said = db.session.execute(
        select(DomainEvent.kind, DomainEvent.subject_id).where(DomainEvent.recorded_at >= NOW)
    ).all()
    assert said == []


def test_old_events_get_an_origin(old_base: Flask) -> None:
    """Gifts of January that a statement of April brought are history; what happened in time is news."""
    upgrading.bring_up_to_date()
    rows = db.session.execute(
        select(Gift.received_on, DomainEvent.origin)
        .join(DomainEvent, (DomainEvent.subject_id == Gift.id) & (DomainEvent.kind == "gift.recorded"))
        .order_by(Gift.received_on, Gift.id)
    )
    origins = [(f"{day:%m-%d}", origin) for day, origin in rows]
    history = [(day, "history_import") for day in ("01-05", "01-05", "01-07", "02-06")]
    assert origins == [*history, ("03-05", "live")]
    others = db.session.scalars(select(DomainEvent.origin).where(DomainEvent.kind == "donor.created")).all()
    assert set(others) == {"live"}
