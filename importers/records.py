"""What a file of donors and past gifts holds: sheets of one shape, their rows with typed cells.

These are values; :mod:`importers.table.records` makes them, ``donorhub.domain.moving`` says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Literal

BreakCode = Literal["error_value", "formula_without_value"]


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A cell that holds no value: an error, or a formula that was never computed; with its address."""

    code: BreakCode
    place: str  # C17


# datetime is a date too
Cell = str | float | int | bool | date | time | timedelta | BrokenCell


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One row below the header: its number in the sheet (1 is the first), its cells, one for each column."""

    number: int
    cells: tuple[Cell, ...]
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """One sheet of the table: its rows, what stands above and below them, and the file's own sums."""

    name: str
    rows: tuple[RecordRow, ...]
    notes: tuple[str, ...] = ()
    total_rows: tuple[RecordRow, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class OtherSheet:
    """A sheet of another shape, which is not part of the table."""

    name: str
    row_count: int


@dataclass(frozen=True, slots=True)
class RecordTable:
    """A table of people and gifts. Both lines of a name of two lines are joined by `` / ``."""

    header: tuple[str, ...]
    sheets: tuple[RecordSheet, ...]
    others: tuple[OtherSheet, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)  # how its bytes were read
    epoch: date = date(1899, 12, 30)  # from which a spreadsheet counts its days
