"""A table with a column for each month, quarter or year, as one with a row for each of its amounts.

Each filled cell is a row of its own, in a sheet for each column, so that the sums of a column stand beside
the file's own; who stands in the row is one person, however many cells are filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Final

from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.cells import is_nothing, write_cell
from donorhub.domain.moving.column_names import find_currency, fold_name
from donorhub.domain.moving.day_cells import find_years
from donorhub.domain.moving.field_words import AMOUNT_COLUMN, DAY_COLUMN, Field, find_field
from donorhub.domain.moving.writings import Question
from donorhub.domain.payer_text import fold_letters
from importers.periods import MONTH_BY_WORD, YEAR, Span, find_last_day, is_total_name, write_span
from importers.records import Cell, PeriodColumn, RecordRow, RecordSheet, RecordTable

_ZERO: Final = re.compile(r"[-+]?0+(?:[.,]0+)?(?:\s*[^\W\d_]{1,4}\.?)?")
_CROSSES: Final = frozenset("x xx + v * tak t po yes y ok true ✓ ✔ ja zaplacono oplacono paid paguar".split())
_EXAMPLES: Final = 5
_YEAR_DIGITS: Final = 4
_YEAR_NAMES: Final = frozenset(
    "rok|rok wplaty|rok darowizny|year|gift year|donation year|viti|viti i dhurimit|jahr|spendenjahr".split(
        "|"
    )
)
_MONTH_NAMES: Final = frozenset(
    "miesiac|miesiac wplaty|miesiac darowizny|mies|m c|month|gift month|muaji|muaji i dhurimit|monat".split(
        "|"
    )
)


@dataclass(frozen=True, slots=True)
class UnfoldedTable:
    """A table with one amount in a row; ``fields`` are those of its last columns, where it had others."""

    table: RecordTable
    fields: Mapping[int, Field] = field(default_factory=dict)
    month_places: frozenset[int] = frozenset()  # of the columns of which the last one was made
    questions: tuple[Question, ...] = ()


def unfold_periods(table: RecordTable, answers: Answers, *, today: date) -> UnfoldedTable:
    """Return a table with a row for each filled cell below a month, with what only a person can say of them.

    A table that has a month in each row gets its day; any other without such columns, and one of which the
    people alone are brought, stays as it is. Nothing and zero are no gift; a cross is one only where a person
    says of which amount.
    """
    columns = [column for sheet in table.sheets for column in sheet.periods]
    if answers.kind == "people":
        return UnfoldedTable(table)
    if not columns:
        return _join_months(table, answers)
    if answers.periods == "columns":
        return UnfoldedTable(_put_back(table))
    questions = _ask_kind(columns, answers)
    spans: dict[str, list[Span]] = {}
    for sheet in table.sheets:
        year, year_questions = _settle_year(sheet, answers, today)
        questions += year_questions
        spans[sheet.name] = _list_spans(sheet.periods, year)
    cross_place = _find_declared(table)
    questions += _ask_crosses(table, cross_place, answers)
    pays_crosses = answers.crosses == "declared"
    unit = next(
        filter(None, (find_currency(name) for name in (*table.header, *(one.name for one in columns)))), ""
    )
    sheets = [
        one
        for sheet in table.sheets
        for one in _unfold_sheet(sheet, spans[sheet.name], cross_place if pays_crosses else None)
    ]
    width = len(table.header)
    header = (*table.header, DAY_COLUMN, f"{AMOUNT_COLUMN} {unit}".strip())
    fields: dict[int, Field] = {width: "received_on", width + 1: "amount"}
    return UnfoldedTable(
        replace(table, header=header, sheets=tuple(sheets)), fields, questions=tuple(questions)
    )


def _join_months(table: RecordTable, answers: Answers) -> UnfoldedTable:
    """Return a table that has a month in each row, and no day, with a column for both: the year may stand in
    a column beside it or in the name or a title of the sheet.

    What is no month stays as it is written, and holds its row.
    """
    names = [fold_name(name) for name in table.header]
    month_places = [at for at, name in enumerate(names) if name in _MONTH_NAMES]
    year_places = [at for at, name in enumerate(names) if name in _YEAR_NAMES]
    fields = {*map(find_field, table.header), *answers.columns.values()}
    is_settled = "amount" not in fields or "received_on" in fields
    if is_settled or len(month_places) != 1 or len(year_places) > 1:
        return UnfoldedTable(table)
    sheets = tuple(_join_sheet(sheet, month_places[0], year_places) for sheet in table.sheets)
    header = (*table.header, DAY_COLUMN)
    return UnfoldedTable(
        replace(table, header=header, sheets=sheets),
        {len(table.header): "received_on"},
        frozenset((*month_places, *year_places)),
    )


def _join_sheet(sheet: RecordSheet, month_place: int, year_places: Sequence[int]) -> RecordSheet:
    years = find_years(sheet.name) or find_years(" ".join(sheet.notes))
    sheet_year = str(years.pop()) if len(years) == 1 else ""

    def widen_row(row: RecordRow, text: str) -> RecordRow:
        return replace(row, cells=(*row.cells, text))

    def write_row_month(row: RecordRow) -> str:
        year = write_cell(row.cells[year_places[0]]) if year_places else sheet_year
        return _write_month(year, write_cell(row.cells[month_place]))

    return replace(
        sheet,
        rows=tuple(widen_row(row, write_row_month(row)) for row in sheet.rows),
        total_rows=tuple(widen_row(row, "") for row in sheet.total_rows),
    )


def _write_month(year: str, month: str) -> str:
    """Return ``2024-03`` for a year and a month of that year, be it a number or a word."""
    if is_nothing(month):
        return ""
    word = fold_letters(month).strip(". ")
    number = int(word) if word.isdigit() else MONTH_BY_WORD.get(word, 0)
    if year.isdigit() and len(year) == _YEAR_DIGITS and 1 <= number <= YEAR:
        return write_span(date(int(year), number, 1), 1)
    return f"{month} {year}".strip()


def _put_back(table: RecordTable) -> RecordTable:
    """Return a table whose months are columns as any others, behind the rest."""
    most = max(table.sheets, key=lambda sheet: len(sheet.periods))
    count = len(most.periods)

    def widen_row(row: RecordRow) -> RecordRow:
        cells = (*row.cells, *row.period_cells, *[""] * (count - len(row.period_cells)))
        return replace(row, cells=cells, period_cells=())

    sheets = [
        replace(
            sheet,
            rows=tuple(map(widen_row, sheet.rows)),
            total_rows=tuple(map(widen_row, sheet.total_rows)),
            periods=(),
        )
        for sheet in table.sheets
    ]
    header = (*table.header, *(column.name for column in most.periods))
    return replace(table, header=header, sheets=tuple(sheets))


def _ask_kind(columns: Sequence[PeriodColumn], answers: Answers) -> list[Question]:
    """Ask whether the sum of a year is one gift; that of a month or a quarter is."""
    if answers.periods or any(column.period.length != YEAR for column in columns):
        return []
    names = tuple(dict.fromkeys(column.name for column in columns))
    return [Question("periods", None, ("gifts", "columns"), (), names[:_EXAMPLES])]


def _settle_year(sheet: RecordSheet, answers: Answers, today: date) -> tuple[int, list[Question]]:
    """Return the year in which the first month of a sheet lies, with the question where nothing tells it."""
    first_year = next((column.period.year for column in sheet.periods if column.period.year), None)
    if first_year is not None or not sheet.periods:
        return first_year or today.year, []
    if sheet.name in answers.years:
        return answers.years[sheet.name], []
    texts = (sheet.name, " ".join(sheet.notes))
    expected_count = 2 if _runs_over(sheet.periods) else 1
    for years in map(find_years, texts):
        if years and sorted(years) == [min(years) + n for n in range(expected_count)]:
            return min(years), []
    years = find_years(texts[0]) or find_years(texts[1])
    choices = sorted({*years, *(today.year - n for n in range(4))}, reverse=True)
    return choices[0], [Question("year", None, tuple(map(str, choices)), (), (sheet.name,))]


def _runs_over(columns: Sequence[PeriodColumn]) -> bool:
    """Return whether months go on into the next year, as from September to August."""
    months = [column.period.month for column in columns]
    return any(other <= one for one, other in pairwise(months))


def _list_spans(columns: Sequence[PeriodColumn], year: int) -> list[Span]:
    """Return the first and last day of each column; one without a year lies in that of those before it."""
    spans: list[Span] = []
    month = 0
    for column in columns:
        period = column.period
        year = period.year or (year + 1 if period.month <= month else year)
        month = period.month
        first = date(year, month, 1)
        spans.append((first, find_last_day(first, period.length)))
    return spans


def _find_declared(table: RecordTable) -> int | None:
    """Return the only column of amounts beside the months: what somebody promised to pay each time."""
    places = [
        at
        for at, name in enumerate(table.header)
        if (find_field(name) == "amount" and not is_total_name(name))
        or fold_letters(name) in ("skladka", "deklaracja", "anetaresia", "fee")
    ]
    return places[0] if len(places) == 1 else None


def _ask_crosses(table: RecordTable, place: int | None, answers: Answers) -> list[Question]:
    if place is None or answers.crosses:
        return []
    count = sum(is_cross(cell) for sheet in table.sheets for row in sheet.rows for cell in row.period_cells)
    if not count:
        return []
    return [Question("crosses", place, ("declared", "leave"), (count,))]


def is_cross(cell: Cell) -> bool:
    """Return whether a cell below a month says that something came, and not how much."""
    return cell is True or (isinstance(cell, str) and fold_letters(cell) in _CROSSES)


def _is_empty(cell: Cell) -> bool:
    """Return whether a cell below a month says that nothing came."""
    if isinstance(cell, str):
        return is_nothing(cell) or _ZERO.fullmatch(cell) is not None
    return cell is False or (isinstance(cell, int | float) and cell == 0)


def _unfold_sheet(
    sheet: RecordSheet, spans: Sequence[Span], declared_place: int | None
) -> Iterator[RecordSheet]:
    """Yield a sheet for each column, and one for the people of whom nothing came."""
    names = [column.name for column in sheet.periods]
    for at, (column, span) in enumerate(zip(sheet.periods, spans, strict=True)):
        day = write_span(span[0], column.period.length)
        name = column.name if names.count(column.name) == 1 else f"{column.name} {column.letters}"
        rows = [
            _make_row(row, day, _read_cell(row, at, declared_place))
            for row in sheet.rows
            if not _is_empty(row.period_cells[at])
        ]
        yield replace(
            sheet,
            name=" / ".join(part for part in (sheet.name, name) if part),
            rows=tuple(rows),
            total_rows=tuple(_make_row(row, "", row.period_cells[at]) for row in sheet.total_rows),
            notes=(),
            periods=(),
            origin=sheet.name,
            letters=column.letters,
            span=span,
        )
    silent_rows = [_make_row(row, "", "") for row in sheet.rows if all(map(_is_empty, row.period_cells))]
    if silent_rows:
        yield replace(sheet, rows=tuple(silent_rows), total_rows=(), periods=(), origin=sheet.name)


def _read_cell(row: RecordRow, at: int, declared_place: int | None) -> Cell:
    cell = row.period_cells[at]
    return row.cells[declared_place] if declared_place is not None and is_cross(cell) else cell


def _make_row(row: RecordRow, day: str, cell: Cell) -> RecordRow:
    return replace(row, cells=(*row.cells, day, cell), period_cells=())
