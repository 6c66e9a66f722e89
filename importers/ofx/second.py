"""ofxparse as an independent second reader of OFX, behind our gate and in small pieces.

ofxparse 0.21 takes time with the square of the number of transactions, swallows cut files,
moves dates by their time zone and accepts NaN. So it is given text that the gate has passed,
250 transactions at a time, and its dates are the bank's own days.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any, Final

from bs4 import ParserRejectedMarkup, Tag
from ofxparse import OfxParser
from ofxparse.ofxparse import OfxParserException

from donorhub.money import Money
from importers.statement import NOBODY, Detail, Entry, Party, Statement
from importers.text import parse_number

PIECE: Final = 250  # transactions
LARGEST_INVESTMENT: Final = 1_000_000  # characters, read in one piece

_HEADER: Final = (
    "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\n"
    "CHARSET:NONE\nCOMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
)
_NUMBER: Final = re.compile(r"[-+]?[0-9., ]+", re.ASCII)
_INSISTED_ON: Final = ("name", "trntype", "checknum", "sic", "dtuser")  # ofxparse gives up when one is empty

_ITS_ERRORS: Final = (
    OfxParserException,
    ParserRejectedMarkup,
    ArithmeticError,
    AttributeError,
    IndexError,
    TypeError,
    ValueError,
)

Row = tuple[str, date, Decimal]  # its id, day and amount


class Unread(ValueError):
    """ofxparse cannot read it, or only a part of it; the message says why."""


def find_disagreement(rows: Sequence[str], entries: Sequence[Entry]) -> str | None:
    """Return how ofxparse's reading of ``rows`` differs from ``entries``, or None when it does not.

    The number of transactions and the id, day and amount of each must be the same, and so
    the sum is.
    """
    ours = Counter(_make_row(entry) for entry in entries)
    theirs: Counter[Row] = Counter()
    for start in range(0, len(rows), PIECE):
        try:
            theirs.update(_read_by_ofxparse(rows[start : start + PIECE]))
        except Unread as e:
            return f"ofxparse cannot read transactions {start + 1} and following ({e})"
    if ours == theirs:
        return None
    return (
        f"ours found {ours.total()} transactions with a sum of {_add_up(ours)}, "
        f"ofxparse {theirs.total()} with a sum of {_add_up(theirs)}, "
        f"and {(ours - theirs).total()} of ours are not among its own"
    )


def read_investments(text: str) -> Statement:
    """Return the statement of an INVSTMTRS group as ofxparse reads it.

    Money that moved through the account is booked; what was bought, sold or transferred in
    securities is ``info`` and never counts as a gift. Raise :class:`Unread` when ofxparse
    discards anything, or when an amount does not fit the currency.
    """
    if len(text) > LARGEST_INVESTMENT:
        raise Unread(f"it has {len(text):,} characters, and ofxparse would take too long")
    account = _parse_accounts(f"<INVSTMTMSGSRSV1><INVSTMTTRNRS>{text}</INVSTMTTRNRS></INVSTMTMSGSRSV1>")[0]
    statement = account.statement
    try:
        currency = str(statement.currency).upper()
        entries = tuple(_make_entry(i, row, currency) for i, row in enumerate(statement.transactions))
    except (AttributeError, TypeError, ValueError) as e:
        raise Unread(str(e)) from e
    start, end = getattr(statement, "start_date", None), getattr(statement, "end_date", None)
    return Statement(
        source_format="ofx",
        currency=currency,
        account=account.account_id or None,
        account_scheme="other",
        period=(start.date() if start else None, end.date() if end else None),
        entries=entries,
    )


def _make_row(entry: Entry) -> Row:
    return entry.bank_ref or "", entry.booked_on, entry.amount.as_decimal()


def _add_up(rows: Counter[Row]) -> Decimal:
    return sum((amount * times for (_, _, amount), times in rows.items()), Decimal(0))


def _read_by_ofxparse(rows: Sequence[str]) -> list[Row]:
    body = "\n".join(rows)
    (account,) = _parse_accounts(
        f"<BANKMSGSRSV1><STMTTRNRS><STMTRS><BANKTRANLIST>\n{body}\n"
        "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1>"
    )
    return [(row.id, row.date.date(), Decimal(row.amount)) for row in account.statement.transactions]


def _parse_accounts(body: str) -> list[Any]:
    """Return ofxparse's accounts of a message; raise Unread when it fails or discards a transaction."""
    file = BytesIO(f"{_HEADER}<OFX>{body}</OFX>".encode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of bs4, for names that ofxparse still uses
        try:
            accounts: list[Any] = _Parser.parse(file, fail_fast=False).accounts
        except _ITS_ERRORS as e:
            raise Unread(f"{type(e).__name__}: {e}"[:200]) from e
    lost_rows = [entry for account in accounts for entry in account.statement.discarded_entries]
    if lost_rows:
        raise Unread(str(lost_rows[0]["error"])[:200])
    return accounts


class _Parser(OfxParser):  # type: ignore[misc]
    """ofxparse's parser with what must differ."""

    @classmethod
    def parseOfxDateTime(cls, ofxDateTime: str) -> datetime:  # noqa: N802, N803 - its name
        # the bank's own day: ofxparse takes the time zone off, which moves a booking to another day
        return datetime.strptime(ofxDateTime.replace("-", "", 2)[:8], "%Y%m%d")  # noqa: DTZ007

    @classmethod
    def toDecimal(cls, tag: Any) -> Decimal:  # noqa: N802
        text = tag.contents[0].strip()
        if _NUMBER.fullmatch(text):  # it would take NaN, 1e400 and 1_000 too
            try:
                return Decimal(super().toDecimal(tag))
            except InvalidOperation:
                pass  # such as 1.234.567: it knows one thousands sign
        return Decimal(parse_number(text)[0])

    @classmethod
    def parseTransaction(cls, txn_ofx: Any) -> Any:  # noqa: N802
        for name in _INSISTED_ON:
            tag = txn_ofx.find(name)
            if tag is not None and not tag.contents:
                tag.decompose()
        fitid = txn_ofx.find("fitid")
        if fitid is None:
            fitid = Tag(name="fitid")
            txn_ofx.append(fitid)
        if not fitid.contents:
            fitid.string = ""
        return super().parseTransaction(txn_ofx)


def _make_entry(position: int, row: Any, currency: str) -> Entry:
    """Return the entry of a cash movement (``amount``) or a trade (``total``) of an investment account."""
    is_cash = hasattr(row, "amount")
    day = row.date if is_cash else row.tradeDate
    if day is None:
        raise ValueError("a transaction has no date")
    amount = Money.from_decimal(Decimal(row.amount if is_cash else row.total), currency)
    name = str(row.payee) if is_cash and row.payee else None
    detail = Detail(0, amount, counterparty=Party(name) if name else NOBODY, remittance=str(row.memo or ""))
    return Entry(
        position,
        day.date(),
        amount,
        status="booked" if is_cash else "info",
        bank_ref=str(row.id) or None,
        bank_code=str(row.type).upper() or None,
        details=(detail,),
        raw="\n".join(f"{field}: {value}" for field, value in vars(row).items() if value),
    )
