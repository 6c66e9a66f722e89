"""A list as a workbook: typed cells under a head that stays in view, and a sheet on where it is from.

Texts are texts whatever they begin with: nothing is taken for a formula or a link.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import IO, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from donorhub.domain.moving.list_columns import Coded, Value
from donorhub.errors import Rejected
from donorhub.money import Money, get_exponent
from donorhub.services.moving.about import list_facts
from donorhub.services.moving.lists.description import ListRequest, Row
from donorhub.services.moving.wording import Wording

MOST_ROWS: Final = 1_048_575  # of a sheet, beside its head
_LONGEST: Final = 32_767  # text of a cell
_WIDTHS: Final = {"text": 28, "word": 18, "day": 12, "moment": 17, "money": 14, "number": 10}
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class XlsxFile:
    """Writes the rows of a list into a workbook, one after the other; it is whole once it is finished."""

    def __init__(self, file: IO[bytes], request: ListRequest, wording: Wording) -> None:
        self._request, self._columns, self._wording = request, request.columns, wording
        self._folder = tempfile.TemporaryDirectory()  # of what the workbook is made of, read by nobody else
        self._book = Workbook(file, {**_OPTIONS, "tmpdir": self._folder.name})
        created_at = wording.get_local_time(request.reader.now)
        self._book.set_properties({"created": created_at, "author": "DonorHub"})
        self._bold = self._book.add_format({"bold": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})
        self._amounts: dict[int, Format] = {}
        self._row = 0
        self._sheet = self._open_sheet()

    def write_row(self, values: Row) -> None:
        """Write one row; raise Rejected where a sheet is full."""
        if self._row >= MOST_ROWS:
            raise Rejected("a sheet holds no more rows: take the list as CSV", code="sheet_is_full")
        self._row += 1
        place = 0
        for column, value in zip(self._columns, values, strict=True):
            self._write_value(self._sheet, self._row, place, column.key, value)
            place += 2 if column.kind == "money" else 1

    def finish_file(self, count: int) -> None:
        """Write the sheet on where the list is from, and the workbook into its file, which stays open."""
        self._sheet.autofilter(0, 0, self._row, max(0, self._count_places() - 1))
        about = self._book.add_worksheet(self._name_sheet("about", "about"))
        about.set_column(0, 1, 34)
        for row, (name, value) in enumerate(list_facts(self._request, count, self._wording)):
            about.write_string(row, 0, name, self._bold)
            self._write_value(about, row, 1, "", value)
        self._book.close()
        self._folder.cleanup()

    def give_up(self) -> None:
        """Leave nothing of a workbook behind that will not be finished."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._book.fileclosed = True  # else it warns that it was not closed
        self._folder.cleanup()

    def _open_sheet(self) -> Worksheet:
        sheet = self._book.add_worksheet(self._name_sheet("lists", self._request.list_out.name))
        sheet.freeze_panes(1, 0)
        for place, (name, width) in enumerate(self._list_heads()):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, name, self._bold)
        return sheet

    def _name_sheet(self, scope: str, key: str) -> str:
        return self._wording.name_part(scope, key)[:31]

    def _list_heads(self) -> Sequence[tuple[str, int]]:
        heads = []
        for column in self._columns:
            name = self._wording.name_column(self._request.list_out.name, column)
            heads.append((name, _WIDTHS[column.kind]))
            if column.kind == "money":
                heads.append((self._wording.name_part(self._request.list_out.name, "currency"), 9))
        return heads

    def _count_places(self) -> int:
        return len(self._columns) + sum(column.kind == "money" for column in self._columns)

    def _write_value(self, sheet: Worksheet, row: int, place: int, key: str, value: Value) -> None:
        if value is None:
            return
        if isinstance(value, Money):
            sheet.write_number(row, place, float(value.as_decimal()), self._find_format(value.currency))
            sheet.write_string(row, place + 1, value.currency)
        elif isinstance(value, datetime):
            sheet.write_datetime(row, place, self._wording.get_local_time(value), self._moment)
        elif isinstance(value, date):
            sheet.write_datetime(row, place, datetime.combine(value, time()), self._day)
        elif isinstance(value, int):
            sheet.write_number(row, place, value)
        elif text := self._write_text(key, value):
            sheet.write_string(row, place, _cut_text(text))

    def _write_text(self, key: str, value: str | Coded) -> str:
        if isinstance(value, Coded):
            return self._wording.write_code(self._request.list_out.name, key, value)
        return value

    def _find_format(self, currency: str) -> Format:
        """Return the format of amounts with as many decimals as the currency has."""
        decimals = get_exponent(currency)
        if decimals not in self._amounts:
            number = "0." + "0" * decimals if decimals else "0"
            self._amounts[decimals] = self._book.add_format({"num_format": f"#,##{number}"})
        return self._amounts[decimals]


def _cut_text(text: str) -> str:
    """Return a text as long as a cell takes; a longer one ends with three dots."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
