"""What the database cannot do now is told as that, with when to ask again, and nothing was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from donorhub.db import db, read_only
from donorhub.errors import Busy
from donorhub.models import Donor
from tests.api.conftest import Caller, dump, problem
from tests.api.test_idempotency import new_gift


@contextmanager
def every_write_begins(with_what: Callable[[Connection], None]) -> Iterator[None]:
    """Let it happen at the beginning of each transaction of a request that writes."""
    event.listen(db.engine, "begin", with_what)
    try:
        yield
    finally:
        event.remove(db.engine, "begin", with_what)


def read_only_server(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only=1")
    else:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def failed_already(connection: Connection) -> None:
    """As where somebody catches an error of the database and goes on."""
    with pytest.raises(psycopg.errors.DivisionByZero):
        connection.connection.cursor().execute("SELECT 1 / 0")


def impatient(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")


def postgres(database: Flask) -> None:
    if database.extensions["donorhub.settings"].uses_sqlite:
        pytest.skip("SQLite has neither: a write waits for the one before it")


def is_busy(answer: TestResponse) -> bool:
    said = problem(answer)
    return (said["status"], said["code"], answer.headers["Retry-After"]) == (503, "busy", "5")


def test_readonly_database_asks_for_retry(api: Caller, donor: Donor) -> None:
    """A database that takes no writes asks the caller to come again."""
    before = dump()
    with every_write_begins(read_only_server):
        assert is_busy(api.post("/gifts", new_gift(donor)))
        assert is_busy(api.post("/donors", {"name": "Anna"}))
    assert dump() == before
    assert api.post("/gifts", new_gift(donor)).status_code == 201


def test_failed_transaction_asks_for_retry(api: Caller, donor: Donor, database: Flask) -> None:
    """A transaction that had failed asks the caller to come again."""
    postgres(database)
    before, new = dump(), new_gift(donor)
    with every_write_begins(failed_already):
        answer = api.post("/gifts", new)
    assert is_busy(answer)
    assert dump() == before


def test_long_lock_asks_for_retry(api: Caller, donor: Donor, database: Flask) -> None:
    """A row that another holds too long asks the caller to come again."""
    postgres(database)
    etag = api.get(f"/donors/{donor.id}").headers["ETag"]
    db.session.rollback()
    with db.engine.connect() as other:
        other.execute(text("SELECT id FROM donor FOR UPDATE"))
        with every_write_begins(impatient):
            assert is_busy(api.patch(f"/donors/{donor.id}", {"city": "X"}, etag=etag))
    assert api.patch(f"/donors/{donor.id}", {"city": "X"}, etag=etag).status_code == 200


def test_write_in_reading_is_our_fault(database: Flask, donor: Donor) -> None:
    """A write where we said that we only read is our fault and does not pass by itself."""
    donor_id = donor.id
    db.session.rollback()
    with read_only():
        db.session.get_one(Donor, donor_id).city = "X"
        with pytest.raises(DBAPIError) as error:
            db.session.flush()
        db.session.rollback()
    assert not isinstance(error.value, Busy)
