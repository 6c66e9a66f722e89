"""An archive that cannot come in whole does not come in at all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.services.messages import suppressions
from donorhub.services.moving.whole import reading
from tests.contents import read_contents
from tests.services.moving.whole.moved import (
    EARLIER,
    SCHEMA,
    Archive,
    bring,
    change_manifest,
    change_member,
    emptied,
    export,
    make_known,
    read_manifest,
    read_members,
    read_tables,
)

KEY = "another installation's key"


def test_full_installation_takes_nothing(world: Flask) -> None:
    """Brought twice, or into one where something was done, it is refused and changes nothing."""
    archive = export()
    before = read_contents()
    with pytest.raises(Conflict, match="is not empty"):
        bring(archive)
    db.session.rollback()
    assert read_contents() == before


def test_orphan_opt_out_needs_the_same_key(world: Flask, home: Path) -> None:
    """A no whose address nobody has any more is never lost: without the old key nothing is brought."""
    archive = export()
    settings = world.extensions["donorhub.settings"]
    with emptied(world, home, key=KEY):
        before = read_contents()
        with pytest.raises(Rejected, match="DONORHUB_FIELD_KEY"):
            bring(archive)
        db.session.rollback()
        assert read_contents() == before
    with emptied(world, home, key=settings.field_key):
        bring(archive)
        assert suppressions.is_suppressed("stop@example.org")
        assert (
            read_members(export())["tables/suppression.jsonl"]
            == read_members(archive)["tables/suppression.jsonl"]
        )


def lose_row(archive: Archive) -> Archive:
    lines = read_members(archive)["tables/gift.jsonl"].splitlines(keepends=True)
    return change_member(archive, "tables/gift.jsonl", b"".join(lines[:-1]))


def change_amount(archive: Archive) -> Archive:
    lines = read_members(archive)["tables/gift.jsonl"]
    return change_member(
        archive, "tables/gift.jsonl", lines.replace(b'"amount_minor":5000', b'"amount_minor":5001', 1)
    )


def change_sum(archive: Archive) -> Archive:
    tables = read_manifest(archive)["tables"]
    tables["gift"]["sums"]["amount_minor"]["PLN"] += 1
    return change_manifest(archive, tables=tables)


def lose_table(archive: Archive) -> Archive:
    return change_member(archive, "tables/gift.jsonl", None)


def cut_off(archive: Archive) -> Archive:
    return archive[: len(archive) // 2]


def break_line(archive: Archive) -> Archive:
    return change_member(archive, "tables/fund.jsonl", b"{no json\n")


def lose_column(archive: Archive) -> Archive:
    row = read_tables(archive)["fund"][0]
    del row["code"]
    return change_member(archive, "tables/fund.jsonl", json.dumps(row).encode() + b"\n")


def lose_bits(archive: Archive) -> Archive:
    """What a bad disk does: the packed bytes of one table are others."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        member = file.getinfo("tables/gift.jsonl")
    start = member.header_offset + 30 + len(member.filename) + 20  # behind its local header
    return (
        archive[:start] + bytes(byte ^ 0xFF for byte in archive[start : start + 40]) + archive[start + 40 :]
    )


def lock_table(archive: Archive) -> Archive:
    """Mark one table as packed with a password, in its own header and in the list of contents."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        place = file.getinfo("tables/gift.jsonl").header_offset
    listed_at = archive.rindex(b"tables/gift.jsonl") - 46
    locked = bytearray(archive)
    locked[place + 6] |= 1
    locked[listed_at + 8] |= 1
    return bytes(locked)


def nest_deeply(archive: Archive) -> Archive:
    return change_member(archive, "tables/fund.jsonl", b"[" * 200_000 + b"\n")


def nest_manifest(archive: Archive) -> Archive:
    return change_member(archive, "manifest.json", b"[" * 200_000)


def lose_tables(archive: Archive) -> Archive:
    return change_manifest(archive, tables=7)


def lose_audit(archive: Archive) -> Archive:
    return change_manifest(archive, audit=None)


def come_from_nowhere(archive: Archive) -> Archive:
    return change_manifest(archive, schema=["20261122_1200"])


def come_from_the_future(archive: Archive) -> Archive:
    return change_manifest(archive, schema="20991231_2359")


def come_from_the_past(archive: Archive) -> Archive:
    return change_manifest(archive, schema="20261130_1745")


def be_another_program(archive: Archive) -> Archive:
    return change_manifest(archive, format="something else")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lose_row, "archive_damaged"),
        (change_amount, "archive_damaged"),
        (change_sum, "archive_damaged"),
        (lose_table, "archive_damaged"),
        (break_line, "archive_damaged"),
        (lose_column, "archive_damaged"),
        (lose_bits, "archive_damaged"),
        (lock_table, "archive_damaged"),
        (nest_deeply, "archive_damaged"),
        (lose_tables, "archive_damaged"),
        (lose_audit, "archive_damaged"),
        (nest_manifest, "no_archive"),
        (come_from_nowhere, "archive_newer"),
        (cut_off, "no_archive"),
        (be_another_program, "no_archive"),
        (come_from_the_future, "archive_newer"),
        (come_from_the_past, "archive_older"),
    ],
)
def test_refused_archive_changes_nothing(
    world: Flask, home: Path, spoil: Callable[[Archive], Archive], code: str
) -> None:
    """What is damaged, of another version or no archive is refused whole."""
    archive = make_known(export())
    spoiled = spoil(archive)
    assert spoiled != archive
    with emptied(world, home, key=KEY):
        before = read_contents()
        with pytest.raises(Rejected) as refusal:
            bring(spoiled)
        assert refusal.value.specific_code == code
        db.session.rollback()
        assert read_contents() == before


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("gift", "donor_id", "x"),
        ("gift", "donor_id", True),
        ("gift", "donor_id", 1.5),
        ("gift", "donor_id", 2**70),
        ("gift", "note", 7),
        ("gift", "note", "\ud800"),
        ("gift", "received_on", 7),
        ("gift", "recorded_at", "soon"),
        ("gift", "currency", None),
        ("donor", "do_not_contact", "no"),
        ("donor", "merged_into_id", {}),
        ("contact_point", "value", None),
    ],
)
def test_value_of_another_kind_is_refused(
    world: Flask, home: Path, table: str, column: str, value: object
) -> None:
    """SQLite would keep a text among numbers: an archive that agrees with its own manifest is refused too."""
    archive = make_known(export())
    rows = read_tables(archive)[table]
    rows[0][column] = value
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    tables = read_manifest(archive)["tables"]
    tables[table]["sha256"] = hashlib.sha256(b"".join(lines)).hexdigest()
    spoiled = change_manifest(change_member(archive, f"tables/{table}.jsonl", b"".join(lines)), tables=tables)
    with emptied(world, home, key=KEY):
        before = read_contents()
        with pytest.raises(Rejected, match="the archive is damaged"):
            bring(spoiled)
        db.session.rollback()
        assert read_contents() == before


def test_packed_gigabytes_are_read_in_pieces(world: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without an end, which packs a thousand times smaller, never stands in memory whole."""
    monkeypatch.setattr(reading, "_LONGEST_LINE", 1_000_000)
    archive = change_member(export(), "tables/fund.jsonl", b" " * 5_000_000)
    opened = reading.open_archive(io.BytesIO(archive), schema=SCHEMA, earlier_schemas=EARLIER)
    assert [len(line) for line in opened.stream_lines("fund")] == [1_000_000] * 5
