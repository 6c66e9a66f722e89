"""Every column of every table is marked personal, or named in tests/not_personal.txt, kept by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table

import donorhub.models  # noqa: F401  they make the tables
from donorhub.db import PERSONAL, STAFF, Base

PLAIN_COLUMNS = Path(__file__).parent / "not_personal.txt"


def read_plain_columns() -> dict[str, set[str]]:
    """Return the columns that hold nothing of a person, by table."""
    lines = [line for line in PLAIN_COLUMNS.read_text().splitlines() if line and not line.startswith("#")]
    return {name: set(words.split()) for name, words in (line.split(":") for line in lines)}


def find_faults(metadata: MetaData, plain_columns: dict[str, set[str]]) -> list[str]:
    """Return the columns that are neither or both, and those of the list that are nowhere."""
    faults = []
    for table in metadata.tables.values():
        plain = plain_columns.get(table.name, set())
        faults += [f"{table.name}.{name} is no column" for name in sorted(plain - set(table.columns.keys()))]
        for column in table.columns:
            is_personal = column.info in (PERSONAL, STAFF)
            if is_personal == (column.name in plain):
                faults.append(f"{table.name}.{column.name} is {'both' if is_personal else 'neither'}")
    return faults + [f"{name} is no table" for name in sorted(plain_columns.keys() - metadata.tables.keys())]


def test_every_column_is_personal_or_named() -> None:
    """A new column says whether it holds anything of a person: nobody forgets to erase it."""
    assert find_faults(Base.metadata, read_plain_columns()) == []


@pytest.mark.parametrize(
    ("info", "named", "fault"),
    [
        ({}, set(), "person.nickname is neither"),
        (PERSONAL, {"nickname"}, "person.nickname is both"),
        (PERSONAL, {"age"}, "person.age is no column"),
    ],
)
def test_column_in_doubt_is_named(info: dict[str, str], named: set[str], fault: str) -> None:
    """A column that is neither, both or gone is seen."""
    metadata = MetaData()
    Table("person", metadata, Column("nickname", String, info=info))
    assert find_faults(metadata, {"person": named}) == [fault]


def test_lists_are_in_order() -> None:
    """The tables stand in alphabetical order, once each, so that two who add one do not meet."""
    lines = [line.split(":")[0] for line in PLAIN_COLUMNS.read_text().splitlines() if ":" in line[:40]]
    names = [name for name in lines if not name.startswith("#")]
    assert names == sorted(set(names))
