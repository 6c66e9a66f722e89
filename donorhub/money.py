"""Money as whole minor units and a currency: 5000 minor units of PLN are 50.00 zł.

It adds, compares and prints exactly and refuses what it cannot read. Exchange rates,
banks' ways of writing and the database are others' business.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

# ISO 4217 list one of 2026, funds included. Metals, drawing rights and units of account, for which it gives
# no decimals, are left out, and so are XXX (no currency), XTS (for tests) and what is none, such as ZZZ.
_IN_USE: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
    CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS
    VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()
)
# The last day of codes that ended since 1999: old files and old gifts still name them.
_LAST_DAYS: Final = {
    **dict.fromkeys("ATS BEF ESP FIM GRD ITL LUF NLG PTE".split(), date(2002, 2, 28)),
    "FRF": date(2002, 2, 17),
    "IEP": date(2002, 2, 9),
    "DEM": date(2002, 5, 15),
    "TRL": date(2005, 12, 31),
    "MZM": date(2006, 12, 31),
    "ROL": date(2006, 12, 31),
    "CSD": date(2006, 10, 25),
    "SIT": date(2007, 1, 14),
    "GHC": date(2007, 12, 31),
    "CYP": date(2008, 1, 31),
    "MTL": date(2008, 1, 31),
    "SKK": date(2009, 1, 16),
    "EEK": date(2011, 1, 14),
    "ZMK": date(2013, 1, 1),
    "LVL": date(2014, 1, 14),
    "LTL": date(2015, 1, 15),
    "BYR": date(2017, 1, 1),
    "STD": date(2017, 12, 31),
    "MRO": date(2018, 6, 30),
    "VEF": date(2018, 8, 20),
    "CUC": date(2021, 1, 1),
    "HRK": date(2023, 1, 14),
    "SLL": date(2023, 12, 31),
    "ZWL": date(2024, 8, 31),
    "ANG": date(2025, 6, 30),
    "BGN": date(2026, 1, 31),
}
# Those whose minor unit is not a hundredth. The Albanian lek has two decimals in ISO 4217, although CLDR
# prints it with none.
_EXPONENTS: Final = {
    **dict.fromkeys(
        """
        BEF BIF BYR CLP DJF ESP GNF GRD ISK ITL JPY KMF KRW LUF PTE PYG RWF TRL UGX UYI VND VUV XAF XOF XPF
        """.split(),
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.([0-9]{1,18}))?", re.ASCII)
CURRENCY_PATTERN: Final = "[A-Z]{3}"  # the form of a code; which codes there are, is_currency says
OFFERED_CURRENCIES: Final = ("PLN", "EUR", "ALL")  # first where a page asks which; any other may be typed
_CODE: Final = re.compile(CURRENCY_PATTERN, re.ASCII)


def is_currency(text: str) -> bool:
    """Return whether a text is the code of a currency of ISO 4217, of today or of an earlier day."""
    return text in _IN_USE or text in _LAST_DAYS


def find_last_day(currency: str) -> date | None:
    """Return the last day of a currency that ended; None for one in use."""
    return _LAST_DAYS.get(currency)


def get_exponent(currency: str) -> int:
    """Return the number of decimals of a currency, from ISO 4217."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency; negative when money leaves.

    It asks for the form of a code alone, so that what was stored in an unknown one can be shown; who takes
    a currency from outside asks :func:`is_currency`.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")
        if not _CODE.fullmatch(self.currency):
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


def sum_by_currency(amounts: Iterable[tuple[int, str]]) -> list[Money]:
    """Return the sum of minor units in each of their currencies, which are never added, in order of code."""
    minor_by_currency: Counter[str] = Counter()
    for minor, currency in amounts:
        minor_by_currency[currency] += minor
    return [Money(minor, currency) for currency, minor in sorted(minor_by_currency.items())]
