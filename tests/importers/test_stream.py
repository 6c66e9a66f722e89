"""``importers.stream``: the same as ``importers.read``, in pieces that need not be kept."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest

import importers
from importers.statement import Begin, End, Entry, Part, gather_parts
from tests.importers.bank_writers import plain_entries, write_mt940
from tests.importers.ofx.ofx_writer import write_ofx
from tests.importers.ofx.test_ofx import document, row, statement

MANY = 3_200  # more than ofxparse is asked to read
PLAIN = plain_entries(MANY, 3)
FILES: dict[str, Callable[[int], bytes]] = {
    "ofx1": lambda count: write_ofx(PLAIN[:count], 1),
    "ofx2": lambda count: write_ofx(PLAIN[:count], 2),
    "gvc": lambda count: write_mt940(PLAIN[:count], "gvc"),
    "structured": lambda count: write_mt940(PLAIN[:count], "structured"),
}
TWO = document(statement(row("1.00"), row("2.00")), statement(row("3.00"), row("x"), currency="PLN")).encode()
PAGES = (
    b":20:A\r\n:25:1\r\n:28C:1/1\r\n:60F:C260101EUR0,00\r\n:61:2601020102C10,00NTRFA\r\n:62M:C260102EUR10,00\r\n-\r\n"
    b":20:A\r\n:25:1\r\n:28C:1/2\r\n:60M:C260102EUR11,00\r\n:61:x\r\n:62F:C260103EUR11,00\r\n-\r\n"
)


def stream_bytes(data: bytes) -> Iterable[Part]:
    return importers.stream(io.BytesIO(data))


@pytest.mark.parametrize(
    "data", [*(write(50) for write in FILES.values()), TWO, PAGES, b"OFXHEADER:100\n<OFX>", b":20:1\n:86:x\n"]
)
def test_gathered_parts_are_the_reading(data: bytes) -> None:
    """The parts of a streamed file, gathered, are the same as its reading."""
    reading = importers.read(data)
    parts = gather_parts(stream_bytes(data), reading.format, reading.facts)
    assert (parts.statements, parts.problems) == (reading.statements, reading.problems)
    assert parts.statements or parts.problems


@pytest.mark.parametrize("name", FILES)
def test_entries_keep_place_across_pieces(name: str) -> None:
    """Entries of a text of more than one piece keep their place and their lines."""
    (only,) = importers.read(FILES[name](MANY)).statements
    assert [entry.position for entry in only.entries] == list(range(len(only.entries)))
    assert [entry.amount.minor for entry in only.entries] == [plain.minor for plain in PLAIN]


def test_bad_row_in_later_piece() -> None:
    """A bad row in a later piece of the file is named by its own line."""
    rows = [row(f"{number}.00", more=f"<FITID>{number}<NAME>A\n") for number in range(1, 2_501)]
    rows[2_300] = row("much")
    data = document(statement(*rows))
    (problem,) = importers.read(data.encode()).problems
    line = data[: data.index("much")].count("\n") + 1
    assert problem.where == f"transaction 2301, line {line}"


@pytest.mark.parametrize("name", FILES)
def test_stream_holds_no_given_entries(name: str) -> None:
    """A stream holds no entries that it has already given, so that memory stays small."""
    data = FILES[name](MANY)
    assert _measure_memory(lambda: _at_last_entry(data)) < _measure_memory(lambda: importers.read(data)) / 2


def _measure_memory(run: Callable[[], object]) -> int:
    """Bytes of what is alive after ``run``, with what it gave."""
    tracemalloc.start()
    try:
        kept = run()
        assert kept
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def _at_last_entry(data: bytes) -> Iterator[Part]:
    parts = iter(stream_bytes(data))
    left = MANY
    while left:
        left -= isinstance(next(parts), Entry)
    return parts


def test_damaged_statement_has_no_end() -> None:
    """A statement that turns out damaged has no end, and the next one is whole."""
    data = document(statement(row(), *[row("x")] * 1_001), statement(row("3.00"))).encode()
    parts = [part for part in stream_bytes(data) if not isinstance(part, Entry)]
    kinds = [type(part) for part in parts]
    assert kinds.count(Begin) == 2 and kinds.count(End) == 1
    (kept,) = importers.read(data).statements
    assert [entry.amount.minor for entry in kept.entries] == [300]
