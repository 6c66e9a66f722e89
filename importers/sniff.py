"""Tell what a file is by its bytes, never by its name.

It looks at the beginning only (and at a zip's list of contents), reads no statement and
trusts no extension: banks send OFX as ``.txt`` and web pages as ``.csv``.
"""

from __future__ import annotations

import codecs
import io
import re
import struct
import zipfile
import zlib
from typing import Final

HEAD: Final = 65_536  # bytes that are enough to tell

_OLE2: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and the wrapping of a locked .xlsx
_LOCKED_OFFICE: Final = "EncryptedPackage".encode("utf-16-le")
_MAGIC: Final = (
    (b"%PDF-", "pdf"),
    (b"\x1f\x8b", "archive"),  # gzip
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"{\\rtf", "document"),
)
_BY_TEXT: Final = (
    (
        "html",
        re.compile(r"\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I),
    ),
    ("ofx", re.compile(r"^[ \t]*OFXHEADER|(?:^|>)[ \t]*<OFX[\s>]", re.I | re.M)),
    (
        "camt",
        re.compile(r"\A\s*<[\s\S]*?(?:camt\.05[234]|<(?:\w+:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)\b)"),
    ),
    ("json", re.compile(r"\A\s*(?:\{\s*(?:\"|\}\s*\Z)|\[\s*(?:[\[{]|\]\s*\Z))")),  # MT940 begins with {1:
    ("xml", re.compile(r"\A\s*<(?:\?xml|!DOCTYPE|\w+[\s/>])")),
    (
        "mt940",
        re.compile(
            r"\A[\s\x01]*\{1:|^\x01?:(?:20|25P?|28C?|34F|60[FM]|61|62[FM]|64|86|90[CD]|940|942):", re.M
        ),
    ),
    ("qif", re.compile(r"^!(?:Type|Account|Option|Clear)\b", re.M | re.I)),
    ("bai2", re.compile(r"\A\s*01,[^\r\n]*\r?\n\s*02,")),
    ("coda", re.compile(r"\A0{5}[0-3][0-9]{5}[^\r\n]{5,120}\r?\n1[0-3]")),
    ("elixir", re.compile(r"\A\s*\"?[12][0-9]0\"?,\"?[0-9]{8}\"?,\"?[0-9]{1,15}\"?,")),
)
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06")  # the second is one without any file
_TAIL: Final = 2_048
MOST_MEMBERS: Final = 200  # of a workbook's zip
_SHORTEST_ENDING: Final = 22  # of a zip: its closing record, and with the longest remark
_LONGEST_ENDING: Final = 22 + 65_535
_LONGEST_KIND: Final = 100  # of a document of OpenDocument
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    NotImplementedError,
    struct.error,
    EOFError,
    OSError,
)
_RECORD: Final = re.compile(r"\s*\"?([A-Z]{1,8}|[A-Z]?[0-9]{1,3})\"?,", re.ASCII)
_FOOTER_FIELDS: Final = re.compile(
    r",\"?[0-9]{1,6}\"?(?=,|\Z)(?:.*?),\"?-?[0-9]{1,12}\.[0-9]{2}\"?(?=,|\Z)", re.ASCII
)


def find_format(data: bytes) -> str:
    """Return the format's name: one that a reader exists for, or one that says what else the file is.

    Read: ``ofx camt mt940 qif xlsx xls ods coda bai2 elixir debit_report table`` (any other text
    is a table).
    Others: ``empty pdf html json xml locked zip archive damaged_zip picture document binary``.
    """
    head = data[:HEAD]
    if not head.strip(b"\0 \t\r\n\x1a") and not data.strip(b"\0 \t\r\n\x1a"):
        return "empty"
    for magic, name in _MAGIC:
        if head.lstrip().startswith(magic):
            return name
    if head.startswith(_OLE2):
        return "locked" if _LOCKED_OFFICE in data else "xls"
    if head.startswith(_ZIPS):
        return _find_format_of_zip(data)
    text = _skim_text(head)
    if text is None:
        return "binary"
    name = next((name for name, sign in _BY_TEXT if sign.search(text)), "")
    return name or ("debit_report" if _has_records(text, data) else "table")


def _has_records(text: str, data: bytes) -> bool:
    """Return whether lines begin with the type of a record, the first and the last with types of their own.

    The last has a number and a sum, as the footer of a bank's report of direct debits has.
    """
    lines = text.split("\n", 2)
    last = data[-_TAIL:].rstrip(b"\r\n \x1a\0").rpartition(b"\n")[2].decode("latin-1")
    first, second, end = (
        _RECORD.match(line) for line in (lines[0], lines[1] if len(lines) > 1 else "", last)
    )
    if not (first and second and end) or not _FOOTER_FIELDS.search(last):
        return False
    return len({first[1], second[1], end[1]}) == 3  # noqa: PLR2004 - header, posting, footer


def count_members(data: bytes) -> int:
    """Return how many files a zip holds, by its closing record and its directory's marks; it is not read, as
    to list a hundred thousand takes seconds. 0 where the record is missing."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _LONGEST_ENDING))
    if end < 0 or len(data) < end + _SHORTEST_ENDING:
        return 0
    count, size = struct.unpack_from("<HI", data, end + 10)  # PKWARE appnote 4.3.16
    return max(int(count), data.count(b"PK\x01\x02", max(0, end - size), end))


def _find_format_of_zip(data: bytes) -> str:
    """Return a workbook, a locked archive, a document of an office program, or a ZIP of other files."""
    if count_members(data) > MOST_MEMBERS:
        return "xlsx" if b"xl/workbook.xml" in data else "zip"  # one that its own guard refuses
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            contents = archive.infolist()
            kind = _read_mimetype(archive)
    except _ZIP_ERRORS:
        return "damaged_zip"
    names = {member.filename for member in contents}
    if any(member.flag_bits & 1 for member in contents):  # bit 0: encrypted (PKWARE appnote 4.4.4)
        return "locked"
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "xlsx"
    is_other = kind is not None and kind.startswith(b"application/") and b"spreadsheet" not in kind
    if "content.xml" in names and kind is not None:
        return "document" if is_other else "ods"
    return "document" if is_other or "[Content_Types].xml" in names else "zip"


def _read_mimetype(archive: zipfile.ZipFile) -> bytes | None:
    """Return how a document of OpenDocument, or a book, names its own kind; None where nothing does."""
    if "mimetype" not in archive.namelist():
        return None
    try:
        with archive.open("mimetype") as member:
            return member.read(_LONGEST_KIND)
    except (*_ZIP_ERRORS, RuntimeError):
        return b""


def _skim_text(head: bytes) -> str | None:
    """Return the beginning as text that is right for ASCII signs only; None when it is no text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", "replace")
    nuls = head.count(0)
    if nuls * 3 > len(head):
        # UTF-16 without its mark; in UTF-16 of our languages nearly every second byte is zero
        return head.decode("utf-16-be" if head[0] == 0 else "utf-16-le", "replace")
    controls = sum(head.count(sign) for sign in range(1, 9))
    if nuls > len(head) // 50 or controls > len(head) // 50 + 4:
        return None
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1").replace("\0", "")
