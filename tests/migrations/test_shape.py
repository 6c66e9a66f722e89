"""Migrations make what the models say, on both databases, and run again without a change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text

from donorhub import models  # noqa: F401  the tables must be known
from donorhub.db import Base
from donorhub.migrations import run
from tests.migrations.databases import new_database, upgrade_to
from tests.migrations.shape import read_shape
from tests.migrations.slips import SLIPS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wanted_shape(home: Path, servers: dict[str, str]) -> set[str]:
    """The shape of a database that is made of the models alone."""
    with new_database(home, servers) as engine:
        Base.metadata.create_all(engine)
        with engine.connect() as connection:
            return read_shape(connection)


@pytest.fixture(scope="module")
def migrated_engine(home: Path, servers: dict[str, str]) -> Iterator[Engine]:
    """A migrated database that the tests of this file leave as it is."""
    with new_database(home, servers) as engine:
        run.upgrade(engine)
        yield engine


def shape_of(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return read_shape(connection)


def test_the_migrations_make_what_the_models_say(migrated_engine: Engine, wanted_shape: set[str]) -> None:
    assert sorted(shape_of(migrated_engine) ^ wanted_shape) == []


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    assert run.upgrade(engine) == (None, run.find_newest_revision())
    before = shape_of(engine)
    assert run.upgrade(engine) == (run.find_newest_revision(), run.find_newest_revision())
    assert shape_of(engine) == before


@pytest.mark.filterwarnings("ignore:.*expression.*index")
def test_a_new_migration_would_be_empty(migrated_engine: Engine) -> None:
    """`donorhub db revision` finds nothing to write, and nothing of the search to drop."""
    with migrated_engine.begin() as connection:
        command.check(run.make_config(connection))


def test_only_the_comparison_makes_tables_past_the_migrations() -> None:
    """A test on a database that no installation has would pass where an installation fails."""
    sources = [path for folder in ("donorhub", "tests", "scripts") for path in (ROOT / folder).rglob("*")]
    makers = {
        str(path.relative_to(ROOT))
        for path in sources
        if path.suffix in ("", ".py") and path.is_file() and "create_all(" in path.read_text()
    }
    bare_route = "tests/benchmarks/bench_webhooks.py"  # an application of its own, to compare with
    assert makers == {"tests/migrations/test_shape.py", bare_route}


@pytest.mark.parametrize("kind", SLIPS)
def test_the_comparison_sees_each_kind_of_slip(kind: str, migrated_engine: Engine) -> None:
    slip = SLIPS[kind]
    shape = shape_of(migrated_engine)
    with migrated_engine.connect() as connection:
        slip.plant(connection)
        difference = read_shape(connection) ^ shape
        connection.rollback()
    assert difference
    assert all(slip.about in line for line in difference), difference
    assert shape_of(migrated_engine) == shape


def test_a_migrated_database_searches_parts_of_names(engine: Engine) -> None:
    run.upgrade(engine)
    if engine.dialect.name != "sqlite":
        pytest.skip("the trigram index of PostgreSQL needs no table of its own")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO donor (code, kind, name, given_name, family_name, salutation, email, phone,"
                " street, postcode, city, country, lang, search, do_not_contact, is_deceased, source,"
                " created_at, updated_at, version) VALUES ('DH-1001-7', 'person', 'Łucja', '', '', '', '',"
                " '', '', '', '', '', 'pl', 'lucja kowalska', 0, 0, 'x', '2026-01-01', '2026-01-01', 1)"
            )
        )
        rows = connection.execute(
            text("SELECT rowid FROM donor_search WHERE donor_search MATCH 'kowal'")
        ).all()
    assert len(rows) == 1


def test_the_first_release_keeps_its_rows(engine: Engine, wanted_shape: set[str]) -> None:
    """Its audit gets the head that it had not."""
    upgrade_to(engine, "20261122_1200")
    with engine.begin() as connection:
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
    assert shape_of(engine) == wanted_shape
