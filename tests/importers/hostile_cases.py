"""The hostile files, each with what must come of it."""

from __future__ import annotations

from functools import partial
from typing import Final

from tests.importers.hostile import (
    COUNT,
    MB,
    NUMBERS,
    ROW,
    TEXTUAL,
    Case,
    bomb,
    camt,
    cut,
    declare_doctype,
    expect_all_or_report,
    expect_every_row,
    expect_payments,
    expect_refusal,
    external,
    formulas,
    in_utf16,
    many,
    mark_entries,
    nest_zips,
    ofx2,
    random_bytes,
    random_text,
    row,
    rows_of,
    said_or_zero,
    table,
    with_10_mb,
    with_31_february,
    with_amount,
    with_members,
    with_text,
)
from tests.importers.samples import WRITE
from tests.importers.table.sheet_writer import zip_members

# ---------------------------------------------------------------- the cases

SMALL: Final[dict[str, Case]] = {
    **{
        f"{number} in {name}": Case(partial(with_amount, name, text), expect_all_or_report(COUNT))
        for name in TEXTUAL
        for number, text in NUMBERS.items()
    },
    **{
        f"{zero} in {name}": Case(partial(with_amount, name, zero), said_or_zero)
        for name in TEXTUAL
        for zero in ("-0", "−0", "0")
    },
    **{
        f"31 February in {name}": Case(partial(with_31_february, name), expect_all_or_report(COUNT))
        for name in TEXTUAL
    },
    **{
        f"zero bytes in {name}": Case(partial(with_text, name, b"a\0b"), expect_all_or_report(COUNT))
        for name in TEXTUAL
    },
    **{
        f"a card number in {name}": Case(
            partial(with_text, name, b"4111 1111 1111 1111"), expect_payments(COUNT)
        )
        for name in TEXTUAL
        if name not in ("bai2", "coda")  # one has another place for texts, one places of a fixed width
    },
    **{
        f"{name} in UTF-16 without mark": Case(partial(in_utf16, name, codec), expect_payments(COUNT))
        for name, codec in (
            ("ofx1", "cp1250"),
            ("csv plain.pl", "utf-8"),
            ("qif", "utf-8"),
            ("mt940 gvc", "utf-8"),
        )
    },
    **{
        f"only {name}": Case(
            partial(bytes, data), expect_refusal("empty", "one_column", "undecodable", "binary")
        )
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
    "a web page": Case(lambda: b"<!DOCTYPE html><html><body>Zaloguj", expect_refusal("web_page")),
    "a web page named XML": Case(
        lambda: b'<?xml version="1.0"?><html><OFX></OFX></html>', expect_refusal("web_page")
    ),
    "an entity bomb in camt": Case(
        lambda: declare_doctype(camt(), bomb(), "&l9;"), expect_refusal("doctype_refused")
    ),
    "an entity bomb in OFX": Case(lambda: declare_doctype(ofx2(), bomb(), "&l9;"), expect_refusal("doctype")),
    "a parameter entity in camt": Case(
        lambda: declare_doctype(camt(), "<!DOCTYPE d [<!ENTITY % p \"<!ENTITY x 'y'>\"> %p;]>", "&x;"),
        expect_refusal("doctype_refused"),
    ),
    **{
        f"an external entity in {kind} ({where})": Case(
            partial(declare_doctype, make(), external(where), "&x;"),
            expect_refusal("doctype_refused", "doctype"),
        )
        for kind, make in (("camt", camt), ("OFX", ofx2))
        for where in ("file:///etc/passwd", "http://127.0.0.1:9/x", "php://filter/x")
    },
    "an entity bomb in a sheet": Case(
        lambda: zip_members({"xl/workbook.xml": bomb() + "<workbook>&l9;</workbook>"}),
        expect_refusal("damaged_workbook", "one_column"),
    ),
    "20,000 deep in camt": Case(
        lambda: camt(b"<a>" * 20_000 + b"</a>" * 20_000, b"<TxDtls>"), expect_refusal("nested_too_deep")
    ),
    "20,000 deep in OFX": Case(
        lambda: ofx2(b"<a><b>" * 10_000 + b"</b></a>" * 10_000, b"<STMTRS>"), expect_all_or_report(COUNT)
    ),
    "20,000 deep in nothing": Case(lambda: b"<a>" * 20_000, expect_refusal("unknown_xml")),
    "a path out of the workbook": Case(
        lambda: with_members(**{"..__..__evil": b"x"}), expect_refusal("damaged_workbook")
    ),
    "a path from the root": Case(
        lambda: with_members(**{"__etc__evil": b"x"}), expect_refusal("damaged_workbook")
    ),
    "macros": Case(
        lambda: with_members(xl__vbaProject_bin=b"x", **{"xl__vbaProject.bin": b"x"}),
        expect_refusal("macros"),
    ),
    "old macros": Case(lambda: with_members(**{"xl__macrosheets__s.xml": b"x"}), expect_refusal("macros")),
    "300 members": Case(
        lambda: with_members(**{f"m{n}": b"" for n in range(300)}), expect_refusal("zip_bomb")
    ),
    "a ratio of a thousand": Case(lambda: with_members(bomb=b"\0" * 20 * MB), expect_refusal("zip_bomb")),
    "zips in zips, which nobody opens": Case(lambda: nest_zips(2), expect_payments(COUNT)),
    "a last row far below": Case(
        lambda: rows_of(ROW.replace(b'"2"', b'"1048576"').replace(b"A2", b"A1048576")),
        expect_refusal("workbook_too_large"),
    ),
    "a last column far right": Case(
        lambda: rows_of(ROW.replace(b"A2", b"XFD2")), expect_refusal("workbook_too_large")
    ),
    "a workbook of empty rows": Case(lambda: rows_of(b"<row/>" * 100_000), expect_all_or_report(0)),
    "two currencies in a table": Case(
        lambda: table(row(), row(currency="EUR"), row(amount="7,00", currency="EUR")), expect_payments(3)
    ),
    "two currencies in camt": Case(
        lambda: camt().replace(b'<Ntry><Amt Ccy="PLN">', b'<Ntry><Amt Ccy="EUR">', 1),
        expect_payments(COUNT, "other_currency"),
    ),
    "two currencies in MT940": Case(
        lambda: WRITE["mt940 gvc"](mark_entries()).replace(b"PLN", b"EUR", 1),
        expect_payments(COUNT, "currency_mixed"),
    ),
    "two currencies in OFX": Case(
        lambda: ofx2(b"x</MEMO><CURRENCY><CURRATE>1</CURRATE><CURSYM>EUR</CURSYM></CURRENCY><MEMO>"),
        expect_payments(COUNT - 1, "other_currency"),
    ),
    "formulas in a table": Case(formulas, expect_payments(6)),
    "10,000 columns": Case(lambda: table(";" * 10_000, "x;" * 10_000, row()), expect_all_or_report(2)),
    "a header of 10,000 columns": Case(
        ("Data;Kwota" + ";x" * 10_000 + "\n1;2\n").encode, expect_all_or_report(1)
    ),
    "quotes that never close": Case(lambda: table(*[row('"gift')] * 50), expect_every_row(51)),
    "a quote that swallows rows": Case(
        lambda: table(row(), row('"gift'), *[row()] * 20), expect_every_row(23)
    ),
}


LARGE: Final[dict[str, Case]] = {
    **{
        f"a field of 10 MB in {name}": Case(partial(with_10_mb, name, b"x"), expect_all_or_report(COUNT))
        for name in TEXTUAL
    },
    **{
        f"10 MB of {what} in {name}": Case(partial(with_10_mb, name, sign), expect_all_or_report(COUNT))
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
        f"{name} of 10,000 entries cut at {percent} %": Case(
            partial(cut, name, percent), expect_all_or_report(10_000)
        )
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
        expect_all_or_report(500_000 + COUNT),
    ),
    "500,000 unclosed transactions": Case(
        lambda: ofx2(b"<STMTTRN>" * 500_000, b"<BANKTRANLIST>"), expect_refusal("truncated", "damaged")
    ),
    "500,000 tags of OFX": Case(lambda: ofx2(b"<X>1" * 500_000, b"<STMTRS>"), expect_refusal("damaged")),
    "500,000 accounts of OFX": Case(
        lambda: ofx2(b"<STMTRS></STMTRS>" * 60_000, b"<STMTTRNRS>"), expect_all_or_report(COUNT)
    ),
    "100,000 statements of MT940": Case(
        lambda: b":20:X\r\n:25:1\r\n:28C:1\r\n:60F:C260101PLN0,00\r\n:62F:C260101PLN0,00\r\n-\r\n" * 100_000,
        expect_all_or_report(0),
    ),
    "200,000 balances in a statement of MT940": Case(
        lambda: WRITE["mt940 gvc"](mark_entries()).replace(
            b":61:", b":64:C260101PLN1,00\r\n" * 200_000 + b":61:", 1
        ),
        expect_all_or_report(COUNT),
    ),
    "500,000 empty entries of MT940": Case(
        lambda: WRITE["mt940 gvc"](mark_entries()).replace(b":61:", b":61:\r\n" * 500_000 + b":61:", 1),
        expect_all_or_report(COUNT),
    ),
    "500,000 empty entries of camt": Case(
        lambda: camt(b"<Ntry></Ntry>" * 500_000, b"</Bal>"), expect_all_or_report(500_000 + COUNT)
    ),
    "100,000 statements of camt": Case(
        lambda: camt(b"</Stmt>" + b"<Stmt></Stmt>" * 100_000 + b"<Stmt>", b"</Bal>"),
        expect_all_or_report(COUNT),
    ),
    "500,000 continuations of BAI2": Case(
        lambda: WRITE["bai2"](mark_entries()).replace(b"\r\n49,", b"\r\n88,x" * 500_000 + b"\r\n49,", 1),
        expect_all_or_report(COUNT),
    ),
    "500,000 summaries of BAI2": Case(
        lambda: WRITE["bai2"](mark_entries()).replace(b"PLN/", b"PLN" + b",010,1,," * 500_000 + b"/", 1),
        expect_all_or_report(COUNT),
    ),
    "500,000 records of nothing in CODA": Case(
        lambda: WRITE["coda"](mark_entries()).replace(b"\r\n8", b"\r\n7" * 500_000 + b"\r\n8", 1),
        expect_all_or_report(COUNT),
    ),
    "a movement of 100,000 details in CODA": Case(
        lambda: WRITE["coda"](mark_entries()).replace(b"\r\n8", b"\r\n2100010001" * 100_000 + b"\r\n8", 1),
        expect_all_or_report(COUNT),
    ),
    "a million ends of records in QIF": Case(
        lambda: many(COUNT, "qif") + b"^\n" * 1_000_000, expect_all_or_report(COUNT)
    ),
    "a record of a million fields in QIF": Case(
        lambda: many(COUNT, "qif") + b"Mx\n" * 1_000_000, expect_all_or_report(COUNT + 1)
    ),
    "500,000 lines of nothing in Elixir": Case(
        lambda: many(COUNT, "elixir") + b"110,\r\n" * 500_000, expect_all_or_report(COUNT)
    ),
    "a million empty rows in a table": Case(lambda: table(row(), *[""] * 1_000_000), expect_all_or_report(1)),
    "a million rows of separators": Case(lambda: table(row(), *[";" * 7] * 500_000), expect_all_or_report(1)),
    "500,000 rows that fail": Case(
        lambda: table(*[row(amount="x")] * 200_000), expect_all_or_report(200_000)
    ),
    "a line of ten million separators": Case(lambda: table(";" * 10 * MB), expect_all_or_report(0)),
    "an unclosed quote over 10 MB": Case(
        lambda: table(row('"gift'), *[row()] * (10 * MB // len(row()))),
        expect_every_row(2 + 10 * MB // len(row())),
    ),
    "quotes on every line of 10 MB": Case(
        lambda: table(*[row('"gift')] * (10 * MB // len(row('"gift')))),
        expect_every_row(1 + 10 * MB // len(row('"gift'))),
    ),
    "10 MB without end of line": Case(lambda: b"x;" * 5 * MB, expect_all_or_report(0)),
    "10 MB of chance": Case(
        lambda: random_bytes(10 * MB), expect_refusal("binary", "one_column", "undecodable")
    ),
    "10 MB of zeros": Case(lambda: bytes(10 * MB), expect_refusal("empty")),
    "10 MB of blanks": Case(lambda: b" " * 10 * MB, expect_refusal("empty")),
    "10 MB of blanks before camt": Case(lambda: b" " * 10 * MB + camt(), expect_all_or_report(COUNT)),
    "10 MB of less-than signs": Case(lambda: b"<" * 10 * MB, expect_all_or_report(0)),
    "10 MB of braces": Case(lambda: b"{1:" * 3 * MB, expect_all_or_report(0)),
    "10 MB of colons": Case(lambda: b":20:" * 2 * MB, expect_all_or_report(0)),
    "10 MB of exclamation marks": Case(lambda: b"!Type:Bank\n" * MB, expect_all_or_report(0)),
    "a million rows of a workbook": Case(lambda: rows_of(b"<row/>" * 1_000_000), expect_all_or_report(0)),
    "a workbook of 100,000 members": Case(
        lambda: with_members(**{f"m{n}": b"" for n in range(100_000)}), expect_refusal("zip_bomb")
    ),
    "40 MB of one cell": Case(
        lambda: rows_of(ROW.replace(b"2026-01-01", random_text(40 * MB))), expect_all_or_report(1)
    ),
    "a wide and long workbook": Case(
        lambda: rows_of(
            b"".join(b'<row r="%d"><c r="CV%d"><v>1</v></c></row>' % (n, n) for n in range(2, 150_000))
        ),
        expect_refusal("workbook_too_large"),
    ),
    "a workbook as large as may be": Case(
        lambda: rows_of(
            b"".join(b'<row r="%d"><c r="T%d"><v>1</v></c></row>' % (n, n) for n in range(2, 199_000))
        ),
        expect_all_or_report(199_000),
    ),
}
