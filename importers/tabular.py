"""Read what a bank exports as a table: CSV and other separated text, and spreadsheets.

``read`` needs a layout: one that was saved, or a known profile that it recognises by the
header. It guesses none; ``draft`` proposes one, for a person to confirm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from msgspec.structs import replace

from donorhub.money import Money, sum_money
from importers.border import clean_entry, clean_text
from importers.codes import Reason, RowFault, Skip
from importers.profiles import list_profiles
from importers.sheet import Row, UnreadableTable
from importers.statement import Entry, Integrity, Reading, refuse_file
from importers.table.answers import Answers
from importers.table.changes import Change, find_change
from importers.table.draft import Draft, read_draft
from importers.table.layout import Column, FactPlace, Layout, LayoutError, make_header_signature
from importers.table.opening import open_table, recognise_layout
from importers.table.reading import AnySheet, Outcome, open_pass, read_rows
from importers.table.row_changes import RowChange, RowChanges
from importers.text import Undecodable

__all__ = [
    "Answers",
    "Column",
    "Draft",
    "FactPlace",
    "Layout",
    "LayoutError",
    "Preview",
    "PreviewRow",
    "RowChange",
    "RowChanges",
    "draft_layout",
    "find_header_change",
    "make_header_signature",
    "preview_table",
    "read",
    "recognise_table",
]

_UNKNOWN_LAYOUT: Final = Reason("layout_unknown")


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row as written and as it would be imported; ``skip`` or ``fault`` say why one is not."""

    line: int
    cells: tuple[str, ...]
    status: Literal["entry", "skipped", "failed"]
    skip: Skip | None = None
    fault: Reason[RowFault] | None = None
    entry: Entry | None = None
    raw: str = ""  # as the file has it


@dataclass(frozen=True, slots=True)
class Preview:
    """What a layout makes of a file: its first rows, and the sums over all of them, by currency."""

    rows: tuple[PreviewRow, ...]
    reading: Reading
    total_in: Mapping[str, Money]
    total_out: Mapping[str, Money]
    period: tuple[date | None, date | None]
    integrity: Integrity


def read(
    data: bytes,
    filename: str | None = None,
    profile: Layout | None = None,
    *,
    currency: str = "",
    changes: RowChanges | None = None,
) -> Reading:
    """Return the statements of a table, one for each own account and currency that its rows name.

    ``currency`` is the bank account's, for tables that do not tell theirs. Never raises for
    the file's fault: a file that cannot be read has no statements and an ``error`` problem.
    ``filename`` is not trusted for anything. ``changes`` are what a person said of rows that cannot be read.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        sheet, source_format = open_table(data, profile.encoding if profile else "")
        layout = profile or recognise_layout(sheet, list_profiles())
        if layout is None:
            return replace(_refuse_unknown(sheet), file_sha256=digest, format=source_format)
        job = open_pass(sheet, layout, currency=currency, source_format=source_format, changes=changes)
        return replace(read_rows(job), file_sha256=digest)
    except (Undecodable, UnreadableTable) as e:
        return replace(refuse_file(e.reason), file_sha256=digest)


def recognise_table(data: bytes, own_layouts: Sequence[Layout] = ()) -> Layout | None:
    """Return the layout whose header the file has: ``own_layouts`` first, then the known profiles."""
    try:
        sheet, _ = open_table(data)
        return recognise_layout(sheet, (*own_layouts, *list_profiles()))
    except (Undecodable, UnreadableTable):
        return None


def find_header_change(data: bytes, own_layouts: Sequence[Layout]) -> Change | None:
    """Return how the file's header differs from the one of ``own_layouts`` that it is most like, or None."""
    try:
        sheet, _ = open_table(data)
        changes = (find_change(row.cells, own_layouts) for row in sheet.read_head())
        return next((change for change in changes if change), None)
    except (Undecodable, UnreadableTable):
        return None


def draft_layout(
    data: bytes, answers: Answers | None = None, *, saved_layouts: Sequence[Layout] = ()
) -> Draft:
    """Return what can be told about a table without asking, and what must be asked. Raise nothing."""
    return read_draft(data, answers, saved_layouts=saved_layouts, shipped_layouts=list_profiles())


def preview_table(
    data: bytes,
    layout: Layout,
    limit: int = 20,
    *,
    failure_limit: int = 0,
    currency: str = "",
    changes: RowChanges | None = None,
) -> Preview:
    """Read the whole file with ``layout``, and show its first ``limit`` rows beside what they become.

    Of the rows after them it shows the first ``failed`` that could not be read, or of which a person said
    something.
    """
    rows: list[PreviewRow] = []
    changes_by_line = changes or {}

    def watch_row(row: Row, outcome: Outcome) -> None:
        is_told = isinstance(outcome, Reason) or row.line in changes_by_line
        if len(rows) < limit or (is_told and len(rows) < limit + failure_limit):
            rows.append(_show_row(row, outcome))

    try:
        sheet, source_format = open_table(data, layout.encoding)
        reading = read_rows(
            open_pass(sheet, layout, currency=currency, source_format=source_format, changes=changes_by_line),
            watch_row,
        )
    except (Undecodable, UnreadableTable) as e:
        reading = refuse_file(e.reason)
    return _sum_up(rows, reading)


def _show_row(row: Row, outcome: Outcome) -> PreviewRow:
    cells = tuple(map(clean_text, row.cells))
    if isinstance(outcome, Entry):
        return PreviewRow(row.line, cells, "entry", entry=clean_entry(outcome), raw=row.raw)
    if isinstance(outcome, Reason):
        shown_cells = cells or (clean_text(row.raw),)
        return PreviewRow(row.line, shown_cells, "failed", fault=outcome, raw=row.raw)
    return PreviewRow(row.line, cells, "skipped", skip=outcome, raw=row.raw)


def _sum_up(rows: Sequence[PreviewRow], reading: Reading) -> Preview:
    amounts: dict[str, list[Money]] = {}
    for statement in reading.statements:
        amounts.setdefault(statement.currency, []).extend(
            entry.amount for entry in statement.entries if entry.status == "booked"
        )
    days = [day for statement in reading.statements for day in statement.period if day]
    kinds = {statement.integrity for statement in reading.statements}
    worst: Integrity = (
        "mismatch" if "mismatch" in kinds else "proved" if kinds == {"proved"} else "unverifiable"
    )
    return Preview(
        rows=tuple(rows),
        reading=reading,
        total_in={code: sum_money((m for m in all_ if m.minor > 0), code) for code, all_ in amounts.items()},
        total_out={code: sum_money((m for m in all_ if m.minor < 0), code) for code, all_ in amounts.items()},
        period=(min(days), max(days)) if days else (None, None),
        integrity=worst,
    )


def _refuse_unknown(sheet: AnySheet) -> Reading:
    head = next(
        (row for row in sheet.read_head() if len([cell for cell in row.cells if cell.strip()]) > 1), None
    )
    return refuse_file(_UNKNOWN_LAYOUT, head.line if head else None)
