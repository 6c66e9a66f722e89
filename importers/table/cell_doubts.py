"""What a reader of cells does not tell of an XLSX: errors, formulas without a value, hidden rows.

A pass over the XML of a zip that was weighed (:mod:`importers.guards.zip`), which keeps only these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from importers.guards.zip import read_member
from importers.records import BreakCode

_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)

_VALUES: Final = ("v", "is")
_Start = Callable[[str, dict[str, str]], None]
_Take = Callable[[str], None]


def _ignore_text(_text: str) -> None:
    pass


@dataclass(slots=True)
class Doubts:
    """Places of one sheet, counted from 0."""

    broken_cells: dict[tuple[int, int], BreakCode] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)


def find_doubts(data: bytes) -> dict[str, Doubts]:
    """Return the doubtful places of each sheet of an XLSX, by its name; nothing for other zips."""
    sheet_ids = _read_attributes(read_member(data, "xl/workbook.xml"), "sheet", "name", "id")
    targets = dict(
        _read_attributes(read_member(data, "xl/_rels/workbook.xml.rels"), "Relationship", "Id", "Target")
    )
    doubts = {}
    for name, sheet_id in sheet_ids:
        target = targets.get(sheet_id, "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        doubts[name] = _read_sheet(read_member(data, path))
    return doubts


def _read_attributes(xml: bytes, element: str, *names: str) -> list[tuple[str, str]]:
    """Return two attributes of each element of a name, whatever their prefixes."""
    pairs: list[tuple[str, str]] = []

    def take_element(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == element:
            plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
            pairs.append((plain.get(names[0], ""), plain.get(names[1], "")))

    _parse(xml, take_element)
    return pairs


@dataclass(slots=True)
class _SheetPass:
    """What is seen of one sheet while its XML goes by."""

    doubts: Doubts = field(default_factory=Doubts)
    row: int = -1
    column: int = -1
    has_formula: bool = False
    has_value: bool = False
    is_error: bool = False
    is_in_value: bool = False

    def begin_element(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            match = _REFERENCE.fullmatch(attributes.get("r", ""))
            self.column = _compute_column(match[1]) if match else self.column + 1
            self.has_formula = self.has_value = False
            self.is_error = attributes.get("t") == "e"
        elif name == "f":
            self.has_formula = True
        elif name in _VALUES:
            self.is_in_value = True
        elif name == "row":
            number = attributes.get("r", "")
            self.row = int(number) - 1 if number.isdigit() else self.row + 1
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.doubts.hidden_rows.append(self.row)

    def take_text(self, _text: str) -> None:
        self.has_value = self.has_value or self.is_in_value

    def end_element(self, name: str) -> None:
        if name in _VALUES:
            self.is_in_value = False
        if name == "c" and (self.is_error or (self.has_formula and not self.has_value)):
            code: BreakCode = "error_value" if self.is_error else "formula_without_value"
            self.doubts.broken_cells[self.row, self.column] = code


def _read_sheet(xml: bytes) -> Doubts:
    sheet = _SheetPass()
    _parse(xml, sheet.begin_element, sheet.end_element, sheet.take_text)
    return sheet.doubts


def _parse(
    xml: bytes, begin_element: _Start, end_element: _Take = _ignore_text, take_text: _Take = _ignore_text
) -> None:
    if not xml:
        return
    parser = expat.ParserCreate()
    parser.StartElementHandler = begin_element
    parser.EndElementHandler = end_element
    parser.CharacterDataHandler = take_text
    parser.Parse(xml, True)


def _compute_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
