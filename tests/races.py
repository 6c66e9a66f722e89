"""Two who write at once on PostgreSQL: the first keeps its transaction open till the second waits or ends."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from donorhub.db import db

PATIENCE_S = 20.0
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@dataclass
class Second:
    """What became of the second: what it returned or raised, and whether it had to wait for the first."""

    waited: bool = False
    result: Any = None
    error: Exception | None = None


def skip_without_locks(app: Flask) -> None:
    if app.extensions["donorhub.settings"].uses_sqlite:
        pytest.skip("SQLite has one writer: nobody writes while another does")


def run_second(app: Flask, second: Callable[[], Any], *, reached: threading.Event | None = None) -> Second:
    """Run ``second`` in a transaction of its own beside the one that the caller has open.

    As soon as it waits for a lock, is done or says that it has ``reached`` a place, the caller's transaction
    is committed, and the second may end too.
    """
    outcome, reached = Second(), reached or threading.Event()

    def work() -> None:
        with app.app_context():
            try:
                outcome.result = second()
                db.session.commit()
            except Exception as e:
                db.session.rollback()
                outcome.error = e

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as observer:
        while thread.is_alive() and not outcome.waited and not reached.is_set():
            outcome.waited = bool(observer.execute(text(_WAITING)).scalar())
            assert time.monotonic() < deadline, "the second neither waits nor ends"
            time.sleep(0.005)
    db.session.commit()
    thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the second waits for ever"
    return outcome


@contextmanager
def record_locks() -> Iterator[list[str]]:
    """Note the tables whose rows are locked by a SELECT, in the order in which that happens."""
    tables: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FOR UPDATE" in statement:
            tables.append(re.findall(r'FROM "?(\w+)"?', statement)[0])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield tables
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
