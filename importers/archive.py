"""Open a ZIP of bank files: weighed before anything is unpacked, one member after the other.

It reads no statement, and opens no archive that lies in another: a member is bytes, as if it had come alone.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from importers.border import clean_text
from importers.codes import DeliveryFault, Reason
from importers.sniff import MOST_MEMBERS, count_members

MAX_UNPACKED: Final = 50 * 1024 * 1024
MAX_RATIO: Final = 100
_RATIO_MATTERS_FROM: Final = 1024 * 1024  # equal files pack well, and a few harm nobody
_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others can take much memory
_NO_STATEMENTS: Final = (
    "__macosx/",
    ".ds_store",
    "thumbs.db",
    "desktop.ini",
)  # what computers add by themselves
DAMAGE: Final = (  # what a ZIP that is damaged, locked or packed strangely raises while it is read
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


class UnreadableArchive(ValueError):
    """An archive that is not opened at all; ``reason`` says why."""

    def __init__(self, code: DeliveryFault, **figures: str | int) -> None:
        super().__init__(code)
        self.reason: Reason[DeliveryFault] = Reason(code, figures)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive; with a ``fault`` its bytes could not be unpacked."""

    name: str
    content: bytes = b""
    fault: Reason[DeliveryFault] | None = None


def open_archive(data: bytes, *, most_bytes: int = MAX_UNPACKED) -> Iterator[Member]:
    """Return the files of a ZIP in its order; raise UnreadableArchive at once for one that is not opened.

    ``most_bytes`` is what all of them may have unpacked. A damaged member is told with its fault and stops no
    other.
    """
    if count_members(data) > MOST_MEMBERS:
        raise UnreadableArchive("archive.members", most=MOST_MEMBERS)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except DAMAGE as e:
        raise UnreadableArchive("archive.damaged") from e
    members = [member for member in archive.infolist() if not member.is_dir()]
    _check_members(members, len(data), most_bytes)
    statements = [member for member in members if not _is_by_the_way(member.filename)]
    if not statements:
        raise UnreadableArchive("archive.empty")
    return (_read_member(archive, member) for member in statements)


def find_refusal(data: bytes) -> Reason[DeliveryFault]:
    """Return why this archive is not read as a file: for what is wrong with it, else since it lies in
    another.
    """
    try:
        open_archive(data)
    except UnreadableArchive as e:
        return e.reason
    return Reason("archive.inside")


def _check_members(members: Sequence[zipfile.ZipInfo], size: int, most_bytes: int) -> None:
    unpacked_size = sum(member.file_size for member in members)
    if len(members) > MOST_MEMBERS:
        raise UnreadableArchive("archive.members", most=MOST_MEMBERS)
    if unpacked_size > most_bytes:
        raise UnreadableArchive("archive.size", most=MAX_UNPACKED // 1024 // 1024)
    if unpacked_size > _RATIO_MATTERS_FROM and unpacked_size > MAX_RATIO * size:
        raise UnreadableArchive("archive.ratio")
    if any(member.compress_type not in _PACKINGS for member in members):
        raise UnreadableArchive("archive.packing")
    for member in members:
        name = member.filename.replace("\\", "/")
        if ".." in name.split("/") or name.startswith("/"):
            raise UnreadableArchive("archive.outside_name")


def _is_by_the_way(name: str) -> bool:
    folded_name = name.casefold()
    return folded_name.startswith(_NO_STATEMENTS) or folded_name.rpartition("/")[2] in _NO_STATEMENTS


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Member:
    """Unpack a member whole: zipfile stops at the listed size, and a false size fails the checksum."""
    name = clean_text(member.filename) or "file"
    try:
        return Member(name, archive.read(member))
    except DAMAGE:
        return Member(name, fault=Reason("archive.member"))
