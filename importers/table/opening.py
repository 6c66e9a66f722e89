"""The table in a file, and which of several layouts it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from importers.sheet import Row, UnreadableTable, open_text
from importers.sniff import find_format
from importers.statement import Entry
from importers.table.amounts import UnreadableRow
from importers.table.layout import Layout, make_header_signature
from importers.table.placing import find_header, parse_account
from importers.table.reading import AnySheet, open_pass
from importers.table.workbook import open_workbook

WORKBOOKS: Final = ("xlsx", "xls", "ods")
_FIRST_ROWS: Final = 6


def open_table(data: bytes, encoding: str = "") -> tuple[AnySheet, str]:
    """Return the sheet in a file and its format; raise UnreadableTable, or Undecodable for no text."""
    kind = find_format(data)
    if kind in WORKBOOKS:
        return open_workbook(data), kind
    if kind == "empty":
        raise UnreadableTable("empty")
    if kind != "table":
        raise UnreadableTable("not_a_table", format=kind)
    return open_text(data, encoding), "csv"


def recognise_layout(sheet: AnySheet, layouts: Iterable[Layout]) -> Layout | None:
    """Return the first layout with exactly this header, else the one with most of its columns, else by
    rows: what people saved stands first, and goes before what is shipped.
    """
    layouts = tuple(layouts)
    heads: dict[tuple[str, str], list[Row]] = {}
    fitting: list[Layout] = []
    for layout in layouts:
        mark = (layout.delimiter, layout.quote)
        if mark not in heads:
            heads[mark] = sheet.change_delimiter(*mark).read_head()
        header = find_header(heads[mark], layout) if layout.header else None
        if header:
            if make_header_signature(header.cells) == layout.header_signature:
                return layout
            fitting.append(layout)
    if fitting:
        return max(fitting, key=lambda layout: len(layout.columns))
    return next((layout for layout in layouts if not layout.header and _fits_by_rows(sheet, layout)), None)


def find_layout_by_rows(sheet: AnySheet, layouts: Sequence[Layout]) -> Layout | None:
    """Return the first of ``layouts`` without header by which each of the first rows can be read.

    Another bank's table may fit as well: it is for a person to confirm, not to read by.
    """
    return next((layout for layout in layouts if not layout.header and _is_readable(sheet, layout)), None)


def _is_readable(sheet: AnySheet, layout: Layout) -> bool:
    head = sheet.change_delimiter(layout.delimiter, layout.quote).read_head()
    try:
        job = open_pass(sheet, layout)
        outcomes = [job.reader.read_row(row) for row in head if row.line > job.start]
    except (UnreadableTable, UnreadableRow):
        return False
    return any(isinstance(outcome, Entry) for outcome in outcomes)


def _fits_by_rows(sheet: AnySheet, layout: Layout) -> bool:
    """Return whether a file without header has the account where the layout says, and readable rows."""
    places = [place for place in layout.found if place.row and place.fact == "account"]
    head = sheet.change_delimiter(layout.delimiter, layout.quote).read_head(_FIRST_ROWS)
    if not places or len(head) <= places[0].row:
        return False
    row, column = head[places[0].row - 1].cells, places[0].column - 1
    if not 0 <= column < len(row) or parse_account(row[column])[1] != "iban":
        return False
    try:
        job = open_pass(sheet, layout)
        return any(isinstance(job.reader.read_row(row), Entry) for row in head if row.line > job.start)
    except (UnreadableTable, UnreadableRow):
        return False
