"""The large base, an application on a copy of it, and who is signed in there."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import pytest
from flask import Flask, current_app
from sqlalchemy import Connection, func, make_url, select

from donorhub import clock, config, vault
from donorhub.app import create_app
from donorhub.config import Settings
from donorhub.db import db, set_reading
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.migrations import run
from donorhub.models import Gift, Role, User, UserSession
from donorhub.money import Money
from donorhub.services.access import organisation, users
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from tests.conftest import NOW
from tests.queries.large_base import Sql, begin_numbers, fill, keep_sums
from tests.queries.plans import PostgresPlans, SQLitePlans
from tests.queries.rows import list_rows
from tests.queries.store import Store, large_base
from tests.queries.visits import Visit, Visitor

ACTOR = "system:0"
SHARE = 10  # the base of the everyday run has a tenth of the rows: scans of it are told as well
KEYS = {"DONORHUB_MODE": "test", "DONORHUB_SECRET_KEY": "large", "DONORHUB_FIELD_KEY": "large"}
TABLE = Path(__file__).parents[1] / "files" / "csv" / "unknown-bank.csv"  # what all the bank files are
LARGE = {rows.table for rows in list_rows(Sql("sqlite")) if rows.count >= 10_000}


@pytest.fixture(
    scope="session", params=[SHARE, pytest.param(1, marks=pytest.mark.load)], ids=["tenth", "full"]
)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    share, is_postgres = request.param, request.config.getoption("--db") == "postgres"
    name = f"{'postgres' if is_postgres else 'sqlite'}-{share}"
    with large_base(name, lambda environ, _home: make_base(environ, share), is_postgres=is_postgres) as made:
        yield made


@pytest.fixture(scope="session")
def _large_app(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with store.copy(tmp_path_factory.mktemp("large")) as environ, application(environ) as app:
        yield app


@pytest.fixture(scope="session")
def visits(_large_app: Flask) -> list[Visit]:
    """Everything there is, as somebody saw it who may see all, and the pages for one with an own list."""
    with in_its_world(_large_app):
        return [
            visit
            for who in ("admin", "caller")
            for visit in Visitor(_large_app, who).visit_all(with_api=who == "admin")
        ]


@pytest.fixture
def large_app(_large_app: Flask) -> Iterator[Flask]:
    """The application on a copy of the large base, which tests only read; time stands at NOW."""
    with in_its_world(_large_app):
        yield _large_app


@pytest.fixture
def spare_app(store: Store, tmp_path: Path) -> Iterator[Flask]:
    """The application on a copy of the large base that a test may spoil."""
    with store.copy(tmp_path / "spare") as environ, application(environ) as app, in_its_world(app):
        yield app


@contextmanager
def application(environ: dict[str, str]) -> Iterator[Flask]:
    """An application beside that of the other tests."""
    app = create_app(config.load_settings({**KEYS, **environ}))
    yield app
    with app.app_context():
        db.engine.dispose()


@contextmanager
def in_its_world(app: Flask) -> Iterator[None]:
    """Its context, its key and our time, and the others' again at the end."""
    settings: Settings = app.extensions["donorhub.settings"]
    key, before = vault._key, clock.use_clock(lambda: NOW)
    vault.use_key(settings.field_key)
    set_reading(False)
    with app.app_context():
        yield
        db.session.remove()
    clock.use_clock(before)
    vault._key = key


@contextmanager
def plans_of(app: Flask) -> Iterator[SQLitePlans | PostgresPlans]:
    """Who judges statements on the database of an application, without its session."""
    settings: Settings = app.extensions["donorhub.settings"]
    if settings.uses_sqlite:
        raw = sqlite3.connect(str(make_url(settings.database_url).database), isolation_level=None)
        yield SQLitePlans(raw, LARGE)
        raw.close()
        return
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
        yield PostgresPlans(connection, LARGE, is_small=is_small())


def is_small() -> bool:
    """Return whether the base is that of the everyday run."""
    count = db.session.scalar(select(func.count()).select_from(Gift)) or 0
    db.session.remove()
    return count < 100_000


def make_base(environ: dict[str, str], share: int) -> None:
    """Make the large base in an empty database."""
    with application(environ) as app, in_its_world(app):
        run.upgrade(db.engine)
        payload = _begin()
        sql = Sql(db.engine.dialect.name)
        with db.engine.connect() as connection:
            _hurry(connection)
            content = vault.seal_bytes(zlib.compress(TABLE.read_bytes()))
            for rows in list_rows(sql, share=share, content=content, payload=payload):
                fill(connection, rows)
            begin_numbers(connection)
            connection.commit()
        keep_sums(NOW)
        if not sql.is_sqlite:  # no installation on SQLite ever looks at its figures
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")


def _begin() -> object:
    """Make what services do better than SQL: who we are, who is signed in, a receipt; return its print."""
    _found_organisation()
    _create_users()
    donor = donors.create_donor(
        {
            "given_name": "Łucja",
            "family_name": "Żółć",
            "email": "lucja@example.org",
            "lang": "pl",
            "street": "ul. Długa 1",
            "postcode": "00-001",
            "city": "Łódź",
            "country": "PL",
        },
        source="test",
        now=NOW,
        actor=ACTOR,
    )
    payload = _issue_receipt(donor.id)
    _token, text = users.create_token("queries", PERMISSIONS, now=NOW, actor=ACTOR)
    db.session.commit()
    settings: Settings = current_app.extensions["donorhub.settings"]
    (settings.home / "token").write_text(text)
    return payload


def _found_organisation() -> None:
    organisation.create_organisation("Fundacja Przykład", now=NOW)
    organisation.change_organisation(
        {
            "street": "ul. Prosta 1",
            "postcode": "00-001",
            "city": "Warszawa",
            "country": "PL",
            "ids": {"KRS": "0000123456", "NIP": "5252810770"},
            "signatory_name": "Maria Nowak",
            "signatory_role": "prezeska",
        },
        now=NOW,
        actor=ACTOR,
    )


def _create_users() -> None:
    for id_, name in enumerate(("caller", "admin"), 1):
        user = User(
            id=id_,
            email=f"{name}@example.org",
            name=name,
            password="!",
            lang="en",
            active=True,
            fs_uniquifier=name,
            created_at=NOW,
            roles=[db.session.query(Role).filter_by(name=name).one()],
        )
        db.session.add(user)
        db.session.flush()  # the session refers to it
        digest = hashlib.sha256(name.encode()).hexdigest()  # a visitor's cookie holds the name
        db.session.add(UserSession(token_sha256=digest, user_id=id_, created_at=NOW, seen_at=NOW))


def _issue_receipt(donor_id: int) -> object:
    """Issue the receipt of a first gift; return what it prints."""
    gift, _ = gifts.record_gift(
        donor_id,
        Money(5000, "PLN"),
        received_on=date(2026, 11, 20),
        source="test",
        source_ref="1",
        now=NOW,
        actor=ACTOR,
    )
    return receipts.issue_receipt([gift.id], today=date(2026, 11, 22), now=NOW, actor=ACTOR).payload


def _hurry(connection: Connection) -> None:
    """Nobody cuts the power while the base is made, and what is written refers to what will be there."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET session_replication_role = replica")
        return
    raw = connection.connection.driver_connection
    for pragma in ("synchronous=OFF", "journal_mode=OFF", "cache_size=-400000", "foreign_keys=OFF"):
        raw.execute(f"PRAGMA {pragma}")
