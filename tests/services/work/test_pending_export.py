"""What waits is counted where it waits, and the export leaves out secrets and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from donorhub.db import Base, db
from donorhub.services.moving import export
from donorhub.services.providers import endpoints, inbox
from donorhub.services.work import pending, tasks
from tests.webhooks.scenarios import one_off, to_raw

SECRET_WORDS = ("secret", "password", "token", "sealed", "uniquifier", "hash")


@pytest.fixture
def waiting(database: Flask, now: datetime) -> Flask:
    """A task for a worker, one for later, one for a person, a dead one, an event, a stuck message."""
    for key, kind, performer, due_at in (
        ("now", "thank_you", "worker", now),
        ("later", "new_donor", "worker", now + timedelta(days=1)),
        ("call", "call", "person", now),
        ("dead", "send_message", "worker", now),
    ):
        tasks.plan_task(key, kind=kind, performer=performer, subject=("donor", 1), due_at=due_at, now=now)
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="t")
    db.session.flush()
    row = inbox.make_event_row(endpoint.id, "stripe", to_raw(one_off("aa")[0]), now=now, source="http")
    inbox.store_events(db.session.connection(), [row])
    db.session.execute(text("UPDATE task SET state = 'dead' WHERE key = 'dead'"))
    db.session.commit()
    return database


def test_waiting_work_is_counted_by_owner(waiting: Flask, now: datetime) -> None:
    """What waits is counted by who it waits for."""
    waits = {name: counts for name, counts in pending.count_pending(now=now).items() if counts}
    assert waits == {
        "worker tasks": {"thank_you": 1, "new_donor": 1},
        "worker tasks due": {"thank_you": 1},
        "people's tasks": {"call": 1},
        "error inbox: tasks": {"send_message": 1},
        "provider events": {"received": 1},
    }
    assert not pending.is_idle(now=now)


def test_idle_workers_ignore_people_and_future(waiting: Flask, now: datetime) -> None:
    """Workers are idle when only people and the future wait."""
    db.session.execute(text("UPDATE task SET state = 'done' WHERE key = 'now'"))
    db.session.execute(text("UPDATE provider_event SET state = 'quarantined'"))
    assert pending.is_idle(now=now)
    assert not pending.is_idle(now=now + timedelta(days=2))
    assert pending.count_pending(now=now)["error inbox: provider events"] == {"quarantined": 1}


def test_every_secret_column_is_left_out(database: Flask) -> None:
    """Every column that sounds secret is left out of the export. A new secret column must be named in
    SECRETS, or here with the reason why it is none."""
    # Keyed: they tell nothing without the key.
    harmless = {("suppression", "address_hash"), ("contact_point", "value_hash")}
    harmless |= {("erased_key", "value_hash"), ("erasure", "code_hash")}
    # Sealed with the key of the installation, which is not in the export.
    harmless |= {("receipt_key", "sealed_key"), ("receipt", "sealed_payload")}
    harmless |= {("identity_key", "value_hash"), ("identity_value", "value_hash")}
    sounding = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(word in column.name for word in SECRET_WORDS)
    }
    left_out = {(table, column) for table, columns in export.SECRETS.items() for column in columns}
    assert sounding - harmless <= left_out
    for table, column in left_out:
        assert column in Base.metadata.tables[table].columns, f"{table}.{column} is gone"


def test_rows_come_ordered_and_plain(waiting: Flask) -> None:
    """Rows come in the order of their key, as plain values."""
    rows = list(export.read_rows("task"))
    assert [row["key"] for row in rows] == ["now", "later", "call", "dead"]
    assert rows[0]["due_at"] == "2026-11-22T09:00:00Z"
    (secret,) = export.read_rows("webhook_secret")
    assert "sealed" not in secret and secret["label"] == "first"
    assert "user_role" in export.list_tables()
    assert export.list_tables().index("donor") < export.list_tables().index("gift")
