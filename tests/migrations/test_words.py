"""A migration that closes a set of words looks at the rows first, and leaves all else as it was."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from donorhub.errors import Conflict
from donorhub.migrations import run
from donorhub.migrations.checks import WordCheck, set_word_checks

BEFORE_THE_WORDS = "20261130_0400"
THE_WORDS = "20261130_0430"
NEW_TASK = text(
    "INSERT INTO task (key, kind, performer, role, subject_type, subject_id, facts, due_at, state, attempts,"
    " last_error, created_at, outcome) VALUES (:key, :kind, 'person', :role, 'donor', 1, '{}',"
    " '2026-01-01', 'planned', 0, '', '2026-01-01', '')"
)
NEW_USER = text(
    'INSERT INTO "user" (id, email, name, password, lang, active, fs_uniquifier, created_at)'
    " VALUES (3, 'a@b.example', 'A', 'x', 'pl', true, 'u', '2026-01-01')"
)
NEW_DONOR = (
    "INSERT INTO donor (code, kind, name, given_name, family_name, salutation, email, phone, street,"
    " postcode, city, country, lang, search, do_not_contact, is_deceased, source, created_at,"
    " updated_at, version) VALUES ('{code}', '{kind}', 'A', '', '', '', '', '', '', '', '', '', 'pl',"
    " 'a', false, false, 'x', '2026-01-01', '2026-01-01', 1)"
)


def test_unknown_words_stop_the_upgrade(engine: Engine) -> None:
    """Words outside a closed set stop the upgrade, which names their rows and changes nothing."""
    with engine.begin() as connection:
        command.upgrade(run.make_config(connection), BEFORE_THE_WORDS)
        for number in range(1, 8):
            connection.execute(NEW_TASK, {"key": f"bad {number}", "kind": "tank_you", "role": ""})
        connection.execute(NEW_TASK, {"key": "good", "kind": "thank_you", "role": "boss"})
        before = read_contents(connection)
    with pytest.raises(Conflict) as refusal:
        run.upgrade(engine)
    assert "task.kind is 'tank_you' in id 1, 2, 3, 4, 5 and 2 more, where only 'thank_you', " in str(
        refusal.value
    )
    assert "task.role is 'boss' in id 8, where only '', 'admin', " in str(refusal.value)
    assert "Correct these rows" in str(refusal.value)
    with engine.connect() as connection:
        assert read_contents(connection) == before
        assert run.read_current_revision(connection) == BEFORE_THE_WORDS


def test_corrected_words_let_the_upgrade_through(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(run.make_config(connection), BEFORE_THE_WORDS)
        connection.execute(NEW_TASK, {"key": "k", "kind": "tank_you", "role": ""})
    with pytest.raises(Conflict):
        run.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE task SET kind = 'thank_you'"))
    run.upgrade(engine)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(NEW_TASK, {"key": "l", "kind": "tank_you", "role": ""})


def test_new_checks_change_nothing_else(engine: Engine) -> None:
    """New checks leave rows, indexes and references as they were."""
    with engine.begin() as connection:
        command.upgrade(run.make_config(connection), BEFORE_THE_WORDS)
        connection.execute(NEW_USER)
        connection.execute(text("INSERT INTO role (id, name) VALUES (7, 'admin')"))
        connection.execute(text("INSERT INTO user_role (user_id, role_id) VALUES (3, 7)"))
        connection.execute(NEW_TASK, {"key": "k", "kind": "call", "role": "caller"})
        connection.execute(text("UPDATE task SET assignee_id = 3"))
        before = read_contents(connection)
        indexes = read_definitions(connection, "index")
        triggers = read_definitions(connection, "trigger")
    with engine.connect() as connection, run.suspend_foreign_keys(connection), connection.begin():
        command.upgrade(run.make_config(connection), THE_WORDS)
    with engine.connect() as connection:
        after = read_contents(connection)
        assert {table: after[table] for table in before if table != "alembic_version"} == {
            table: rows for table, rows in before.items() if table != "alembic_version"
        }
        assert read_definitions(connection, "index") >= indexes
        assert read_definitions(connection, "trigger") == triggers
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text('DELETE FROM "user"'))  # the task and the role still point at it


def test_check_beside_triggers_is_replaced(engine: Engine) -> None:
    """A check of a table with triggers replaces the earlier one and keeps the triggers."""
    run.upgrade(engine)
    wider = WordCheck("donor", "kind", ("person", "organisation", "household", "robot"))
    with engine.connect() as connection, run.suspend_foreign_keys(connection), connection.begin():
        connection.execute(text(NEW_DONOR.format(kind="person", code="DH-1")))
        triggers, indexes = read_definitions(connection, "trigger"), read_definitions(connection, "index")
        set_word_checks(connection, [wider])
        assert (read_definitions(connection, "trigger"), read_definitions(connection, "index")) == (
            triggers,
            indexes,
        )
        connection.execute(text(NEW_DONOR.format(kind="robot", code="DH-2")))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(NEW_DONOR.format(kind="cat", code="DH-3")))
    checks = [check["name"] for check in inspect(engine).get_check_constraints("donor")]
    assert sorted(checks) == ["ck_donor_kind_is_known", "ck_donor_lang_is_known"]


def read_contents(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, and of SQLite what the search index finds."""
    tables = sorted(name for name in inspect(connection).get_table_names() if "donor_search" not in name)
    quote = connection.dialect.identifier_preparer.quote
    return {
        table: sorted(
            (tuple(row) for row in connection.execute(text(f"SELECT * FROM {quote(table)}"))), key=repr
        )
        for table in tables
    }


def read_definitions(connection: Connection, kind: str) -> set[str]:
    """The statements of all indexes or triggers, as the database writes them."""
    if connection.dialect.name == "sqlite":
        query = f"SELECT sql FROM sqlite_master WHERE type = '{kind}' AND sql IS NOT NULL"
    elif kind == "index":
        query = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    else:
        query = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    return set(connection.execute(text(query)).scalars())
