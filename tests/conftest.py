"""The databases that the tests run on: SQLite, or PostgreSQL and Redis with ``--db=postgres``.

One application serves all tests of a process; each test that asks for ``database`` gets
it empty but for the organisation, and runs inside its application context.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import structlog
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from sqlalchemy import Connection
from sqlalchemy.util import LRUCache

from donorhub import clock, config, logs, vault
from donorhub.app import create_app
from donorhub.db import Base, db, set_reading
from donorhub.migrations import run
from donorhub.services.access import instance, organisation, users
from tests.put_back import put_back

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

# Every day the same examples, so that what fails comes of the change; ``scripts/test --all`` draws new ones.
settings.register_profile("everyday", derandomize=True, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("everyday")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--db", choices=("sqlite", "postgres"), default="sqlite")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect with Python's collector at rest: what is imported and listed stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for no database: it runs once, with SQLite, and not again with PostgreSQL."""
    for item in items:
        if isinstance(item, pytest.Function) and "stores" not in item.fixturenames:
            item.add_marker("once")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder of this test process, in memory where the machine has that."""
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="donorhub-test-", dir=memory if os.access(memory, os.W_OK) else None))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def stores(request: pytest.FixtureRequest) -> str:
    """Which stores this run is about: sqlite, or postgres with Redis; whatever has a database asks for it."""
    return str(request.config.getoption("--db"))


@pytest.fixture(scope="session")
def servers(stores: str, home: Path) -> Iterator[dict[str, str]]:
    """Where the data is: the environment variables of the two modes."""
    if stores == "sqlite":
        yield {}
        return
    from tests.servers import create_database, postgres_server, redis_server

    with ExitStack() as stack:
        url = create_database(stack.enter_context(postgres_server()))
        yield {"DATABASE_URL": url, "REDIS_URL": stack.enter_context(redis_server())}


@pytest.fixture(scope="session")
def app(servers: dict[str, str], home: Path) -> Iterator[Flask]:
    settings = config.load_settings(
        {**servers, "DONORHUB_MODE": "test", "DONORHUB_HOME": str(home), "DONORHUB_SETTLE_S": "120"}
    )
    app = create_app(settings)
    app.extensions["place"] = instance._process.read_facts
    with app.app_context():
        # Tests ask for more different things than a process of the product, whose cache of them is small.
        db.engine.update_execution_options(compiled_cache=LRUCache(5000))
        run.upgrade(db.engine)
        create_organisation()
        db.session.remove()
        if settings.uses_sqlite:
            db.engine.dispose()
            shutil.copy(home / "donorhub.sqlite3", home / "empty.sqlite3")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def database(app: Flask, home: Path) -> Iterator[Flask]:
    """An empty database with its organisation, and an application context; time stands at NOW."""
    before = clock.use_clock(lambda: NOW)
    set_reading(False)  # a test client leaves behind what its last request said
    vault.use_key(app.extensions["donorhub.settings"].field_key)  # a test may have made another application
    instance.use_place(app.extensions["place"])  # and adopted its base
    with app.app_context():
        empty_database(app, home)
        yield app
        db.session.remove()
    clock.use_clock(before)


def empty_database(app: Flask, home: Path) -> None:
    if app.extensions["donorhub.settings"].uses_sqlite:
        put_back(home / "donorhub.sqlite3", home / "empty.sqlite3")
        return
    db.session.remove()
    with db.engine.begin() as connection:
        _empty_what_is_full(connection)
    create_organisation()


def fill_once(app: Flask, name: str, fill: Callable[[], object]) -> None:
    """Fill an empty base as ``fill`` does; SQLite's is kept under this name and copied from then on."""
    settings: config.Settings = app.extensions["donorhub.settings"]
    image = settings.home / f"{name}.sqlite3"
    if not image.exists():
        fill()
        if settings.uses_sqlite:
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
            shutil.copy(settings.home / "donorhub.sqlite3", image)
    else:
        put_back(settings.home / "donorhub.sqlite3", image)


def create_organisation() -> None:
    """Create an organisation that has said who it is: what every receipt must show of it is there."""
    ours = organisation.create_organisation("Fundacja Przykład", now=NOW)
    ours.street, ours.postcode, ours.city = "ul. Krótka 2", "00-002", "Warszawa"
    ours.ids = {"NIP": "5252810770"}
    db.session.commit()


def _empty_what_is_full(connection: Connection) -> None:
    """Delete all rows and number anew. TRUNCATE makes a new file for each of seventy tables."""
    tables = [table.name for table in Base.metadata.sorted_tables]
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables)
    full = connection.exec_driver_sql(asked).scalars().all()
    used = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"
    sequences = connection.exec_driver_sql(used).scalars().all()
    deletes = [f'DELETE FROM "{name}"' for name in full]
    restarts = [f'ALTER SEQUENCE "{name}" RESTART' for name in sequences]
    # As a replica applies rows: neither triggers nor foreign keys have a say.
    together = ["SET LOCAL session_replication_role = replica", *deletes, *restarts]
    connection.exec_driver_sql("; ".join(together))


@pytest.fixture
def cheap_passwords(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a password take no time: what it costs is tested by tests/test_protection.py."""
    cost = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
    monkeypatch.setattr(users, "PasswordHasher", partial(PasswordHasher, **cost))
    security = app.extensions["security"]
    context = security.pwd_context
    security.pwd_context = context.copy(**{f"argon2__{name}": value for name, value in cost.items()})
    yield
    security.pwd_context = context


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    """Put logging and Python's hooks back as they were, after a test that sets up a process's log."""
    root, hooks = logging.root, (sys.excepthook, sys.unraisablehook, threading.excepthook)
    handlers, make_record, show = root.handlers, logging.getLogRecordFactory(), warnings.showwarning
    find_request_id = logs._find_request_id
    yield
    root.handlers = handlers
    logging.setLogRecordFactory(make_record)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    warnings.showwarning = show
    logs.use_request_ids(find_request_id)
    structlog.reset_defaults()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def client(database: Flask) -> FlaskClient:
    return database.test_client()
