"""Events that come at once share a commit, before which nobody is answered; each fault stays with its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.exc import IntegrityError, OperationalError

from donorhub.db import db
from donorhub.jobs.queue.inbox_writer import InboxWriter
from donorhub.models import ProviderEvent
from donorhub.services.providers import endpoints, inbox
from tests.webhooks.scenarios import one_off, to_raw

CROWD = 9


class Gate:
    """An engine whose first transaction begins only when all others wait; ``is_away`` fails each."""

    def __init__(self, engine: Engine, *, is_away: bool = False) -> None:
        self._engine, self._is_away = engine, is_away
        self.is_entered, self.may_go_on = threading.Event(), threading.Event()
        self.begun = 0

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self.begun += 1
        self.is_entered.set()
        assert self.may_go_on.wait(10)
        if self._is_away:
            raise OperationalError(None, None, ConnectionError("refused"))
        with self._engine.begin() as connection:
            yield connection


@pytest.fixture
def rows(database: Flask, now: datetime) -> list[dict[str, Any]]:
    """The columns of one event for each of a crowd."""
    endpoint_id = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="t").id
    db.session.commit()
    told = [to_raw(one_off(f"x{n}")[0]) for n in range(CROWD)]
    return [inbox.make_event_row(endpoint_id, "stripe", one, now=now, source="http") for one in told]


def store_at_once(gate: Gate, rows: list[dict[str, Any]]) -> list[Exception | None]:
    """Store each row in a thread of its own, all but the first while the first is being written."""
    writer = InboxWriter(cast("Engine", gate))
    ends: list[Exception | None] = [None] * len(rows)
    waiting = threading.Semaphore(0)

    def tell(n: int) -> None:
        waiting.release()
        try:
            writer.store_rows([rows[n]])
        except Exception as e:
            ends[n] = e

    threads = [threading.Thread(target=tell, args=(n,)) for n in range(len(rows))]
    threads[0].start()
    assert gate.is_entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    while writer._queue.qsize() < len(rows) - 1:
        threading.Event().wait(0.005)
    gate.may_go_on.set()
    for thread in threads:
        thread.join(10)
    return ends


def list_stored_ids() -> set[str]:
    return set(db.session.scalars(select(ProviderEvent.external_id)))


def test_waiting_messages_share_next_commit(database: Flask, rows: list[dict[str, Any]]) -> None:
    """Messages that come while one is written share the next commit."""
    gate = Gate(db.engine)
    assert store_at_once(gate, rows) == [None] * CROWD
    assert gate.begun == 2
    assert len(list_stored_ids()) == CROWD


def test_unstorable_message_harms_no_other(database: Flask, rows: list[dict[str, Any]]) -> None:
    """A message that cannot be stored takes no other along."""
    rows[4]["source"] = "nowhere"
    ends = store_at_once(Gate(db.engine), rows)
    assert [type(e) for e in ends if e] == [IntegrityError] and isinstance(ends[4], IntegrityError)
    assert list_stored_ids() == {row["external_id"] for row in rows} - {rows[4]["external_id"]}


def test_absent_database_is_asked_once(database: Flask, rows: list[dict[str, Any]]) -> None:
    """A database that is away is asked once for all who wait."""
    gate = Gate(db.engine, is_away=True)
    assert {type(e) for e in store_at_once(gate, rows)} == {OperationalError}
    assert gate.begun == 2
    assert list_stored_ids() == set()


def test_backlog_is_not_sorted_each_time(database: Flask, rows: list[dict[str, Any]], now: datetime) -> None:
    """A long backlog is not sorted again for every few events that are taken from it."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("it is SQLite that tells its plan in words")
    InboxWriter(db.engine).store_rows(rows)
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        seen.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    assert sum(map(len, inbox.find_due(3, now=now).values())) == 3
    event.remove(db.engine, "before_cursor_execute", note)
    looks = [said for said in seen if "provider_event.state = 'received'" in said[0]]
    received = looks[0]
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {received[0]}", received[1]).all()
    assert "ix_provider_event_state_next_attempt_at" in str(plan) and "TEMP B-TREE" not in str(plan)
