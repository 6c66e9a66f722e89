"""The demo's bank files: a camt.053, an MT940 and a CSV of last week, with entries left to decide."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from flask import Flask
from sqlalchemy import select

from donorhub.cli.demo_giving import currency_of
from donorhub.cli.demo_people import SEED, Person, iban_pl
from donorhub.config import Settings
from donorhub.db import db
from donorhub.jobs.run import run_task
from donorhub.models import BankAccount, Instalment, RecurringGift, Task
from donorhub.services import import_files

ACTOR: Final = "cli:demo"
TO_TRY: Final = "wyciag-do-wyprobowania.csv"
OWN: Final = {
    "camt": iban_pl("102010260000042270201111"),
    "mt940": iban_pl("105010250000012345678901"),
    "csv": iban_pl("114020040000300201355387"),
}


NAMES: Final = {OWN["camt"]: "PKO, gifts in zł", OWN["mt940"]: "ING, gifts in €", OWN["csv"]: "mBank"}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a made-up statement, in minor units."""

    on: date
    minor: int
    name: str
    account: str
    text: str
    ref: str


def add(app: Flask, people: Sequence[Person], *, now: datetime) -> None:
    """Write the files, import three of them, and leave one in the demo's folder to be tried."""
    settings: Settings = app.extensions["donorhub.settings"]
    dice = random.Random(SEED + 2)
    first = now.date() - timedelta(days=9)
    polish = [person for person in people if currency_of(person) == "PLN"]
    abroad = [person for person in people if currency_of(person) == "EUR"]
    files = {
        "wyciag-PKO.xml": camt(_lines(polish[:90], "PLN", first, dice), OWN["camt"], "PLN", first),
        "statement-EUR.sta": mt940(_lines(abroad[:60], "EUR", first, dice), OWN["mt940"], "EUR", first),
        "mbank-lista-operacji.csv": csv(_lines(polish[90:], "PLN", first, dice), OWN["csv"], first),
    }
    for name, data in files.items():
        _import(name, data, now=now)
    to_try = _lines(polish[40:70], "PLN", first + timedelta(days=7), dice, opening_ref=900)
    (Path(settings.home) / TO_TRY).write_bytes(csv(to_try, OWN["csv"], first + timedelta(days=7)))


def _import(name: str, data: bytes, *, now: datetime) -> None:
    """Take a file in as an upload would, and do its work at once. The first account matches by itself."""
    import_files.receive(data, name, now=now, actor=ACTOR, create_accounts=True)
    db.session.commit()
    _work_off("import_file")
    for account in db.session.scalars(select(BankAccount)):
        account.name = NAMES[account.number]
        account.matching = "auto" if account.number == OWN["camt"] else "suggest"
    db.session.commit()
    _work_off("match_statement")


def _work_off(kind: str) -> None:
    waiting = db.session.scalars(select(Task.id).where(Task.kind == kind, Task.state == "planned")).all()
    db.session.rollback()
    for task_id in waiting:
        run_task(task_id)


def _lines(
    people: Sequence[Person], currency: str, first: date, dice: random.Random, *, opening_ref: int = 0
) -> list[Line]:
    """Payments of open instalments, of known and of new payers, a fee and a transfer out."""
    made: list[Line] = []
    for place, person in enumerate(people[:24]):
        on = first + timedelta(days=place * 7 // 24)
        made.append(_payment(person, place, currency, on, dice, opening_ref))
    last = first + timedelta(days=6)
    stranger = f"{opening_ref + 98:03d}"
    made += [
        Line(
            last,
            7700,
            "NOWAK JAN MARIA UL. POLNA 3",
            iban_pl(f"12401037{99:016d}"),
            "wsparcie",
            f"X{stranger}1",
        ),
        Line(
            last, 15000, "ZIELIŃSKA-KOWAL HALINA", iban_pl(f"12401037{98:016d}"), "darowizna", f"X{stranger}2"
        ),
        Line(last, -1500, "BANK", "", "opłata za prowadzenie rachunku", f"X{stranger}3"),
        Line(
            last, -84000, "DRUKARNIA ŚWIT", iban_pl(f"12401037{97:016d}"), "faktura 11/2026", f"X{stranger}4"
        ),
    ]
    return made


def _payment(
    person: Person, place: int, currency: str, on: date, dice: random.Random, opening_ref: int
) -> Line:
    """Every third with the code, every third from the known account, the others by name alone."""
    donor = person.donor
    instalment = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(RecurringGift.donor_id == donor.id, Instalment.state.in_(("expected", "late")))
        .order_by(Instalment.due_on)
        .limit(1)
    ).first()
    minor = instalment.amount_minor if instalment else dice.choice((2000, 5000, 10000, 12345))
    ref = f"D{opening_ref + place:05d}{donor.id:06d}"
    surname_first = f"{donor.family_name} {donor.given_name}".strip().upper() or donor.name
    if place % 3 == 0:
        return Line(on, minor, surname_first, person.iban, f"darowizna {donor.code}", ref)
    if place % 3 == 1:
        return Line(on, minor, surname_first, person.iban, "darowizna na cele statutowe", ref)
    other = iban_pl(f"12401037{donor.id + 5000:016d}")
    return Line(on, minor, surname_first, other, "darowizna", ref)


def _amount(minor: int, point: str = ".") -> str:
    return f"{abs(minor) // 100}{point}{abs(minor) % 100:02d}"


def camt(lines: Sequence[Line], own: str, currency: str, first: date) -> bytes:
    """A camt.053.001.02 of one statement."""
    opening, closing = 1_200_410, 1_200_410 + sum(line.minor for line in lines)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>DEMO-{first:%Y%m%d}</MsgId><CreDtTm>{first + timedelta(days=7)}T06:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>DEMO-{first:%Y%m%d}</Id><ElctrncSeqNb>47</ElctrncSeqNb>"
        f"<CreDtTm>{first + timedelta(days=7)}T06:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{own}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
    ]
    for code, minor, on in (("OPBD", opening, first), ("CLBD", closing, lines[-1].on)):
        parts.append(
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{_amount(minor)}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>'
        )
    parts += [_camt_entry(line, currency) for line in lines]
    return ("".join(parts) + "</Stmt></BkToCstmrStmt></Document>\n").encode()


def _camt_entry(line: Line, currency: str) -> str:
    is_in = line.minor > 0
    party, account = ("Dbtr", "DbtrAcct") if is_in else ("Cdtr", "CdtrAcct")
    iban = f"<{account}><Id><IBAN>{line.account}</IBAN></Id></{account}>" if line.account else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{_amount(line.minor)}</Amt><CdtDbtInd>{"CRDT" if is_in else "DBIT"}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{line.on}</Dt></BookgDt><ValDt><Dt>{line.on}</Dt></ValDt>"
        f"<AcctSvcrRef>{line.ref}</AcctSvcrRef><NtryDtls><TxDtls><Refs><AcctSvcrRef>{line.ref}</AcctSvcrRef></Refs>"
        f"<RltdPties><{party}><Nm>{escape(line.name)}</Nm></{party}>{iban}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def mt940(lines: Sequence[Line], own: str, currency: str, first: date) -> bytes:
    """An MT940 with the sub-fields that Polish banks write behind a tilde, in cp1250."""
    opening, closing = 310_000, 310_000 + sum(line.minor for line in lines)
    text = f":20:DEMO\r\n:25:/{own}\r\n:28C:47/1\r\n:60F:C{first:%y%m%d}{currency}{_amount(opening, ',')}\r\n"
    for line in lines:
        mark = "C" if line.minor > 0 else "D"
        text += (
            f":61:{line.on:%y%m%d}{line.on:%m%d}{mark}{_amount(line.minor, ',')}NTRFNONREF//{line.ref}\r\n"
            f":86:020~00PRZELEW~20{line.text[:35]}~21˙~30{line.account[4:12]}~31{line.account[12:]}"
            f"~32{line.name[:35]}~33{line.name[35:70] or '˙'}~38{line.account}\r\n"
        )
    return (text + f":62F:C{lines[-1].on:%y%m%d}{currency}{_amount(closing, ',')}\r\n-\r\n").encode(
        "cp1250", "replace"
    )


def csv(lines: Sequence[Line], own: str, first: date) -> bytes:
    """The detailed list of operations of mBank, in cp1250, with its preamble and balances."""
    balance = 200_000
    closing = balance + sum(line.minor for line in lines)
    head = [
        "mBank S.A. Bankowość Detaliczna;", "", "#Klient;", "FUNDACJA OTWARTE OCZY;", "", "#Za okres:;",
        f"{first:%d.%m.%Y};{lines[-1].on:%d.%m.%Y};", "", "#Waluta;", "PLN;", "#Numer rachunku;", f"{own[2:]};", "",
        "#Saldo początkowe;", f"{_signed(balance)} PLN;", "",
        "#Data operacji;#Data księgowania;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota;"
        "#Saldo po operacji;",
    ]  # fmt: skip
    for line in lines:
        balance += line.minor
        head.append(
            f'{line.on};{line.on};PRZELEW;"{line.text}";"{line.name}";'
            f"'{line.account[2:]}';{_signed(line.minor)};{_signed(balance)};"
        )
    head += ["", f";;;;;;#Saldo końcowe;{_signed(closing)} PLN;"]
    return "\r\n".join(head).encode("cp1250", "replace")


def _signed(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100:,}".replace(",", " ") + f",{abs(minor) % 100:02d}"
