"""Bank files as the demo's three banks write them: made-up entries into bytes. Whose entries they are is not
decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a made-up statement, in minor units."""

    on: date
    minor: int
    name: str
    account: str
    text: str
    ref: str


def _write_amount(minor: int, point: str = ".") -> str:
    return f"{abs(minor) // 100}{point}{abs(minor) % 100:02d}"


def write_camt(
    lines: Sequence[Line],
    own_account: str,
    currency: str,
    first: date,
    *,
    opening: int,
    closing: int,
    number: int,
) -> bytes:
    """Return a camt.053.001.02 of one statement; the caller decides whether its balances hold."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>DEMO-{first:%Y%m%d}</MsgId><CreDtTm>{first + timedelta(days=7)}T06:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>DEMO-{first:%Y%m%d}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
        f"<CreDtTm>{first + timedelta(days=7)}T06:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{own_account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
    ]
    for code, minor, on in (("OPBD", opening, first), ("CLBD", closing, lines[-1].on)):
        parts.append(
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{_write_amount(minor)}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>'
        )
    parts += [_write_camt_entry(line, currency) for line in lines]
    return ("".join(parts) + "</Stmt></BkToCstmrStmt></Document>\n").encode()


def _write_camt_entry(line: Line, currency: str) -> str:
    is_in = line.minor > 0
    party, account = ("Dbtr", "DbtrAcct") if is_in else ("Cdtr", "CdtrAcct")
    iban = f"<{account}><Id><IBAN>{line.account}</IBAN></Id></{account}>" if line.account else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{_write_amount(line.minor)}</Amt><CdtDbtInd>{"CRDT" if is_in else "DBIT"}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{line.on}</Dt></BookgDt><ValDt><Dt>{line.on}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.ref}</AcctSvcrRef><NtryDtls><TxDtls><Refs><AcctSvcrRef>{line.ref}</AcctSvcrRef></Refs>"
        f"<RltdPties><{party}><Nm>{escape(line.name)}</Nm></{party}>{iban}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def write_mt940(lines: Sequence[Line], own_account: str, currency: str, first: date) -> bytes:
    """Return an MT940 with the sub-fields that Polish banks write behind a tilde, in cp1250."""
    opening, closing = 310_000, 310_000 + sum(line.minor for line in lines)
    text = f":20:DEMO\r\n:25:/{own_account}\r\n:28C:47/1\r\n:60F:C{first:%y%m%d}{currency}{_write_amount(opening, ',')}\r\n"
    for line in lines:
        mark = "C" if line.minor > 0 else "D"
        text += (
            f":61:{line.on:%y%m%d}{line.on:%m%d}{mark}{_write_amount(line.minor, ',')}NTRFNONREF//{line.ref}\r\n"
            f":86:020~00PRZELEW~20{line.text[:35]}~21˙~30{line.account[4:12]}~31{line.account[12:]}"
            f"~32{line.name[:35]}~33{line.name[35:70] or '˙'}~38{line.account}\r\n"
        )
    return (text + f":62F:C{lines[-1].on:%y%m%d}{currency}{_write_amount(closing, ',')}\r\n-\r\n").encode(
        "cp1250", "replace"
    )


def write_csv(lines: Sequence[Line], own_account: str, first: date, *, opening: int) -> bytes:
    """Return the detailed list of operations of mBank, in cp1250, with its preamble and balances."""
    balance = opening
    closing = balance + sum(line.minor for line in lines)
    head = [
        "mBank S.A. Bankowość Detaliczna;",
        "",
        "#Klient;",
        "FUNDACJA OTWARTE OCZY;",
        "",
        "#Za okres:;",
        f"{first:%d.%m.%Y};{lines[-1].on:%d.%m.%Y};",
        "",
        "#Waluta;",
        "PLN;",
        "#Numer rachunku;",
        f"{own_account[2:]};",
        "",
        "#Saldo początkowe;",
        f"{_write_signed_amount(balance)} PLN;",
        "",
        "#Data operacji;#Data księgowania;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota;"
        "#Saldo po operacji;",
    ]
    for line in lines:
        balance += line.minor
        head.append(
            f'{line.on};{line.on};PRZELEW;"{line.text}";"{line.name}";'
            f"'{line.account[2:]}';{_write_signed_amount(line.minor)};{_write_signed_amount(balance)};"
        )
    head += ["", f";;;;;;#Saldo końcowe;{_write_signed_amount(closing)} PLN;"]
    return "\r\n".join(head).encode("cp1250", "replace")


def _write_signed_amount(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100:,}".replace(",", " ") + f",{abs(minor) % 100:02d}"


def write_unknown_table(lines: Sequence[Line]) -> bytes:
    """Return a list of payments with columns in Albanian, which no layout knows."""
    rows = ["Data;Dërguesi;Përshkrimi;Shuma;Monedha"]
    rows += [
        f"{line.on:%d.%m.%Y};{line.name};{line.text};{_write_amount(line.minor, ',')};EUR" for line in lines
    ]
    return "\r\n".join(rows).encode() + b"\r\n"
