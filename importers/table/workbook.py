"""Rows of a spreadsheet file (xlsx, xls, ods), read by calamine after the zip was weighed.

It never runs a macro or reckons a formula: a cell is what the bank's program stored.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final

import python_calamine

from importers.guards.grid import MAX_COLUMNS, MAX_ROWS
from importers.guards.xls import refuse_dangerous_xls
from importers.guards.zip import read_member, refuse_dangerous_zip
from importers.sheet import EVIDENCE_ROWS, Delimiter, Row, UnreadableTable
from importers.text import DateOrder, find_date_orders, find_decimal_signs

MOST_XLS: Final = 20 * 1024 * 1024
_LONGEST_CELL: Final = 32_767  # signs, as Excel allows
_LOOKED_AT: Final = 200  # rows of a sheet, to see whether it holds entries
_EXACT_TO: Final = 10**15  # a spreadsheet keeps 15 digits; a longer number in it is not what was typed
SPREADSHEET_EPOCHS: Final = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
SINCE_1904: Final = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904=[\"'](?:1|true)[\"']")
_DATES: Final = {"ymd": "%Y-%m-%d", "dmy": "%d.%m.%Y", "mdy": "%m/%d/%Y", "": "%Y-%m-%d"}

Cell = str | float | int | bool | date | datetime | time | timedelta


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """The sheet of a workbook that holds the table; its cells become text as the layout expects it."""

    grid: list[list[Cell]]
    name: str
    epoch: date
    others: tuple[str, ...] = ()  # visible sheets that hold entries too
    delimiter: Delimiter = ""
    quote: str = ""

    def iter_rows(self, order: DateOrder | str = "", decimal: str = "") -> Iterator[Row]:
        """Return every row, dates written in ``order`` and numbers with the ``decimal`` sign."""
        pattern, sign = _DATES[order], decimal or "."
        for number, row in enumerate(self.grid, 1):
            cells = [_write_cell(cell, pattern, sign) for cell in row]
            yield Row(number, cells, "\t".join(cells))

    def read_head(self, count: int = 80) -> list[Row]:
        """Return the first rows."""
        return list(islice(self.iter_rows(), count))

    def iter_texts(self, places: Iterable[int], after: int) -> Iterator[str]:
        """Return the texts in some columns; typed dates and numbers leave nothing to find out."""
        columns = tuple(places)
        for row in self.grid[after : after + EVIDENCE_ROWS]:
            cells = (row[at] for at in columns if at < len(row))
            yield from (cell for cell in cells if isinstance(cell, str) and cell.strip())

    def list_facts(self) -> dict[str, str]:
        """Return what was found out about the file."""
        return {"sheet": self.name}

    def is_cut_off(self) -> bool:
        """Return False: a workbook that was cut off cannot be opened."""
        return False

    def change_delimiter(self, delimiter: Delimiter, quote: str) -> WorkbookSheet:
        """Return the same: cells of a workbook need no separator."""
        return self


def open_workbook(data: bytes) -> WorkbookSheet:
    """Return the first visible sheet with entries, or with at least two columns of cells when none has any.

    Raise UnreadableTable for a file that is damaged, locked, holds macros or is a zip bomb.
    """
    epoch = SPREADSHEET_EPOCHS[False]
    if data.startswith(b"PK"):
        refuse_dangerous_zip(data)
        since_1904 = SINCE_1904.search(read_member(data, "xl/workbook.xml"))
        epoch = SPREADSHEET_EPOCHS[since_1904 is not None]
    elif len(data) > MOST_XLS:
        raise UnreadableTable("workbook_too_large.bytes", most=MOST_XLS // 1024 // 1024)
    else:
        refuse_dangerous_xls(data)
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            sheet = _choose_sheet(book, epoch)
    except python_calamine.PasswordError as e:
        raise UnreadableTable("locked.workbook") from e
    except (python_calamine.CalamineError, OSError, ValueError) as e:
        raise UnreadableTable("damaged_workbook") from e
    except BaseException as e:
        if type(e).__name__ != "PanicException":  # a fault in Rust, which PyO3 gives no name to import
            raise
        raise UnreadableTable("damaged_workbook") from e
    if sheet is None:
        raise UnreadableTable("one_column.workbook")
    return sheet


def _choose_sheet(book: python_calamine.CalamineWorkbook, epoch: date) -> WorkbookSheet | None:
    """Return the sheet to read, with the names of others that hold entries: some people make one a month."""
    second_best: WorkbookSheet | None = None
    best: WorkbookSheet | None = None
    others: list[str] = []
    for about in book.sheets_metadata:
        if about.visible != python_calamine.SheetVisibleEnum.Visible:
            continue
        grid = read_grid(book.get_sheet_by_name(about.name))
        if any(map(_is_entry, grid[:_LOOKED_AT])):
            if best is None:
                best = WorkbookSheet(grid, about.name, epoch)
            else:
                others.append(about.name)
        elif second_best is None and any(len([cell for cell in row if cell != ""]) > 1 for row in grid):
            second_best = WorkbookSheet(grid, about.name, epoch)
    return replace(best, others=tuple(others)) if best else second_best


def _is_entry(row: Sequence[Cell]) -> bool:
    """Return whether a row has both a day and an amount, typed or as text."""
    return any(map(_is_day, row)) and any(map(_is_amount, row))


def _is_day(cell: Cell) -> bool:
    return bool(find_date_orders((cell,))) if isinstance(cell, str) else isinstance(cell, date)


def _is_amount(cell: Cell) -> bool:
    if isinstance(cell, str):
        return any(sign in cell for sign in ".,") and bool(find_decimal_signs((cell,)))
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def read_grid(sheet: python_calamine.CalamineSheet) -> list[list[Cell]]:
    """Return the rows as stored, from the sheet's first, so that row numbers are the spreadsheet's."""
    if sheet.end and (sheet.end[0] >= MAX_ROWS or sheet.end[1] >= MAX_COLUMNS):
        raise UnreadableTable("workbook_too_large", rows=sheet.end[0] + 1, columns=sheet.end[1] + 1)
    grid = sheet.to_python(skip_empty_area=False)
    if any(isinstance(cell, str) and len(cell) > _LONGEST_CELL for row in grid for cell in row):
        raise UnreadableTable("damaged_workbook.long_cell")
    return grid


def _write_cell(cell: Cell, pattern: str, sign: str) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return _write_number(cell).replace(".", sign)
    if isinstance(cell, date):
        return cell.strftime(pattern)
    return str(cell)


def _write_number(value: float) -> str:
    """Return plain digits; what binary fractions add behind the sixth decimal is no part of an amount."""
    number = Decimal(repr(value))
    if not number.is_finite() or abs(number) >= _EXACT_TO:
        return str(number)
    text = format(round(number, 6), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_serial(text: str, epoch: date) -> date | None:
    """Return the day of a spreadsheet's serial number such as ``45915``, or None when it is none."""
    if not re.fullmatch(r"[1-9][0-9]{4}(?:[.,][0-9]+)?", text, re.ASCII):
        return None
    return epoch + timedelta(days=int(text[:5]))
