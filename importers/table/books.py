"""All sheets of a file with typed cells: of a workbook behind the same checks as a bank's, of a text one.

Which rows are a table is for ``records``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar

import python_calamine

from importers.guards.xls import refuse_dangerous_xls
from importers.guards.zip import read_member, refuse_dangerous_zip
from importers.records import BrokenCell, Cell
from importers.sheet import UnreadableTable, open_text
from importers.table.cell_doubts import Doubts, find_doubts
from importers.table.workbook import MOST_XLS, SINCE_1904, SPREADSHEET_EPOCHS, read_grid

Result = TypeVar("Result")
_MOST_ROWS_OF_ONE_COLUMN: Final = 0.9


@dataclass(frozen=True, slots=True)
class BookSheet:
    """A sheet as stored: its rows from the first on, merged ranges and hidden rows, all counted from 0."""

    name: str
    grid: list[list[Cell]]
    is_hidden: bool = False
    merged_ranges: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    hidden_rows: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Book:
    """All sheets of a file, and how its bytes were read."""

    sheets: tuple[BookSheet, ...]
    facts: dict[str, str]
    epoch: date


def open_book(data: bytes) -> Book:
    """Return the sheets of a workbook, or the one of a text file.

    Raise UnreadableTable for a file that is damaged, locked, holds macros or is a zip bomb, Undecodable for
    bytes that are no text.
    """
    if data.startswith(b"PK") or data.startswith(b"\xd0\xcf\x11\xe0"):
        return _open_workbook(data)
    sheet = open_text(data)
    grid: list[list[Cell]] = []
    for row in sheet.iter_rows():
        while len(grid) < row.line - 1:
            grid.append([])  # lines inside a quoted cell, so that numbers of rows are those of lines
        grid.append([*row.cells] if row.cells or not row.fault else [row.raw])
    return Book((BookSheet("", grid),), sheet.list_facts(), SPREADSHEET_EPOCHS[False])


def _open_workbook(data: bytes) -> Book:
    epoch, doubts = SPREADSHEET_EPOCHS[False], dict[str, Doubts]()
    if data.startswith(b"PK"):
        refuse_dangerous_zip(data)
        since_1904 = SINCE_1904.search(read_member(data, "xl/workbook.xml"))
        epoch = SPREADSHEET_EPOCHS[since_1904 is not None]
        doubts = find_doubts(data)
    elif len(data) > MOST_XLS:
        raise UnreadableTable("workbook_too_large.bytes", most=MOST_XLS // 1024 // 1024)
    else:
        refuse_dangerous_xls(data)
    sheets = _read_safely(lambda: _read_sheets(data, doubts))
    return Book(tuple(map(_split_single_column, sheets)), {}, epoch)


def _read_safely(read: Callable[[], Result]) -> Result:
    try:
        return read()
    except python_calamine.PasswordError as e:
        raise UnreadableTable("locked.workbook") from e
    except (python_calamine.CalamineError, OSError, ValueError) as e:
        if isinstance(e, UnreadableTable):
            raise
        raise UnreadableTable("damaged_workbook") from e
    except BaseException as e:
        if type(e).__name__ != "PanicException":  # a fault in Rust, which PyO3 gives no name to import
            raise
        raise UnreadableTable("damaged_workbook") from e


def _read_sheets(data: bytes, doubts: dict[str, Doubts]) -> list[BookSheet]:
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        sheets = []
        for about in book.sheets_metadata:
            if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(about.name)
            grid: list[list[Cell]] = [[*row] for row in read_grid(sheet)]
            doubt = doubts.get(about.name, Doubts())
            for (row, column), code in doubt.broken_cells.items():
                if row < len(grid) and column < len(grid[row]):
                    grid[row][column] = BrokenCell(code, f"{write_column(column)}{row + 1}")
            sheets.append(
                BookSheet(
                    about.name,
                    grid,
                    about.visible != python_calamine.SheetVisibleEnum.Visible,
                    tuple(sheet.merged_cell_ranges or ()),
                    frozenset(doubt.hidden_rows),
                )
            )
        return sheets


def write_column(place: int) -> str:
    """Return the letters of a column: 0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _split_single_column(sheet: BookSheet) -> BookSheet:
    """Return the sheet cut into columns where a spreadsheet opened a text file with another separator."""
    lines = [next((cell for cell in row if cell != ""), "") for row in sheet.grid]
    single = [
        line for row, line in zip(sheet.grid, lines, strict=True) if len([c for c in row if c != ""]) == 1
    ]
    filled_count = sum(1 for line in lines if line != "")
    if not single or len(single) < filled_count * _MOST_ROWS_OF_ONE_COLUMN:
        return sheet
    texts = [line if isinstance(line, str) else "" for line in lines]
    try:
        text = open_text("\n".join(text.replace("\n", " ") for text in texts).encode(), "utf-8")
    except UnreadableTable:
        return sheet
    return replace(sheet, grid=[[*row.cells] for row in text.iter_rows()])
