"""A list as CSV: UTF-8 with its mark, ISO days, amounts as ``1234.50`` with their currency beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import IO

from donorhub.domain.moving.formulas import guard_text
from donorhub.domain.moving.list_columns import Coded, Column, Value
from donorhub.money import Money
from donorhub.services.moving.lists.description import ListRequest, Row
from donorhub.services.moving.wording import Wording


class CsvFile:
    """Writes the rows of a list into a file, one after the other."""

    def __init__(self, file: IO[bytes], request: ListRequest, wording: Wording) -> None:
        self._list, self._columns, self._wording = request.list_out.name, request.columns, wording
        self._text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
        self._writer = csv.writer(self._text, delimiter=wording.separator, lineterminator="\r\n")
        self._writer.writerow(self._list_heads())

    def write_row(self, values: Row) -> None:
        """Write one row: a value for each column that the reader may see."""
        cells: list[str] = []
        for column, value in zip(self._columns, values, strict=True):
            cells.extend(self._write_cells(column, value))
        self._writer.writerow(cells)

    def finish_file(self, _count: int) -> None:
        """Let go of the file, which stays open; all rows are in it."""
        self._text.detach()

    def give_up(self) -> None:
        """Let go of a file that will not be finished."""
        self._text.detach()

    def _list_heads(self) -> Sequence[str]:
        heads: list[str] = []
        for column in self._columns:
            heads.append(self._wording.name_column(self._list, column))
            if column.kind == "money":
                heads.append(self._wording.name_part(self._list, "currency"))
        return heads

    def _write_cells(self, column: Column, value: Value) -> tuple[str, ...]:
        if isinstance(value, Money):
            return value.as_text(), value.currency
        if column.kind == "money":
            return "", ""
        return (self._write_cell(column, value),)

    def _write_cell(self, column: Column, value: Value) -> str:
        if value is None:
            return ""
        if isinstance(value, datetime):
            return self._wording.write_moment(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, int):
            return str(value)
        text = (
            self._wording.write_code(self._list, column.key, value)
            if isinstance(value, Coded)
            else str(value)
        )
        return guard_text(text)
