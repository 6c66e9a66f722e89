"""Read the fields around the entries of an MT940 or MT942 statement: account, balances, totals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, Literal

from donorhub.money import Money, is_currency
from importers import iban
from importers.codes import Reason, StatementFault
from importers.mt940.blocks import Block
from importers.mt940.entry import AMOUNT, read_amount, read_value_date
from importers.statement import Balance, Problem, make_problem

NO_CURRENCY: Final = "XXX"  # ISO 4217: no currency is known
_MOST_BALANCES: Final = 1_000
_BALANCE: Final = re.compile(rf"([CD])(\d{{6}})([A-Z]{{3}})? ?({AMOUNT})[ \t]*", re.ASCII)
_TOTAL: Final = re.compile(rf"(\d{{1,6}})([A-Z]{{3}}) ?({AMOUNT})[ \t]*", re.ASCII)
_FLOOR: Final = re.compile(r"([A-Z]{3})[CD]?[0-9,]*", re.ASCII)
_WITH_CURRENCY: Final = re.compile(r"(.*\d)\s*([A-Z]{3})", re.ASCII)
_CREATED_AT: Final = re.compile(r"(\d{10})([+-])(\d{2})(\d{2})", re.ASCII)
_SENDER: Final = re.compile(r"\{1:[A-Z]\d\d([A-Z]{6}[A-Z0-9]{2})[A-Z0-9]([A-Z0-9]{3})", re.ASCII)
_IS_942: Final = re.compile(r"\{2:[IO]942")
_KINDS: Final[dict[str, Literal["opening", "closing", "interim", "available"]]] = {
    "60F": "opening",
    "60M": "interim",
    "62F": "closing",
    "62M": "interim",
    "64": "available",
    "65": "available",
}


@dataclass(slots=True)
class Head:
    """The fields of one statement but its entries. ``totals`` is MT942's :90C: and :90D: by C and D."""

    currency: str = NO_CURRENCY
    account: str | None = None
    statement_id: str | None = None
    sequence_no: str | None = None
    page: str | None = None
    bank_bic: str | None = None
    created_at: datetime | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    is_page: bool = False  # its closing balance is an interim one: another page follows
    balances: list[Balance] = field(default_factory=list)
    totals: dict[str, tuple[int, Money]] = field(default_factory=dict)
    is_advice: bool = False
    problems: list[Problem] = field(default_factory=list)


def read_head(block: Block, currency: str = "") -> Head:
    """Return the fields of a statement; what cannot be read becomes a problem. Never raises.

    ``currency`` counts where no field names one.
    """
    head = Head(is_advice=_is_advice(block), bank_bic=_find_sender(block.header))
    balance_currency = _find_currency_of_balances(block)
    for tag, value, line in block.fields:
        first = value.split("\n", 1)[0]
        if tag in _KINDS:
            _add_balance(head, tag, first, line, balance_currency)
        elif tag in ("90C", "90D"):
            _add_total(head, tag[-1], first, line)
        elif tag == "20":
            head.statement_id = head.statement_id or first.strip() or None
        elif tag in ("28", "28C") and head.sequence_no is None:
            number, _, page = "".join(value.split()).partition("/")  # ING NL breaks it over two lines
            head.sequence_no, head.page = number or None, page or None
        elif tag == "13D":
            head.created_at = _read_instant(first)
    code = _find_currency(head, block) or currency
    head.currency = code if is_currency(code) else NO_CURRENCY
    head.account = _find_account(block, head.currency)
    return head


def _is_advice(block: Block) -> bool:
    if block.has_tag("60F", "60M", "62F", "62M"):
        return False
    return bool(_IS_942.search(block.header)) or block.has_tag("34F", "13D", "90C", "90D")


def _find_sender(header: str) -> str | None:
    match = _SENDER.search(header)
    if not match:
        return None
    return match[1] + ("" if match[2] == "XXX" else match[2])


def _find_currency_of_balances(block: Block) -> str:
    """Return the currency that all balances name which name one; "" where they name several or none."""
    matches = [_BALANCE.fullmatch(value.split("\n", 1)[0]) for tag, value, _ in block.fields if tag in _KINDS]
    currencies = {match[3] for match in matches if match and match[3]}
    return currencies.pop() if len(currencies) == 1 else ""


def _add_balance(head: Head, tag: str, text: str, line: int, balance_currency: str) -> None:
    """Add a balance to the head; one that names no currency has ``balance_currency``, that of the others."""
    try:
        balance = _read_balance(tag, text, balance_currency)
    except ValueError:
        is_needed = tag[:2] in ("60", "62")
        head.problems.append(
            make_problem(
                "error" if is_needed else "warning",
                Reason("unreadable_balance.tag", {"tag": f":{tag}:"}),
                line,
            )
        )
        return
    if len(head.balances) == _MOST_BALANCES:
        crowd: Reason[StatementFault] = Reason("too_many_balances", {"most": _MOST_BALANCES})
        head.problems.append(make_problem("error", crowd, line))
    if len(head.balances) <= _MOST_BALANCES:
        head.balances.append(balance)
    if tag[:2] == "60" and head.opening is None:
        head.opening = balance
    elif tag[:2] == "62":
        head.closing, head.is_page = balance, tag == "62M"


def _read_balance(tag: str, text: str, balance_currency: str) -> Balance:
    match = _BALANCE.fullmatch(text)
    if not match or not (match[3] or balance_currency):
        raise ValueError(text)
    mark, day, currency, digits = match[1], match[2], match[3] or balance_currency, match[4]
    amount = read_amount(digits, currency)
    return Balance(_KINDS[tag], -amount if mark == "D" else amount, _read_day_or_none(day))


def _read_day_or_none(text: str) -> date | None:
    try:
        return read_value_date(text)[0]
    except ValueError:
        return None


def _add_total(head: Head, mark: str, text: str, line: int) -> None:
    try:
        head.totals[mark] = _read_total(text)
    except ValueError:
        head.problems.append(
            make_problem("warning", Reason("unreadable_total", {"tag": f":90{mark}:"}), line)
        )


def _read_total(text: str) -> tuple[int, Money]:
    match = _TOTAL.fullmatch(text)
    if not match:
        raise ValueError(text)
    return int(match[1]), read_amount(match[3], match[2])


def _read_instant(text: str) -> datetime | None:
    """Return the instant of ``YYMMDDHHMM+HHMM``; None without an offset, for then it is not known."""
    match = _CREATED_AT.fullmatch(text.strip())
    if not match:
        return None
    try:
        offset = timedelta(hours=int(match[3]), minutes=int(match[4]))
        zone = timezone(-offset if match[2] == "-" else offset)
        return datetime.strptime(match[1], "%y%m%d%H%M").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _find_currency(head: Head, block: Block) -> str:
    """Return the currency of the balances, else of a total, a floor limit or the account; "" without one."""
    for balance in head.balances:
        return balance.amount.currency
    for _, total in head.totals.values():
        return total.currency
    for tag, value, _ in block.fields:
        floor = _FLOOR.fullmatch(value) if tag == "34F" else None
        if floor:
            return floor[1]
    for tag, value, _ in block.fields:
        account = _WITH_CURRENCY.fullmatch(value) if tag in ("25", "25P") else None
        if account:
            return account[2]
    return ""


def _find_account(block: Block, currency: str) -> str | None:
    """Return the account of :25: without a currency, and without a bank code where an IBAN follows it."""
    for tag, value, _ in block.fields:
        if tag in ("25", "25P"):
            return _find_iban(iban.remove_blanks(value.split("\n", 1)[0]).strip("/"), currency) or None
    return None


def _find_iban(account: str, currency: str) -> str:
    """Return the IBAN that an account's number holds or, of a Polish bank, makes; else the number."""
    if account.endswith(currency) and account[:-3][-1:].isdigit():
        account = account[:-3]
    bank, _, rest = account.rpartition("/")
    bare = rest[:-3] if rest[-3:].isalpha() else rest.replace("-", "")
    candidates = (iban.complete_nrb(rest), iban.complete_nrb(bare), iban.build_polish_iban(bank, rest) or "")
    return next(filter(iban.is_iban, candidates), account)
