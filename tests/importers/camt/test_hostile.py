"""camt files that mean harm or are broken: refused as a whole, soon, and in little memory."""

from __future__ import annotations

import io
import time
import tracemalloc
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.camt import reader
from importers.camt.tree import DEPTH_LIMIT, TEXT_LIMIT
from importers.statement import End, Problem
from tests.importers.bank_writers import plain_entries
from tests.importers.camt.camt_writer import write_camt
from tests.importers.in_child import Children

FILES = Path(__file__).parents[2] / "files" / "camt"
GOOD = write_camt(plain_entries(4, seed=3), 8)
RICH = (FILES / "version_8.xml").read_bytes()


def put(text: bytes, into: bytes = b"<Ustrd>") -> bytes:
    """A good file with text at the beginning of the first such element."""
    return GOOD.replace(into, into + text, 1)


def bomb() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE d [<!ENTITY l0 "lol">{levels}]>'.encode() + put(b"&l9;").partition(b"?>")[2]


def with_doctype(doctype: bytes) -> bytes:
    return doctype + GOOD.partition(b"?>")[2]


HOSTILE = {
    "entity bomb": ("doctype_refused", bomb),
    "external entity": (
        "doctype_refused",
        lambda: with_doctype(b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    ),
    "external subset": (
        "doctype_refused",
        lambda: with_doctype(b'<!DOCTYPE d SYSTEM "http://localhost/x.dtd">'),
    ),
    "unknown entity": ("damaged_xml", lambda: put(b"&x;")),
    "20,000 deep": ("nested_too_deep", lambda: put(b"<a>" * 20_000 + b"</a>" * 20_000, b"<TxDtls>")),
    "20,000 deep around": ("nested_too_deep", lambda: b"<a>" * 20_000 + b"</a>" * 20_000),
    "a text of 12 MB": ("text_too_long", lambda: put(b"x" * 12_000_000)),
    "12 MB in a field that nobody reads": (
        "text_too_long",
        lambda: put(b"<X>" + b"x" * 12_000_000 + b"</X>", b"<TxDtls>"),
    ),
    "12 MB of blanks": ("text_too_long", lambda: put(b" " * 12_000_000, b"<TxDtls>")),
    "12 MB of references": ("text_too_long", lambda: put(b"&lt;" * 3_000_000)),
    "12 MB in one attribute": (
        "text_too_long",
        lambda: put(b'<X a="' + b"x" * 12_000_000 + b'"/>', b"<TxDtls>"),
    ),
    "12 MB in one comment": ("text_too_long", lambda: put(b"<!--" + b"x" * 12_000_000 + b"-->")),
    "12 MB in one name": ("text_too_long", lambda: put(b"<" + b"x" * 12_000_000 + b"/>")),
    "one text in a million elements": (
        "text_too_long",
        lambda: put(b"<Ustrd>x</Ustrd>" * 700_000, b"<RmtInf>"),
    ),
    "zero bytes": ("damaged_xml", lambda: put(b"\0")),
    "only zero bytes": ("damaged_xml", lambda: b"\0" * 1000),
    "text between the halves of an amount": (
        "mixed_content",
        lambda: put(b"<x/>", GOOD[GOOD.index(b"<Ntry><Amt") :][:25]),
    ),
    "an encoding that nobody has": ("unknown_encoding", lambda: GOOD.replace(b"UTF-8", b"x-klingon")),
    "an encoding that runs code": ("unknown_encoding", lambda: GOOD.replace(b"UTF-8", b"unicode_escape")),
    "an encoding of many bytes": ("unknown_encoding", lambda: GOOD.replace(b"UTF-8", b"utf-7")),
    "another encoding than declared": ("damaged_xml", lambda: put("Łódź".encode("cp1250"))),
    "nothing": ("truncated", lambda: b""),
    "a web page": ("no_statement", lambda: b"<html><body>Log in</body></html>"),
    "another message": (
        "no_statement",
        lambda: b"<Document><CstmrCdtTrfInitn><GrpHdr/></CstmrCdtTrfInitn></Document>",
    ),
    "a report without statements": ("no_statement", lambda: b"<Document><BkToCstmrStmt/></Document>"),
    "two documents": ("damaged_xml", lambda: GOOD + GOOD),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_within_three_seconds(name: str) -> None:
    code, make = HOSTILE[name]
    data = make()
    started = time.process_time()
    reading = reader.read(data)
    assert time.process_time() - started < 3
    assert reading.statements == () and [(p.level, p.code) for p in reading.problems] == [("error", code)]
    assert reading.problems[0].code in reader.REFUSALS and reading.problems[0].message.endswith(".")


@pytest.mark.slow
def test_no_hostile_file_takes_200_mb(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        for name, (_, make) in HOSTILE.items():
            taken = children.read(make())
            assert taken.peak_mb < 200 and taken.failure == "", name


@pytest.mark.parametrize("percent", range(5, 100, 5))
def test_a_file_cut_anywhere_is_refused(percent: int) -> None:
    reading = reader.read(GOOD[: len(GOOD) * percent // 100])
    assert reading.statements == () and [problem.code for problem in reading.problems] == ["truncated"]


def test_cut_stream_ends_with_refusal() -> None:
    """A stream that is cut ends with a refusal and never with the end of a statement."""
    data = write_camt(plain_entries(2000, seed=4), 8)
    parts = list(reader.stream(io.BytesIO(data[: len(data) // 2])))
    assert isinstance(parts[-1], Problem) and parts[-1].code in reader.REFUSALS
    assert len(parts) > 500 and not any(isinstance(part, End) for part in parts)


def test_limits_allow_what_is_just_within() -> None:
    """The limits let through what is just within them and refuse what is one step beyond."""
    long = reader.read(put(b"x" * (TEXT_LIMIT - 200)))
    assert len(long.statements[0].entries[0].details[0].remittance) > TEXT_LIMIT - 200
    inside = DEPTH_LIMIT - 5  # five elements of the report are around it
    deep = reader.read(put(b"<a>" * inside + b"</a>" * inside, b"<TxDtls>"))
    assert len(deep.statements[0].entries) == 4
    assert reader.read(put(b"<a>" * (inside + 1) + b"</a>" * (inside + 1), b"<TxDtls>")).statements == ()


def test_comments_and_sections_are_no_harm() -> None:
    reading = reader.read(GOOD.replace(b"<Ustrd>", b"<Ustrd><!-- x --><![CDATA[<a> & ]]>", 1))
    assert reading.statements[0].entries[0].details[0].remittance.startswith("<a> & ")


def test_memory_does_not_grow_with_the_file() -> None:
    entry = GOOD[GOOD.index(b"<Ntry>") : GOOD.index(b"</Ntry>") + 7]
    before, after = GOOD.split(entry, 1)

    class Endless(io.RawIOBase):
        """A file whose 8,000 entries would take 10 MB, and which is nowhere in memory."""

        pieces = iter([before, *[entry * 100] * 80, after])

        def read(self, size: int = -1) -> bytes:
            return next(self.pieces, b"")

    tracemalloc.start()
    count = 0
    for _ in reader.stream(cast(BinaryIO, Endless())):
        count += 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count > 8000 and peak < 3_000_000


@given(
    at=st.integers(0, len(RICH)),
    cut=st.integers(0, 60),
    put_in=st.binary(max_size=20),
    source=st.sampled_from([GOOD, RICH]),
)
@settings(max_examples=400, deadline=None)
def test_changed_file_raises_nothing(at: int, cut: int, put_in: bytes, source: bytes) -> None:
    """Whatever is done to a file, reading it raises nothing: it gives statements or problems."""
    reading = reader.read(source[:at] + put_in + source[at + cut :])
    assert reading.statements or reading.problems


@given(
    picks=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=6),
    source=st.sampled_from([GOOD, RICH]),
)
@settings(max_examples=300, deadline=None)
def test_texts_and_elements_in_wrong_places_raise_nothing(
    picks: list[tuple[int, int]], source: bytes
) -> None:
    """Well-formed files with values swapped: what the first property rarely reaches."""
    pieces = source.decode().split("<")
    for a, b in picks:
        one, other = pieces[a % len(pieces)], pieces[b % len(pieces)]
        name, mark, _ = one.partition(">")
        pieces[a % len(pieces)] = name + mark + other.rpartition(">")[2]
    reading = reader.read("<".join(pieces).encode())
    assert reading.statements or reading.problems
