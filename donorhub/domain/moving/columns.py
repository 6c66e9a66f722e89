"""Which column of a table is which field: by a person's word, by its name, by its cells; else a question.

A column that counts 1, 2, 3 is a row number, whatever it is called, and never money.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal

from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.cells import (
    UnreadableCell,
    is_nothing,
    read_account,
    read_answer,
    split_amount,
    write_cell,
)
from donorhub.domain.moving.custom_names import CUSTOM_FIELDS, find_name, name_custom, split_custom
from donorhub.domain.moving.day_cells import DateWriting, read_day
from donorhub.domain.moving.field_words import (
    GIFT_FIELDS,
    MANY_FIELDS,
    NAME_FIELDS,
    Field,
    find_answered_field,
    find_exact_field,
    find_field,
)
from donorhub.domain.moving.people_cells import is_form_of_address, read_contacts, read_emails
from donorhub.domain.moving.presets import Preset
from donorhub.domain.moving.unnamed_columns import guess_unnamed, holds_full_names
from donorhub.domain.moving.value_words import read_method
from importers.records import BrokenCell, Cell, RecordTable
from importers.text import DATE_ORDERS

Ground = Literal[
    "person",
    "preset",
    "name",
    "cells",
    "row_number",
    "maybe_amount",
    "taken",
    "silent",
    "not_brought",
    "periods",
    "of_month",
]
_LOOKED_AT: Final = 500  # rows
_MOSTLY: Final = 0.8
_SAMPLES: Final = 3
_FEWEST_TO_COUNT: Final = 2


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """One column: its place and name, the field it seems to be and why, a few of its cells."""

    position: int
    name: str
    field: Field
    ground: Ground
    samples: tuple[str, ...] = ()
    custom_key: str = ""  # of ``custom`` and ``gift_custom``: which of the fields that were added

    @property
    def custom_name(self) -> str:
        """What the field that was added is called among all fields; "" for any other."""
        return name_custom(self.field, self.custom_key)


def guess_columns(
    table: RecordTable,
    answers: Answers,
    preset: Preset | None = None,
    custom_names: Mapping[str, str] = MappingProxyType({}),
    fields: Mapping[int, Field] = MappingProxyType({}),
    month_places: Collection[int] = (),
) -> tuple[ColumnGuess, ...]:
    """Return what each column seems to be; ``left_out`` where nothing tells, or several could be the
    amount. Of a known file its preset tells, and nothing is guessed by the cells. ``custom_names`` are
    the fields that were added, by the folded names of their columns; ``fields`` are those of columns that are
    known, and no other column is one of them; of those in ``month_places`` a month was made, and they are
    nothing else unless a person says so.
    """
    columns = [_take_cells(table, at) for at in range(len(table.header))]
    if preset is not None:
        guesses = _guess_known(table, columns, answers, preset)
    else:
        guesses = [
            _guess_known_field(at, fields[at], columns[at], table)
            if at in fields
            else _guess_one(at, name, columns[at], table, answers)
            for at, name in enumerate(table.header)
        ]
        guesses = [
            replace(guess, field="left_out", ground="taken")
            if guess.field in fields.values() and guess.ground != "periods"
            else guess
            for guess in guesses
        ]
        guesses = [
            replace(guess, field="left_out", ground="of_month")
            if guess.position in month_places and guess.ground != "person"
            else guess
            for guess in guesses
        ]
        guesses = _keep_first(guesses)
        guesses = _guess_by_cells(guesses, columns, has_names=table.has_names)
        guesses = _settle_names(_guess_names(_guess_id(guesses), columns), columns)
    guesses = _place_custom(guesses, answers, custom_names)
    if answers.kind == "people":
        guesses = [
            replace(guess, field="left_out", ground="not_brought") if guess.field in GIFT_FIELDS else guess
            for guess in guesses
        ]
    return tuple(guesses)


def _place_custom(
    guesses: Sequence[ColumnGuess], answers: Answers, custom_names: Mapping[str, str]
) -> list[ColumnGuess]:
    """Return the guesses with the columns of fields that were added: by a person's word, else by their names.

    Each field has one column, and takes none that is known to be another.
    """
    names = set(custom_names.values())
    placed: list[ColumnGuess] = []
    taken_names = {
        name_custom(field, answers.custom.get(place, ""))
        for place, field in answers.columns.items()
        if field in CUSTOM_FIELDS
    }
    for guess in guesses:
        if guess.field in CUSTOM_FIELDS and guess.ground == "person":
            answer = replace(guess, custom_key=answers.custom.get(str(guess.position), ""))
            placed.append(answer if answer.custom_name in names else replace(guess, field="left_out"))
            continue
        name = find_name(guess.name, custom_names)
        place = split_custom(name)
        if place is not None and name not in taken_names and _can_be_custom(guess):
            taken_names.add(name)
            field, key = place
            placed.append(replace(guess, field=field, ground="name", custom_key=key))
        else:
            placed.append(guess)
    return placed


def _can_be_custom(guess: ColumnGuess) -> bool:
    """Return whether nobody said, and no whole word of ours tells, what a column is."""
    if guess.ground == "person":
        return False
    return guess.field == "left_out" or (guess.ground != "preset" and find_exact_field(guess.name) is None)


def _guess_known(
    table: RecordTable, columns: Sequence[list[Cell]], answers: Answers, preset: Preset
) -> list[ColumnGuess]:
    guesses = []
    for at, name in enumerate(table.header):
        answer = answers.columns.get(str(at))
        ground: Ground = "person" if answer else "preset"
        samples = tuple(write_cell(cell) for cell in columns[at][:_SAMPLES])
        guesses.append(
            ColumnGuess(at, name, answer or preset.find_field(name) or "left_out", ground, samples)
        )
    return guesses


def _take_cells(table: RecordTable, at: int) -> list[Cell]:
    cells: list[Cell] = []
    for sheet in table.sheets:
        cells += [row.cells[at] for row in sheet.rows[:_LOOKED_AT]]
    return [cell for cell in cells if cell != ""]


def _guess_one(at: int, name: str, cells: list[Cell], table: RecordTable, answers: Answers) -> ColumnGuess:
    samples = tuple(write_cell(cell) for cell in cells[:_SAMPLES])
    if field := answers.columns.get(str(at)):
        return ColumnGuess(at, name, field, "person", samples)
    if counts_rows(table, at):
        return ColumnGuess(at, name, "row_no", "row_number", samples)
    field = find_answered_field(name) if _is_mostly(cells, _is_answer) else find_field(name)
    is_such = None if field is None else _TOLD_BY_CELLS.get(field)
    if field is None or (is_such and cells and not any(map(is_such, cells))):
        return ColumnGuess(at, name, "left_out", "silent", samples)
    return ColumnGuess(at, name, field, "name", samples)


def _guess_known_field(at: int, field: Field, cells: list[Cell], table: RecordTable) -> ColumnGuess:
    samples = tuple(write_cell(cell) for cell in cells[:_SAMPLES])
    return ColumnGuess(at, table.header[at], field, "periods", samples)


def counts_rows(table: RecordTable, at: int) -> bool:
    """Return whether the whole numbers of a column count the rows of each sheet, or of all of them."""
    numbers = [
        [_read_whole(row.cells[at]) for row in sheet.rows[:_LOOKED_AT] if row.cells[at] != ""]
        for sheet in table.sheets
    ]
    steps = matches = 0
    for column in numbers:
        pairs = list(pairwise(column))
        steps += len(pairs)
        matches += sum(1 for one, other in pairs if one is not None and other == one + 1)
    starts = [column[0] for column in numbers if column]
    return steps >= _FEWEST_TO_COUNT and matches >= steps * _MOSTLY and starts[:1] in ([0], [1])


def _read_whole(cell: Cell) -> int | None:
    text = write_cell(cell).rstrip(".") if isinstance(cell, str | int | float) else ""
    return int(text) if text.isascii() and text.isdigit() else None


def _keep_first(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Return the guesses with one column for each field that a person is asked of or that has one value."""
    said_fields = {guess.field for guess in guesses if guess.ground == "person"}
    names = [guess for guess in guesses if guess.ground == "name"]
    amounts = [guess for guess in names if guess.field == "amount"]
    result: list[ColumnGuess] = []
    fields: set[Field] = set(said_fields)
    for guess in guesses:
        if guess.ground != "name" or guess.field in MANY_FIELDS:
            result.append(guess)
        elif guess.field == "amount" and "amount" not in said_fields and len(amounts) > 1:
            result.append(replace(guess, field="left_out", ground="maybe_amount"))
        elif guess.field in fields:
            result.append(replace(guess, field="left_out", ground="taken"))
        else:
            fields.add(guess.field)
            result.append(guess)
    return result


def _guess_by_cells(
    guesses: list[ColumnGuess], columns: Sequence[list[Cell]], *, has_names: bool
) -> list[ColumnGuess]:
    fields = {guess.field for guess in guesses}
    for field, is_such in _BY_CELLS:
        if field in fields:
            continue
        fitting = [
            guess
            for guess in guesses
            if guess.ground == "silent" and _is_mostly(columns[guess.position], is_such)
        ]
        if len(fitting) == 1 or (fitting and field == "email"):
            at = fitting[0].position
            guesses[at] = replace(fitting[0], field=field, ground="cells")
            fields.add(field)
    if not has_names:
        known_fields = {guess.position: guess.field for guess in guesses if guess.ground != "silent"}
        for at, field in guess_unnamed(columns, known_fields).items():
            if at not in known_fields:
                guesses[at] = replace(guesses[at], field=field, ground="cells")
    return _guess_amount(guesses, columns) if "amount" not in fields else guesses


def _guess_id(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Return the guesses where ``ID`` is the number of a person: in a table that has no gifts."""
    is_told = {"amount", "person_id"} & {guess.field for guess in guesses}
    return [
        replace(guess, field="person_id", ground="name")
        if not is_told and guess.ground == "silent" and guess.name.casefold() == "id"
        else guess
        for guess in guesses
    ]


def _guess_names(guesses: list[ColumnGuess], columns: Sequence[list[Cell]]) -> list[ColumnGuess]:
    """Return the guesses with the only column that holds names of people, where no column is called so."""
    if {guess.field for guess in guesses} & {*NAME_FIELDS, "contact_person", "household"}:
        return guesses
    fitting = [
        guess for guess in guesses if guess.ground == "silent" and holds_full_names(columns[guess.position])
    ]
    if len(fitting) == 1:
        guesses[fitting[0].position] = replace(fitting[0], field="full_name", ground="cells")
    return guesses


def _guess_amount(guesses: list[ColumnGuess], columns: Sequence[list[Cell]]) -> list[ColumnGuess]:
    """Return the guesses with the only column that could be the amount; of several none is taken."""
    is_asked = any(guess.ground == "maybe_amount" for guess in guesses)
    fitting = [
        guess
        for guess in guesses
        if guess.ground == "silent" and _is_mostly(columns[guess.position], _is_amount)
    ]
    has_day = any(guess.field == "received_on" for guess in guesses)
    for guess in fitting if has_day else ():
        is_only = len(fitting) == 1 and not is_asked
        guesses[guess.position] = (
            replace(guess, field="amount", ground="cells")
            if is_only
            else replace(guess, ground="maybe_amount")
        )
    return guesses


def _settle_names(guesses: list[ColumnGuess], columns: Sequence[list[Cell]]) -> list[ColumnGuess]:
    """Return the guesses where a given name without a family name, of several words, is the whole name."""
    fields = {guess.field for guess in guesses}
    if fields & {"full_name", "family_name"}:
        return guesses
    for guess in guesses:
        words = [len(write_cell(cell).split()) > 1 for cell in columns[guess.position]]
        if guess.field == "given_name" and guess.ground == "name" and sum(words) * 2 > len(words):
            guesses[guess.position] = replace(guess, field="full_name")
    return guesses


def _is_mostly(cells: Sequence[Cell], is_such: Callable[[Cell], bool]) -> bool:
    filled_cells = [cell for cell in cells if not is_nothing(cell) and not isinstance(cell, BrokenCell)]
    return bool(filled_cells) and sum(map(is_such, filled_cells)) >= len(filled_cells) * _MOSTLY


def _is_answer(cell: Cell) -> bool:
    try:
        return isinstance(cell, str | bool) and read_answer(cell) != "unknown"
    except UnreadableCell:
        return False


def _is_email(cell: Cell) -> bool:
    try:
        return isinstance(cell, str) and "@" in cell and bool(read_emails(cell))
    except UnreadableCell:
        return False


def _is_account(cell: Cell) -> bool:
    try:
        return isinstance(cell, str) and bool(read_account(cell))
    except UnreadableCell:
        return False


def _is_day(cell: Cell) -> bool:
    if isinstance(cell, date):
        return True
    if not isinstance(cell, str):
        return False
    return any(_reads_day(cell, DateWriting(order, "first")) for order in DATE_ORDERS)


def _reads_day(cell: str, writing: DateWriting) -> bool:
    try:
        read_day(cell, writing)
    except UnreadableCell:
        return False
    return not cell.isdigit()


def _is_method(cell: Cell) -> bool:
    return isinstance(cell, str) and read_method(cell) != "other"


def _is_amount(cell: Cell) -> bool:
    if isinstance(cell, bool | date):
        return False
    return any(_splits_amount(cell, sign) for sign in ",.")


def _splits_amount(cell: Cell, sign: str) -> bool:
    try:
        return bool(split_amount(cell, sign)[0])
    except UnreadableCell:
        return False


def _is_no_honorific(cell: Cell) -> bool:
    return not is_form_of_address(write_cell(cell))


def _is_contact(cell: Cell) -> bool:
    try:
        return any(read_contacts(cell, ""))
    except UnreadableCell:
        return False


# Names of columns that are something else where no cell is of that kind.
_TOLD_BY_CELLS: Final[Mapping[Field, Callable[[Cell], bool]]] = MappingProxyType(
    {"amount": _is_amount, "spent": _is_amount, "contact": _is_contact, "title": _is_no_honorific}
)
_BY_CELLS: Final[tuple[tuple[Field, Callable[[Cell], bool]], ...]] = (
    ("email", _is_email),
    ("account", _is_account),
    ("received_on", _is_day),
    ("method", _is_method),
)
