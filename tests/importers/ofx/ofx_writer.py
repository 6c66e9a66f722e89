"""Writes small OFX 1, OFX 2 and QIF files for tests, from entries that know nothing of a format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

from tests.importers.bank_writers import OPENING_MINOR, OWN_ACCOUNT, Plain

_HEADS = {
    1: "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:USASCII\r\n"
    "CHARSET:1250\r\nCOMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n",
    2: '<?xml version="1.0" encoding="UTF-8"?>\r\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\r\n',
}
_ENCODINGS = {1: "cp1250", 2: "utf-8"}


def decimal_amount(minor: int) -> str:
    """``-50.00``."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def write_ofx(entries: Sequence[Plain], version: int) -> bytes:
    """One statement of :data:`OWN_ACCOUNT`: OFX 1 as SGML with open fields, cp1250, OFX 2 as XML, UTF-8."""
    first, last = entries[0].booked_on, entries[-1].booked_on

    def field(name: str, text: str) -> str:
        return f"<{name}>{escape(text, quote=False)}" + (f"</{name}>" if version == 2 else "\r\n")

    def day(name: str, on: date) -> str:
        return field(name, f"{on:%Y%m%d}120000[+1:CET]")

    rows = "".join(
        f"<STMTTRN>{field('TRNTYPE', 'CREDIT' if plain.minor > 0 else 'DEBIT')}"
        f"{day('DTPOSTED', plain.booked_on)}{field('TRNAMT', decimal_amount(plain.minor))}"
        f"{field('FITID', plain.ref)}{field('NAME', plain.name)}"
        f"<BANKACCTTO>{field('BANKID', 'WBKPPLPP')}{field('ACCTID', plain.account)}"
        f"{field('ACCTTYPE', 'CHECKING')}</BANKACCTTO>{field('MEMO', plain.remittance)}</STMTTRN>\r\n"
        for plain in entries
    )
    closing = OPENING_MINOR + sum(plain.minor for plain in entries)
    status = f"<STATUS>{field('CODE', '0')}{field('SEVERITY', 'INFO')}</STATUS>"
    text = (
        f"{_HEADS[version]}<OFX><SIGNONMSGSRSV1><SONRS>{status}{day('DTSERVER', last)}"
        f"{field('LANGUAGE', 'POL')}</SONRS></SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS>{field('TRNUID', '1')}"
        f"{status}<STMTRS>{field('CURDEF', entries[0].currency)}<BANKACCTFROM>{field('BANKID', '10901014')}"
        f"{field('ACCTID', OWN_ACCOUNT)}{field('ACCTTYPE', 'CHECKING')}</BANKACCTFROM><BANKTRANLIST>"
        f"{day('DTSTART', first)}{day('DTEND', last)}\r\n{rows}</BANKTRANLIST><LEDGERBAL>"
        f"{field('BALAMT', decimal_amount(closing))}{day('DTASOF', last)}</LEDGERBAL></STMTRS></STMTTRNRS>"
        "</BANKMSGSRSV1></OFX>\r\n"
    )
    return text.encode(_ENCODINGS[version])


def write_qif(entries: Sequence[Plain]) -> bytes:
    """One bank section, days first; QIF has no place for accounts, references or a currency."""
    rows = (
        f"D{plain.booked_on:%d/%m/%Y}\nT{decimal_amount(plain.minor)}\nP{plain.name}\nM{plain.remittance}\n^\n"
        for plain in entries
    )
    return f"!Type:Bank\n{''.join(rows)}".encode()
