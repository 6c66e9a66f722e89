"""Lists of payments that a bank books as one sum: how they become advice of one entry for each booking.

The account shows one entry for a day's direct debits; the list says whose they were. A list
never adds money: a service joins its entries to the account's by date and sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from msgspec.structs import replace

from donorhub.money import sum_money
from importers import iban
from importers.statement import Detail, Entry, Statement, UnreadableEntry
from importers.text import parse_date

_COMPACT: Final = 8  # digits of YYYYMMDD


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a list: the day it is booked, our account, the bank's kind of order, the line itself."""

    on: date
    account: str | None
    kind: str
    detail: Detail
    raw: str


def read_day(text: str) -> date:
    """Return the day of ``20260930`` or ``2026-09-30``; raise ValueError for anything else."""
    digits = text.strip()
    if len(digits) != _COMPACT and not digits[4:5] == "-":
        raise UnreadableEntry("year_month_day", text=repr(digits[:20]))
    return parse_date(digits, "ymd")


def make_advice(payments: Iterable[Payment], source_format: str, currency: str) -> tuple[Statement, ...]:
    """Return a statement for each of our accounts; in it an entry for each day and kind."""
    by_account: dict[str | None, dict[tuple[date, str], list[Payment]]] = {}
    for payment in payments:
        batches = by_account.setdefault(payment.account, {})
        batches.setdefault((payment.on, payment.kind), []).append(payment)
    return tuple(
        _make_statement(account, sorted(batches.items(), key=lambda item: item[0]), source_format, currency)
        for account, batches in by_account.items()
    )


def _make_statement(
    account: str | None,
    batches: Sequence[tuple[tuple[date, str], list[Payment]]],
    source_format: str,
    currency: str,
) -> Statement:
    entries = tuple(
        _make_entry(position, on, kind, payments, currency)
        for position, ((on, kind), payments) in enumerate(batches)
    )
    return Statement(
        source_format=source_format,
        currency=currency,
        account=account,
        account_scheme=("iban" if iban.is_iban(account) else "other") if account else None,
        period=(entries[0].booked_on, entries[-1].booked_on),
        entries=entries,
        advice=True,
    )


def _make_entry(position: int, on: date, kind: str, payments: Sequence[Payment], currency: str) -> Entry:
    return Entry(
        position=position,
        booked_on=on,
        amount=sum_money((payment.detail.amount for payment in payments), currency),
        bank_code=kind,
        details=tuple(replace(payment.detail, position=i) for i, payment in enumerate(payments)),
        raw="\n".join(payment.raw for payment in payments),
    )
