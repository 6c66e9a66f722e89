"""Cells that a spreadsheet would take for formulas: made harmless on the way out, undone on the way in."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = "'"
# What begins a formula, in full width too, behind blanks, signs without width, or marks of our own.
_FULL_WIDTH: Final = "＝＋－＠"
_FORMULA: Final = re.compile(f"['\\s\u200b\ufeff]*[=+\\-@\t\r\0{_FULL_WIDTH}]")


def guard_text(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula; :func:`unguard_text` undoes it."""
    return f"{_MARK}{text}" if _FORMULA.match(text) else text


def unguard_text(cell: str) -> str:
    """Return the text that :func:`guard_text` made this cell of; any other cell as it is."""
    text = cell.removeprefix(_MARK)
    return text if text != cell and _FORMULA.match(text) else cell
