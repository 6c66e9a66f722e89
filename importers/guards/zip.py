"""Weigh a spreadsheet's zip before anything unpacks it: no bombs, no macros, no paths out of it.

It reads every member once, counted, and never keeps one; what the cells say is for ``workbook``.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from importers.archive import DAMAGE
from importers.guards.grid import Grid
from importers.sheet import UnreadableTable
from importers.sniff import MOST_MEMBERS, count_members

MAX_UNPACKED: Final = 50 * 1024 * 1024
MAX_RATIO: Final = 100

_RATIO_MATTERS_FROM: Final = 1024 * 1024  # a small sheet of equal rows packs well, and harms nobody
_PIECE: Final = 1024 * 1024
_OVERLAP: Final = 16  # so that a mark on the border of two pieces is seen whole
_CELLS: Final = re.compile(rb"sheetData|table-cell|[<:]c[\s/>]")
_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others can take much memory


def refuse_dangerous_zip(data: bytes) -> None:
    """Raise UnreadableTable for a workbook that is damaged or would not be safe to unpack."""
    if count_members(data) > MOST_MEMBERS:
        raise UnreadableTable("zip_bomb.members", most=MOST_MEMBERS)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_list(members, len(data))
            for member in members:
                _check_member(archive, member)
    except UnreadableTable:
        raise
    except DAMAGE as e:
        raise UnreadableTable("damaged_workbook") from e


def read_member(data: bytes, name: str) -> bytes:
    """Return a member of a zip that was weighed, or nothing when there is none of that name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name) if name in archive.namelist() else b""


def _check_list(members: list[zipfile.ZipInfo], size: int) -> None:
    unpacked_size = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS:
        raise UnreadableTable("zip_bomb.members", most=MOST_MEMBERS)
    if unpacked_size > MAX_UNPACKED:
        raise UnreadableTable("zip_bomb", most=MAX_UNPACKED // 1024 // 1024)
    if unpacked_size > _RATIO_MATTERS_FROM and unpacked_size > MAX_RATIO * size:
        raise UnreadableTable("zip_bomb.ratio")
    if any(member.compress_type not in _PACKINGS for member in members):
        raise UnreadableTable("damaged_workbook.packing")
    for name in (member.filename.lower().replace("\\", "/") for member in members):
        if ".." in name.split("/") or name.startswith("/"):
            raise UnreadableTable("damaged_workbook.outside_name")
        if "vbaproject" in name or "/macrosheets/" in name:
            raise UnreadableTable("macros")
        if name == "xl/workbook.bin":
            raise UnreadableTable("binary_workbook")


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Unpack a member once: zipfile stops at the listed size, and a false size fails the checksum.

    A member with cells must be sound XML, so that no reader finds more in it than was counted.
    """
    grid: Grid | None = Grid(member.filename)
    has_cells, before = False, b""
    with archive.open(member) as content:
        while piece := content.read(_PIECE):
            has_cells = has_cells or _CELLS.search(before + piece) is not None
            before = piece[-_OVERLAP:]
            grid = grid if grid and grid.feed_piece(piece) else None
    if has_cells and not (grid and grid.finish_member()):
        raise UnreadableTable("damaged_workbook")
