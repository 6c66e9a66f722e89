"""A ZIP of bank files is opened member by member, within limits; what is wrong with one stops no other."""

from __future__ import annotations

import io
import zipfile

import pytest

import importers
from importers.archive import MAX_UNPACKED, Member, UnreadableArchive, open_archive
from importers.sniff import find_format
from tests.importers.samples import sample
from tests.importers.zips import damage_member, pack_files

MONDAY, TUESDAY = sample("camt.053 v8", 2), sample("mt940 gvc", 3)


def explain(data: bytes) -> str:
    """Why the ZIP is not opened."""
    with pytest.raises(UnreadableArchive) as refused:
        open_archive(data)
    return refused.value.reason.code


def test_members_come_as_they_were_packed() -> None:
    """Every file comes with its folder and its bytes; what computers add by themselves does not."""
    data = pack_files(
        {
            "may/11.xml": MONDAY,
            "may/": b"",
            "__MACOSX/may/._11.xml": b"x",
            "may/.DS_Store": b"x",
            "12.sta": TUESDAY,
        }
    )
    assert find_format(data) == "zip"
    assert list(open_archive(data)) == [Member("may/11.xml", MONDAY), Member("12.sta", TUESDAY)]


def test_damaged_member_stops_no_other() -> None:
    """A member whose bytes are not those that were packed is told, and the others are read."""
    data = damage_member(pack_files({"11.xml": MONDAY, "12.sta": TUESDAY}, zipfile.ZIP_STORED), MONDAY)
    first, second = open_archive(data)
    assert (first.name, first.content, second) == ("11.xml", b"", Member("12.sta", TUESDAY))
    assert first.fault is not None and first.fault.code == "archive.member"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "archive.empty"),
        ({"__MACOSX/._a": b"x"}, "archive.empty"),
        ({f"{n}.xml": b"x" for n in range(201)}, "archive.members"),
        ({"../../etc/cron.d/x": b"x"}, "archive.outside_name"),
        ({"/etc/passwd": b"x"}, "archive.outside_name"),
        ({"..\\x.xml": b"x"}, "archive.outside_name"),
        ({"a.xml": bytes(2 * 1024 * 1024)}, "archive.ratio"),
        ({"a.xml": bytes(MAX_UNPACKED + 1)}, "archive.size"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} files",
)
def test_dangerous_zip_is_not_opened(files: dict[str, bytes], code: str) -> None:
    """Too many files, too much in them, or a name that leads out: nothing is unpacked."""
    data = pack_files(files)
    assert explain(data) == code
    (problem,) = importers.read(data, "may.csv").problems
    assert (problem.level, problem.code, problem.params["cause"]) == (
        "error",
        "archive",
        code.partition(".")[2],
    )


def test_false_sizes_unpack_no_more() -> None:
    """A member that is longer than the list says is damaged, and not unpacked beyond it."""
    data = bytearray(pack_files({"a.xml": MONDAY, "b.sta": TUESDAY}))
    directory = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x01\x02"))
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    first, second = open_archive(bytes(data))
    assert first.fault is not None and second == Member("b.sta", TUESDAY)


def test_unusual_packing_is_not_opened() -> None:
    """A packing that can take much memory is refused."""
    assert explain(pack_files({"a.xml": MONDAY}, zipfile.ZIP_BZIP2)) == "archive.packing"


def test_archive_inside_is_never_opened() -> None:
    """A ZIP that lies in another comes as bytes, and is refused with what to do."""
    (member,) = open_archive(pack_files({"inner.zip": pack_files({"11.xml": MONDAY})}))
    reading = importers.read(member.content)
    assert reading.statements == () and reading.format == ""
    assert [problem.params["cause"] for problem in reading.problems] == ["inside"]
    assert "send it by itself" in reading.problems[0].message


@pytest.mark.parametrize("signature", [b"\x1f\x8b\x08\0", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\0"])
def test_other_archives_name_the_way_out(signature: bytes) -> None:
    """Of other archives it is said to unpack them, or to make a ZIP."""
    (problem,) = importers.read(signature + b"x" * 100).problems
    assert problem.code == "archive" and "unpack this one" in problem.message


def make_document(kind: bytes) -> bytes:
    """A document of OpenDocument, as its programs pack it."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", "<x/>")
    return kept.getvalue()


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (make_document(b"application/vnd.oasis.opendocument.spreadsheet"), "ods"),
        (make_document(b"application/vnd.oasis.opendocument.text"), "document"),
        (pack_files({"mimetype": b"application/epub+zip", "OPS/book.opf": b""}), "document"),
        (pack_files({"[Content_Types].xml": b"", "word/document.xml": b""}), "document"),
        (sample("xlsx"), "xlsx"),
        (sample("ods"), "ods"),
    ],
    ids=["ods", "odt", "epub", "docx", "xlsx sample", "ods sample"],
)
def test_office_files_are_no_archives(data: bytes, format: str) -> None:
    """Workbooks and documents are ZIPs too; their content tells them from one of statements."""
    assert find_format(data) == format
