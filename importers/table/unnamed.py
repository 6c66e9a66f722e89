"""Tables whose columns have no names: each row is a row of the table, and the columns are called A, B, C."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from importers.records import BrokenCell, Cell

_LOOKED_AT: Final = 200  # rows
_MOSTLY: Final = 0.6  # of the rows
_LONGEST_CELL: Final = 60  # letters, in the middle of all; what is longer is a text
_FEWEST_OF_WORDS: Final = 3  # columns of a table in which no number stands
_HAS_DIGIT: Final = re.compile(r"[0-9@]")


def looks_like_rows(grid: Sequence[Sequence[Cell]]) -> bool:
    """Return whether a sheet without names of columns is a table all the same: most rows of one width, with a
    number, a day or an address in them, or words alone in several columns. Any other text is none.
    """
    rows = [[cell for cell in row if _is_filled(cell)] for row in grid[:_LOOKED_AT]]
    rows = [row for row in rows if row]
    lengths = sorted(len(cell) for row in rows for cell in row if isinstance(cell, str))
    if not rows or (lengths and lengths[len(lengths) // 2] > _LONGEST_CELL):
        return False
    most = max(map(len, rows))
    if most == 1:
        return sum(_is_address(row[0]) for row in rows) >= len(rows) * _MOSTLY
    wide_count = sum(len(row) * 2 >= most for row in rows)
    valued_count = sum(any(map(_is_valued, row)) for row in rows)
    is_of_words = most >= _FEWEST_OF_WORDS and all(len(row) == most for row in rows)
    return wide_count >= len(rows) * _MOSTLY and (valued_count >= len(rows) * _MOSTLY or is_of_words)


def _is_filled(cell: Cell) -> bool:
    return not isinstance(cell, BrokenCell) and bool(str(cell).strip())


def _is_valued(cell: Cell) -> bool:
    return not isinstance(cell, str) or _HAS_DIGIT.search(cell) is not None


def _is_address(cell: Cell) -> bool:
    return isinstance(cell, str) and "@" in cell and " " not in cell.strip()
