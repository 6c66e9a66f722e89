"""One small own sample of every format that ``importers.read`` knows, the same entries in each.

``write`` writes entries in the format of that name; ``read`` reads them with what a person would
have chosen where a format leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

import importers
from importers.statement import Reading
from tests.importers.bank_writers import MT940_DIALECTS, OWN_ACCOUNT, Plain, plain_entries, write_mt940
from tests.importers.camt.camt_writer import write_camt
from tests.importers.coda_writer import write_coda
from tests.importers.ofx.ofx_writer import decimal_amount, write_ofx, write_qif
from tests.importers.table.sheet_writer import ods, xls, xlsx, xlsx_rows, xlsx_shared
from tests.importers.table.table_writer import WRITERS, write_csv

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


HEADER: Final = (
    "Data operacji;Data księgowania;Nadawca/Odbiorca;Rachunek;Tytuł;Kwota;Waluta;Nr referencyjny".split(";")
)


def _rows(entries: Sequence[Plain]) -> list[list[str]]:
    """The columns of ``plain.pl`` as texts."""
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
    return [HEADER, *rows]


def write_xlsx(entries: Sequence[Plain]) -> bytes:
    return xlsx(xlsx_rows(_rows(entries)))


def write_shared_xlsx(entries: Sequence[Plain]) -> bytes:
    return xlsx_shared(_rows(entries))


def write_ods(entries: Sequence[Plain]) -> bytes:
    return ods(_rows(entries))


def write_xls(entries: Sequence[Plain]) -> bytes:
    return xls(_rows(entries))


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
    "xlsx shared": write_shared_xlsx,
    "ods": write_ods,
    "xls": write_xls,
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
