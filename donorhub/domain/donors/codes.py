"""Codes a payer may write: donor codes, ISO 11649 creditor references, e-mail addresses.

Only codes whose check characters are right are found; whose they are is not known here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from donorhub.domain.payer_text import fold_letters

_RF: Final = re.compile(r"\bRF[ -]?\d\d(?:[ -]?[A-Z0-9]){1,40}", re.ASCII)
_MIN_RF: Final = 5
_MAX_RF: Final = 25
_AS_PRINTED: Final = re.compile(r"(\d{4,12})-(\d)(?!\d)", re.ASCII)
_RUN: Final = re.compile(r"\d+", re.ASCII)
_EMAIL: Final = re.compile(
    r"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.[a-z]{2,24}", re.ASCII
)
_MIN_DIGITS: Final = 5  # a number of four digits (from 1000 on) and its check digit
_MAX_DIGITS: Final = 13


def compute_luhn_digit(number: int) -> int:
    """Return the check digit of a number after Luhn (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(str(number))):
        product = int(digit) * (2 if place % 2 == 0 else 1)
        total += product // 10 + product % 10
    return -total % 10


def format_code(prefix: str, number: int) -> str:
    """Return a donor's code as it is printed: ``DH-1001-7``."""
    return f"{prefix}-{number}-{compute_luhn_digit(number)}"


@lru_cache(maxsize=32)
def _make_pattern(prefix: str) -> re.Pattern[str]:
    between = r"[\s\-_./:#]{0,3}"
    letters = r"\s?".join(map(re.escape, fold_letters(prefix)))
    return re.compile(rf"(?<![a-z0-9]){letters}{between}(\d(?:{between}\d){{4,24}})", re.ASCII)


def find_codes(text: str, prefix: str) -> tuple[int, ...]:
    """Return the numbers of the donor codes in a text, in order, each once.

    Banks change case, separators and blanks: ``dh1001 7``, ``DH 1001-7`` and
    ``DH10017`` are all DH-1001-7. A code without its right check digit is none. Where
    digits that follow allow two readings, both are given: the caller then has two
    codes, and none is certain.
    """
    folded_text = fold_letters(text)
    if folded_text.find(fold_letters(prefix)[0]) < 0:
        return ()
    numbers: dict[int, None] = {}
    for match in _make_pattern(prefix).finditer(folded_text):
        numbers.update(dict.fromkeys(_list_readings(match.group(1))))
    return tuple(numbers)


def _list_readings(code_text: str) -> list[int]:
    match = _AS_PRINTED.match(code_text)
    if match and _is_right(match.group(1) + match.group(2)):
        return [int(match.group(1))]
    digits, readings = "", []
    for run in _RUN.findall(code_text):
        digits += run
        if _MIN_DIGITS <= len(digits) <= _MAX_DIGITS and _is_right(digits):
            readings.append(int(digits[:-1]))
    return readings


def _is_right(digits: str) -> bool:
    return digits[0] != "0" and compute_luhn_digit(int(digits[:-1])) == int(digits[-1])


def is_right_rf(reference: str) -> bool:
    """Return whether an ISO 11649 reference, without blanks, has its check digits right (mod 97-10)."""
    rotation = reference[4:] + reference[:4]
    return int("".join(str(int(sign, 36)) for sign in rotation)) % 97 == 1


def find_rf(text: str) -> tuple[str, ...]:
    """Return the ISO 11649 creditor references in a text, without blanks and in capitals, each once.

    They are printed in groups of four, so that words may follow without a gap: the
    longest reading with right check digits that ends where a group ends is taken.
    """
    upper = text.upper()
    if "RF" not in upper:
        return ()
    readings = (_find_rf_reading(match.group()) for match in _RF.finditer(upper))
    return tuple(dict.fromkeys(reference for reference in readings if reference))


def _find_rf_reading(reference_text: str) -> str | None:
    groups = re.split(r"[ -]", reference_text)
    for count in range(len(groups), 0, -1):
        reference = "".join(groups[:count])
        if _MIN_RF <= len(reference) <= _MAX_RF and is_right_rf(reference):
            return reference
    return None


def find_emails(text: str) -> tuple[str, ...]:
    """Return the e-mail addresses in a text, in lower case, each once."""
    if "@" not in text:
        return ()
    return tuple(dict.fromkeys(match.group() for match in _EMAIL.finditer(text.lower())))
