"""A sheet of gifts that names its donors by a number alone, joined with the sheet that says who they are.

Only where that is certain: one column of each sheet is called a number of people, those of the people are all
different, and nearly all of the gifts' are among them. A count of rows joins nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from importers.folding import fold_text
from importers.records import Cell, RecordRow, RecordSheet

Named = tuple[RecordSheet, tuple[str, ...]]  # a sheet with the names of its columns
_NUMBER: Final = re.compile(r"\b(?:id|ref|kod|code|numer|number|nr|kodi)\b")
_PEOPLE: Final = re.compile(
    r"\b(?:darczync|dawc|ofiarodawc|donor|supporter|member|contact|czlonk|osob|person|donator|dhurues|anetar|"
    r"spender)"
)
_FEWEST: Final = 2
_MOSTLY: Final = 0.8


def join_people(gifts: Sequence[Named], people: Sequence[Named]) -> tuple[list[Named], RecordSheet] | None:
    """Return sheets of gifts with the columns of those who gave them, and the rows of people without a gift;
    None where nothing is sure."""
    if len(people) != 1:
        return None
    sheet, names = people[0]
    pair = next(
        (pair for pair in _list_pairs(gifts[0][1], names) if _holds_same_numbers(gifts, sheet, pair)), None
    )
    if pair is None:
        return None
    at, place = pair
    new_places = [other for other in range(len(names)) if other != place]
    new_names = tuple(names[other] for other in new_places)
    rows_by_number = {_write(row.cells[place]): row for row in sheet.rows}
    header = (*gifts[0][1], *new_names)

    def widen_row(row: RecordRow) -> RecordRow:
        person = rows_by_number.get(_write(row.cells[at]))
        more = ("",) * len(new_places) if person is None else tuple(person.cells[one] for one in new_places)
        return replace(row, cells=(*row.cells, *more))

    widened_sheets = [
        (
            replace(
                one, rows=tuple(map(widen_row, one.rows)), total_rows=tuple(map(widen_row, one.total_rows))
            ),
            header,
        )
        for one, _ in gifts
    ]
    givers = {_write(row.cells[at]) for one, _ in gifts for row in one.rows}
    blank: list[Cell] = [""] * len(gifts[0][1])
    silent_rows = tuple(
        replace(
            row, cells=(*blank[:at], row.cells[place], *blank[at + 1 :], *(row.cells[x] for x in new_places))
        )
        for row in sheet.rows
        if _write(row.cells[place]) not in givers
    )
    return widened_sheets, replace(sheet, rows=silent_rows, total_rows=())


def _list_pairs(gift_names: Sequence[str], people_names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of columns that may hold the same number: one at least says that it is of people."""
    return [
        (at, place)
        for at, name in enumerate(map(fold_text, gift_names))
        for place, other in enumerate(map(fold_text, people_names))
        if _NUMBER.search(name)
        and _NUMBER.search(other)
        and (_PEOPLE.search(name) or _PEOPLE.search(other))
        and (name == other or not (_PEOPLE.search(name) and _PEOPLE.search(other)))
    ]


def _holds_same_numbers(gifts: Sequence[Named], people: RecordSheet, pair: tuple[int, int]) -> bool:
    at, place = pair
    if any(names != gifts[0][1] for _, names in gifts) or people.periods:
        return False
    numbers = [_write(row.cells[place]) for row in people.rows]
    told_numbers = [number for sheet, _ in gifts for row in sheet.rows if (number := _write(row.cells[at]))]
    is_telling = len(numbers) >= _FEWEST and all(numbers) and len(set(numbers)) == len(numbers)
    known_numbers = set(numbers)
    known_count = sum(number in known_numbers for number in told_numbers)
    return is_telling and bool(told_numbers) and known_count >= len(told_numbers) * _MOSTLY


def _write(cell: Cell) -> str:
    """Return a number as it is compared: a spreadsheet's 101.0 is 101."""
    return str(cell).strip().removesuffix(".0").casefold()


def find_people(gifts: Sequence[Named], others: Mapping[int, Sequence[Named]]) -> int | None:
    """Return which of the other sheets says who gave; None where none or several may."""
    fitting = [key for key, people in others.items() if join_people(gifts, people) is not None]
    return fitting[0] if len(fitting) == 1 else None
