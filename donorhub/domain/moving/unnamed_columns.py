"""What the columns of a table without names hold, by their cells; a person says whether that is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from donorhub.domain.donors.given_names import find_sex
from donorhub.domain.moving.cells import UnreadableCell, is_nothing, read_national_id, write_cell
from donorhub.domain.moving.field_words import Field
from donorhub.domain.moving.people_cells import is_pair
from donorhub.domain.payer_text import fold_letters
from importers.records import BrokenCell, Cell

_MOSTLY: Final = 0.8
_SOME: Final = 0.4  # of names hold a given name that we know
_POSTCODE: Final = re.compile(r"[0-9]{2}-[0-9]{3}")
_PHONE: Final = re.compile(r"(?:\+|00)?[0-9](?:[\s().-]*[0-9]){7,13}(?:\.0)?")
_DAY: Final = re.compile(r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{1,4}")
_WORDS: Final = re.compile(r"[^\W\d_][^\d@;]*")
_STREET: Final = re.compile(
    r"(?:ul|al|os|pl|rr|rruga|str)\.?\s|[^\W\d_]{3,}.*\s[0-9]+[a-z]?(?:\s*[/m]\s*[0-9]+)?\b", re.IGNORECASE
)
_NAME_WORDS: Final = range(2, 6)


def guess_unnamed(columns: Sequence[Sequence[Cell]], known_fields: dict[int, Field]) -> dict[int, Field]:
    """Return the fields of columns by their cells, beside ``known_fields``: each once, the first column
    that fits."""
    fields = dict(known_fields)
    for field, is_such in _BY_CELLS:
        if field in fields.values() or (field == "given_name" and "full_name" in fields.values()):
            continue
        for at, cells in enumerate(columns):
            if at not in fields and _is_mostly(cells, is_such) and _holds_names(field, cells):
                fields[at] = field
                break
    if "given_name" in fields.values():
        _guess_family_name(fields, columns)
    return fields


def _guess_family_name(fields: dict[int, Field], columns: Sequence[Sequence[Cell]]) -> None:
    """Take the words beside the given names for family names."""
    at = next(at for at, field in fields.items() if field == "given_name")
    for place in (at + 1, at - 1):
        if 0 <= place < len(columns) and place not in fields and _is_mostly(columns[place], _is_word):
            fields[place] = "family_name"
            return


def holds_full_names(cells: Sequence[Cell]) -> bool:
    """Return whether a column holds names of people, of which some are known; one name throughout, as that of
    whom the money went to, is none of givers."""
    is_of_several = len(set(map(write_cell, cells))) > 1
    return is_of_several and _is_mostly(cells, _is_full_name) and _holds_names("full_name", cells)


def _holds_names(field: Field, cells: Sequence[Cell]) -> bool:
    """Return whether a column that may hold names holds some that we know."""
    if field not in ("full_name", "given_name"):
        return True
    filled_cells = [cell for cell in cells if isinstance(cell, str) and cell]
    known_count = sum(any(find_sex(word) is not None for word in cell.split()) for cell in filled_cells)
    return known_count >= len(filled_cells) * _SOME


def _is_mostly(cells: Sequence[Cell], is_such: Callable[[Cell], bool]) -> bool:
    filled_cells = [cell for cell in cells if not is_nothing(cell) and not isinstance(cell, BrokenCell)]
    return bool(filled_cells) and sum(map(is_such, filled_cells)) >= len(filled_cells) * _MOSTLY


def _is_full_name(cell: Cell) -> bool:
    if not isinstance(cell, str) or not _WORDS.fullmatch(cell):
        return False
    return len(fold_letters(cell).replace("-", " ").split()) in _NAME_WORDS or is_pair(cell)


def _is_word(cell: Cell) -> bool:
    return isinstance(cell, str) and _WORDS.fullmatch(cell) is not None and len(cell.split()) == 1


def _is_phone(cell: Cell) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return False
    text = write_cell(cell).strip()
    return _PHONE.fullmatch(text) is not None and not _DAY.fullmatch(text)


def _is_postcode(cell: Cell) -> bool:
    return isinstance(cell, str) and _POSTCODE.fullmatch(cell) is not None


def _is_address(cell: Cell) -> bool:
    return isinstance(cell, str) and "@" not in cell and _STREET.match(cell) is not None


def _is_national_id(cell: Cell) -> bool:
    try:
        return isinstance(cell, str) and bool(read_national_id(cell))
    except UnreadableCell:
        return False


_BY_CELLS: Final[tuple[tuple[Field, Callable[[Cell], bool]], ...]] = (
    ("national_id", _is_national_id),
    ("postcode", _is_postcode),
    ("phone", _is_phone),
    ("full_name", _is_full_name),
    ("given_name", _is_word),
    ("address", _is_address),
)
