"""Damaged files of every format through ``importers.read``: nothing is raised, nothing is lost silently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importers.statement import Reading
from tests.importers.samples import WRITE, read, sample

# What damage often makes of a file: marks of other formats, of rows, of numbers.
MARKS: Final = (
    b"\0",
    b"\xff",
    b"\n",
    b"\r",
    b'"',
    b";",
    b",",
    b"<",
    b">",
    b"&",
    b"&#0;",
    b"&#x110000;",
    b"<OFX>",
    b"</OFX>",
    b"<STMTTRN>",
    b"</STMTTRN>",
    b"</Ntry>",
    b"<Ntry>",
    b"\n:61:",
    b"\n:86:",
    b"\n:62F:",
    b"\n-\n",
    b":20:",
    b"^\n",
    b"!Type:Bank\n",
    b"\n88,",
    b"\n16,",
    b"\n99,0,0,0/\n",
    b"NaN",
    b"Infinity",
    b"1e400",
    b"99999999999999999999",
    b"0000000",
    b"-",
    b"+",
    b"31.02.2026",
    "١٢٣".encode(),
    "１２".encode(),
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"PK\x03\x04",
    b"<?xml?>",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<!DOCTYPE x>",
    b"9" * 400,
    b"{1:",
    b"\x1a",
    b"\x01",
)

Change = tuple[str, float, int, bytes]

changes = st.lists(
    st.tuples(
        st.sampled_from(("delete", "double", "flip", "insert", "cut")),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 300),
        st.one_of(st.sampled_from(MARKS), st.binary(min_size=1, max_size=6)),
    ),
    min_size=1,
    max_size=5,
)


def change_bytes(data: bytes, some: Sequence[Change]) -> bytes:
    for what, where, length, other in some:
        at = int(where * len(data))
        piece = data[at : at + length]
        if what == "delete":
            data = data[:at] + data[at + length :]
        elif what == "double":
            data = data[:at] + piece + data[at:]
        elif what == "flip" and piece:
            data = data[:at] + bytes((piece[0] ^ (1 << length % 8),)) + data[at + 1 :]
        elif what == "insert":
            data = data[:at] + other + data[at:]
        elif what == "cut":
            data = data[:at]
    return data


def count(reading: Reading) -> int:
    return sum(len(statement.entries) for statement in reading.statements)


def read_and_check(data: bytes) -> Reading:
    """Read it, and hold what every reading holds: a reason where there is nothing, signed sums that agree."""
    reading = read(data)
    assert reading.statements or any(problem.level == "error" for problem in reading.problems)
    assert len(reading.file_sha256) == 64
    for problem in reading.problems:
        assert problem.code and problem.message and problem.level in ("warning", "error")
    for statement in reading.statements:
        places = [entry.position for entry in statement.entries]
        assert places == sorted(set(places))
        for entry in statement.entries:
            assert not entry.details or sum(d.amount.minor for d in entry.details) == entry.amount.minor
    return reading


@pytest.mark.parametrize("name", WRITE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some=changes)
def test_changed_file_raises_nothing(name: str, some: list[Change]) -> None:
    """Whatever happens to a file, reading it raises nothing."""
    read_and_check(change_bytes(sample(name), some))


@pytest.mark.load
@pytest.mark.parametrize("name", WRITE)
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some=changes)
def test_changed_file_raises_nothing_for_long(name: str, some: list[Change]) -> None:
    """Whatever happens to a file, and however often we try, reading it raises nothing."""
    read_and_check(change_bytes(sample(name), some))


# Formats whose end or sums show that something is missing; a list in Elixir has neither, and says so always.
SUMS: Final = [
    name for name in WRITE if name not in ("qif", "csv plain.pl", "csv pl.pekao.24", "csv pl.alior")
]


@pytest.mark.parametrize("name", SUMS)
def test_a_file_cut_anywhere_says_so(name: str) -> None:
    data = sample(name, 20)
    whole = count(read(data))
    for percent in range(5, 100, 5):
        reading = read_and_check(data[: len(data) * percent // 100])
        assert reading.problems or count(reading) == whole, f"cut at {percent} %"
        if count(reading) != whole:
            assert all(statement.integrity != "proved" for statement in reading.statements), f"{percent} %"


@pytest.mark.parametrize("name", WRITE)
def test_the_sample_itself_is_read_whole(name: str) -> None:
    details = sum(len(e.details) for s in read_and_check(sample(name)).statements for e in s.entries)
    assert details == 6


@given(st.binary(max_size=600), st.sampled_from(MARKS))
def test_random_bytes_raise_nothing(data: bytes, mark: bytes) -> None:
    read_and_check(mark + data)
