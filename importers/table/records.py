"""The table of people and gifts in a file: its row of names, its rows, its own sums, what stands around.

Which column is which is for ``donorhub.domain.moving``; the words that it knows come in as ``is_name``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from datetime import date
from statistics import median
from typing import Final

from importers.folding import fold_text
from importers.periods import (
    NAME_LINES,
    TOTAL_ALONE,
    TOTALS,
    is_total_name,
    list_periods,
    read_period,
    write_period_name,
)
from importers.records import BrokenCell, Cell, OtherSheet, PeriodColumn, RecordRow, RecordSheet, RecordTable
from importers.sheet import UnreadableTable
from importers.sniff import find_format
from importers.table.books import Book, BookSheet, open_book, write_column
from importers.table.joined_sheets import Named, find_people, join_people
from importers.table.unnamed import looks_like_rows

_NO_HEADER: Final = (-1, -1)
IsName = Callable[[str], bool]
_LOOKED_AT: Final = 60  # rows in which the names may stand
_LONGEST_NAME: Final = 80
_FEWEST: Final = 2
_MOST_TEXTS: Final = 0.8  # of the cells of a row of names
_FEW_CELLS: Final = 3
_YEAR: Final = re.compile(r"\b(?:19[5-9]|20[0-9])[0-9]\b")
_VALUE: Final = re.compile(r"[-+(]?[\d\s.,'/:()-]+(?:zł|zl|pln|eur|€|lek|all|r\.?)?", re.IGNORECASE)


def read_records(data: bytes, is_name: IsName) -> RecordTable:
    """Return the table of a file; of sheets of several shapes that with most rows, and the others' names.

    Where no sheet names its columns, those that look like rows all the same are the table.

    Raise UnreadableTable where no sheet has rows below a row of names, Undecodable for bytes that are no
    text.
    """
    kind = find_format(data)
    if kind in ("pdf", "html", "picture", "document", "json", "archive", "zip", "xml"):
        raise UnreadableTable("not_a_table", format=kind)
    book = _open_book(data)
    shaped_sheets = [
        (sheet, header) for sheet in book.sheets if (header := _find_header(sheet, is_name)) is not None
    ]
    has_names = bool(shaped_sheets)
    if not has_names:
        shaped_sheets = [(sheet, _NO_HEADER) for sheet in book.sheets if looks_like_rows(sheet.grid)]
    shapes: dict[tuple[str, ...], list[tuple[RecordSheet, tuple[str, ...]]]] = {}
    for sheet, header in shaped_sheets:
        names, records = _read_sheet(sheet, *header, is_name)
        if records.rows:
            shapes.setdefault(_make_shape(names, records), []).append((records, names))
    if not shapes:
        raise UnreadableTable("no_records")
    best = max(
        shapes.values(), key=lambda group: sum(len(sheet.rows) for sheet, _ in group if not sheet.is_hidden)
    )
    table = _join_shapes(book, best, [group for group in shapes.values() if group is not best])
    return replace(table, has_names=has_names)


def _join_shapes(book: Book, best: Sequence[Named], others: Sequence[Sequence[Named]]) -> RecordTable:
    """Return the table of the sheets with most rows; where one of two shapes says who those of the other are,
    of both."""
    groups = dict(enumerate([best, *others]))
    for at, gifts in groups.items():
        key = find_people(gifts, {other: group for other, group in groups.items() if other != at})
        joined = None if key is None else join_people(gifts, groups[key])
        if joined is not None:
            sheets, people = joined
            table = _join_sheets(book, sheets, [group for n, group in groups.items() if n not in (at, key)])
            return replace(table, sheets=(*table.sheets, *([people] if people.rows else [])))
    return _join_sheets(book, best, others)


def _open_book(data: bytes) -> Book:
    try:
        return open_book(data)
    except UnreadableTable as e:
        lines = data.split()
        if e.code == "one_column" and lines and sum(b"@" in line for line in lines) * 2 > len(lines):
            raise UnreadableTable("one_column.emails") from e
        raise


def _make_shape(names: Sequence[str], sheet: RecordSheet) -> tuple[str, ...]:
    """Return what sheets of one table share: the names of their columns, and whether some are months."""
    return (*sorted(map(_fold_column, filter(None, names))), *(["*"] if sheet.periods else []))


def _fold_column(name: str) -> str:
    """Return the name of a column for comparing; the year of a sum or of months says nothing."""
    folded_name = fold_text(name)
    is_of_year = is_total_name(name) or read_period(name) is not None
    return _YEAR.sub("", folded_name).strip() if is_of_year else folded_name


def _join_sheets(
    book: Book,
    best: Sequence[tuple[RecordSheet, tuple[str, ...]]],
    others: Sequence[Sequence[tuple[RecordSheet, tuple[str, ...]]]],
) -> RecordTable:
    """Return the table of sheets of one shape, the cells of each in the order of the first one's columns."""
    header = best[0][1]
    sheets = tuple(_order_columns(sheet, names, header) for sheet, names in best)
    return RecordTable(
        header,
        sheets,
        tuple(OtherSheet(sheet.name, len(sheet.rows)) for group in others for sheet, _ in group),
        book.facts,
        book.epoch,
    )


def _order_columns(sheet: RecordSheet, names: tuple[str, ...], header: tuple[str, ...]) -> RecordSheet:
    places_left: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places_left.setdefault(_fold_column(name), []).append(at)
    places = [places_left[key].pop(0) if places_left.get(key) else None for key in map(_fold_column, header)]
    if places == list(range(len(names))):
        return sheet

    def order_row(row: RecordRow) -> RecordRow:
        cells = tuple("" if at is None else row.cells[at] for at in places)
        return replace(row, cells=cells)

    return replace(
        sheet, rows=tuple(map(order_row, sheet.rows)), total_rows=tuple(map(order_row, sheet.total_rows))
    )


# ---------------------------------------------------------------- the row of names


def _find_header(sheet: BookSheet, is_name: IsName) -> tuple[int, int] | None:
    """Return the first and the last row of names, counted from 0; None where nothing is a table."""
    best, best_score = None, 0
    for at, row in enumerate(sheet.grid[:_LOOKED_AT]):
        texts = _list_names(row)
        if texts is None or not any(map(_is_filled_row, sheet.grid[at + 1 :])):
            continue
        name_count = sum(map(is_name, texts)) + len(list_periods(row))
        score = name_count * 3 + len(set(texts)) if name_count else 0
        if score > best_score:
            best, best_score = at, score
    if best is None:
        return _find_silent_header(sheet)
    return _find_other_line(sheet, best, is_name)


def _find_silent_header(sheet: BookSheet) -> tuple[int, int] | None:
    """Return the first row of words above a row that holds days or numbers, where no word is known."""
    for at, row in enumerate(sheet.grid[: min(_LOOKED_AT, len(sheet.grid) - 1)]):
        texts = _list_names(row)
        below = sheet.grid[at + 1]
        if texts and len(set(texts)) == len(texts) and any(_is_value(cell) for cell in below if cell != ""):
            return at, at
    return None


def _find_other_line(sheet: BookSheet, at: int, is_name: IsName) -> tuple[int, int]:
    """Return where the names begin and end: those of two lines have a line of groups above."""
    if at + 1 < len(sheet.grid):
        lower = _list_filled(sheet.grid[at + 1])
        has_gaps = any(_is_empty_at(sheet.grid[at], place) for place, _ in lower)
        periods = list_periods(sheet.grid[at + 1])
        if lower and has_gaps and all(_is_name_at(place, cell, periods, is_name) for place, cell in lower):
            return at, at + 1
    if at > 0:
        upper = _list_filled(sheet.grid[at - 1])
        is_text = bool(upper) and all(_is_text(cell) or _is_year(cell) for _, cell in upper)
        fills_gap = any(_is_empty_at(sheet.grid[at], place) for place, _ in upper)
        if is_text and (len(upper) >= _FEWEST or fills_gap):
            return at - 1, at
    return at, at


def _is_name_at(place: int, cell: Cell, periods: Container[int], is_name: IsName) -> bool:
    return place in periods or (isinstance(cell, str) and is_name(cell))


def _is_year(cell: Cell) -> bool:
    return isinstance(cell, str | int | float) and bool(_YEAR.fullmatch(write_period_name(cell).strip()))


def _is_empty_at(row: Sequence[Cell], place: int) -> bool:
    return place >= len(row) or row[place] == ""


def _list_filled(row: Sequence[Cell]) -> list[tuple[int, Cell]]:
    return [
        (at, cell)
        for at, cell in enumerate(row)
        if cell != "" and not (isinstance(cell, str) and not cell.strip())
    ]


def _is_filled_row(row: Sequence[Cell]) -> bool:
    return bool(_list_filled(row))


def _list_names(row: Sequence[Cell]) -> list[str] | None:
    """Return the texts of a row that may be the names of columns; None for one that cannot."""
    filled_cells, periods = _list_filled(row), list_periods(row)
    texts = [
        write_period_name(cell) if at in periods else str(cell)
        for at, cell in filled_cells
        if at in periods or (isinstance(cell, str) and not _is_value(cell))
    ]
    if len(filled_cells) < _FEWEST or len(texts) < len(filled_cells) * _MOST_TEXTS:
        return None
    if any(len(text) > _LONGEST_NAME or "@" in text for text in texts):
        return None
    return texts


def _is_text(cell: Cell) -> bool:
    return isinstance(cell, str) and not _is_value(cell)


def _is_value(cell: Cell) -> bool:
    if isinstance(cell, str):
        return "@" in cell or bool(cell.strip() and _VALUE.fullmatch(cell.strip()))
    return True


# ---------------------------------------------------------------- the rows


def _read_sheet(
    sheet: BookSheet, first: int, last: int, is_name: IsName
) -> tuple[tuple[str, ...], RecordSheet]:
    grid, width = sheet.grid, max(len(row) for row in sheet.grid)
    names = _join_lines(sheet, first, last, width) if last >= 0 else [""] * width
    periods = list_periods(names)
    used_columns = [
        at
        for at in range(width)
        if at not in periods and (names[at] or any(not _is_empty_at(row, at) for row in grid[last + 1 :]))
    ]
    notes = [_write_note(row) for row in grid[: max(first, 0)] if _is_filled_row(row)]
    counts = [len(_list_filled(row)) for row in grid[last + 1 :]]
    usual = median([count for count in counts if count > 1] or [1])  # titles between the rows are none
    merged_texts = _list_merged_texts(sheet, last)
    rows: list[RecordRow] = []
    total_rows: list[RecordRow] = []
    header_cells = [fold_text(cell) for cell in grid[last] if isinstance(cell, str)] if last >= 0 else None
    for at in range(last + 1, len(grid)):
        row = grid[at]
        filled_cells = _list_filled(row)
        if not filled_cells or [fold_text(cell) for cell in row if isinstance(cell, str)] == header_cells:
            continue
        if at in merged_texts:
            row = _fill_merged(row, merged_texts[at])
        cells = tuple(_clean_cell(row[place]) if place < len(row) else "" for place in used_columns)
        period_cells = tuple(_clean_cell(row[place]) if place < len(row) else "" for place in periods)
        record = RecordRow(at + 1, cells, at in sheet.hidden_rows, period_cells)
        if _is_total(filled_cells, usual):
            total_rows.append(record)
        elif len(filled_cells) == 1 and usual > _FEWEST and _is_text(filled_cells[0][1]) and not periods:
            notes.append(_write_note(row))
        else:
            rows.append(record)
    columns = tuple(PeriodColumn(names[at], period, write_column(at)) for at, period in periods.items())
    records = RecordSheet(sheet.name, tuple(rows), tuple(notes), tuple(total_rows), sheet.is_hidden, columns)
    return tuple(names[at] or write_column(at) for at in used_columns), records


def _list_merged_texts(sheet: BookSheet, last: int) -> dict[int, dict[int, str]]:
    """Return the texts of cells that are merged downwards, such as one name beside several gifts, by row and
    column of each place that they cover; a number is written once and stands for one row.

    A range that begins inside another of its column is none of a spreadsheet's, and is not looked at: many of
    them would cover the same rows again and again.
    """
    texts: dict[int, dict[int, str]] = {}
    ends: dict[int, int] = {}  # of each column: the last row that is covered
    for (top, left), (bottom, right) in sorted(sheet.merged_ranges):
        if not last < top < len(sheet.grid) or left != right or top <= ends.get(left, -1):
            continue
        ends[left] = bottom
        cell = sheet.grid[top][left] if left < len(sheet.grid[top]) else ""
        if isinstance(cell, str) and _is_text(cell):
            for at in range(top + 1, min(bottom + 1, len(sheet.grid))):
                texts.setdefault(at, {})[left] = cell.strip()
    return texts


def _fill_merged(row: Sequence[Cell], texts: Mapping[int, str]) -> list[Cell]:
    """Return a row with the texts that merged cells show in it."""
    width = max(len(row), *(place + 1 for place in texts))
    return [texts.get(place, row[place] if place < len(row) else "") for place in range(width)]


def _join_lines(sheet: BookSheet, first: int, last: int, width: int) -> list[str]:
    lower = _write_names(sheet.grid[last], width)
    if first == last:
        return lower
    upper = _write_names(sheet.grid[first], width)
    spread = _spread_merged(upper, lower, sheet, first)
    return [
        NAME_LINES.join(part for part in (above, below) if part) if above != below else below
        for above, below in zip(spread, lower, strict=True)
    ]


def _write_names(row: Sequence[Cell], width: int) -> list[str]:
    names = [
        " ".join(write_period_name(cell).split()) if isinstance(cell, str | int | float | date) else ""
        for cell in row
    ]
    return [*names, *[""] * (width - len(names))]


def _spread_merged(upper: list[str], lower: list[str], sheet: BookSheet, line: int) -> list[str]:
    """Return the upper line with each group's name above all of its columns."""
    ranges = [(start[1], end[1]) for start, end in sheet.merged_ranges if start[0] <= line <= end[0]]
    spread = [*upper]
    for start, end in ranges:
        for at in range(start, min(end + 1, len(spread))):
            spread[at] = upper[start]
    if ranges:
        return spread
    group = ""
    for at, name in enumerate(upper):
        group = name or (group if lower[at] else "")
        spread[at] = group
    return spread


def _clean_cell(cell: Cell) -> Cell:
    return cell.strip() if isinstance(cell, str) else cell


def _write_note(row: Sequence[Cell]) -> str:
    return " ".join(
        cell.isoformat() if isinstance(cell, date) else str(cell)
        for _, cell in _list_filled(row)
        if not isinstance(cell, BrokenCell)
    )[:200]


def _is_total(filled_cells: Sequence[tuple[int, Cell]], usual: float) -> bool:
    """Return whether a row is the file's own sum: labelled so, with few cells or numbers only, and no day."""
    labels = [fold_text(cell) for _, cell in filled_cells if isinstance(cell, str)]
    has_day = any(isinstance(cell, date) for _, cell in filled_cells)
    if has_day or not any(map(TOTALS.match, labels)):
        return False
    words = [fold_text(cell) for _, cell in filled_cells if isinstance(cell, str) and not _is_value(cell)]
    is_alone = len(words) == 1 and bool(TOTAL_ALONE.fullmatch(words[0]))
    return is_alone or len(filled_cells) <= max(_FEW_CELLS, usual / 2)
