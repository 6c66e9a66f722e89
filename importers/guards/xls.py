"""Weigh an old spreadsheet (.xls) before calamine opens it: one cell far out asks it for 137 GB of memory.

It finds the workbook in its compound file ([MS-CFB]) and walks over the records ([MS-XLS]) for
the places of cells; what the cells say is for ``workbook``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from importers.guards.grid import MAX_CELLS
from importers.sheet import UnreadableTable

MAX_COLUMNS: Final = 256  # as many as the format has
MAX_ROWS: Final = 65_536

_SECTOR_MARKS: Final = 0xFFFFFFFA  # numbers from here on are no sectors but ends and holes
_HEADER: Final = 512
_ENTRY: Final = 128
_NAMES: Final = ("Workbook", "Book")  # of Excel 97 and of Excel 95
_ROOT, _STREAM = 5, 2
_BEGIN, _DIMENSIONS, _PASSWORD = 0x809, 0x200, 0x2F
_CELLS: Final = frozenset(
    (
        0x001,
        0x002,
        0x003,
        0x004,
        0x005,
        0x006,
        0x0BD,
        0x0BE,
        0x0D6,
        0x0FD,
        0x201,
        0x203,
        0x204,
        0x205,
        0x27E,
        0x406,
    )
)
_IN_ROW: Final = (0x0BD, 0x0BE)  # several cells of a row; the last column is their last number


def refuse_dangerous_xls(data: bytes) -> None:
    """Raise UnreadableTable for a workbook that is damaged, locked, or would take too much memory to open."""
    try:
        _check_records(_find_workbook(data))
    except (struct.error, IndexError) as e:
        raise UnreadableTable("damaged_workbook") from e


def _check_records(stream: bytes) -> None:
    at, rows, columns = 0, 0, 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        at += 4
        if kind == _BEGIN:
            rows = columns = 0  # another sheet
        elif kind == _PASSWORD:
            raise UnreadableTable("locked.workbook")
        elif kind in _CELLS and length >= 4:  # noqa: PLR2004 - row and column
            row, column = struct.unpack_from("<HH", stream, at)
            if kind in _IN_ROW:
                (column,) = struct.unpack_from("<H", stream, at + length - 2)
            if row >= rows or column >= columns:
                rows, columns = max(rows, row + 1), max(columns, column + 1)
                _check_size(rows, columns)
        elif kind == _DIMENSIONS:
            _check_dimensions(stream[at : at + length])
        at += length


def _check_dimensions(record: bytes) -> None:
    """Refuse sizes that are too large: Calamine sets memory apart for them; Excel 95 writes them shorter."""
    shape = "<IIHH" if len(record) >= 12 else "<HHHH"  # noqa: PLR2004 - its length in Excel 97
    rows_from, rows_to, columns_from, columns_to = struct.unpack_from(shape, record)
    if not rows_from <= rows_to <= MAX_ROWS or not columns_from <= columns_to <= MAX_COLUMNS:
        raise UnreadableTable("damaged_workbook")


def _check_size(rows: int, columns: int) -> None:
    if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise UnreadableTable("workbook_too_large", rows=rows, columns=columns)


# ---------------------------------------------------------------- the compound file


def _find_workbook(data: bytes) -> bytes:
    """Return the stream that holds the records; raise UnreadableTable where there is none."""
    file = _Compound(data)
    directory = file.read_stream(file.first_directory)
    root = b""
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        entry = directory[at : at + _ENTRY]
        kind, start, size = entry[66], *struct.unpack_from("<II", entry, 116)
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le", "replace")
        if kind == _ROOT:
            root = file.read_stream(start)
        elif kind == _STREAM and name in _NAMES:
            return (
                file.read_small_stream(root, start, size)
                if size < file.cutoff
                else file.read_stream(start)[:size]
            )
    raise UnreadableTable("damaged_workbook")


class _Compound:
    """The sectors of a compound file and the tables that chain them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = 1 << min(struct.unpack_from("<H", data, 30)[0], 12)
        self.first_directory, _, self.cutoff, first_small, _, first_more, _ = struct.unpack_from(
            "<7I", data, 48
        )
        self._next = b"".join(map(self._read_sector, self._list_table_sectors(first_more)))
        self._next_small = self.read_stream(first_small)

    def read_stream(self, first: int) -> bytes:
        """Return the sectors that are chained from ``first`` on."""
        return b"".join(map(self._read_sector, self._follow_chain(first, self._next)))

    def read_small_stream(self, root: bytes, first: int, size: int) -> bytes:
        """Return a stream smaller than the cutoff: pieces of 64 bytes of the root's stream."""
        chain = self._follow_chain(first, self._next_small)
        return b"".join(root[at * 64 : at * 64 + 64] for at in chain)[:size]

    def _list_table_sectors(self, more: int) -> Iterator[int]:
        """Return the sectors of the allocation table: 109 in the header, others in sectors of their own."""
        yield from _list_numbers(self._data[76:_HEADER])
        for _ in range(len(self._data) // self._size):
            if more >= _SECTOR_MARKS:
                return
            *numbers, more = struct.unpack(f"<{self._size // 4}I", self._read_sector(more))
            yield from (number for number in numbers if number < _SECTOR_MARKS)

    def _read_sector(self, number: int) -> bytes:
        start = max(self._size, _HEADER) + number * self._size
        sector = self._data[start : start + self._size]
        if not sector:
            raise IndexError("a sector behind the end of the file")
        return sector.ljust(self._size, b"\0")  # some writers leave the last one short

    @staticmethod
    def _follow_chain(first: int, table: bytes) -> Iterator[int]:
        number = first
        for _ in range(len(table) // 4 + 1):
            if number >= _SECTOR_MARKS:
                return
            yield number
            (number,) = struct.unpack_from("<I", table, number * 4)
        raise UnreadableTable("damaged_workbook")


def _list_numbers(piece: bytes) -> Iterator[int]:
    return (number for (number,) in struct.iter_unpack("<I", piece) if number < _SECTOR_MARKS)
