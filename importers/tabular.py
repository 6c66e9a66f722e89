"""Read what a bank exports as a table: CSV and other separated text, and spreadsheets.

``read`` needs a layout: one that was saved, or a known profile that it recognises by the
header. It guesses none; ``detect`` proposes one, for a person to confirm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from donorhub.money import Money, total
from importers.profiles import profiles
from importers.sheet import Row, Unsheetable, open_text
from importers.sniff import format_of
from importers.statement import Entry, Integrity, Problem, Reading, refused
from importers.table.changes import Change, changed_since
from importers.table.detect import Detection, detected
from importers.table.entries import REASONS, Fault, Reason
from importers.table.layout import Column, Found, Layout, LayoutError, header_signature
from importers.table.placing import account_of, header_at
from importers.table.reading import AnySheet, opened, run
from importers.table.workbook import open_workbook
from importers.text import Undecodable

__all__ = [
    "Column",
    "Detection",
    "Found",
    "Layout",
    "LayoutError",
    "Preview",
    "PreviewRow",
    "detect",
    "fitting_rows",
    "header_change",
    "header_signature",
    "preview",
    "read",
    "recognise",
]

_WORKBOOKS: Final = ("xlsx", "xls", "ods")
_UNKNOWN: Final = (
    "DonorHub does not know this table yet. Tell it once which column is which, "
    "and it will read every file with these columns."
)
_NO_TABLE: Final = "The file is no table (it looks like {}): export the statement as CSV or XLSX."


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row as written and as it would be imported; ``why`` is a sentence for a row that is not."""

    line: int
    cells: tuple[str, ...]
    status: Literal["entry", "skipped", "failed"]
    why: str = ""
    entry: Entry | None = None


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
    data: bytes, filename: str | None = None, profile: Layout | None = None, *, currency: str = ""
) -> Reading:
    """The statements of a table, one for each own account and currency that its rows name.

    ``currency`` is the bank account's, for tables that do not tell theirs. Never raises for
    the file's fault: a file that cannot be read has no statements and an ``error`` problem.
    ``filename`` is not trusted for anything.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        sheet, source_format = _opened(data, profile)
        layout = profile or _recognised(sheet, profiles())
        if layout is None:
            return replace(_unknown(sheet), file_sha256=digest, format=source_format)
        job = opened(sheet, layout, currency=currency, source_format=source_format)
        return replace(run(job), file_sha256=digest)
    except Undecodable as e:
        return replace(refused("undecodable", _sentence(e)), file_sha256=digest)
    except Unsheetable as e:
        return replace(refused(e.code, str(e)), file_sha256=digest)


def recognise(data: bytes, saved: Sequence[Layout] = ()) -> Layout | None:
    """The layout whose header the file has: one of ``saved`` first, then of the known profiles."""
    try:
        sheet, _ = _opened(data, None)
        return _recognised(sheet, (*saved, *profiles()))
    except (Undecodable, Unsheetable):
        return None


def fitting_rows(data: bytes, saved: Sequence[Layout]) -> Layout | None:
    """The first of ``saved`` layouts without header by which each of the first rows can be read.

    Another bank's table may fit as well: it is for a person to confirm, not to read by.
    """
    try:
        sheet, _ = _opened(data, None)
        return next((layout for layout in saved if not layout.header and _all_read(sheet, layout)), None)
    except (Undecodable, Unsheetable):
        return None


def _all_read(sheet: AnySheet, layout: Layout) -> bool:
    head = sheet.separated_by(layout.delimiter, layout.quote).head()
    try:
        job = opened(sheet, layout)
        read = [job.reader.read(row) for row in head if row.line > job.start]
    except (Unsheetable, Fault):
        return False
    return any(isinstance(one, Entry) for one in read)


def header_change(data: bytes, saved: Sequence[Layout]) -> Change | None:
    """How the file's header differs from the one of ``saved`` that it is most like; None when like none."""
    try:
        sheet, _ = _opened(data, None)
        changes = (changed_since(row.cells, saved) for row in sheet.head())
        return next((change for change in changes if change), None)
    except (Undecodable, Unsheetable):
        return None


def detect(data: bytes, filename: str | None = None, *, saved: Sequence[Layout] = ()) -> Detection:
    """What can be told about a table without asking, and what must be asked. Raises nothing."""
    try:
        sheet, _ = _opened(data, None)
        return detected(sheet, known=_recognised(sheet, (*saved, *profiles())))
    except Undecodable as e:
        return Detection(problems=(Problem("error", "undecodable", _sentence(e)),))
    except Unsheetable as e:
        return Detection(problems=(Problem("error", e.code, str(e)),))


def preview(data: bytes, layout: Layout, limit: int = 20, *, failed: int = 0, currency: str = "") -> Preview:
    """Read the whole file with ``layout``, and show its first ``limit`` rows beside what they become.

    Of the rows after them it shows the first ``failed`` that could not be read.
    """
    rows: list[PreviewRow] = []

    def watch(row: Row, outcome: Entry | Reason | Fault) -> None:
        if len(rows) < limit or (isinstance(outcome, Fault) and len(rows) < limit + failed):
            rows.append(_shown(row, outcome))

    try:
        sheet, source_format = _opened(data, layout)
        reading = run(opened(sheet, layout, currency=currency, source_format=source_format), watch)
    except Undecodable as e:
        reading = refused("undecodable", _sentence(e))
    except Unsheetable as e:
        reading = refused(e.code, str(e))
    return _previewed(rows, reading)


def _shown(row: Row, outcome: Entry | Reason | Fault) -> PreviewRow:
    cells = tuple(row.cells)
    if isinstance(outcome, Entry):
        return PreviewRow(row.line, cells, "entry", entry=outcome)
    if isinstance(outcome, Fault):
        return PreviewRow(row.line, cells or (row.raw,), "failed", _sentence(outcome))
    return PreviewRow(row.line, cells, "skipped", REASONS[outcome])


def _previewed(rows: Sequence[PreviewRow], reading: Reading) -> Preview:
    amounts: dict[str, list[Money]] = {}
    for statement in reading.statements:
        amounts.setdefault(statement.currency, []).extend(entry.amount for entry in statement.entries)
    days = [day for statement in reading.statements for day in statement.period if day]
    kinds = {statement.integrity for statement in reading.statements}
    worst: Integrity = (
        "mismatch" if "mismatch" in kinds else "proved" if kinds == {"proved"} else "unverifiable"
    )
    return Preview(
        rows=tuple(rows),
        reading=reading,
        total_in={code: total((m for m in all_ if m.minor > 0), code) for code, all_ in amounts.items()},
        total_out={code: total((m for m in all_ if m.minor < 0), code) for code, all_ in amounts.items()},
        period=(min(days), max(days)) if days else (None, None),
        integrity=worst,
    )


def _opened(data: bytes, layout: Layout | None) -> tuple[AnySheet, str]:
    kind = format_of(data)
    if kind in _WORKBOOKS:
        return open_workbook(data), kind
    if kind == "empty":
        raise Unsheetable("empty", "The file is empty: export it again.")
    if kind != "table":
        raise Unsheetable("not_a_table", _NO_TABLE.format(kind))
    return open_text(data, layout.encoding if layout else ""), "csv"


def _recognised(sheet: AnySheet, layouts: Sequence[Layout]) -> Layout | None:
    """The first layout with exactly this header; else the one with the most of its columns; else by rows."""
    heads: dict[tuple[str, str], list[Row]] = {}
    fitting: list[tuple[bool, int, Layout]] = []
    for layout in layouts:
        mark = (layout.delimiter, layout.quote)
        if mark not in heads:
            heads[mark] = sheet.separated_by(*mark).head()
        header = header_at(heads[mark], layout) if layout.header else None
        if header:
            is_same = header_signature(header.cells) == layout.header_signature
            fitting.append((is_same, len(layout.columns), layout))
    if fitting:
        return max(fitting, key=lambda fit: fit[:2])[2]
    return next((layout for layout in layouts if not layout.header and _fits_by_rows(sheet, layout)), None)


def _fits_by_rows(sheet: AnySheet, layout: Layout) -> bool:
    """Whether a file without header has the account where the layout says, and rows that can be read."""
    placed = [found for found in layout.found if found.row and found.fact == "account"]
    head = sheet.separated_by(layout.delimiter, layout.quote).head(6)
    if not placed or len(head) <= placed[0].row:
        return False
    row, column = head[placed[0].row - 1].cells, placed[0].column - 1
    if not 0 <= column < len(row) or account_of(row[column])[1] != "iban":
        return False
    try:
        job = opened(sheet, layout)
        return any(isinstance(job.reader.read(row), Entry) for row in head if row.line > job.start)
    except (Unsheetable, Fault):
        return False


def _unknown(sheet: AnySheet) -> Reading:
    head = next((row for row in sheet.head() if len([cell for cell in row.cells if cell.strip()]) > 1), None)
    return refused("layout_unknown", _UNKNOWN, f"line {head.line}" if head else None)


def _sentence(fault: Exception) -> str:
    text = str(fault)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")
