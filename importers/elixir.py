"""Read the Elixir-0 list of payments that Polish banks give for mass payments and direct debits.

No header; fields between commas, texts in quotes, ``|`` between the lines of a text (4 of 35):
type, YYYYMMDD, grosze, bank, 0, NRB of who orders, NRB of the other, their two names, 0, bank,
title. Type 110 is a transfer that somebody ordered to us, 210 a direct debit that we ordered.
The list is advice (see ``payment_list``). What else banks put into a list is not guessed.
"""

from __future__ import annotations

import csv
import re
from typing import Final

from donorhub.money import Money
from importers import iban
from importers.payment_list import Payment, make_advice, read_day
from importers.statement import (
    BadRows,
    Detail,
    Party,
    Problem,
    Reading,
    UnreadableEntry,
    explain_fault,
    make_refusal,
    refuse_file,
)
from importers.text import Undecodable, decode_text

CURRENCY: Final = "PLN"  # Elixir settles nothing else
_TRANSFER, _DEBIT = "110", "210"
_FIELDS: Final = 12  # up to the title
_GROSZE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_IDP: Final = re.compile(r"/IDP/ ?([A-Za-z0-9]{1,35})|\bIDP ?: ?([A-Za-z0-9]{1,35})", re.ASCII)
_TAX_ID: Final = re.compile(r"/NIP/ ?[0-9]{10}|\bNIP ?: ?[0-9]{10}[;,]?", re.ASCII)
_LINE: Final = 35  # characters of one line of a text


def read(data: bytes) -> Reading:
    """Return all payments of an Elixir-0 list as advice, an entry for each day and type with its details.

    The payer's own account number of a mass payment is in ``virtual_account``; a direct debit's
    payer id (IDP) is in ``mandate_id``. Lines that cannot be read become problems. Raise
    nothing for the file's fault. The format has no sums to check, and the reading says so.
    """
    try:
        text, encoding = decode_text(data)
    except Undecodable as e:
        return refuse_file(e.reason)
    payments: list[Payment] = []
    bad = BadRows()
    for number, line in enumerate(text.split("\n"), 1):
        raw = line.strip("\r\x1a ")
        if not raw:
            continue
        try:
            payments.append(_read_payment(raw))
        except ValueError as e:
            bad.add_row(explain_fault("unreadable_row.payment", e), number)
    if not payments:
        return make_refusal(
            "not_elixir", "No payment was found: lines of an Elixir list begin with 110 or 210."
        )
    message = (
        "An Elixir list has no sums: compare number and sum with the bank's, or with the account's entry."
    )
    problems = (*bad.list_problems(), Problem("warning", "no_control_total", message))
    return Reading(
        make_advice(payments, "elixir", CURRENCY), problems, format="elixir", facts={"encoding": encoding}
    )


def _read_payment(raw: str) -> Payment:
    fields = _split_fields(raw)
    kind = fields[0].strip()
    if kind not in (_TRANSFER, _DEBIT):
        raise UnreadableEntry("type_of_no_payment", type=repr(kind[:10]))
    if len(fields) < _FIELDS:
        raise UnreadableEntry("fields_missing", count=len(fields), least=_FIELDS)
    orders, other = (iban.complete_nrb(iban.remove_blanks(field)) for field in fields[5:7])
    ours, theirs = (orders, other) if kind == _DEBIT else (None, orders)
    return Payment(
        on=read_day(fields[1]),
        account=ours or None,
        kind=kind,
        detail=Detail(
            position=0,
            amount=_read_amount(fields[2]),
            counterparty=_read_party(fields[8] if kind == _DEBIT else fields[7], theirs),
            mandate_id=_find_payer_id(fields[11]) if kind == _DEBIT else None,
            virtual_account=other if kind == _TRANSFER else None,
            remittance=_read_title(fields[11], is_debit=kind == _DEBIT),
        ),
        raw=raw,
    )


def _split_fields(raw: str) -> list[str]:
    try:
        return next(csv.reader([raw], strict=True))
    except csv.Error as e:
        raise UnreadableEntry("quotes") from e


def _read_amount(text: str) -> Money:
    if not _GROSZE.fullmatch(text.strip()):
        raise UnreadableEntry("whole_grosze")
    return Money(int(text), CURRENCY)


def _read_party(text: str, account: str) -> Party:
    """Return name and address: the first line, and the second where the first is full."""
    first, *address = text.split("|")
    name = first.strip()
    if len(first) >= _LINE and address:
        name = first + address.pop(0).rstrip()
    return Party(
        name=name or None,
        account=account or None,
        account_scheme=("iban" if iban.is_iban(account) else "other") if account else None,
        address=", ".join(line.strip() for line in address if line.strip()) or None,
    )


def _join_lines(text: str) -> str:
    lines = text.split("|")
    return " ".join("".join(line if len(line) >= _LINE else f"{line} " for line in lines).split())


def _find_payer_id(title: str) -> str | None:
    match = _IDP.search(title.replace("|", " ")) or _IDP.search(_join_lines(title))
    return (match[1] or match[2]) if match else None


def _read_title(text: str, *, is_debit: bool) -> str:
    """Return the title; of a debit without the ids, which stand in fields of their own."""
    title = _join_lines(text)
    return " ".join(_IDP.sub(" ", _TAX_ID.sub(" ", title)).split()) if is_debit else title
