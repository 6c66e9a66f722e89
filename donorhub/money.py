"""Money as whole minor units and a currency: 5000 minor units of PLN are 50.00 zł.

It adds, compares and prints exactly and refuses what it cannot read. Exchange rates,
banks' ways of writing and the database are others' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

# ISO 4217 list one (2026): currencies whose minor unit is not a hundredth. The Albanian
# lek has two decimals there, although CLDR prints it with none.
_EXPONENTS: Final = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.([0-9]{1,18}))?", re.ASCII)
CURRENCY_PATTERN: Final = "[A-Z]{3}"  # ISO 4217; the one place that says what a currency is
OFFERED_CURRENCIES: Final = ("PLN", "EUR", "ALL")  # first where a page asks which; any other may be typed
_CURRENCY: Final = re.compile(CURRENCY_PATTERN, re.ASCII)


def is_currency(text: str) -> bool:
    """Return whether a text is written as a currency is: three capital letters."""
    return _CURRENCY.fullmatch(text) is not None


def get_exponent(currency: str) -> int:
    """Return the number of decimals of a currency, from ISO 4217."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency; negative when money leaves."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")
        if not is_currency(self.currency):
            raise ValueError(f"{self.currency!r} is no currency: three capital letters are, such as PLN")

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Return the amount of plain digits with at most one decimal point, such as ``-1234.50``.

        Raise ValueError for anything else: a decimal comma, a thousands sign, an
        exponent, or a digit that the currency has no coin for. Zeros beyond the
        currency's decimals are fine.
        """
        match = _PLAIN_NUMBER.fullmatch(text)
        if not match:
            raise ValueError(f"{text[:40]!r} is no amount: write it as 1234.50")
        places = get_exponent(currency)
        whole, _, decimals = text.partition(".")
        if decimals[places:].strip("0"):
            raise ValueError(f"{text!r} has more decimals than {currency}, which has {places}")
        digits = whole.lstrip("-") + decimals[:places].ljust(places, "0")
        return cls(-int(digits) if whole.startswith("-") else int(digits), currency)

    @classmethod
    def from_decimal(cls, number: Decimal, currency: str) -> Money:
        """Return the exact amount of a finite Decimal; raise ValueError if it does not fit the currency."""
        if not number.is_finite():
            raise ValueError(f"{number} is no amount")
        return cls.parse(format(number, "f"), currency)

    def as_decimal(self) -> Decimal:
        """Return the amount in major units, with the currency's decimals."""
        return Decimal(self.minor).scaleb(-get_exponent(self.currency))

    def as_text(self) -> str:
        """Return plain digits with a decimal point, such as ``50.00``; :meth:`parse` reads it back."""
        return format(self.as_decimal(), "f")

    def __str__(self) -> str:
        return f"{self.as_text()} {self.currency}"

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._check_currency(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._check_currency(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._check_currency(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._check_currency(other).minor

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._check_currency(other).minor

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._check_currency(other).minor

    def _check_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be reckoned together")
        return other


def parse_amount_line(line: str) -> Money:
    """Return the amount in a line such as ``10000 PLN``; raise ValueError where it has none above 0."""
    number, _, currency = line.strip().rpartition(" ")
    amount = Money.parse(number.strip(), currency)
    if amount.minor <= 0:
        raise ValueError(f"{line!r} is not above nothing")
    return amount


def sum_money(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum in one currency; zero of it when there is nothing to add."""
    sum_ = Money(0, currency)
    for amount in amounts:
        sum_ += amount
    return sum_
