"""The fair write queue and reading without writing."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import DBAPIError

from donorhub.db import WriteQueue, db, read_only
from donorhub.errors import Busy
from donorhub.models import Fund


def test_writers_are_served_in_the_order_they_came() -> None:
    queue, served, threads = WriteQueue(), [], []
    queue.take_turn(1)
    for number in range(8):
        thread = threading.Thread(
            target=lambda n=number: (queue.take_turn(5), served.append(n), queue.give_turn_back())
        )
        thread.start()
        threads.append(thread)
        while len(queue._waiting) <= number:
            time.sleep(0.001)
    queue.give_turn_back()
    for thread in threads:
        thread.join()
    assert served == list(range(8))


def test_late_writer_leaves_the_queue() -> None:
    """A writer that waits too long is refused and leaves the queue, so that the next can write."""
    queue = WriteQueue()
    queue.take_turn(1)
    with pytest.raises(Busy):
        queue.take_turn(0.01)
    queue.give_turn_back()
    queue.take_turn(0.01)


def test_the_same_mode_again_keeps_statements_compiled(database: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no pragmas")
    pragmas: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "PRAGMA" in statement:
            pragmas.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for _ in range(3):
            with read_only(), db.engine.begin() as connection:
                connection.execute(select(Fund.id))
        for _ in range(3):
            with db.engine.begin() as connection:
                connection.execute(update(Fund).values(name="the same"))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert pragmas in (["PRAGMA query_only=1", "PRAGMA query_only=0"], ["PRAGMA query_only=0"])


def test_sixteen_writers_that_read_first_all_succeed(database: Flask) -> None:
    def add(number: int) -> None:
        with database.app_context():
            for again in range(10):
                count = db.session.scalar(select(func.count()).select_from(Fund))
                db.session.add(Fund(code=f"{number}-{again}", name=str(count)))
                db.session.commit()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(select(func.count()).select_from(Fund)) == 161


def test_a_reading_transaction_cannot_write(database: Flask) -> None:
    with read_only():
        db.session.add(Fund(code="x", name="x"))
        with pytest.raises(DBAPIError):
            db.session.commit()
        db.session.rollback()
    db.session.add(Fund(code="x", name="x"))
    db.session.commit()


def test_naive_instants_are_refused(database: Flask) -> None:
    from donorhub.services.work import events

    events.record_event("x", ("gift", 1), occurred_at=datetime(2026, 1, 1), now=datetime(2026, 1, 1))
    with pytest.raises(DBAPIError.__mro__[1], match="time zone"):
        db.session.commit()
    db.session.rollback()
