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
from functools import partial
from typing import Final

from tests.importers.bank_writers import Plain, plain_entries
from tests.importers.camt.camt_writer import write_camt
from tests.importers.in_child import Taken
from tests.importers.ofx.ofx_writer import write_ofx
from tests.importers.samples import HEADER, WRITE, write_xlsx
from tests.importers.table.sheet_writer import xlsx, xlsx_rows, zipped

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


def refused(*codes: str) -> Check:
    """Nothing is read, and the reason is one of these."""

    def check(taken: Taken) -> None:
        assert taken.entries == 0 and set(taken.errors) & set(codes), taken

    return check


def told(count: int) -> Check:
    """All of the payments are there, or it says that they are not; never proved without them."""

    def check(taken: Taken) -> None:
        if taken.details != count:
            assert taken.errors or TOLD & set(taken.warnings), taken
            assert not taken.proved

    return check


def kept(count: int, *codes: str) -> Check:
    """This many payments are there, and no others; of these codes each is told."""

    def check(taken: Taken) -> None:
        assert taken.details == count, taken
        assert set(codes) <= {*taken.errors, *taken.warnings}, taken

    return check


def accounted(rows: int) -> Check:
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


def marked() -> list[Plain]:
    """Entries of which the fifth has a day and an amount that no other has."""
    entries = [replace(entry, minor=abs(entry.minor)) for entry in plain_entries(COUNT, seed=21)]
    return [*entries[:4], replace(entries[4], booked_on=date(2026, 6, 17), minor=1_234_567), *entries[5:]]


AMOUNTS: Final = (b"12345.67", b"12345,67", b"12 345,67", b"12,345.67", b"000000012345670", b"1234567")
DAYS: Final = (
    (b"2606170617", b"2602310231"), (b"20260617", b"20260231"), (b"2026-06-17", b"2026-02-31"),
    (b"17.06.2026", b"31.02.2026"), (b"17-06-2026", b"31-02-2026"), (b"17/06/2026", b"31/02/2026"),
    (b"17/06/26", b"31/02/26"), (b"17.6.26", b"31.2.26"), (b"170626", b"310226"), (b"260617", b"260231"),
)  # fmt: skip
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
    data = sheet_or(name, marked())
    form = next(form for form in AMOUNTS if form in data)
    return sheet_again(name, data.replace(form, text.encode(), 1))


def with_31_february(name: str) -> bytes:
    data = sheet_or(name, marked())
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


def said_or_zero(taken: Taken) -> None:
    """A zero is an entry of zero, a row skipped for it, or an error, and the other entries are there."""
    assert taken.details in (COUNT, COUNT - 1) or taken.errors, taken


# ---------------------------------------------------------------- XML


def bomb() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE d [<!ENTITY l0 "lol">{levels}]>'


def external(where: str) -> str:
    return f'<!DOCTYPE d [<!ENTITY x SYSTEM "{where}">]>'


def declared(data: bytes, doctype: str, use: str) -> bytes:
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
    return zipped({**whole, **{name.replace("__", "/"): data for name, data in members.items()}})


def nested(levels: int) -> bytes:
    data = b"\0" * MB
    for _ in range(levels):
        data = zipped({f"{n}.zip": data for n in range(10)})
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
    return WRITE[name](marked()).decode(codec).encode("utf-16-le")


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


# ---------------------------------------------------------------- the cases

SMALL: Final[dict[str, Case]] = {
    **{
        f"{number} in {name}": Case(partial(with_amount, name, text), told(COUNT))
        for name in TEXTUAL
        for number, text in NUMBERS.items()
    },
    **{
        f"{zero} in {name}": Case(partial(with_amount, name, zero), said_or_zero)
        for name in TEXTUAL
        for zero in ("-0", "−0", "0")
    },
    **{f"31 February in {name}": Case(partial(with_31_february, name), told(COUNT)) for name in TEXTUAL},
    **{f"zero bytes in {name}": Case(partial(with_text, name, b"a\0b"), told(COUNT)) for name in TEXTUAL},
    **{
        f"a card number in {name}": Case(partial(with_text, name, b"4111 1111 1111 1111"), kept(COUNT))
        for name in TEXTUAL
        if name not in ("bai2", "coda")  # one has another place for texts, one places of a fixed width
    },
    **{
        f"{name} in UTF-16 without mark": Case(partial(in_utf16, name, codec), kept(COUNT))
        for name, codec in (
            ("ofx1", "cp1250"),
            ("csv plain.pl", "utf-8"),
            ("qif", "utf-8"),
            ("mt940 gvc", "utf-8"),
        )
    },
    **{
        f"only {name}": Case(partial(bytes, data), refused("empty", "one_column", "undecodable", "binary"))
        for name, data in {
            "nothing": b"",
            "a byte": b"x",
            "a zero": b"\0",
            "a high byte": b"\xff",
            "a less-than": b"?",
            "a mark of UTF-8": b"\xef\xbb\xbf",
            "a mark of UTF-16": b"\xff\xfe",
            "a mark of UTF-32": b"\xff\xfe\0\0",
            "line ends": b"\r\n" * 500,
            "half a mark": b"\xef\xbb",
            "a control sign": b"\x1a",
        }.items()
    },
    "a web page": Case(lambda: b"<!DOCTYPE html><html><body>Zaloguj", refused("web_page")),
    "a web page named XML": Case(
        lambda: b'<?xml version="1.0"?><html><OFX></OFX></html>', refused("web_page")
    ),
    "an entity bomb in camt": Case(lambda: declared(camt(), bomb(), "&l9;"), refused("doctype_refused")),
    "an entity bomb in OFX": Case(lambda: declared(ofx2(), bomb(), "&l9;"), refused("doctype")),
    "a parameter entity in camt": Case(
        lambda: declared(camt(), "<!DOCTYPE d [<!ENTITY % p \"<!ENTITY x 'y'>\"> %p;]>", "&x;"),
        refused("doctype_refused"),
    ),
    **{
        f"an external entity in {kind} ({where})": Case(
            partial(declared, make(), external(where), "&x;"), refused("doctype_refused", "doctype")
        )
        for kind, make in (("camt", camt), ("OFX", ofx2))
        for where in ("file:///etc/passwd", "http://127.0.0.1:9/x", "php://filter/x")
    },
    "an entity bomb in a sheet": Case(
        lambda: zipped({"xl/workbook.xml": bomb() + "<workbook>&l9;</workbook>"}),
        refused("damaged_workbook", "one_column"),
    ),
    "20,000 deep in camt": Case(
        lambda: camt(b"<a>" * 20_000 + b"</a>" * 20_000, b"<TxDtls>"), refused("nested_too_deep")
    ),
    "20,000 deep in OFX": Case(
        lambda: ofx2(b"<a><b>" * 10_000 + b"</b></a>" * 10_000, b"<STMTRS>"), told(COUNT)
    ),
    "20,000 deep in nothing": Case(lambda: b"<a>" * 20_000, refused("unknown_xml")),
    "a path out of the workbook": Case(
        lambda: with_members(**{"..__..__evil": b"x"}), refused("damaged_workbook")
    ),
    "a path from the root": Case(lambda: with_members(**{"__etc__evil": b"x"}), refused("damaged_workbook")),
    "macros": Case(
        lambda: with_members(xl__vbaProject_bin=b"x", **{"xl__vbaProject.bin": b"x"}), refused("macros")
    ),
    "old macros": Case(lambda: with_members(**{"xl__macrosheets__s.xml": b"x"}), refused("macros")),
    "300 members": Case(lambda: with_members(**{f"m{n}": b"" for n in range(300)}), refused("zip_bomb")),
    "a ratio of a thousand": Case(lambda: with_members(bomb=b"\0" * 20 * MB), refused("zip_bomb")),
    "zips in zips, which nobody opens": Case(lambda: nested(2), kept(COUNT)),
    "a last row far below": Case(
        lambda: rows_of(ROW.replace(b'"2"', b'"1048576"').replace(b"A2", b"A1048576")),
        refused("workbook_too_large"),
    ),
    "a last column far right": Case(
        lambda: rows_of(ROW.replace(b"A2", b"XFD2")), refused("workbook_too_large")
    ),
    "a workbook of empty rows": Case(lambda: rows_of(b"<row/>" * 100_000), told(0)),
    "two currencies in a table": Case(
        lambda: table(row(), row(currency="EUR"), row(amount="7,00", currency="EUR")), kept(3)
    ),
    "two currencies in camt": Case(
        lambda: camt().replace(b'<Ntry><Amt Ccy="PLN">', b'<Ntry><Amt Ccy="EUR">', 1),
        kept(COUNT, "other_currency"),
    ),
    "two currencies in MT940": Case(
        lambda: WRITE["mt940 gvc"](marked()).replace(b"PLN", b"EUR", 1), kept(COUNT, "currency_mixed")
    ),
    "two currencies in OFX": Case(
        lambda: ofx2(b"x</MEMO><CURRENCY><CURRATE>1</CURRATE><CURSYM>EUR</CURSYM></CURRENCY><MEMO>"),
        kept(COUNT - 1, "other_currency"),
    ),
    "formulas in a table": Case(formulas, kept(6)),
    "10,000 columns": Case(lambda: table(";" * 10_000, "x;" * 10_000, row()), told(2)),
    "a header of 10,000 columns": Case(("Data;Kwota" + ";x" * 10_000 + "\n1;2\n").encode, told(1)),
    "quotes that never close": Case(lambda: table(*[row('"gift')] * 50), accounted(51)),
    "a quote that swallows rows": Case(lambda: table(row(), row('"gift'), *[row()] * 20), accounted(23)),
}


LARGE: Final[dict[str, Case]] = {
    **{
        f"a field of 10 MB in {name}": Case(partial(with_text, name, b"x" * 10 * MB), told(COUNT))
        for name in TEXTUAL
    },
    **{
        f"10 MB of {what} in {name}": Case(
            partial(with_text, name, sign * (10 * MB // len(sign))), told(COUNT)
        )
        for name in (
            "ofx1",
            "ofx2",
            "camt.053 v8",
            "mt940 gvc",
            "mt940 structured",
            "csv plain.pl",
            "qif",
            "coda",
        )
        for what, sign in {
            "blanks": b" ",
            "quotes": b'"',
            "ends of lines": b"\r\n",
            "less-than signs": b"<",
            "ampersands": b"&",
            "semicolons": b";",
            "sub-fields": b"?20",
            "slashes": b"/REMI/",
            "combining accents": "é".encode(),
            "ends of records": b"\n^\n",
        }.items()
    },
    **{
        f"{name} of 10,000 entries cut at {percent} %": Case(partial(cut, name, percent), told(10_000))
        for name in (
            "ofx1",
            "ofx2",
            "mt940 gvc",
            "camt.053 v8",
            "csv pl.mbank.detail",
            "coda",
            "bai2",
            "xlsx",
        )
        for percent in range(5, 100, 5)
    },
    "500,000 empty transactions": Case(
        lambda: ofx2().replace(b"<STMTTRN>", b"<STMTTRN></STMTTRN>" * 500_000 + b"<STMTTRN>", 1),
        told(500_000 + COUNT),
    ),
    "500,000 unclosed transactions": Case(
        lambda: ofx2(b"<STMTTRN>" * 500_000, b"<BANKTRANLIST>"), refused("truncated", "damaged")
    ),
    "500,000 tags of OFX": Case(lambda: ofx2(b"<X>1" * 500_000, b"<STMTRS>"), refused("damaged")),
    "500,000 accounts of OFX": Case(lambda: ofx2(b"<STMTRS></STMTRS>" * 60_000, b"<STMTTRNRS>"), told(COUNT)),
    "100,000 statements of MT940": Case(
        lambda: b":20:X\r\n:25:1\r\n:28C:1\r\n:60F:C260101PLN0,00\r\n:62F:C260101PLN0,00\r\n-\r\n" * 100_000,
        told(0),
    ),
    "200,000 balances in a statement of MT940": Case(
        lambda: WRITE["mt940 gvc"](marked()).replace(
            b":61:", b":64:C260101PLN1,00\r\n" * 200_000 + b":61:", 1
        ),
        told(COUNT),
    ),
    "500,000 empty entries of MT940": Case(
        lambda: WRITE["mt940 gvc"](marked()).replace(b":61:", b":61:\r\n" * 500_000 + b":61:", 1), told(COUNT)
    ),
    "500,000 empty entries of camt": Case(
        lambda: camt(b"<Ntry></Ntry>" * 500_000, b"</Bal>"), told(500_000 + COUNT)
    ),
    "100,000 statements of camt": Case(
        lambda: camt(b"</Stmt>" + b"<Stmt></Stmt>" * 100_000 + b"<Stmt>", b"</Bal>"), told(COUNT)
    ),
    "500,000 continuations of BAI2": Case(
        lambda: WRITE["bai2"](marked()).replace(b"\r\n49,", b"\r\n88,x" * 500_000 + b"\r\n49,", 1),
        told(COUNT),
    ),
    "500,000 summaries of BAI2": Case(
        lambda: WRITE["bai2"](marked()).replace(b"PLN/", b"PLN" + b",010,1,," * 500_000 + b"/", 1),
        told(COUNT),
    ),
    "500,000 records of nothing in CODA": Case(
        lambda: WRITE["coda"](marked()).replace(b"\r\n8", b"\r\n7" * 500_000 + b"\r\n8", 1), told(COUNT)
    ),
    "a movement of 100,000 details in CODA": Case(
        lambda: WRITE["coda"](marked()).replace(b"\r\n8", b"\r\n2100010001" * 100_000 + b"\r\n8", 1),
        told(COUNT),
    ),
    "a million ends of records in QIF": Case(lambda: many(COUNT, "qif") + b"^\n" * 1_000_000, told(COUNT)),
    "a record of a million fields in QIF": Case(
        lambda: many(COUNT, "qif") + b"Mx\n" * 1_000_000, told(COUNT + 1)
    ),
    "500,000 lines of nothing in Elixir": Case(
        lambda: many(COUNT, "elixir") + b"110,\r\n" * 500_000, told(COUNT)
    ),
    "a million empty rows in a table": Case(lambda: table(row(), *[""] * 1_000_000), told(1)),
    "a million rows of separators": Case(lambda: table(row(), *[";" * 7] * 500_000), told(1)),
    "500,000 rows that fail": Case(lambda: table(*[row(amount="x")] * 200_000), told(200_000)),
    "a line of ten million separators": Case(lambda: table(";" * 10 * MB), told(0)),
    "an unclosed quote over 10 MB": Case(
        lambda: table(row('"gift'), *[row()] * (10 * MB // len(row()))), accounted(2 + 10 * MB // len(row()))
    ),
    "quotes on every line of 10 MB": Case(
        lambda: table(*[row('"gift')] * (10 * MB // len(row('"gift')))),
        accounted(1 + 10 * MB // len(row('"gift'))),
    ),
    "10 MB without end of line": Case(lambda: b"x;" * 5 * MB, told(0)),
    "10 MB of chance": Case(lambda: random_bytes(10 * MB), refused("binary", "one_column", "undecodable")),
    "10 MB of zeros": Case(lambda: bytes(10 * MB), refused("empty")),
    "10 MB of blanks": Case(lambda: b" " * 10 * MB, refused("empty")),
    "10 MB of blanks before camt": Case(lambda: b" " * 10 * MB + camt(), told(COUNT)),
    "10 MB of less-than signs": Case(lambda: b"<" * 10 * MB, told(0)),
    "10 MB of braces": Case(lambda: b"{1:" * 3 * MB, told(0)),
    "10 MB of colons": Case(lambda: b":20:" * 2 * MB, told(0)),
    "10 MB of exclamation marks": Case(lambda: b"!Type:Bank\n" * MB, told(0)),
    "a million rows of a workbook": Case(lambda: rows_of(b"<row/>" * 1_000_000), told(0)),
    "a workbook of 100,000 members": Case(
        lambda: with_members(**{f"m{n}": b"" for n in range(100_000)}), refused("zip_bomb")
    ),
    "40 MB of one cell": Case(lambda: rows_of(ROW.replace(b"2026-01-01", random_text(40 * MB))), told(1)),
    "a wide and long workbook": Case(
        lambda: rows_of(
            b"".join(b'<row r="%d"><c r="CV%d"><v>1</v></c></row>' % (n, n) for n in range(2, 150_000))
        ),
        refused("workbook_too_large"),
    ),
    "a workbook as large as may be": Case(
        lambda: rows_of(
            b"".join(b'<row r="%d"><c r="T%d"><v>1</v></c></row>' % (n, n) for n in range(2, 199_000))
        ),
        told(199_000),
    ),
}
