"""Old spreadsheets: their compound file is walked, and what would make calamine abort is refused before."""

from __future__ import annotations

import random
import struct

import pytest

import importers
from importers.guards.xls import refuse_dangerous_xls
from importers.sheet import UnreadableTable
from tests.importers.samples import read, sample
from tests.importers.table.sheet_writer import xls

GOOD = sample("xls", 40)


def code(data: bytes) -> str:
    with pytest.raises(UnreadableTable) as refusal:
        refuse_dangerous_xls(data)
    return refusal.value.code


def with_place(row: int, column: int) -> bytes:
    """The good file with its first cell at another place."""
    at = GOOD.index(struct.pack("<H", 0x204), 1024) + 4
    return GOOD[:at] + struct.pack("<HH", row, column) + GOOD[at + 4 :]


def test_an_old_spreadsheet_is_read() -> None:
    reading = read(GOOD)
    assert (reading.format, [len(s.entries) for s in reading.statements], reading.problems) == (
        "xls",
        [40],
        (),
    )


@pytest.mark.parametrize(("row", "column"), [(65_535, 200), (0, 300), (60_000, 255)])
def test_distant_cell_is_refused_early(row: int, column: int) -> None:
    """A cell far out is refused before memory is taken for all the cells before it."""
    assert code(with_place(row, column)) == "workbook_too_large"
    assert [problem.code for problem in importers.read(with_place(row, column)).problems] == [
        "workbook_too_large"
    ]


def test_low_cell_does_no_harm() -> None:
    """A cell that is only far down does no harm."""
    refuse_dangerous_xls(with_place(65_535, 9))


@pytest.mark.parametrize(
    ("at", "number"),
    [(48, 0), (48, 9_999), (76, 9_999), (44, 0), (1024 + 128 + 116, 9_999), (1024 + 128 + 66, 0)],
)
def test_a_compound_file_that_leads_nowhere_is_damaged(at: int, number: int) -> None:
    damaged = GOOD[:at] + struct.pack("<I", number) + GOOD[at + 4 :]
    reading = importers.read(damaged)
    assert reading.statements or {problem.code for problem in reading.problems} <= {
        "damaged_workbook",
        "layout_unknown",
        "one_column",
    }


def test_sectors_that_go_round_in_a_circle_end() -> None:
    first = 512 + 4 * 2  # the table's number for the stream's first sector
    assert code(GOOD[:first] + struct.pack("<I", 2) + GOOD[first + 4 :]) == "damaged_workbook"


def test_large_file_is_read_too() -> None:
    """A large file has more allocation tables and is read too."""
    reading = read(xls([["Data", "Kwota"], *[["2026-01-01", "x" * 200]] * 4_000]))
    assert [problem.code for problem in reading.problems] == ["layout_unknown"]


def test_password_is_reported() -> None:
    """That a workbook has a password is reported."""
    at = GOOD.index(struct.pack("<HH", 0x42, 2))
    assert code(GOOD[:at] + struct.pack("<H", 0x2F) + GOOD[at + 2 :]) == "locked"


def test_whatever_happens_to_its_bytes_nothing_is_raised() -> None:
    dice = random.Random(1)
    for _ in range(300):
        data = bytearray(GOOD)
        for _ in range(dice.randint(1, 4)):
            at = dice.choice((dice.randrange(len(data)), dice.randrange(0x4C), dice.randrange(1024, 2200)))
            data[at] = dice.choice((0, 1, 127, 254, 255))
        reading = read(bytes(data))
        assert reading.statements or reading.problems
