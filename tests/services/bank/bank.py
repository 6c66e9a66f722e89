"""A bank account for tests: its payments written as files, imported as the program does, and the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue.run import run_task
from donorhub.models import BankAccount, Entry, ImportFile, Task
from donorhub.models.states import UNCOUNTED_ENTRIES
from donorhub.services.bank.files import bank_accounts, imports
from donorhub.services.reports import invariants
from tests.contents import Contents, read_contents

OURS = "PL61109010140000071219812874"
ANNA = "PL27114020040000300201355387"
BESA = "PL83101010230000261395100000"


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment, signed as our account sees it."""

    on: date
    minor: int
    name: str = "Anna Kowalska"
    account: str = ANNA
    text: str = "darowizna"
    ref: str = ""
    end_to_end: str = ""
    return_code: str = ""


def _amount(minor: int, currency: str) -> str:
    sign = "CRDT" if minor >= 0 else "DBIT"
    return (
        f'<Amt Ccy="{currency}">{abs(minor) // 100}.{abs(minor) % 100:02d}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
    )


def _balance(code: str, minor: int, on: date, currency: str) -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f"<Bal>{kind}{_amount(minor, currency)}<Dt><Dt>{on}</Dt></Dt></Bal>"


def _payment(paid: Paid, currency: str, *, with_amount: bool) -> str:
    role = "Dbtr" if paid.minor >= 0 or paid.return_code else "Cdtr"
    refs = f"<Refs><EndToEndId>{paid.end_to_end}</EndToEndId></Refs>" if paid.end_to_end else ""
    amount = _amount(paid.minor, currency) if with_amount else ""
    returned = f"<RtrInf><Rsn><Cd>{paid.return_code}</Cd></Rsn></RtrInf>" if paid.return_code else ""
    account = f"<{role}Acct><Id><IBAN>{paid.account}</IBAN></Id></{role}Acct>" if paid.account else ""
    return (
        f"<TxDtls>{refs}{amount}<RltdPties><{role}><Nm>{escape(paid.name)}</Nm></{role}>{account}</RltdPties>"
        f"<RmtInf><Ustrd>{escape(paid.text)}</Ustrd></RmtInf>{returned}</TxDtls>"
    )


def _entry(payments: Sequence[Paid], currency: str) -> str:
    first, minor = payments[0], sum(paid.minor for paid in payments)
    ref = f"<AcctSvcrRef>{first.ref}</AcctSvcrRef>" if first.ref else ""
    told = "".join(_payment(paid, currency, with_amount=len(payments) > 1) for paid in payments)
    return (
        f"<Ntry>{_amount(minor, currency)}<Sts>BOOK</Sts><BookgDt><Dt>{first.on}</Dt></BookgDt>"
        f"<ValDt><Dt>{first.on}</Dt></ValDt>{ref}<NtryDtls>{told}</NtryDtls></Ntry>"
    )


def camt(
    entries: Sequence[Paid | Sequence[Paid]],
    *,
    opening: int | None = 0,
    closing: int | None = None,
    account: str = OURS,
    currency: str = "PLN",
    kind: str = "053",
    period: tuple[date, date] | None = None,
    name: str = "S1",
    written_at: str = "2026-10-01T06:00:00",
) -> bytes:
    """A camt file of one account; a list among the entries is a batch. Without ``closing`` the sums hold."""
    groups = [[entry] if isinstance(entry, Paid) else list(entry) for entry in entries]
    days = period or (groups[0][0].on, groups[-1][0].on)
    total = sum(paid.minor for group in groups for paid in group)
    balances = ""
    if opening is not None and kind == "053":
        end = opening + total if closing is None else closing
        balances = _balance("OPBD", opening, days[0], currency) + _balance("CLBD", end, days[1], currency)
    outer, inner = {"053": ("BkToCstmrStmt", "Stmt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}[kind]
    told = (
        f"<FrToDt><FrDtTm>{days[0]}T00:00:00</FrDtTm><ToDtTm>{days[1]}T23:59:59</ToDtTm></FrToDt>"
        if period
        else ""
    )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.02"><{outer}><GrpHdr>'
        f"<MsgId>M</MsgId><CreDtTm>{written_at}</CreDtTm></GrpHdr><{inner}><Id>{name}</Id>"
        f"<CreDtTm>{written_at}</CreDtTm>{told}<Acct><Id><IBAN>{account}</IBAN></Id>"
        f"<Ccy>{currency}</Ccy></Acct>{balances}{''.join(_entry(group, currency) for group in groups)}"
        f"</{inner}></{outer}></Document>"
    ).encode()


def csv(payments: Sequence[Paid]) -> bytes:
    """A table of the same payments, poorer: no id of the bank, no balance, no account of ours."""
    rows = ["Data księgowania;Nadawca;Rachunek;Tytuł;Kwota;Waluta"]
    for paid in payments:
        amount = f"{paid.minor / 100:.2f}".replace(".", ",")
        rows.append(f"{paid.on};{paid.name};{paid.account};{paid.text};{amount};PLN")
    return "\r\n".join([*rows, ""]).encode()


CSV_LAYOUT: dict[str, Any] = {
    "name": "test",
    "columns": [
        {"role": "booked_on", "name": "Data księgowania"},
        {"role": "name", "name": "Nadawca"},
        {"role": "account", "name": "Rachunek"},
        {"role": "remittance", "name": "Tytuł"},
        {"role": "amount", "name": "Kwota"},
        {"role": "currency", "name": "Waluta"},
    ],
    "delimiter": ";",
    "header": ["Data księgowania", "Nadawca", "Rachunek", "Tytuł", "Kwota", "Waluta"],
    "date_order": "ymd",
    "decimal": ",",
}


def open_account(matching: str = "suggest", currency: str = "PLN") -> BankAccount:
    account = bank_accounts.create_account(OURS, currency, matching=matching, now=clock.now(), actor="user:1")
    db.session.commit()
    return account


def work_off(*kinds: str) -> None:
    """Do the waiting tasks of these kinds, and those that they plan."""
    while True:
        ids = db.session.scalars(
            select(Task.id).where(Task.kind.in_(kinds), Task.state == "planned").order_by(Task.id)
        ).all()
        db.session.rollback()
        if not ids:
            return
        for id_ in ids:
            run_task(id_)
            task = db.session.get_one(Task, id_)
            assert task.state == "done", (task.kind, task.last_error)
            db.session.rollback()


def send(data: bytes, name: str = "a.xml", **choices: Any) -> ImportFile:
    """Import a file without matching what it brought; the accounts it names are made."""
    choices.setdefault("create_accounts", True)
    file, _ = imports.receive_file(data, name, now=clock.now(), actor="user:1", **choices)
    file_id = file.id
    db.session.commit()
    work_off("import_file")
    return imports.get_file(file_id)


def match() -> None:
    work_off("match_statement")


def ledger() -> Counter[tuple[date, int]]:
    """The money that counts: day and amount of every entry that nobody doubts."""
    rows = db.session.execute(
        select(Entry.booked_on, Entry.amount_minor).where(Entry.state.not_in(UNCOUNTED_ENTRIES))
    )
    return Counter((day, minor) for day, minor in rows)


def money(payments: Sequence[Paid]) -> Counter[tuple[date, int]]:
    return Counter((paid.on, paid.minor) for paid in payments)


def rows() -> Contents:
    """What every table holds: what again, and what refused, must not change."""
    return read_contents()


def assert_sound() -> None:
    """The invariants hold."""
    broken = {name: found for name, found in invariants.check_all(now=clock.now()).items() if found}
    assert broken == {}
