"""The cells of one row by their fields; one that cannot be read is refused alone, and noted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from donorhub.domain.donors.custom_shapes import Entity
from donorhub.domain.donors.custom_shapes import Value as CustomValue
from donorhub.domain.moving.cells import UnreadableCell, is_nothing, read_answer, read_text, write_cell
from donorhub.domain.moving.custom_cells import read_custom
from donorhub.domain.moving.day_cells import find_span, find_years
from donorhub.domain.moving.field_words import DAY_COLUMN, UNREAD_FIELDS, Field
from donorhub.domain.moving.presets import Words
from donorhub.domain.moving.records import RowFault
from donorhub.domain.moving.writings import Writing
from donorhub.domain.payer_text import fold_letters
from importers.periods import Span
from importers.records import Cell, RecordSheet

Value = TypeVar("Value")
_ANY_LETTER: Final = re.compile(r"\w")


class HeldRow(Exception):
    """A row whose money cannot be read."""

    def __init__(self, code: RowFault, name: Field) -> None:
        super().__init__(code)
        self.code: RowFault = code
        self.field = name


class RowCells:
    """The places of a table's fields, and the row that is read now."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.dates = writing.dates
        self.refused_cells: list[tuple[str, str]] = []
        self.texts: tuple[str, ...] = ()
        self.span: Span | None = None  # of a sheet that is a month
        self._row: Sequence[Cell] = ()
        self._words: Words = writing.words
        self._constants = tuple(writing.constants.values())
        self._places: dict[Field, list[int]] = {}
        self._is_of_months = any(
            guess.field == "received_on" and guess.name == DAY_COLUMN for guess in writing.guesses
        )
        self._names = [guess.name for guess in writing.guesses]
        for guess in writing.guesses:
            if guess.field not in UNREAD_FIELDS:
                self._places.setdefault(guess.field, []).append(guess.position)
        for at, field in enumerate(writing.constants, len(writing.guesses)):
            self._places.setdefault(field, []).append(at)

    def enter_sheet(self, sheet: RecordSheet) -> None:
        """Turn to a sheet: days without a year are of the one year that its name, or a title in it, tells."""
        years = find_years(sheet.name) or find_years(" ".join(sheet.notes))
        self.dates = replace(self.writing.dates, year=years.pop() if len(years) == 1 else None)
        self.span = sheet.span

    def take_row(self, cells: tuple[Cell, ...], mended_texts: Mapping[str, str]) -> None:
        """Turn to a row, with the cells that a person mended."""
        if mended_texts:
            cells = tuple(mended_texts.get(str(at), cell) for at, cell in enumerate(cells))
        self.texts = tuple(map(write_cell, cells))
        self._row = (*cells, *self._constants) if self._constants else cells
        self.refused_cells = []

    def find_span(self) -> Span | None:
        """Return the days on which the money of the row may have come, where it stood below a month."""
        if self.span is not None or not self._is_of_months:
            return self.span
        return find_span(write_cell(self._row[self._places["received_on"][0]]))

    def has_column(self, *names: Field) -> bool:
        """Return whether the table has a column of one of these fields."""
        return any(name in self._places for name in names)

    def is_filled(self, *names: Field) -> bool:
        """Return whether a cell of these fields says anything."""
        return any(not is_nothing(self._row[at]) for name in names for at in self._places.get(name, ()))

    def read(self, name: Field, read: Callable[[Cell], Value], default: Value) -> Value:
        """Return the first filled cell of a field; one that cannot be read is refused."""
        return next(iter(self.read_all(name, read)), default)

    def read_all(self, name: Field, read: Callable[[Cell], Value]) -> list[Value]:
        """Return all filled cells of a field that can be read."""
        values = []
        for at in self._places.get(name, ()):
            cell = self._row[at]
            if cell == "":
                continue
            try:
                values.append(read(self._translate_cell(name, cell)))
            except UnreadableCell as e:
                self.refused_cells.append((name, e.code))
        return values

    def read_custom(self, entity: Entity) -> tuple[tuple[str, CustomValue], ...]:
        """Return what stands in fields that were added to donors, or to gifts, by key; a cell that cannot be
        read is refused."""
        values: list[tuple[str, CustomValue]] = []
        for at, column in self.writing.custom.items():
            if column.shape.entity != entity:
                continue
            try:
                value = read_custom(self._row[at], column)
            except UnreadableCell as e:
                self.refused_cells.append(("custom", e.code))
                continue
            if value is not None:
                values.append((column.shape.key, value))
        return tuple(values)

    def list_noes(self, name: Field) -> list[str]:
        """Return the names of a field's columns in which the row says yes, or what nobody understands."""
        names = []
        for at in self._places.get(name, ()):
            try:
                is_no = read_answer(self._translate_cell(name, self._row[at])) == "yes"
            except UnreadableCell:
                is_no = True
            if is_no:
                names.append(self._names[at])
        return names

    def read_each(self, name: Field, read: Callable[[Cell], Value], empty: Value) -> list[Value]:
        """Return every cell of a field in its place, ``empty`` for those without anything.

        Raise HeldRow where one cannot be read.
        """
        return [
            empty if is_nothing(self._row[at]) else self._read_at(at, name, read)
            for at in self._places.get(name, ())
        ]

    def read_or_hold(self, name: Field, read: Callable[[Cell], Value], default: Value) -> Value:
        """Return the cell of a field that money needs; raise HeldRow where it cannot be read."""
        for at in self._places.get(name, ())[:1]:
            if self._row[at] == "" and name != "amount":
                continue
            return self._read_at(at, name, read)
        return default

    def _read_at(self, at: int, name: Field, read: Callable[[Cell], Value]) -> Value:
        try:
            return read(self._translate_cell(name, self._row[at]))
        except UnreadableCell as e:
            raise HeldRow(e.code, name) from e

    def _translate_cell(self, name: Field, cell: Cell) -> Cell:
        """Return what a word of the other system stands for; any other cell as it is."""
        words = self._words.get(name)
        if words is None:
            return cell
        return words.get(fold_letters(write_cell(cell)), cell)


def read_plain(cell: Cell) -> str:
    """Return a text of which any sign is a letter or a digit; "" for any other."""
    text = read_text(cell)
    return text if _ANY_LETTER.search(text) and not is_nothing(text) else ""
