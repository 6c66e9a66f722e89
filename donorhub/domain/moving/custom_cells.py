"""Cells of fields that the organisation added, as values; which column is which, see :mod:`.custom_names`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from donorhub.domain.donors.custom_shapes import Option, Shape, Value, scale_number
from donorhub.domain.moving.cells import (
    UnreadableCell,
    clean_amount,
    is_nothing,
    read_answer,
    read_text,
    write_cell,
)
from donorhub.domain.moving.day_cells import DateWriting, read_day
from donorhub.domain.payer_text import fold_letters
from importers.records import Cell
from importers.text import Unreadable, parse_number

_BETWEEN_CHOICES: Final = re.compile(r"[,;|/\n]")
_LONGEST: Final = {"text": 200, "long_text": 5000}


@dataclass(frozen=True, slots=True)
class CustomColumn:
    """A column of such a field, and how all its cells are written."""

    shape: Shape
    dates: DateWriting
    decimal: str


def read_custom(cell: Cell, column: CustomColumn) -> Value:
    """Return what a cell says, None where it says nothing; raise UnreadableCell for what no value is."""
    return None if is_nothing(cell) else _READERS[column.shape.kind](cell, column)


def _read_day(cell: Cell, column: CustomColumn) -> Value:
    return read_day(cell, column.dates)


def _read_yes_no(cell: Cell, _column: CustomColumn) -> Value:
    answer = read_answer(cell)
    return None if answer == "unknown" else answer == "yes"


def _read_choice(cell: Cell, column: CustomColumn) -> Value:
    return _find_option(read_text(cell), column.shape)


def _read_choices(cell: Cell, column: CustomColumn) -> Value:
    words = [word for word in _BETWEEN_CHOICES.split(read_text(cell)) if word.strip()]
    return tuple(dict.fromkeys(_find_option(word, column.shape) for word in words)) or None


def _read_text(cell: Cell, column: CustomColumn) -> Value:
    text = read_text(cell)
    if len(text) > _LONGEST[column.shape.kind]:
        raise UnreadableCell("text_too_long")
    return text


def _read_number(cell: Cell, column: CustomColumn) -> int:
    text = write_cell(cell)
    try:
        number = (
            text if isinstance(cell, int | float) else parse_number(clean_amount(text), column.decimal)[0]
        )
        return scale_number(number, column.shape.decimals)
    except (Unreadable, ValueError) as e:
        raise UnreadableCell("unreadable_number") from e


def _find_option(text: str, shape: Shape) -> str:
    folded_text = fold_letters(text).strip()
    for option in shape.options:
        if option.is_open and folded_text in _list_names(option):
            return option.key
    raise UnreadableCell("unknown_option")


def _list_names(option: Option) -> set[str]:
    return {option.key, *(fold_letters(label).strip() for label in option.labels.values())}


_READERS: Final[Mapping[str, Callable[[Cell, CustomColumn], Value]]] = {
    "text": _read_text,
    "long_text": _read_text,
    "number": _read_number,
    "day": _read_day,
    "yes_no": _read_yes_no,
    "choice": _read_choice,
    "choices": _read_choices,
}
