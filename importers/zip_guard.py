"""Weigh a spreadsheet's zip before anything unpacks it: no bombs, no macros, no paths out of it.

It reads every member once, counted, and never keeps one; what the cells say is for ``workbook``.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from importers.sheet import Unsheetable

MAX_ENTRIES: Final = 200
MAX_UNPACKED: Final = 50 * 1024 * 1024
MAX_RATIO: Final = 100
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 100
MAX_CELLS: Final = 4_000_000  # a sheet is unpacked as a full grid, also where its cells are empty

_RATIO_MATTERS_FROM: Final = 1024 * 1024  # a small sheet of equal rows packs well, and harms nobody
_PIECE: Final = 1024 * 1024
_OVERLAP: Final = 512  # so that a tag on the border of two pieces is seen whole
_PACKED: Final = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
)  # what spreadsheets use; others can take much memory
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)
_CELL: Final = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]{0,4})([0-9]{1,12})[\"']")
_ODS_ROW: Final = re.compile(
    rb"<table:table-row\b[^>]*?number-rows-repeated\s*=\s*[\"']([0-9]{1,12})[\"'][^>]*>(?=\s*"
    rb"(?:<table:table-cell\b[^>]*/>\s*)*<table:table-cell\b[^>]*office:)"
)
_ODS_CELL: Final = re.compile(
    rb"<table:(?:covered-)?table-cell\b(?=[^>]*office:)[^>]*?number-columns-repeated\s*=\s*[\"']([0-9]{3,12})[\"']"
)


def refuse_dangerous_zip(data: bytes) -> None:
    """Raise Unsheetable for a workbook that is damaged or would not be safe to unpack."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_list(members, len(data))
            for member in members:
                _check_member(archive, member)
    except Unsheetable:
        raise
    except (*_BROKEN, zipfile.LargeZipFile) as e:
        raise Unsheetable("damaged_workbook", "The spreadsheet is damaged: export it again.") from e


def read_member(data: bytes, name: str) -> bytes:
    """A member of a zip that was weighed, or nothing when there is none of that name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name) if name in archive.namelist() else b""


def _check_list(members: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
        raise Unsheetable("zip_bomb", "The spreadsheet unpacks to more than 50 MB: export a shorter period.")
    if unpacked > _RATIO_MATTERS_FROM and unpacked > MAX_RATIO * packed:
        raise Unsheetable("zip_bomb", "The spreadsheet unpacks to a hundred times its size: it is no export.")
    if any(member.compress_type not in _PACKED for member in members):
        raise Unsheetable("damaged_workbook", "The spreadsheet is packed in an unusual way: save it again.")
    for name in (member.filename.lower().replace("\\", "/") for member in members):
        if ".." in name.split("/") or name.startswith("/"):
            raise Unsheetable(
                "damaged_workbook", "The spreadsheet names a file outside itself: export it again."
            )
        if "vbaproject" in name or "/macrosheets/" in name:
            raise Unsheetable("macros", "The spreadsheet holds macros: save it as .xlsx or CSV without them.")
        if name == "xl/workbook.bin":
            raise Unsheetable(
                "binary_workbook", "The spreadsheet is a binary .xlsb: save it as .xlsx or CSV."
            )


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Unpack once: zipfile stops at the size that the list tells, and a false size fails the checksum."""
    name = member.filename.lower()
    rows, columns, repeated = 0, set[bytes](), 0
    for piece in _pieces(archive, member):
        if name.startswith("xl/worksheets/"):
            for cell in _CELL.finditer(piece):
                rows = max(rows, int(cell[2]))
                columns.add(cell[1].upper())
        elif name == "content.xml":
            repeated += sum(int(row[1]) for row in _ODS_ROW.finditer(piece))
            rows = max(rows, repeated)
            widest = max((int(cell[1]) for cell in _ODS_CELL.finditer(piece)), default=0)
            _check_size(rows, widest)
    _check_size(rows, max(map(_column_number, columns), default=0))


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as unpacked:
        before = b""
        while piece := unpacked.read(_PIECE):
            yield before + piece
            before = piece[-_OVERLAP:] if b"<" in piece[-_OVERLAP:] else b""
            before = before[before.rfind(b"<") :] if before else b""


def _check_size(rows: int, columns: int) -> None:
    if rows > MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise Unsheetable(
            "workbook_too_large",
            f"The sheet has {rows} rows and {columns} columns: export a shorter period.",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
