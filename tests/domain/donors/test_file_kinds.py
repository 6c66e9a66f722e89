"""Which files are kept with donors, by their bytes alone, and under which name they are handed out."""

from __future__ import annotations

import io
import zipfile

import pytest

from donorhub.domain.donors.file_kinds import FILE_KINDS, clean_name, find_kind, write_disposition


def make_zip(*names: str, first: tuple[str, str] | None = None) -> bytes:
    """Return an archive of these members, each with a word in it."""
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        if first is not None:
            archive.writestr(zipfile.ZipInfo(first[0]), first[1])
        for name in names:
            archive.writestr(name, "x")
    return place.getvalue()


ODT = ("mimetype", "application/vnd.oasis.opendocument.text")
ODS = ("mimetype", "application/vnd.oasis.opendocument.spreadsheet")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n...", "pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "png"),
        (b"\xff\xd8\xff\xe0\x00", "jpeg"),
        (b"II*\x00\x08", "tiff"),
        (b"MM\x00*\x08", "tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"\x00\x00\x00\x18ftypheic\x00", "heic"),
        (make_zip("[Content_Types].xml", "word/document.xml"), "docx"),
        (make_zip("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (make_zip("content.xml", first=ODT), "odt"),
        (make_zip("content.xml", first=ODS), "ods"),
        ("Zażółć\r\n\tgęślą".encode(), "text"),
        ("\ufeffa;b\n1;2".encode(), "text"),
    ],
)
def test_kind_is_told_by_bytes(content: bytes, kind: str) -> None:
    """Each kind that is kept is known, whatever the file is called."""
    assert find_kind(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03",  # a program
        b"\x7fELF\x02",
        b"<html><script>alert(1)</script>",
        b"  \n<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a\x01\x00",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        b"\x01xxxxxxxWEBP",
        b"PK\x03\x04 cut off",
        make_zip("anything.txt"),
        make_zip("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        make_zip("[Content_Types].xml", "xl/workbook.xml", "xl/VBAPROJECT.BIN"),
        make_zip("Basic/Standard/Module1.xml", first=ODT),
        make_zip("content.xml", first=("mimetype", "application/epub+zip")),
        b"caf\xe9",  # no UTF-8
        b"a\x00b",
        b"\x1b[31mred",
    ],
)
def test_anything_else_is_not_kept(content: bytes) -> None:
    """Programs, markup, other archives, documents with macros and what nobody can read have no kind."""
    assert find_kind(content) is None


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("scan.pdf", "scan.pdf"),
        ("Umowa Łódź ë.PDF", "Umowa Łódź ë.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\anna\\scan.pdf", "scan.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.pdf"),  # read from right to left it ends in pdf
        ("a\u200b\u2066b\u2069.pdf", "ab.pdf"),
        ('x"; filename=evil.html', "x filename=evil.html.pdf"),
        ("two\r\nlines.pdf", "twolines.pdf"),
        ("...", "file.pdf"),
        ("", "file.pdf"),
        (".pdf", "file.pdf"),
        ("page.html", "page.html.pdf"),
        ("x" * 500 + ".pdf", "x" * 120 + ".pdf"),
        ("\ud800.pdf", "file.pdf"),
    ],
)
def test_name_is_fit_to_be_saved(name: str, clean: str) -> None:
    """No folder, nothing unseen or turned around, no second header; the ending is that of the bytes."""
    assert clean_name(name, "pdf") == clean
    assert clean_name(clean, "pdf") == clean


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("scan 2.pdf", 'attachment; filename="scan 2.pdf"'),
        ("ë%.pdf", "attachment; filename=\"e%.pdf\"; filename*=UTF-8''%C3%AB%25.pdf"),
        ("文.pdf", "attachment; filename=\".pdf\"; filename*=UTF-8''%E6%96%87.pdf"),
    ],
)
def test_name_is_told_to_browsers(name: str, header: str) -> None:
    """A header is plain letters whatever the name, and says to save."""
    assert write_disposition(name) == header
    assert header.isascii()


def test_no_kind_is_a_page() -> None:
    """Nothing is served as what a browser would run."""
    types = " ".join(kind.media_type for kind in FILE_KINDS.values())
    assert not any(word in types for word in ("html", "svg", "javascript", "text/xml", "application/xml"))
