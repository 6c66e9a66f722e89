"""Writes small camt files for tests, from entries that know nothing of a format.

Versions 2 and 8 differ where banks' files do: status, names, banks' codes, the kind of id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

from tests.importers.bank_writers import OPENING_MINOR, OWN_ACCOUNT, Plain

CONTAINERS: Final = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
_PARTIES_IN_PTY: Final = 8  # the version that put Nm into Pty and the status into Cd


def write_camt(entries: Sequence[Plain], version: int, kind: str = "053") -> bytes:
    """One report of :data:`OWN_ACCOUNT` as camt.``kind``.001.``version``, UTF-8, without line breaks.

    The balances of a 053 hold. Needs one entry at least, all in one currency.
    """
    container, report = CONTAINERS[kind]
    balances = _balances(entries) if kind == "053" else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version:02d}"><{container}>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-10-01T06:00:00+02:00</CreDtTm></GrpHdr>"
        f"<{report}><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-10-01T06:00:00+02:00</CreDtTm>"
        f"<Acct><Id><IBAN>{OWN_ACCOUNT}</IBAN></Id><Ccy>{entries[0].currency}</Ccy></Acct>{balances}"
        + "".join(_entry(plain, version) for plain in entries)
        + f"</{report}></{container}></Document>"
    ).encode()


def _balances(entries: Sequence[Plain]) -> str:
    closing = OPENING_MINOR + sum(plain.minor for plain in entries)
    first, last = entries[0], entries[-1]
    return _balance("OPBD", OPENING_MINOR, first.booked_on, first.currency) + _balance(
        "CLBD", closing, last.booked_on, last.currency
    )


def _balance(code: str, minor: int, on: date, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}"
        f"<Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _amount(minor: int, currency: str) -> str:
    whole, hundredths = divmod(abs(minor), 100)
    sign = "CRDT" if minor >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{whole}.{hundredths:02d}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'


def _entry(plain: Plain, version: int) -> str:
    new = version >= _PARTIES_IN_PTY
    status = "<Cd>BOOK</Cd>" if new else "BOOK"
    return (
        f"<Ntry>{_amount(plain.minor, plain.currency)}<Sts>{status}</Sts>"
        f"<BookgDt><Dt>{plain.booked_on}</Dt></BookgDt><ValDt><Dt>{plain.booked_on}</Dt></ValDt>"
        f"<AcctSvcrRef>{plain.ref}</AcctSvcrRef><BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>E{plain.ref}</EndToEndId></Refs>{_parties(plain, new=new)}"
        f"<RmtInf><Ustrd>{escape(plain.remittance)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _parties(plain: Plain, *, new: bool) -> str:
    role = "Dbtr" if plain.minor >= 0 else "Cdtr"
    name = f"<Nm>{escape(plain.name)}</Nm>"
    bic = "BICFI" if new else "BIC"
    return (
        f"<RltdPties><{role}>{f'<Pty>{name}</Pty>' if new else name}</{role}>"
        f"<{role}Acct><Id><IBAN>{plain.account}</IBAN></Id></{role}Acct></RltdPties>"
        f"<RltdAgts><{role}Agt><FinInstnId><{bic}>WBKPPLPP</{bic}></FinInstnId></{role}Agt></RltdAgts>"
    )
