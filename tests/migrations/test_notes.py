"""The notes that stood in the donors' own rows are interactions after the upgrade, word for word."""

from __future__ import annotations

from datetime import UTC, datetime

from alembic import command
from sqlalchemy import Connection, Engine, text

from donorhub.migrations import run
from tests.migrations.databases import upgrade_to

BEFORE = "20261130_1525"
CAME, CHANGED = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 3, 7, 18, 30, tzinfo=UTC)
WORDS = "Prosi o kontakt po 17:00\n„zawsze”; O'Brien, ë"


def add_donor(connection: Connection, id_: int, note: str, source: str) -> None:
    connection.execute(
        text(
            "INSERT INTO donor (id, code, kind, name, given_name, family_name, salutation, email, phone,"
            " street, postcode, city, country, tax_number, lang, lang_is_told, note, search,"
            " do_not_contact, is_deceased, source, created_at, updated_at, version) VALUES (:id, :code,"
            " 'person', 'Anna', '', '', '', '', '', '', '', '', '', '', 'pl', true, :note, '',"
            " false, false, :source, :at, :at, 1)"
        ),
        {"id": id_, "code": f"DH-{id_}", "note": note, "source": source, "at": write(connection, CAME)},
    )


def add_record(connection: Connection, id_: int, what: str, donor_id: int, actor: str, at: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO audit_record (id, at, actor, what, subject_type, subject_id, data, digest)"
            " VALUES (:id, :at, :actor, :what, 'donor', :donor, '{}', '')"
        ),
        {"id": id_, "at": write(connection, at), "actor": actor, "what": what, "donor": donor_id},
    )


def add_value(connection: Connection, record_id: int, donor_id: int, field: str) -> None:
    connection.execute(
        text(
            "INSERT INTO audit_value (record_id, donor_id, field, before, after)"
            " VALUES (:r, :d, :f, '1', '2')"
        ),
        {"r": record_id, "d": donor_id, "f": field},
    )


def write(connection: Connection, at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f") + ("" if connection.dialect.name == "sqlite" else "+00")


def test_each_note_is_kept_word_for_word(engine: Engine) -> None:
    """Who changed a note last wrote it, and then; one that nobody changed came with its donor."""
    upgrade_to(engine, BEFORE)
    with engine.begin() as connection:
        add_donor(connection, 1, WORDS, "import:civicrm")
        add_donor(connection, 2, "by hand", "form")
        add_donor(connection, 3, "", "form")
        add_donor(connection, 4, "by a program", "stripe:acct_1")
        add_record(connection, 1, "donor.created", 1, "user:3", CAME)
        add_record(connection, 2, "donor.changed", 2, "user:1", CAME)
        add_record(connection, 3, "donor.changed", 2, "user:7", CHANGED)
        add_record(connection, 4, "donor.changed", 2, "user:8", CHANGED)
        add_record(connection, 5, "donor.changed", 4, "token:2", CHANGED)
        for record_id, donor_id, field in ((2, 2, "note"), (3, 2, "note"), (4, 2, "city"), (5, 4, "note")):
            add_value(connection, record_id, donor_id, field)
    run.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT donor_id, kind, text, actor, source, at, recorded_at"
                " FROM interaction ORDER BY donor_id"
            )
        ).all()
        assert [tuple(row)[:5] for row in rows] == [
            (1, "note", WORDS, "user:3", "import:civicrm"),
            (2, "note", "by hand", "user:7", "form"),
            (4, "note", "by a program", "token:2", "api"),
        ]
        moments = [str(row.at)[:19] for row in rows]
        assert moments == ["2026-01-05 09:00:00", "2026-03-07 18:30:00", "2026-03-07 18:30:00"]
        assert all(row.at == row.recorded_at for row in rows)
        columns = connection.execute(text("SELECT * FROM donor WHERE id = 1")).keys()
    assert "note" not in columns
    with engine.begin() as connection:
        command.upgrade(run.make_config(connection), "head")  # again: nothing is added
        assert connection.scalar(text("SELECT count(*) FROM interaction")) == len(rows)
