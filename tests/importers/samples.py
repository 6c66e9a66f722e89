"""One small own sample of every format that ``importers.read`` knows, the same entries in each.

``write`` writes entries in the format of that name; ``read`` reads them with what a person would
have chosen where a format leaves it open.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final
from xml.sax.saxutils import escape

import importers
from importers.statement import Reading
from tests.importers.bank_writers import MT940_DIALECTS, OWN_ACCOUNT, Plain, plain_entries, write_mt940
from tests.importers.camt_writer import write_camt
from tests.importers.coda_writer import write_coda
from tests.importers.ofx_writer import decimal_amount, write_ofx, write_qif
from tests.importers.table_writer import WRITERS, write_csv

Write = Callable[[Sequence[Plain]], bytes]

_LATIN: Final = str.maketrans("ŁłąĄćĆęĘńŃóÓśŚźŹżŻ", "LlaAcCeEnNoOsSzZzZ")  # CODA and Elixir's old pages


def write_bai2(entries: Sequence[Plain]) -> bytes:
    """One account; the day is that of the group, so entries of other days have a value date only."""
    total = sum(abs(plain.minor) for plain in entries)
    rows = [
        f"16,{165 if plain.minor > 0 else 475},{abs(plain.minor)},V,{plain.booked_on:%y%m%d},,{plain.ref},,"
        f"{plain.name} {plain.remittance}/"
        for plain in entries
    ]
    head = ["01,BANK,US,261001,0600,1,80,1,2/", f"02,US,BANK,1,{entries[-1].booked_on:%y%m%d},,PLN,2/"]
    tail = [
        f"49,{total},{len(rows) + 2}/",
        f"98,{total},1,{len(rows) + 4}/",
        f"99,{total},1,{len(rows) + 6}/",
    ]
    return "\r\n".join([*head, f"03,{OWN_ACCOUNT},PLN/", *rows, *tail, ""]).encode()


def write_elixir(entries: Sequence[Plain]) -> bytes:
    """Transfers that came in, all as one list; money out has no place in it and comes in as well."""
    rows = [
        f'110,{plain.booked_on:%Y%m%d},{abs(plain.minor)},10901014,0,"{plain.account[2:]}","{OWN_ACCOUNT[2:]}",'
        f'"{plain.name}","FUNDACJA",0,10901014,"{plain.remittance}","","","51",""'
        for plain in entries
    ]
    return "\r\n".join([*rows, ""]).encode("cp1250")


def write_debit_report(entries: Sequence[Plain]) -> bytes:
    """Header, postings and a footer; the payers' ids are the entries' references."""
    rows = [
        f'P,{plain.booked_on},{decimal_amount(abs(plain.minor))},{plain.ref},"{plain.name}",'
        f'{plain.account[2:]},"{plain.remittance}"'
        for plain in entries
    ]
    total = decimal_amount(sum(abs(plain.minor) for plain in entries))
    return "\r\n".join(["H,REPPZ,2026-12-31", *rows, f"F,{len(rows)},{total}", ""]).encode("cp1250")


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """A zip of these members, the same each time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def xlsx(sheet_data: bytes) -> bytes:
    """A workbook of one sheet with these rows, as XML."""
    kind = "http://schemas.openxmlformats.org"
    main = f"{kind}/spreadsheetml/2006/main"
    office = f"{kind}/officeDocument/2006/relationships"
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{kind}/package/2006/content-types">'
            f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{kind}/package/2006/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{kind}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'.encode()
            + sheet_data
            + b"</sheetData></worksheet>",
        }
    )


HEADER: Final = (
    "Data operacji;Data księgowania;Nadawca/Odbiorca;Rachunek;Tytuł;Kwota;Waluta;Nr referencyjny".split(";")
)


def xlsx_rows(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows of texts in cells of the kind ``inlineStr``."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{"ABCDEFGHIJ"[at]}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            for at, text in enumerate(row)
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return "".join(lines).encode()


def write_xlsx(entries: Sequence[Plain]) -> bytes:
    """The columns of ``plain.pl`` as a workbook."""
    rows = [
        [
            str(e.booked_on),
            str(e.booked_on),
            e.name,
            e.account,
            e.remittance,
            decimal_amount(e.minor),
            "PLN",
            e.ref,
        ]
        for e in entries
    ]
    return xlsx(xlsx_rows([HEADER, *rows]))


def _coda(entries: Sequence[Plain]) -> bytes:
    plain = [
        replace(e, name=e.name.translate(_LATIN), remittance=e.remittance.translate(_LATIN), currency="PLN")
        for e in entries
    ]
    return write_coda(plain, "PLN")


WRITE: Final[dict[str, Write]] = {
    "ofx1": partial(write_ofx, version=1),
    "ofx2": partial(write_ofx, version=2),
    **{f"mt940 {dialect}": partial(write_mt940, dialect=dialect) for dialect in MT940_DIALECTS},
    **{f"camt.053 v{version}": partial(write_camt, version=version) for version in (2, 8)},
    **{f"camt.{kind} v8": partial(write_camt, version=8, kind=kind) for kind in ("052", "054")},
    **{f"csv {layout}": partial(write_csv, layout_name=layout) for layout in WRITERS},
    "xlsx": write_xlsx,
    "qif": write_qif,
    "coda": _coda,
    "bai2": write_bai2,
    "elixir": write_elixir,
    "debit_report": write_debit_report,
}
CHOSEN: Final[Mapping[str, Any]] = {"dates": "dmy", "currency": "PLN"}  # what QIF leaves open


@cache
def sample(name: str, count: int = 6, seed: int = 3) -> bytes:
    """``count`` entries in the format of that name."""
    return WRITE[name](plain_entries(count, seed))


def read(data: bytes) -> Reading:
    """As the application reads: with the account's currency, and with the choices that QIF needs."""
    return importers.read(data, "statement.txt", CHOSEN, currency="PLN")
