"""Files that mean harm or are broken, of every format: how each is made, and what must come of it.

``SMALL`` are tried every day, ``LARGE`` (some of ten megabytes, some a minute to make) in the full
run. ``test_hostile`` reads each in a process of its own and holds it to the limits.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from tests.importers.bank_writers import Plain, plain_entries
from tests.importers.camt.camt_writer import write_camt
from tests.importers.in_child import Taken
from tests.importers.ofx.ofx_writer import write_ofx
from tests.importers.samples import HEADER, WRITE, write_xlsx
from tests.importers.table.sheet_writer import xlsx, xlsx_rows, zip_members

Check = Callable[[Taken], None]
COUNT: Final = 8
TEXTUAL: Final = [
    name for name in WRITE if name not in ("xls", "ods", "xlsx shared")
]  # where texts can be exchanged
MB: Final = 1_000_000
TOLD: Final = frozenset("balance_mismatch control_missing count_mismatch maybe_cut".split())


@dataclass(frozen=True, slots=True)
class Case:
    make: Callable[[], bytes]
    check: Check


# ---------------------------------------------------------------- what must come of a file


def expect_refusal(*codes: str) -> Check:
    """Nothing is read, and the reason is one of these."""

    def check(taken: Taken) -> None:
        assert taken.entries == 0 and set(taken.errors) & set(codes), taken

    return check


def expect_all_or_report(count: int) -> Check:
    """All of the payments are there, or it says that they are not; never proved without them."""

    def check(taken: Taken) -> None:
        if taken.details != count:
            assert taken.errors or TOLD & set(taken.warnings), taken
            assert not taken.proved

    return check


def expect_payments(count: int, *codes: str) -> Check:
    """This many payments are there, and no others; of these codes each is told."""

    def check(taken: Taken) -> None:
        assert taken.details == count, taken
        assert set(codes) <= {*taken.errors, *taken.warnings}, taken

    return check


def expect_every_row(rows: int) -> Check:
    """Every row of a table is an entry, was skipped for a reason, or failed; what failed is told."""

    def check(taken: Taken) -> None:
        if not taken.facts:
            assert taken.errors, taken
            return
        skipped = sum(int(count) for name, count in taken.facts.items() if name.startswith("skipped."))
        failed = int(taken.facts["failed"])
        assert taken.entries + skipped + failed == int(taken.facts["rows"]) == rows, taken.facts
        assert not failed or taken.errors

    return check


# ---------------------------------------------------------------- one entry that cannot be right


def mark_entries() -> list[Plain]:
    """Entries of which the fifth has a day and an amount that no other has."""
    entries = [replace(entry, minor=abs(entry.minor)) for entry in plain_entries(COUNT, seed=21)]
    return [*entries[:4], replace(entries[4], booked_on=date(2026, 6, 17), minor=1_234_567), *entries[5:]]


AMOUNTS: Final = (b"12345.67", b"12345,67", b"12 345,67", b"12,345.67", b"000000012345670", b"1234567")
DAYS: Final = (
    (b"2606170617", b"2602310231"),
    (b"20260617", b"20260231"),
    (b"2026-06-17", b"2026-02-31"),
    (b"17.06.2026", b"31.02.2026"),
    (b"17-06-2026", b"31-02-2026"),
    (b"17/06/2026", b"31/02/2026"),
    (b"17/06/26", b"31/02/26"),
    (b"17.6.26", b"31.2.26"),
    (b"170626", b"310226"),
    (b"260617", b"260231"),
)
NUMBERS: Final = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "1e400": "1e400",
    "1_000": "1_000",
    "Arabic digits": "١٢٣٤٥",
    "full-width digits": "１２３４５",
    "a superscript": "12²",
    "hexadecimal": "0x10",
    "two signs": "--12.00",
    "400 digits": "9" * 400,
    "nothing": "",
    "another currency": "USD 12.00",
}


def with_amount(name: str, text: str) -> bytes:
    data = sheet_or(name, mark_entries())
    form = next(form for form in AMOUNTS if form in data)
    return sheet_again(name, data.replace(form, text.encode(), 1))


def with_31_february(name: str) -> bytes:
    data = sheet_or(name, mark_entries())
    good, bad = next(pair for pair in DAYS if pair[0] in data)
    return sheet_again(name, data.replace(good, bad))


def sheet_or(name: str, entries: Sequence[Plain]) -> bytes:
    """The file; of a workbook its sheet, where texts can be changed."""
    data = WRITE[name](entries)
    if name != "xlsx":
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def sheet_again(name: str, data: bytes) -> bytes:
    return xlsx(data.partition(b"<sheetData>")[2].rpartition(b"</sheetData>")[0]) if name == "xlsx" else data


def with_text(name: str, text: bytes) -> bytes:
    """The file with more text in the first payment's remittance."""
    data = sheet_or(name, [replace(entry, remittance="MARKHERE") for entry in plain_entries(COUNT, seed=22)])
    assert b"MARKHERE" in data
    return sheet_again(name, data.replace(b"MARKHERE", text, 1))


def with_10_mb(name: str, sign: bytes) -> bytes:
    """The file with ten megabytes of a sign in the first payment's remittance, made when it is asked for."""
    return with_text(name, sign * (10 * MB // len(sign)))


def said_or_zero(taken: Taken) -> None:
    """A zero is an entry of zero, a row skipped for it, or an error, and the other entries are there."""
    assert taken.details in (COUNT, COUNT - 1) or taken.errors, taken


# ---------------------------------------------------------------- XML


def bomb() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE d [<!ENTITY l0 "lol">{levels}]>'


def external(where: str) -> str:
    return f'<!DOCTYPE d [<!ENTITY x SYSTEM "{where}">]>'


def declare_doctype(data: bytes, doctype: str, use: str) -> bytes:
    """An XML file with a document type, and its entity in the first remittance."""
    head, mark, rest = data.partition(b"?>")
    for tag in (b"<Ustrd>", b"<MEMO>"):
        rest = rest.replace(tag, tag + use.encode(), 1)
    return head + mark + doctype.encode() + rest


def camt(data: bytes | str = b"", into: bytes = b"<Ustrd>") -> bytes:
    put = data.encode() if isinstance(data, str) else data
    return write_camt(plain_entries(COUNT, seed=23), 8).replace(into, into + put, 1)


def ofx2(put: bytes = b"", into: bytes = b"<MEMO>") -> bytes:
    return write_ofx(plain_entries(COUNT, seed=24), 2).replace(into, into + put, 1)


# ---------------------------------------------------------------- workbooks


def with_members(**members: bytes) -> bytes:
    """A good workbook with more in its zip; ``__`` stands for a slash."""
    with zipfile.ZipFile(io.BytesIO(write_xlsx(plain_entries(COUNT, seed=25)))) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    return zip_members({**whole, **{name.replace("__", "/"): data for name, data in members.items()}})


def nest_zips(levels: int) -> bytes:
    data = b"\0" * MB
    for _ in range(levels):
        data = zip_members({f"{n}.zip": data for n in range(10)})
    return with_members(xl__media__x=data)


def rows_of(xml: bytes) -> bytes:
    return xlsx(xlsx_rows([HEADER]) + xml)


ROW: Final = b'<row r="2"><c r="A2" t="inlineStr"><is><t>2026-01-01</t></is></c></row>'


# ---------------------------------------------------------------- tables


def table(*rows: str) -> bytes:
    return "\r\n".join([";".join(HEADER), *rows, ""]).encode()


def row(remittance: str = "gift", amount: str = "10,00", currency: str = "PLN") -> str:
    return f"2026-01-05;2026-01-05;Anna Nowak;;{remittance};{amount};{currency};R1"


def formulas() -> bytes:
    cells = ('=HYPERLINK("http://x")', "=cmd|' /C calc'!A0", "@SUM(1)", "+48 600 100 200", "-1+1", "\t=1+1")
    return table(*(row('"' + cell.replace('"', '""') + '"') for cell in cells))


def in_utf16(name: str, codec: str) -> bytes:
    return WRITE[name](mark_entries()).decode(codec).encode("utf-16-le")


def many(count: int, name: str) -> bytes:
    return WRITE[name](plain_entries(count, seed=26))


def cut(name: str, percent: int) -> bytes:
    data = many(10_000, name)
    return data[: len(data) * percent // 100]


def random_bytes(size: int) -> bytes:
    return random.Random(5).randbytes(size)


def random_text(size: int) -> bytes:
    """Letters that a zip does not make small."""
    return random_bytes(size // 2).hex().encode()
