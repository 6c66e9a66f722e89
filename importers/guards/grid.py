"""How large a grid the XML of a spreadsheet's sheet asks for: readers unpack it whole, empty cells too.

It counts the places of cells as calamine does (XLSX: ECMA-376 part 1, 18.3; ODS: OpenDocument 1.3
part 3, 9.1) and refuses a sheet that is too large. What the cells say is for ``workbook``.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from importers.sheet import Unsheetable

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 100
MAX_CELLS: Final = 2_000_000

_LONGEST_SPACE: Final = 10_000  # blanks that one element of ODS may stand for
_REFERENCE: Final = re.compile(r"([A-Z]{1,4})([0-9]{1,10})", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_VALUES: Final = (
    "value",
    "formula",
    "date-value",
    "time-value",
    "boolean-value",
    "string-value",
    "value-type",
)


class Grid:
    """Takes a member of the zip piece by piece; raises Unsheetable when its cells need too much room."""

    def __init__(self, member: str) -> None:
        self._parser = expat.ParserCreate()
        # by the name and not by the root, which calamine does not look at
        self._parser.StartElementHandler = self._ods if member.lower() == "content.xml" else self._xlsx
        self._parser.StartDoctypeDeclHandler = _refuse
        self._row = self._column = 0  # of the last cell
        self._rows = self._columns = 0  # that are needed
        self._row_written = ""

    def feed(self, piece: bytes) -> bool:
        """Take the next piece; whether it was sound XML so far."""
        return self._parse(piece, last=False)

    def finish(self) -> bool:
        """The member is over; whether its XML is."""
        return self._parse(b"", last=True)

    def _parse(self, piece: bytes, *, last: bool) -> bool:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError:
            return False
        return True

    # ------------------------------------------------------------ XLSX

    def _xlsx(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2] if ":" in name else name
        if local == "c":
            place = attributes.get("r")
            column = _COLUMNS.get(place.removesuffix(self._row_written)) if place else self._column + 1
            if column is None:
                column = self._place(place or "")
            self._column = column
            if column > self._columns or self._row > self._rows:
                self._need(self._row, column)
        elif local == "row":
            self._row_written = attributes.get("r", "")
            is_number = _NUMBER.fullmatch(self._row_written) is not None
            self._row = int(self._row_written) if is_number else self._row + 1
            self._column = 0

    def _place(self, written: str) -> int:
        """The column of a place that is not in its row, or far right; its row becomes the current one."""
        found = _REFERENCE.fullmatch(written)
        if not found:
            return self._column + 1
        self._row = int(found[2])
        return _column_number(found[1])

    # ------------------------------------------------------------ ODS

    def _ods(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        told = {key.rpartition(":")[2]: text for key, text in attributes.items()}
        if local in ("table-cell", "covered-table-cell"):
            self._column += _repeated(told, "number-columns-repeated")
            if any(key in told for key in _VALUES):
                self._need(self._row, self._column)
        elif local == "table-row":
            # the repeats of an empty row are only needed when a row with values follows
            self._row += _repeated(told, "number-rows-repeated")
            self._column = 0
        elif local == "table":
            self._row = self._column = self._rows = self._columns = 0
        elif local == "s" and _repeated(told, "c") > _LONGEST_SPACE:
            raise Unsheetable("damaged_workbook.long_cell")

    def _need(self, row: int, column: int) -> None:
        self._rows, self._columns = max(self._rows, row), max(self._columns, column)
        if self._rows > MAX_ROWS or self._columns > MAX_COLUMNS or self._rows * self._columns > MAX_CELLS:
            raise Unsheetable("workbook_too_large", rows=self._rows, columns=self._columns)


def _repeated(told: dict[str, str], key: str) -> int:
    """How often it is there; what is no number counts as very often, as readers differ in it."""
    written = told.get(key, "1").strip()
    return int(written) if _NUMBER.fullmatch(written) else MAX_CELLS + 1


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


_COLUMNS: Final = {letters: _column_number(letters) for letters in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _refuse(*_: object) -> None:
    raise Unsheetable("damaged_workbook.declaration")
