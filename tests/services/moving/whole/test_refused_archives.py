"""An archive that cannot come in whole does not come in at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.services.messages import suppressions
from tests.contents import read_contents
from tests.services.moving.whole.moved import (
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
