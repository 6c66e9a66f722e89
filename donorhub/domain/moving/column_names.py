"""The name of a column as it is compared, and the currency that it tells."""

from __future__ import annotations

import re
from typing import Final

from donorhub.domain.payer_text import split_words

UNITS: Final = re.compile(r"\b(pln|zl|zlotych|eur|euro|all|lek|leke|usd|gbp|chf)\b")
_CURRENCIES: Final = {
    "zl": "PLN",
    "zlotych": "PLN",
    "zloty": "PLN",
    "euro": "EUR",
    "lek": "ALL",
    "leke": "ALL",
}
_SIGNS: Final = {"€": "EUR", "£": "GBP", "$": "USD"}
_CUSTOM_MARK: Final = re.compile(r"^(?:npsp__)?|__c$", re.IGNORECASE)


def fold_name(name: str) -> str:
    """Return the name of a column for comparing: folded words, without the marks of custom fields."""
    return " ".join(split_words(_CUSTOM_MARK.sub("", name).replace("ë", "e")))


def find_currency(name: str) -> str:
    """Return the currency that a column's name tells, as ``Kwota (zł)`` and ``Amount £`` do; "" for none."""
    match = UNITS.search(fold_name(name))
    if match is None:
        return next((code for sign, code in _SIGNS.items() if sign in name), "")
    return _CURRENCIES.get(match[1], match[1].upper())
