"""A text file of separated cells as numbered rows, whatever its encoding and separator.

It gives every line back, also the ones it cannot split; which cell means what is not its business.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Final, Literal

from importers.codes import Reason, RowFault, TableFault
from importers.sentences import write_problem
from importers.text import DateOrder, decode_text

Delimiter = Literal["", ",", ";", "\t", "|"]
DELIMITERS: Final[tuple[Delimiter, ...]] = (";", "\t", ",", "|")
_SAMPLE_LINES: Final = 120
_BEGINNING: Final = 1_000  # characters that are kept of a line that is too long
MOST_LINES: Final = 1_000_000
LONGEST_LINE: Final = 500_000  # characters
EVIDENCE_ROWS: Final = 2000  # that are looked at to tell how dates and amounts are written
_NAMES: Final = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}


class UnreadableTable(ValueError):
    """The file is no table that we can read; ``reason`` says why, its text says it in English."""

    def __init__(self, code: TableFault, **figures: str | int) -> None:
        super().__init__(code)
        self.reason: Reason[TableFault] = Reason(code, figures)
        self.code = self.reason.problem_code

    def __str__(self) -> str:
        return write_problem(self.reason)


@dataclass(slots=True)
class Row:
    """One row: the number of its first line (1 is the first), its cells, and the text it was read from.

    ``fault`` says why the line could not be split into cells; the cells are empty then.
    """

    line: int
    cells: list[str]
    raw: str
    fault: Reason[RowFault] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in text; its rows are read anew each time, so that a large file is never held as rows."""

    data: bytes
    codec: str
    delimiter: Delimiter
    quote: str = '"'
    epoch: date | None = None  # text has no serial dates; a workbook's sheet has
    others: tuple[str, ...] = ()  # and may have others beside it

    def iter_rows(self, order: DateOrder | str = "", decimal: str = "") -> Iterator[Row]:
        """Return every row of the file. The arguments are for workbooks; here cells are what is written."""
        with io.TextIOWrapper(io.BytesIO(self.data), self.codec, newline="") as text:
            yield from _split_rows(text, self.delimiter, self.quote)

    def read_head(self, count: int = 80) -> list[Row]:
        """Return the first rows."""
        return list(islice(self.iter_rows(), count))

    def iter_texts(self, places: Iterable[int], after: int) -> Iterator[str]:
        """Return the filled cells of some columns below a line, as written, of the first rows."""
        columns = tuple(places)
        for row in islice(self.iter_rows(), after + EVIDENCE_ROWS):
            if row.line > after:
                yield from (row.cells[at] for at in columns if at < len(row.cells) and row.cells[at].strip())

    def list_facts(self) -> dict[str, str]:
        """Return what was found out about the file."""
        return {"encoding": self.codec, "delimiter": _NAMES.get(self.delimiter, self.delimiter)}

    def is_cut_off(self) -> bool:
        """Return whether the file does not end with the end of a line, as one that was cut off."""
        return not self.data.rstrip(b" \0\x1a").endswith((b"\n", b"\r", b"\n\0", b"\r\0"))

    def change_delimiter(self, delimiter: Delimiter, quote: str) -> Sheet:
        """Return the same text cut at another sign."""
        return replace(self, delimiter=delimiter or self.delimiter, quote=quote)


def open_text(data: bytes, encoding: str = "") -> Sheet:
    """Return the sheet in a text file; raise Undecodable, or UnreadableTable when nothing separates cells."""
    if max(data.count(b"\n"), data.count(b"\r")) > MOST_LINES:
        raise UnreadableTable("table_too_long", most=MOST_LINES)
    text, codec = decode_text(data, encoding or None)
    lines = list(islice(io.StringIO(text, newline=""), _SAMPLE_LINES))
    del text
    delimiter = _find_delimiter(lines)
    if not delimiter:
        raise UnreadableTable("one_column")
    return Sheet(data, codec, delimiter)


def _find_delimiter(lines: list[str]) -> Delimiter:
    """Return the sign that cuts most lines into the same number of cells, and into many, or ""."""
    best = 0
    mark: Delimiter = ""
    for sign in DELIMITERS:
        widths = Counter(len(row.cells) for row in _split_rows(iter(lines), sign, '"') if len(row.cells) > 1)
        width, count = max(widths.items(), key=lambda item: (item[0] - 1) * item[1], default=(0, 0))
        if (width - 1) * count > best:
            best, mark = (width - 1) * count, sign
    return mark


class _CutLine(str):
    """The beginning of a line that is too long to be one of a bank's."""

    __slots__ = ()


class _Lines:
    """Lines for csv.reader, remembering which ones went into the current row, able to take them back."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._lines_given_back: deque[str] = deque()
        self.lines_of_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Go on where the last iteration ended; one that has ended needs another for lines given back."""
        lines_given_back = self._lines_given_back
        while True:
            line = lines_given_back.popleft() if lines_given_back else next(self._source, None)
            if line is None:
                return
            if len(line) > LONGEST_LINE:
                line = _CutLine(line[:_BEGINNING])
            self.lines_of_row.append(line)
            yield line

    def give_back_all_but_first(self) -> None:
        self._lines_given_back.extendleft(reversed(self.lines_of_row[1:]))
        del self.lines_of_row[1:]


def _split_rows(source: Iterable[str], delimiter: str, quote: str) -> Iterator[Row]:
    lines = _Lines(source)
    reader = _make_reader(lines, delimiter, quote)
    number = 1
    while True:
        lines.lines_of_row = []
        cells: list[str] = []
        fault: Reason[RowFault] | None = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fault = _find_fault(lines.lines_of_row, quote)
            reader = _make_reader(lines, delimiter, quote)
        lines_of_row = lines.lines_of_row
        if isinstance(lines_of_row[0], _CutLine):
            fault = Reason("unbalanced_quote.long_line", {"most": LONGEST_LINE})
        raw = lines_of_row[0] if len(lines_of_row) == 1 else "".join(lines_of_row)
        if (
            not fault
            and (len(lines_of_row) > 1 or raw.count(quote) & 1)
            and not _is_well_quoted(raw, delimiter, quote)
        ):
            fault = Reason("unbalanced_quote", {"quote": quote})
        if fault and len(lines_of_row) > 1:
            lines.give_back_all_but_first()
            reader = _make_reader(lines, delimiter, quote)
            raw = lines_of_row[0]
        yield Row(number, [] if fault else cells, raw.rstrip("\r\n"), fault)
        number += len(lines.lines_of_row)


def _make_reader(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)


def _is_well_quoted(raw: str, delimiter: str, quote: str) -> bool:
    """Return whether every quotation mark that opens a cell closes one, so that no row swallowed the next."""
    try:
        rows = list(
            csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, quotechar=quote, strict=True)
        )
    except csv.Error:
        return False
    return len(rows) == 1


def _find_fault(lines_of_row: Iterable[str], quote: str) -> Reason[RowFault]:
    """Return why csv gave up: a cell beyond its limit, known by their length, or a quote."""
    most = csv.field_size_limit()
    if sum(map(len, lines_of_row)) > most:
        return Reason("unbalanced_quote.long_cell", {"most": most, "quote": quote})
    return Reason("unbalanced_quote", {"quote": quote})
