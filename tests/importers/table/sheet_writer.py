"""Writes spreadsheets by hand, byte for byte the same each time: XLSX, ODS, and XLS of Excel 97.

Only what a bank's export needs: one sheet of texts. XLS is [MS-XLS] inside [MS-CFB], with the
smallest set of records that readers accept.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

Rows = Sequence[Sequence[str]]

_AMOUNT: Final = re.compile(r"-?[0-9]+\.[0-9]{2}")
_SECTOR: Final = 512
_END, _FAT, _FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def zip_members(members: Mapping[str, bytes | str]) -> bytes:
    """A zip of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def xlsx(sheet_data: bytes, **more: str) -> bytes:
    """A workbook of one sheet with these rows, as XML; ``more`` are other members of its folder ``xl``."""
    kind = "http://schemas.openxmlformats.org"
    main = f"{kind}/spreadsheetml/2006/main"
    office = f"{kind}/officeDocument/2006/relationships"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zip_members(
        {
            **{f"xl/{name}.xml": text for name, text in more.items()},
            "[Content_Types].xml": f'<Types xmlns="{kind}/package/2006/content-types">'
            f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{kind}/package/2006/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{kind}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>",
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'.encode()
            + sheet_data
            + b"</sheetData></worksheet>",
        }
    )


def xlsx_rows(rows: Rows) -> bytes:
    """Rows of texts in cells of the kind ``inlineStr``."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{"ABCDEFGHIJ"[at]}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            for at, text in enumerate(row)
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return "".join(lines).encode()


def xlsx_shared(rows: Rows) -> bytes:
    """As Excel writes it: texts in a list that the cells point into, numbers as numbers."""
    places: dict[str, int] = {}
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{"ABCDEFGHIJ"[at]}{number}"><v>{text}</v></c>'
            if _AMOUNT.fullmatch(text)
            else f'<c r="{"ABCDEFGHIJ"[at]}{number}" t="s"><v>{places.setdefault(text, len(places))}</v></c>'
            for at, text in enumerate(row)
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    strings = "".join(f"<si><t>{escape(text)}</t></si>" for text in places)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return xlsx("".join(lines).encode(), sharedStrings=f'<sst xmlns="{main}">{strings}</sst>')


def ods(rows: Rows) -> bytes:
    """An OpenDocument spreadsheet of one table."""
    name = "urn:oasis:names:tc:opendocument:xmlns:"
    spaces = "".join(f' xmlns:{it}="{name}{it}:1.0"' for it in ("office", "table", "text"))
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'
            for text in row
        )
        + "</table:table-row>"
        for row in rows
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return zip_members(
        {
            "mimetype": kind,
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{name}manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
            "content.xml": f"<office:document-content{spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{cells}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        }
    )


def xls(rows: Rows) -> bytes:
    """A workbook of Excel 97: texts in LABEL records of UTF-16."""

    def record(kind: int, content: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def begin(what: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, what, 0x1BB3, 1996, 0, 6))

    cells = b"".join(
        record(0x204, struct.pack("<HHHHB", y, x, 0, len(text), 1) + text.encode("utf-16-le"))
        for y, row in enumerate(rows)
        for x, text in enumerate(row)
    )
    sheet = begin(0x10) + cells + record(0x0A)
    code_page = record(0x42, struct.pack("<H", 1200))
    about = struct.pack("<IBBBB", 0, 0, 0, 1, 0) + b"S"
    start = len(begin(5) + code_page + record(0x85, about) + record(0x0A))
    head = begin(5) + code_page + record(0x85, struct.pack("<I", start) + about[4:]) + record(0x0A)
    return _compound("Workbook", head + sheet)


def _compound(name: str, stream: bytes) -> bytes:
    """A compound file with one stream: header, allocation table, directory, the stream."""
    stream = stream.ljust(4096, b"\0")  # smaller ones would go into a second, finer table
    sectors = -(-len(stream) // _SECTOR)
    tables = -(-(sectors + 2) // 127)
    stream = stream.ljust(sectors * _SECTOR, b"\0")
    first = tables + 1  # sector numbers: tables, directory, stream
    chain = [_FAT] * tables + [_END] + [*range(first + 1, first + sectors), _END]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(tables * _SECTOR, b"\xff")
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, _END, 0, _END, 0)
    head += struct.pack(f"<{tables}I", *range(tables)).ljust(436, b"\xff")
    directory = _directory("Root Entry", 5, 1, _END, 0) + _directory(name, 2, _FREE, first, len(stream))
    return head + table + directory.ljust(_SECTOR, b"\0") + stream


def _directory(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = f"{name}\0".encode("utf-16-le")
    links = struct.pack("<HBBIII", len(text), kind, 1, _FREE, _FREE, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)
