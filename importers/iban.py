"""Account numbers as files write them: the check digits of an IBAN, and the Polish NRB.

It only reckons (ISO 13616: letters count from 10, remainder 97 of the turned number is 1);
it keeps no list of countries or banks.
"""

from __future__ import annotations

import re
from typing import Final

_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", re.ASCII)
_NRB_DIGITS: Final = 26
_NRB: Final = re.compile(r"[0-9]{26}", re.ASCII)
_NRB_WITHOUT_CHECK: Final = re.compile(r"[0-9]{24}", re.ASCII)
_VALUES: Final = {chr(ord("A") + i): str(10 + i) for i in range(26)}
_LETTERS: Final = str.maketrans(_VALUES)
_COUNTRIES: Final = {a + b: _VALUES[a] + _VALUES[b] for a in _VALUES for b in _VALUES}


def is_iban(text: str) -> bool:
    """Return whether ``text`` has the form of an IBAN, without blanks, and its check digits hold."""
    country = _COUNTRIES.get(text[:2])
    if country is None or not _IBAN.fullmatch(text):
        return False
    if text[4:].isdigit():  # as in most countries
        return int(f"{text[4:]}{country}{text[2:4]}") % 97 == 1
    return int((text[4:] + text[:4]).translate(_LETTERS)) % 97 == 1


def remove_blanks(account: str) -> str:
    """Return an account number as we keep it: no blanks, no quote against a spreadsheet's rounding."""
    return account if account.isalnum() else "".join(account.split()).strip("'\"")


def complete_nrb(account: str) -> str:
    """Return ``PL`` before the 26 digits of a Polish NRB whose check digits hold; anything else as it is."""
    if len(account) == _NRB_DIGITS and _NRB.fullmatch(account) and is_iban(f"PL{account}"):
        return f"PL{account}"
    return account


def build_polish_iban(sort_code: str, rest: str) -> str | None:
    """Return the IBAN of a Polish bank's 8 digits and the account's 16, or None when they are not that."""
    number = sort_code + rest
    if len(number) != _NRB_DIGITS - 2 or not _NRB_WITHOUT_CHECK.fullmatch(number):
        return None
    check = 98 - int(f"{number}252100") % 97  # P is 25, L is 21
    return f"PL{check:02d}{number}"
