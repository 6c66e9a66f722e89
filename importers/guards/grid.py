"""How large a grid the XML of a spreadsheet's sheet asks for: readers unpack it whole, empty cells too.

It counts the places of cells as calamine does (XLSX: ECMA-376 part 1, 18.3; ODS: OpenDocument 1.3
part 3, 9.1) and refuses a sheet that is too large. What the cells say is for ``workbook``.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from importers.sheet import UnreadableTable

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
    """Takes a member of the zip piece by piece; raises UnreadableTable when its cells need too much room."""

    def __init__(self, member: str) -> None:
        self._parser = expat.ParserCreate()
        # by the name and not by the root, which calamine does not look at
        self._parser.StartElementHandler = (
            self._count_ods if member.lower() == "content.xml" else self._count_xlsx
        )
        self._parser.StartDoctypeDeclHandler = _refuse_declaration
        self._row = self._column = 0  # of the last cell
        self._rows = self._columns = 0  # that are needed
        self._row_text = ""

    def feed_piece(self, piece: bytes) -> bool:
        """Count the next piece in; return whether it was sound XML so far."""
        return self._parse_piece(piece, last=False)

    def finish_member(self) -> bool:
        """End the member; return whether its XML is complete."""
        return self._parse_piece(b"", last=True)

    def _parse_piece(self, piece: bytes, *, last: bool) -> bool:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError:
            return False
        return True

    # ------------------------------------------------------------ XLSX

    def _count_xlsx(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2] if ":" in name else name
        if local == "c":
            place = attributes.get("r")
            column = _COLUMNS.get(place.removesuffix(self._row_text)) if place else self._column + 1
            if column is None:
                column = self._read_place(place or "")
            self._column = column
            if column > self._columns or self._row > self._rows:
                self._need_room(self._row, column)
        elif local == "row":
            self._row_text = attributes.get("r", "")
            is_number = _NUMBER.fullmatch(self._row_text) is not None
            self._row = int(self._row_text) if is_number else self._row + 1
            self._column = 0

    def _read_place(self, text: str) -> int:
        """Return the column of a place not in its row, or far right; its row becomes the current one."""
        match = _REFERENCE.fullmatch(text)
        if not match:
            return self._column + 1
        self._row = int(match[2])
        return _compute_column(match[1])

    # ------------------------------------------------------------ ODS

    def _count_ods(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        texts = {key.rpartition(":")[2]: text for key, text in attributes.items()}
        if local in ("table-cell", "covered-table-cell"):
            self._column += _read_repeats(texts, "number-columns-repeated")
            if any(key in texts for key in _VALUES):
                self._need_room(self._row, self._column)
        elif local == "table-row":
            # the repeats of an empty row are only needed when a row with values follows
            self._row += _read_repeats(texts, "number-rows-repeated")
            self._column = 0
        elif local == "table":
            self._row = self._column = self._rows = self._columns = 0
        elif local == "s" and _read_repeats(texts, "c") > _LONGEST_SPACE:
            raise UnreadableTable("damaged_workbook.long_cell")

    def _need_room(self, row: int, column: int) -> None:
        self._rows, self._columns = max(self._rows, row), max(self._columns, column)
        if self._rows > MAX_ROWS or self._columns > MAX_COLUMNS or self._rows * self._columns > MAX_CELLS:
            raise UnreadableTable("workbook_too_large", rows=self._rows, columns=self._columns)


def _read_repeats(texts: dict[str, str], key: str) -> int:
    """Return how often a cell or row repeats; what is no number counts as very often, as readers differ."""
    text = texts.get(key, "1").strip()
    return int(text) if _NUMBER.fullmatch(text) else MAX_CELLS + 1


def _compute_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


_COLUMNS: Final = {letters: _compute_column(letters) for letters in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def _refuse_declaration(*_: object) -> None:
    raise UnreadableTable("damaged_workbook.declaration")
