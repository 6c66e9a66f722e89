"""Migrations make the tables that the models speak of, on both databases, and run again without a change."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from donorhub import db as database_module
from donorhub import models  # noqa: F401  the tables must be known
from donorhub.db import Base
from donorhub.migrations import run


@pytest.fixture
def engine(tmp_path: Path, request: pytest.FixtureRequest, servers: dict[str, str]) -> Iterator[Engine]:
    if servers:
        from tests.servers import create_database, drop_database

        url = create_database(servers["DATABASE_URL"])
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
        yield engine
        engine.dispose()
        drop_database(url)
        return
    engine = create_engine(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    database_module.install(engine)
    yield engine
    engine.dispose()


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLite cannot reflect an index on an expression
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: (
                    not (kind == "table" and (name or "").startswith("donor_search"))
                ),
                "include_object": lambda _, name, kind, *__: (
                    not (kind == "index" and (name or "").startswith(("ix_donor_search", "uq_match_live")))
                ),
            },
        )
        return list(compare_metadata(context, Base.metadata))


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    before, after = run.upgrade(engine)
    assert before is None
    assert after == run.newest()
    assert differences(engine) == []


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    run.upgrade(engine)
    tables = sorted(inspect(engine).get_table_names())
    assert run.upgrade(engine) == (run.newest(), run.newest())
    assert sorted(inspect(engine).get_table_names()) == tables


def test_the_migrated_database_finds_donors_by_a_part_of_their_name(engine: Engine) -> None:
    run.upgrade(engine)
    if engine.dialect.name != "sqlite":
        pytest.skip("the trigram index of PostgreSQL needs no table of its own")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO donor (code, kind, name, given_name, family_name, salutation, email, phone,"
                " street, postcode, city, country, lang, note, search, do_not_contact, is_deceased, source,"
                " created_at, updated_at, version) VALUES ('DH-1001-7', 'person', 'Łucja', '', '', '', '',"
                " '', '', '', '', '', 'pl', '', 'lucja kowalska', 0, 0, 'x', '2026-01-01', '2026-01-01', 1)"
            )
        )
        found = connection.execute(
            text("SELECT rowid FROM donor_search WHERE donor_search MATCH 'kowal'")
        ).all()
    assert len(found) == 1


def test_a_database_of_the_first_revision_keeps_its_rows_and_takes_its_audit_head(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(run.alembic_config(connection), "20261122_1200")
        connection.execute(
            text(
                "INSERT INTO donor (code, kind, name, given_name, family_name, salutation, email, phone,"
                " street, postcode, city, country, lang, note, search, do_not_contact, is_deceased, source,"
                " created_at, updated_at, version) VALUES ('DH-1001-7', 'person', 'Łucja', '', '', '', '',"
                " '', '', '', '', '', 'pl', '', 'lucja', false, false, 'x', '2026-01-01', '2026-01-01', 1)"
            )
        )
        for seq in ("1", "2", "NULL"):
            connection.execute(
                text(
                    "INSERT INTO audit_record (seq, at, actor, what, subject_type, subject_id, data, digest,"
                    f" chain) VALUES ({seq}, '2026-01-01', 'user:1', 'x', 'y', 1, '{{}}', 'd', 'chain {seq}')"
                )
            )
    run.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, tax_number FROM donor")).all() == [("Łucja", "")]
        assert connection.execute(text("SELECT seq, chain FROM audit_head")).all() == [(2, "chain 2")]
        assert connection.execute(text("SELECT count(*) FROM audit_record")).scalar_one() == 3
    assert differences(engine) == []
