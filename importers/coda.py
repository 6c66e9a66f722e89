"""Read CODA 2, the coded statements of Belgian banks: records of 128 signs, each thing at its place.

Source: Febelfin, Coded statement of account (CODA), version 2.6. Number and sums of the closing
record 9 are checked, and so are the balances. Free communications (record 4) are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from donorhub.money import Money, get_exponent, is_currency
from importers import iban
from importers.codes import Reason
from importers.statement import (
    NOBODY,
    BadRows,
    Balance,
    Detail,
    Entry,
    Integrity,
    Party,
    Problem,
    Reading,
    Statement,
    UnreadableEntry,
    check_balances,
    explain_fault,
    make_problem,
    make_refusal,
    refuse_file,
)
from importers.text import Undecodable, Unreadable, decode_text, parse_date

_AGAIN: Final = "Export the statement again."
_WIDTH: Final = 128
_DAY: Final = re.compile(r"[0-9]{6}", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{15}", re.ASCII)
_OGM: Final = ("101", "102")  # structured communication with a reference of twelve digits
_DEBIT: Final = "127"  # structured communication of a SEPA direct debit
_NO_DETAIL: Final = "0000"
_MOVEMENTS: Final = frozenset(("21", "22", "23", "31", "32", "33"))


@dataclass(slots=True)
class _Movement:
    """One movement: its record 21 with 22, 23 and what records 3 tell of it."""

    line: int
    first: str
    second: str = ""
    third: str = ""
    information: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Account:
    """The records of one statement, from 0 to 9."""

    movements: list[_Movement] = field(default_factory=list)
    old: str = ""
    new: str = ""
    end: str = ""
    line: int = 0
    records: int = 0  # 1, 2, 3 and 8, which the closing record counts
    orphans: list[int] = field(default_factory=list)  # lines of records that go on with nothing


def read(data: bytes, *, currency: str = "") -> Reading:
    """Return the statements of a CODA file. Raise nothing for its fault.

    ``currency`` is for accounts whose record names none. A file whose last statement has no
    record 9 is cut and refused.
    """
    try:
        text, encoding = decode_text(data)
    except Undecodable as e:
        return refuse_file(e.reason)
    accounts = list(_split_accounts(text))
    if not accounts or not accounts[-1].end:
        return make_refusal("truncated", f"The file does not end with a record 9: it was cut off. {_AGAIN}")
    statements: list[Statement] = []
    problems: list[Problem] = []
    for account in accounts:
        try:
            statements.append(_read_statement(account, currency, problems))
        except ValueError as e:
            problems.append(
                make_problem("error", explain_fault("unreadable_statement.fault", e), account.line)
            )
    return Reading(tuple(statements), tuple(problems), format="coda", facts={"encoding": encoding})


def _split_accounts(text: str) -> Iterator[_Account]:
    account = _Account()
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.isspace():
            continue
        record = line.strip("\x1a\0").ljust(_WIDTH)
        kind = record[:2] if record[0] in "23" else record[0]
        account.line = account.line or number
        account.records += kind not in ("0", "4", "9")
        if kind == "9":
            account.end = record
            yield account
            account = _Account()
        else:
            _add_record(account, kind, record, number)
    if account.line:
        yield account


def _add_record(account: _Account, kind: str, record: str, number: int) -> None:
    if kind == "1":
        account.old = record
    elif kind == "8":
        account.new = record
    elif kind == "21":
        account.movements.append(_Movement(number, record, raw=[record.rstrip()]))
    elif kind in _MOVEMENTS and account.movements:
        movement = account.movements[-1]
        movement.raw.append(record.rstrip())
        if kind == "22":
            movement.second = record
        elif kind == "23":
            movement.third = record
        else:
            movement.information.append(record[40:113] if kind == "31" else record[10:115])
    elif kind not in ("0", "4"):
        account.orphans.append(number)


def _read_statement(account: _Account, currency: str, problems: list[Problem]) -> Statement:
    """Return the statement, with a verdict; ValueError when its balances cannot be read."""
    if not account.old or not account.new:
        raise UnreadableEntry("balance_records")
    number, own_currency = _read_own_account(account.old)
    currency = own_currency or currency
    if not is_currency(currency):
        raise UnreadableEntry("account_without_currency")
    problems_before = len(problems)
    entries = _read_entries(account, currency, problems)
    opening = Balance(
        "opening", _read_amount(account.old[42:58], currency), _read_day_or_none(account.old[58:64])
    )
    closing = Balance(
        "closing", _read_amount(account.new[41:57], currency), _read_day_or_none(account.new[57:63])
    )
    statement = Statement(
        source_format="coda",
        currency=currency,
        account=number,
        account_scheme=("iban" if iban.is_iban(number) else "other") if number else None,
        owner=account.old[64:90].strip() or None,
        sequence_no=account.old[125:128].strip() or None,
        legal_seq=account.old[2:5].strip() or None,
        period=(opening.on, closing.on),
        opening=opening,
        closing=closing,
        balances=(opening, closing),
        entries=tuple(entries),
    )
    problems.extend(_check_statement(statement, account))
    errors = any(problem.level == "error" for problem in problems[problems_before:])
    integrity: Integrity = "mismatch" if errors else check_balances(statement)
    return replace(statement, integrity=integrity)


def _read_own_account(record: str) -> tuple[str | None, str]:
    """Return account and currency of record 1, whose places depend on the kind of number (place 2)."""
    if record[1] == "0":
        return record[5:17].strip() or None, record[18:21].strip()
    return iban.remove_blanks(record[5:39]) or None, record[39:42].strip()


def _read_entries(account: _Account, currency: str, problems: list[Problem]) -> list[Entry]:
    """Return an entry for each movement of detail number 0, with those of its number as details."""
    bad = BadRows()
    for line in account.orphans:
        bad.add_row(Reason("unreadable_row.orphan"), line)
    entries: list[Entry] = []
    for movements in _group_by_number(account.movements):
        try:
            entries.append(_read_entry(len(entries), movements, currency, problems))
        except ValueError as e:
            bad.add_row(explain_fault("unreadable_entry.movement", e), movements[0].line)
    problems += bad.list_problems()
    return entries


def _group_by_number(movements: Sequence[_Movement]) -> Iterator[list[_Movement]]:
    """Return each movement with the details that follow it and have its number, which restarts after 9999."""
    together: list[_Movement] = []
    for movement in movements:
        number, detail = movement.first[2:6], movement.first[6:10]
        if together and (detail == _NO_DETAIL or number != together[0].first[2:6]):
            yield together
            together = []
        together.append(movement)
    if together:
        yield together


def _read_entry(
    position: int, movements: Sequence[_Movement], currency: str, problems: list[Problem]
) -> Entry:
    first, *others = movements
    record = first.first
    if record[6:10] != _NO_DETAIL:
        raise UnreadableEntry("detail_without_sum")
    amount = _read_amount(record[31:47], currency)
    details = _read_details(amount, first, others, problems)
    return Entry(
        position,
        _read_day(record[115:121]),
        amount,
        value_on=_read_day_or_none(record[47:53]),
        bank_ref=record[10:31].strip() or None,
        bank_code=record[53:61].strip() or None,
        info=" ".join(" ".join(first.information).split()) or None,
        details=details,
        raw="\n".join(line for movement in movements for line in movement.raw),
    )


def _read_details(
    amount: Money, first: _Movement, others: Sequence[_Movement], problems: list[Problem]
) -> tuple[Detail, ...]:
    """Return the payments: those listed below a sum where they add up to it, else the movement itself."""
    if others:
        amounts = [_read_amount(other.first[31:47], amount.currency) for other in others]
        if sum(one.minor for one in amounts) == amount.minor:
            return tuple(
                _read_detail(at, other, one)
                for at, (other, one) in enumerate(zip(others, amounts, strict=True))
            )
        problems.append(make_problem("warning", Reason("details_differ.sum"), first.line))
        return ()
    return (_read_detail(0, first, amount),)


def _read_detail(position: int, movement: _Movement, amount: Money) -> Detail:
    second, third = movement.second.ljust(_WIDTH), movement.third.ljust(_WIDTH)
    text = movement.first[62:115] + second[10:63] + third[82:125]
    is_structured = movement.first[61] == "1"
    communication: dict[str, Any] = (
        _read_structured(text) if is_structured else {"remittance": _join_words(text)}
    )
    name, account = third[47:82].strip() or None, iban.remove_blanks(third[10:44]) or None
    bic = second[98:109].strip() or None
    party = Party(name, account, _find_scheme(account), bic) if name or account else NOBODY
    return Detail(
        position,
        amount,
        counterparty=party,
        end_to_end_id=second[63:98].strip() or None,
        return_code=second[113:117].strip() or None,
        purpose=second[121:125].strip() or None,
        **communication,
    )


def _find_scheme(account: str | None) -> str | None:
    return ("iban" if iban.is_iban(account) else "other") if account else None


def _read_structured(communication: str) -> dict[str, object]:
    """Return what a structured communication holds; its first three digits say how it is laid out."""
    kind, text = communication[:3], communication[3:]
    if kind in _OGM:
        number = text[:12]
        return {
            "references": (("OGM", number),),
            "remittance": f"+++{number[:3]}/{number[3:7]}/{number[7:]}+++",
        }
    if kind == _DEBIT:
        return {
            "creditor_id": text[9:44].strip() or None,
            "mandate_id": text[44:79].strip() or None,
            "remittance": _join_words(text[79:141]),
        }
    return {"remittance": _join_words(text), "extra": (("communication", kind),)}


def _join_words(text: str) -> str:
    return " ".join(text.split())


def _check_statement(statement: Statement, account: _Account) -> Iterator[Problem]:
    """Return problems where number, sums (of credits, of debits) or balances do not hold."""
    where = f"line {account.line}"
    end, currency = account.end, statement.currency
    if not end:
        yield Problem("error", "truncated", f"A statement has no closing record 9. {_AGAIN}", where)
        return
    records = end[16:22].strip()
    debits = sum(-entry.amount.minor for entry in statement.entries if entry.amount.minor < 0)
    credits_ = sum(entry.amount.minor for entry in statement.entries if entry.amount.minor > 0)
    control_sums = (
        _read_amount(f"0{end[22:37]}", currency).minor,
        _read_amount(f"0{end[37:52]}", currency).minor,
    )
    if control_sums != (debits, credits_) or (records.isdecimal() and int(records) != account.records):
        yield make_problem("error", Reason("total_mismatch.closing_record"), account.line)
    if check_balances(statement) == "mismatch":
        yield make_problem("error", Reason("balance_mismatch.movements"), account.line)


def _read_amount(text: str, currency: str) -> Money:
    """Return the amount of a sign (0 credit, 1 debit) and 15 digits, three of them decimals."""
    sign = text[:1]
    if sign not in ("0", "1") or not _AMOUNT.fullmatch(text[1:]):
        raise UnreadableEntry("sign_and_amount", text=repr(text[:20]))
    digits = f"{int(text[1:13])}.{text[13:]}"
    try:
        amount = Money.parse(digits, currency)
    except ValueError as e:
        places = get_exponent(currency)
        raise Unreadable("unreadable_amount.too_precise", digits, currency=currency, places=places) from e
    return -amount if sign == "1" else amount


def _read_day(text: str) -> date:
    """Return the day of ``DDMMYY``, 2000 and later."""
    if not _DAY.fullmatch(text):
        raise UnreadableEntry("six_digits", text=repr(text[:20]))
    return parse_date(f"{text[:4]}20{text[4:]}", "dmy")


def _read_day_or_none(text: str) -> date | None:
    try:
        return _read_day(text)
    except ValueError:
        return None
