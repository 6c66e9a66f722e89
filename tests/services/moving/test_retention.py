"""What was kept long enough goes, and nothing else; how much went stands beside the clock."""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import AuditRecord, ImportFile, Message, ProviderEvent, RetentionRun, WebhookEndpoint
from donorhub.services.bank.files import imports
from donorhub.services.moving import processing_record, retention
from donorhub.services.providers import inbox
from tests.contents import read_contents
from tests.services.donors.erasure_rows import ME, NOW, TODAY

OLD = NOW - timedelta(days=401)


def add_event(received_at: datetime, state: str = "done") -> int:
    endpoint = db.session.scalar(select(WebhookEndpoint)) or WebhookEndpoint(
        provider="stripe", slug="s", created_at=NOW
    )
    db.session.add(endpoint)
    db.session.flush()
    row = ProviderEvent(
        endpoint_id=endpoint.id,
        provider="stripe",
        account="",
        external_id=f"evt_{received_at.timestamp()}_{state}",
        type="x",
        livemode=True,
        occurred_at=1,
        received_at=received_at,
        object_kind="x",
        object_id="x",
        body=zlib.compress(b"{}"),
        body_sha256=b"1",
        state=state,
    )
    db.session.add(row)
    db.session.commit()
    return row.id


def add_message(planned_at: datetime, state: str = "sent") -> int:
    row = Message(
        send_key=f"{planned_at}{state}",
        template="x",
        lang="pl",
        to_address="a@b",
        subject="s",
        body="text",
        message_id=f"{planned_at}{state}@x",
        planned_at=planned_at,
        state=state,
    )
    db.session.add(row)
    db.session.commit()
    return row.id


def add_file(uploaded_at: datetime, sha256: str) -> int:
    row = ImportFile(
        sha256=sha256,
        filename="f",
        size=3,
        content=b"",
        state="done",
        uploaded_by=ME,
        uploaded_at=uploaded_at,
    )
    imports.keep_content(row, b"abc")
    db.session.add(row)
    db.session.commit()
    return row.id


def delete_old(now: datetime = NOW) -> int:
    count = retention.delete_old(now=now)
    db.session.commit()
    return count


def read_run(kind: str) -> tuple[int, int]:
    query = select(RetentionRun).filter_by(kind=kind).order_by(RetentionRun.id.desc()).limit(1)
    run = db.session.scalars(query).one()
    return run.deleted, run.left_over


def test_old_goes_and_young_stays(database: Flask) -> None:
    """Bodies older than their clock are empty, the day after it they are there; ids and states stay."""
    old, young = add_event(OLD), add_event(NOW - timedelta(days=399))
    text, young_text = add_message(NOW - timedelta(days=732)), add_message(NOW - timedelta(days=729))
    assert delete_old() == 2
    assert db.session.get_one(ProviderEvent, old).body == b""
    assert inbox.make_raw_event(db.session.get_one(ProviderEvent, old)).body == b""
    assert db.session.get_one(ProviderEvent, young).body != b""
    assert db.session.get_one(Message, text).body == ""
    assert db.session.get_one(Message, young_text).body == "text"


def test_second_run_changes_nothing(database: Flask) -> None:
    """Again there is nothing to delete and nothing to note."""
    add_event(OLD)
    assert delete_old() == 1
    before = read_contents()
    assert delete_old() == 0
    assert read_contents() == before


def test_what_waits_is_left_and_counted(database: Flask) -> None:
    """A message that nobody has looked into stays, and the page says that there is one."""
    add_event(OLD)
    stuck = add_event(OLD, state="dead")
    delete_old()
    assert db.session.get_one(ProviderEvent, stuck).body != b""
    assert read_run("provider_message") == (1, 1)


def test_bank_file_is_kept_for_years(database: Flask) -> None:
    """A file of the last day of its year goes with the first day after five years, not a day before."""
    file_id = add_file(datetime(2020, 12, 31, 12, tzinfo=UTC), "a")
    assert delete_old(datetime(2025, 12, 31, 12, tzinfo=UTC)) == 0
    assert imports.read_content(db.session.get_one(ImportFile, file_id)) == b"abc"
    assert delete_old(datetime(2026, 1, 1, 12, tzinfo=UTC)) == 1
    with pytest.raises(Conflict, match="kept long enough"):
        imports.read_content(db.session.get_one(ImportFile, file_id))
    records = select(AuditRecord.subject_id).where(AuditRecord.what == "import_file.purged")
    assert db.session.scalars(records).all() == [file_id]


def test_organisation_sets_its_own_clock(database: Flask) -> None:
    """Another time holds from then on, is in the audit once, and nonsense is refused."""
    event_id = add_event(NOW - timedelta(days=40))
    assert retention.set_clock("provider_message", 30, now=NOW, actor=ME)
    assert not retention.set_clock("provider_message", 30, now=NOW, actor=ME)
    for keep in (0, -1, 40_000):
        with pytest.raises(Rejected):
            retention.set_clock("provider_message", keep, now=NOW, actor=ME)
    assert delete_old() == 1
    assert db.session.get_one(ProviderEvent, event_id).body == b""
    data: list[Any] = list(
        db.session.scalars(select(AuditRecord.data).where(AuditRecord.what == "retention.changed"))
    )
    assert data == [{"kind": "provider_message", "before": 400, "after": 30}]


def test_record_of_processing_names_all(database: Flask) -> None:
    """Each purpose, its categories of data, recipients and times of keeping; staff stand apart."""
    add_event(NOW)
    record = processing_record.make_record(today=TODAY)
    plain: Any = processing_record.describe_record(record)
    data = {part["purpose"]: part["data"] for part in plain["activities"]}
    assert "email" in data["identity"]["donor"]
    assert "text" in data["care"]["interaction"]
    assert plain["recipients"] == {"payment_providers": ["stripe"], "mail_server": False}
    assert plain["staff"]["user"] == ["email", "name", "password", "last_login_at"]
    assert {one["kind"]: (one["keep"], one["unit"]) for one in plain["retention"]}["bank_file"] == (
        5,
        "years",
    )
    assert record.clocks[2].before_on == date(2021, 1, 1)
