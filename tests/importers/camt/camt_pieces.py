"""Small pieces of camt.053 for tests: one statement of our account, entry by entry."""

from __future__ import annotations

from donorhub.money import Money
from importers.camt import reader
from importers.statement import Detail, Entry, Reading, Statement
from tests.importers.bank_writers import OWN_ACCOUNT

DONOR = (
    "<Dbtr><Nm>ANNA NOWAK</Nm></Dbtr><DbtrAcct><Id><IBAN>PL27114020040000300201355387</IBAN></Id></DbtrAcct>"
)
US = f"<Cdtr><Nm>Fundacja</Nm></Cdtr><CdtrAcct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id></CdtrAcct>"


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def amount(text: str = "50.00", sign: str = "CRDT", currency: str = "EUR") -> str:
    return f'<Amt Ccy="{currency}">{text}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def balance(code: str, text: str, on: str = "2026-09-30") -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{amount(text)}<Dt><Dt>{on}</Dt></Dt></Bal>"


BOOKED = "<Sts>BOOK</Sts><BookgDt><Dt>2026-09-30</Dt></BookgDt>"


def entry(money: str | None = None, *payments: str, state: str = BOOKED, batch: str = "") -> str:
    listed = "".join(f"<TxDtls>{payment}</TxDtls>" for payment in payments)
    details = f"<NtryDtls>{batch}{listed}</NtryDtls>" if batch or listed else ""
    return f"<Ntry>{money or amount()}{state}{details}</Ntry>"


def document(*entries: str, balances: str = "", head: str = "", currency: str = "<Ccy>EUR</Ccy>") -> bytes:
    account = f"<Acct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id>{currency}</Acct>"
    body = f"<Stmt><Id>S1</Id>{head}{account}{balances}{''.join(entries)}</Stmt>"
    return f"<Document><BkToCstmrStmt>{body}</BkToCstmrStmt></Document>".encode()


def parties(*said: str) -> str:
    return f"<RltdPties>{''.join(said)}</RltdPties>"


def only(data: bytes) -> Statement:
    (statement,) = reader.read(data).statements
    return statement


def only_entry(*args: str, **kwargs: str) -> Entry:
    (found,) = only(document(entry(*args, **kwargs))).entries
    return found


def only_detail(payment: str, money: str | None = None, state: str = BOOKED) -> Detail:
    (detail,) = only_entry(money or amount(), payment, state=state).details
    return detail


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]
