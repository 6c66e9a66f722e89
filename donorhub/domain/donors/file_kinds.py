"""Which files are kept with a donor, told by their bytes alone, and under what name they may be handed out.

What a name or a browser says of a file decides nothing: it may say anything.
"""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from donorhub.models.states import DonorFileKind

_LONGEST_STEM: Final = 120
_NAMELESS: Final = "file"
_UNSHOWN: Final = frozenset(
    {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
)  # controls, and what turns text around
_OF_SYSTEMS: Final = frozenset('<>:"|?*;')  # have a meaning in names, headers or command lines


class FileKind(NamedTuple):
    """What a kind of file is served as, and how names of it end: the first ending is the usual one."""

    media_type: str
    endings: tuple[str, ...]


FILE_KINDS: Final[Mapping[DonorFileKind, FileKind]] = {
    "pdf": FileKind("application/pdf", ("pdf",)),
    "png": FileKind("image/png", ("png",)),
    "jpeg": FileKind("image/jpeg", ("jpg", "jpeg")),
    "tiff": FileKind("image/tiff", ("tif", "tiff")),
    "webp": FileKind("image/webp", ("webp",)),
    "heic": FileKind("image/heic", ("heic", "heif")),
    "docx": FileKind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",)),
    "xlsx": FileKind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",)),
    "odt": FileKind("application/vnd.oasis.opendocument.text", ("odt",)),
    "ods": FileKind("application/vnd.oasis.opendocument.spreadsheet", ("ods",)),
    "text": FileKind("text/plain; charset=utf-8", ("txt", "csv", "eml")),
}
_BEGINNINGS: Final[tuple[tuple[int, bytes, DonorFileKind], ...]] = (
    (0, b"%PDF-", "pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"II*\x00", "tiff"),
    (0, b"MM\x00*", "tiff"),
    (8, b"WEBP", "webp"),
    *((4, b"ftyp" + brand, "heic") for brand in (b"heic", b"heix", b"mif1", b"msf1")),
)
_OFFICE: Final[Mapping[str, DonorFileKind]] = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_OPEN: Final[Mapping[bytes, DonorFileKind]] = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
}
_PROGRAMS: Final = ("vbaproject.bin", "basic/", "scripts/", "activex/")  # what a document would run


def find_kind(content: bytes) -> DonorFileKind | None:
    """Return the kind of file that these bytes are; None for one that is not kept.

    A document that carries programs is none of the kinds, nor is text that is marked up for a browser.
    """
    for start, beginning, kind in _BEGINNINGS:
        if content.startswith(beginning, start) and (kind != "webp" or content.startswith(b"RIFF")):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _find_document(content)
    return "text" if _is_plain_text(content) else None


def _find_document(content: bytes) -> DonorFileKind | None:
    """Return which office document a ZIP is; only its table of contents is read."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = [name.lower() for name in archive.namelist()]
            if any(program in name for name in names for program in _PROGRAMS):
                return None
            if names and names[0] == "mimetype":
                with archive.open(archive.infolist()[0]) as member:
                    return _OPEN.get(member.read(100))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return None
    return next((kind for name, kind in _OFFICE.items() if name in names), None)


def _is_plain_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    signs = text.replace("\r", "").replace("\n", "").replace("\t", "").replace("\f", "")
    is_markup = text.lstrip().startswith("<")
    return not is_markup and not any(unicodedata.category(sign) == "Cc" for sign in signs)


def clean_name(name: str, kind: DonorFileKind) -> str:
    """Return the name under which a file is kept: no folder, no sign that is not seen or turns what is read
    around, and an ending of its own kind.
    """
    last_part = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(sign for sign in last_part if unicodedata.category(sign) not in _UNSHOWN)
    plain = " ".join("".join(" " if sign in _OF_SYSTEMS else sign for sign in visible).split()).rstrip(" .")
    stem, dot, ending = plain.rpartition(".")
    endings = FILE_KINDS[kind].endings
    if not dot or ending.lower() not in endings:
        stem, ending = plain, endings[0]
    return f"{stem[:_LONGEST_STEM].strip(' .') or _NAMELESS}.{ending.lower()}"


def write_disposition(name: str) -> str:
    """Return the header that has a browser save a file under its name, which :func:`clean_name` made, and
    not show it: with the name in plain letters beside it for programs that read no others.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    header = f'attachment; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"
