"""Everything out and back into an empty installation: the same rows, sums and states, and it is held."""

from __future__ import annotations

import ast
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import JSON, Date, LargeBinary, func, select, update

from donorhub.db import Base, UTCDateTime, db
from donorhub.models import (
    ApiToken,
    AuditRecord,
    Donor,
    Gift,
    ImportFile,
    User,
    WebhookSecret,
)
from donorhub.services.access import audit, instance
from donorhub.services.bank.files import imports
from donorhub.services.donors import donors
from donorhub.services.messages import suppressions
from donorhub.services.moving import export as export_as_json
from donorhub.services.moving.whole import contents
from donorhub.services.reports import invariants
from tests.api.test_dates import something_of_everything  # noqa: F401  a fixture
from tests.services.moving.whole.moved import (
    another_installation,
    bring,
    emptied,
    export,
    make_known,
    read_manifest,
    read_members,
    read_tables,
)

ROOT = Path(__file__).resolve().parents[4]
UNSAID = {"more", "layout", "day_sums", "donor_fields"}  # columns that may hold JSON or nothing
KEY = "another installation's key"
KEY_USES = ("seal_bytes", "unseal_bytes", "seal_file", "unseal_file", "compute_keyed_hash")
# Where something is sealed or hashed with the installation's key, and what becomes of it in a move.
KEYED_AT = {
    "jobs/backups/erasure_log.py": "codes of people erased, compared with what a log says",
    "services/access/audit.py": "digests of records and of values beside them: worked out anew",
    "services/access/place.py": "of the place: instance is left out",
    "services/bank/files/imports.py": "files: unsealed, and sealed anew",
    "services/donors/contact_rows.py": "contact points: hashed anew",
    "services/donors/candidates.py": "values compared with what donors are looked up by",
    "services/donors/later_rows.py": "values compared with what donors are looked up by",
    "services/donors/identity_keys.py": "what donors are looked up by: computed anew",
    "services/donors/donor_files.py": "files: unsealed, and sealed anew",
    "services/donors/donors.py": "by which an e-mail is looked up: computed each time",
    "services/donors/erasure.py": "by what somebody erased is known: only with the same key",
    "services/messages/suppressions.py": "suppressed addresses: hashed anew where they are known",
    "services/moving/gift_values.py": "what a file filled in: stays as it is in an instance with another key",
    "services/moving/prepared_downloads.py": "files kept for a day: left out",
    "services/moving/whole/contents.py": "the move itself",
    "services/moving/whole/manifest.py": "whether two keys are the same",
    "services/receipts/sealed_receipts.py": "keys of sealed papers: unsealed, and sealed anew",
    "services/providers/endpoints.py": "signing secrets: left out",
}


def test_what_is_brought_is_exported_the_same(world: Flask, home: Path, now: datetime) -> None:
    """Every table of the second archive is that of the first, byte for byte, under another key."""
    first = make_known(export())
    filled = [name for name, rows in read_tables(first).items() if rows]
    with emptied(world, home, key=KEY):
        bring(first)
        assert not any(invariants.check_all(now=now).values())
        second = export()
    assert len(filled) > 35
    before, after = read_members(first), read_members(second)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["manifest.json"]
    assert read_manifest(first)["tables"] == read_manifest(second)["tables"]
    assert read_manifest(first)["key_check"] != read_manifest(second)["key_check"]
    assert read_manifest(first)["audit"]["is_whole"] is read_manifest(second)["audit"]["is_whole"] is True


def test_another_database_brings_the_same(
    world: Flask, stores: str, home: Path, tmp_path: Path, now: datetime
) -> None:
    """From PostgreSQL to SQLite and back every table stays as it is."""
    if stores == "sqlite":
        pytest.skip("from SQLite to itself is tested above")
    first = make_known(export())
    with another_installation(tmp_path, key=KEY):
        bring(first)
        second = export()
    with emptied(world, home, key="a third key"):
        bring(second)
        third = export()
        donor = donors.create_donor({"name": "Next"}, source="form", now=now, actor="t")
        assert donor.id > max(row["id"] for row in read_tables(first)["donor"])
        db.session.rollback()
    tables = {name: lines for name, lines in read_members(first).items() if name != "manifest.json"}
    for other in (second, third):
        assert [name for name, lines in tables.items() if read_members(other)[name] != lines] == []


def test_all_rows_come_but_what_is_left_out(world: Flask) -> None:
    """A table or column that nobody named is in the archive, and no secret is."""
    user = db.session.scalars(select(User).order_by(User.id).limit(1)).one()
    secrets = [user.password, user.fs_uniquifier, *db.session.scalars(select(ApiToken.token_sha256))]
    archive = export()
    counts = {
        table.name: db.session.scalar(select(func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
        if table.name not in contents.LEFT_OUT_TABLES
    }
    tables = read_tables(archive)
    assert {name: len(rows) for name, rows in tables.items()} == counts
    for table in contents.list_tables():
        columns = {column.name for column in table.columns}
        left_out = {name for where, name in contents.LEFT_OUT_COLUMNS if where == table.name}
        for row in tables[table.name]:
            lacking = columns - row.keys()
            assert left_out <= columns and lacking <= left_out | UNSAID
    text = b"".join(read_members(archive).values()).decode()
    assert [secret for secret in secrets if secret in text] == [] and "whsec_" not in text
    everything = {*contents.LEFT_OUT_TABLES, *counts}
    assert everything == {table.name for table in Base.metadata.sorted_tables}


def test_no_secret_is_in_the_archive() -> None:
    """What the JSON leaves out as secret, which a test of its own finds by its name, the archive does too."""
    secret = [(table, column) for table, columns in export_as_json.SECRETS.items() for column in columns]
    assert secret and all(
        table in contents.LEFT_OUT_TABLES or (table, column) in contents.LEFT_OUT_COLUMNS
        for table, column in secret
    )


def test_what_is_named_as_left_out_exists() -> None:
    tables = Base.metadata.tables
    assert contents.LEFT_OUT_TABLES.keys() <= tables.keys()
    assert all(column in tables[table].columns for table, column in contents.LEFT_OUT_COLUMNS)
    assert all(column in tables[table].columns for table, column in contents.PACKED_COLUMNS)
    links = [(table, name) for table, names in contents.SELF_REFERENCES.items() for name in names]
    assert links and all(tables[table].c[name].nullable for table, name in links)


def test_every_kind_of_column_can_be_written() -> None:
    """A column of a new kind needs its way in moving.whole.values."""
    kinds = {type(column.type).__name__ for table in contents.list_tables() for column in table.columns}
    plain = {"String", "Integer", "BigInteger", "Boolean", "Word"}
    assert kinds - plain == {kind.__name__ for kind in (UTCDateTime, Date, LargeBinary, JSON)}


def test_every_use_of_the_key_is_known() -> None:
    """What is sealed or hashed in a new place would come out unreadable: say here what becomes of it."""
    users_of_key = set()
    for path in (ROOT / "donorhub").rglob("*.py"):
        if "migrations" in path.parts or path.name == "vault.py":
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        if any(call.attr in KEY_USES for call in calls):
            users_of_key.add(str(path.relative_to(ROOT / "donorhub")))
    assert users_of_key == KEYED_AT.keys()


def test_what_was_brought_is_held_and_closed(world: Flask, home: Path, now: datetime) -> None:
    """Nothing leaves, nobody can sign in, no token opens anything, and files are sealed with the new key."""
    first = make_known(export())
    names = read_tables(first)
    with emptied(world, home, key=KEY):
        bring(first)
        assert instance.is_held()
        hold = instance.judge_place()
        assert hold is not None and hold.reasons == ["imported"]
        user = db.session.scalars(select(User).order_by(User.id).limit(1)).one()
        assert user.password.startswith("$argon2") and user.email == names["user"][0]["email"]
        assert set(db.session.scalars(select(ApiToken.revoked_at))) == {now}
        assert db.session.query(WebhookSecret).count() == 0
        file = db.session.scalars(select(ImportFile).where(ImportFile.size > 0).limit(1)).one()
        assert imports.read_content(file)
        assert suppressions.is_suppressed("ela@example.org")
        assert audit.find_head() is not None
        instance.adopt_instance(now=now, actor="user:1")
        record = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1)).one()
        origin = record.data["origin"]
        assert isinstance(origin, dict) and origin["instance"] == read_manifest(first)["instance"]
        assert origin["audit_chain"] == read_manifest(first)["audit"]["chain"]


def test_broken_audit_is_told_and_stays_told(world: Flask, home: Path, now: datetime) -> None:
    """An audit that somebody changed is not made good by a move: the adoption says that it was not whole."""
    make_known(export())
    db.session.execute(update(AuditRecord).where(AuditRecord.id == 1).values(actor="user:99"))
    db.session.commit()
    archive = export()
    assert read_manifest(archive)["audit"]["is_whole"] is False
    with emptied(world, home, key=KEY):
        bring(archive)
        instance.adopt_instance(now=now, actor="user:1")
        record = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1)).one()
        origin: Any = record.data["origin"]
        assert origin["audit_was_whole"] is False


def test_sums_stand_by_currency(world: Flask) -> None:
    """The manifest's sums are what the base says, for each currency by itself."""
    rows = db.session.execute(select(Gift.currency, func.sum(Gift.amount_minor)).group_by(Gift.currency))
    sums = {currency: int(total) for currency, total in rows}
    assert sums and read_manifest(export())["tables"]["gift"]["sums"]["amount_minor"] == sums
    assert db.session.query(Donor).count() == read_manifest(export())["tables"]["donor"]["rows"]
