"""One cell of a table of people and gifts as a value, or the reason why it is none.

How amounts are written is settled for a whole column before (:mod:`.columns`); nothing is guessed
here, and digits that a spreadsheet lost are never made up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal

from donorhub.domain.payer_text import fold_letters, normalise_account
from donorhub.money import Money, get_exponent, is_currency
from importers.records import BreakCode, BrokenCell, Cell
from importers.text import Unreadable, parse_number

CellFault = Literal[
    BreakCode,
    "lost_digits",
    "unreadable_amount",
    "no_amount",
    "cross",
    "negative_amount",
    "zero_amount",
    "no_currency",
    "unknown_currency",
    "unreadable_date",
    "no_date",
    "month_only",
    "future_date",
    "unreadable_email",
    "unreadable_account",
    "unreadable_national_id",
    "unreadable_tax_number",
    "unclear_birth_date",
    "unclear_word",
    "unreadable_number",
    "unknown_option",
    "text_too_long",
]
Answer = Literal["yes", "no", "unknown"]


class UnreadableCell(ValueError):
    """A cell that holds no such value; ``code`` says why."""

    def __init__(self, code: CellFault) -> None:
        super().__init__(code)
        self.code = code


_EXACT_TO: Final = 10**15  # a spreadsheet keeps 15 digits; a longer number in it is not what was typed
_SCIENTIFIC: Final = re.compile(r"[0-9][.,]?[0-9]*\s?E\s?\+?[0-9]{1,2}", re.IGNORECASE | re.ASCII)
_GUARD: Final = re.compile(r"'(?=[=+\-@])")  # what our own export puts before a formula
_NOTHING: Final = frozenset(
    ("", "-", "–", "—", "--", "brak", "b.d.", "bd", "n/a", "none", "null", "s'ka", "ska", "nuk ka", "?")
)


def cut_time(cell: datetime) -> date:
    """Return the day that a table wrote with an hour: it names no instant, so no time zone turns it."""
    return date(cell.year, cell.month, cell.day)


def write_cell(cell: Cell) -> str:
    """Return a cell as text: plain digits of numbers, ISO days, nothing of a broken one."""
    if isinstance(cell, str):
        return _GUARD.sub("", cell, count=1).strip() if cell.startswith("'") else cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return write_number(cell)
    if isinstance(cell, datetime):
        return cut_time(cell).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell) if isinstance(cell, time | timedelta) else ""


def write_number(value: float) -> str:
    """Return plain digits; what binary fractions add behind the sixth decimal is no part of a number."""
    number = Decimal(repr(value))
    if not number.is_finite() or abs(number) >= _EXACT_TO:
        return str(number)
    text = format(round(number, 6), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_text(cell: Cell) -> str:
    """Return the text of a cell in one line; raise UnreadableCell for one without a value or lost digits."""
    if isinstance(cell, BrokenCell):
        raise UnreadableCell(cell.code)
    if isinstance(cell, float) and abs(cell) >= _EXACT_TO:
        raise UnreadableCell("lost_digits")
    return " ".join(write_cell(cell).split())


def is_nothing(cell: Cell) -> bool:
    """Return whether a cell says that there is nothing: empty, a dash, ``brak``."""
    return isinstance(cell, str) and fold_letters(cell) in _NOTHING


def read_digits(cell: Cell) -> str:
    """Return a number that is a name, such as an account or a code: of a spreadsheet's number its digits.

    Raise UnreadableCell where a spreadsheet rounded it, as in ``1,09E+25``.
    """
    text = read_text(cell)
    if _SCIENTIFIC.fullmatch(text):
        raise UnreadableCell("lost_digits")
    return text.removesuffix(".0") if text.removesuffix(".0").isdigit() else text


# ---------------------------------------------------------------- amounts

# 50.- and 50,-- zł, as people write whole amounts
_ENDING: Final = re.compile(r"[.,]?\s?[-–—]{1,2}(?=(?:\s*[^\W\d_]{1,4}\.?)?$)")


# (£20.00) and (20,00 zł): money that left, with its unit inside the brackets
_BRACKETED: Final = re.compile(
    r"\(\s*([^\W\d_]{0,4}|[€$£])\s?([0-9][0-9.,' ]*?)\s?([^\W\d_]{0,4}|[€$£])\s*\)"
)


@dataclass(frozen=True, slots=True)
class AmountWriting:
    """How a column of amounts is written: its decimal sign, and the currency where a cell names none."""

    decimal: str = "."
    currency: str = ""


def read_amount(cell: Cell, writing: AmountWriting, currency: str = "") -> Money:
    """Return the amount of a gift; raise UnreadableCell for none, for nothing, and for money that left.

    ``currency`` is that of the row's own column. Brackets are a minus.
    """
    number, unit = split_amount(cell, writing.decimal)
    code = currency or unit or writing.currency
    if not code:
        raise UnreadableCell("no_currency")
    if not is_currency(code) or (unit and currency and unit != currency):
        raise UnreadableCell("unknown_currency")
    if number.lstrip("-").partition(".")[2][get_exponent(code) :].strip("0"):
        raise UnreadableCell("unreadable_amount")
    try:
        amount = Money.parse(number, code)
    except ValueError as e:
        raise UnreadableCell("unreadable_amount") from e
    if amount.minor == 0:
        raise UnreadableCell("zero_amount")
    if amount.minor < 0:
        raise UnreadableCell("negative_amount")
    return amount


def split_amount(cell: Cell, decimal: str) -> tuple[str, str]:
    """Return plain digits and the unit beside them, "" for none; raise UnreadableCell for what is none."""
    if isinstance(cell, bool | date | time | timedelta):
        raise UnreadableCell("unreadable_amount")
    text = read_text(cell)
    if is_nothing(text):
        raise UnreadableCell("no_amount")
    if isinstance(cell, int | float):
        return text, ""
    if _SCIENTIFIC.fullmatch(text):
        raise UnreadableCell("lost_digits")
    try:
        return parse_number(clean_amount(text), decimal)
    except Unreadable as e:
        raise UnreadableCell("unreadable_amount") from e


def clean_amount(text: str) -> str:
    """Return an amount without the dash that stands for its decimals, and without a point behind its unit."""
    text = text.rstrip(".") if text[-1:] == "." and text[-2:-1].isalpha() else text
    if match := _BRACKETED.fullmatch(text):
        text = f"-{match[2]} {match[1] or match[3]}".strip()
    return _ENDING.sub("", text) if text[:1].isdigit() else text


_CURRENCY_WORDS: Final = {
    "zl": "PLN",
    "zloty": "PLN",
    "zlote": "PLN",
    "zlotych": "PLN",
    "euro": "EUR",
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "lek": "ALL",
    "leke": "ALL",
    "l": "ALL",
}


def read_currency(cell: Cell) -> str:
    """Return the code of a currency, "" for an empty cell; raise UnreadableCell for what is none."""
    word = fold_letters(read_text(cell))
    if word in _NOTHING:
        return ""
    code = _CURRENCY_WORDS.get(word, word.upper())
    if not is_currency(code):
        raise UnreadableCell("unknown_currency")
    return code


# ---------------------------------------------------------------- words, accounts, numbers of people

_YES: Final = frozenset(
    "tak t x yes y po ja 1 true v ✓ ✔ + zgoda ok subscribed wyrazona wyraza prawda pozytywna".split()
)
_NO: Final = frozenset(
    "nie n no jo nein 0 false odmowa rezygnacja sprzeciw unsubscribed cofnieta wycofana falsz".split()
) | {"brak zgody", "odwolana", "nie wyraza zgody", "nie zgadza sie", "nie wyrazam zgody", "opt out"}


def read_answer(cell: Cell) -> Answer:
    """Return what a cell of consent says: ``TAK`` or ``x`` a yes, ``NIE`` a no, ``brak`` nothing.

    Raise UnreadableCell for another word, which a person must read.
    """
    text = fold_letters(read_text(cell)).strip(" .!")
    if text in _NOTHING:
        return "unknown"
    if text in _YES:
        return "yes"
    if text in _NO:
        return "no"
    raise UnreadableCell("unclear_word")


def read_account(cell: Cell) -> str:
    """Return an IBAN, "" for an empty cell; raise UnreadableCell for lost digits or a wrong check digit."""
    text = read_digits(cell).lstrip("'")
    if is_nothing(text):
        return ""
    account = normalise_account(text) or ""
    if not _is_iban(account):
        raise UnreadableCell("unreadable_account")
    return account


_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", re.ASCII)


def _is_iban(account: str) -> bool:
    if not _IBAN.fullmatch(account):
        return False
    number = "".join(str(int(sign, 36)) for sign in account[4:] + account[:4])
    return int(number) % 97 == 1


_PESEL_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_PESEL_DIGITS: Final = 11
_CENTURIES: Final = {0: 1900, 2: 2000, 4: 2100, 6: 2200, 8: 1800}


def read_national_id(cell: Cell) -> str:
    """Return a PESEL, "" for an empty cell; ten digits are one whose leading zero was lost, if they fit.

    Raise UnreadableCell where the check digit or the day of birth is impossible.
    """
    text = read_digits(cell).replace(" ", "")
    if is_nothing(text):
        return ""
    number = text.zfill(_PESEL_DIGITS) if len(text) == _PESEL_DIGITS - 1 else text
    if not re.fullmatch(r"[0-9]{11}", number, re.ASCII) or not _is_pesel(number):
        raise UnreadableCell("unreadable_national_id")
    return number


def _is_pesel(number: str) -> bool:
    digits = [int(sign) for sign in number]
    check_sum = sum(weight * digit for weight, digit in zip(_PESEL_WEIGHTS, digits, strict=False))
    if (10 - check_sum % 10) % 10 != digits[10]:
        return False
    century, month = divmod(int(number[2:4]), 20)
    try:
        date(_CENTURIES[century * 2] + int(number[:2]), month, int(number[4:6]))
    except (KeyError, ValueError):
        return False
    return True
