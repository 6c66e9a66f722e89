"""What a file of donors and past gifts holds: sheets of one shape, their rows with typed cells.

These are values; :mod:`importers.table.records` makes them, ``donorhub.domain.moving`` says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Literal

from importers.periods import Period, Span

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
    """One row below the header: its number in the sheet (1 is the first), its cells, one for each column.

    ``period_cells`` are those below the months of its sheet.
    """

    number: int
    cells: tuple[Cell, ...]
    is_hidden: bool = False
    period_cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodColumn:
    """A column of what came in a month, a quarter or a year: its name, and its letters in the sheet."""

    name: str
    period: Period
    letters: str


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """One sheet of the table: its rows, what stands above and below them, and the file's own sums.

    ``periods`` are its columns of months. Of a sheet that was made of one of them ``origin`` is the sheet it
    is from, ``letters`` its column and ``span`` its first and last day.
    """

    name: str
    rows: tuple[RecordRow, ...]
    notes: tuple[str, ...] = ()
    total_rows: tuple[RecordRow, ...] = ()
    is_hidden: bool = False
    periods: tuple[PeriodColumn, ...] = ()
    origin: str | None = None
    letters: str = ""
    span: Span | None = None


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
    has_names: bool = True  # False: its columns are called A, B, C
