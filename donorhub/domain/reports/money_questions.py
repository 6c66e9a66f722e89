"""What a text in the search asks besides a donor: an amount, the number of a gift or a receipt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from donorhub.domain.payer_text import fold_letters

_ABOUT: Final = "about|around|circa|ca|ok|okolo|kolo|rreth|afersisht|~"  # in the three languages
_CURRENCY: Final = "zl|zlotych|pln|eur|euro|lek|leke|all|€"
_AMOUNT: Final = re.compile(
    rf"(?P<about>(?:{_ABOUT})\.?\s*)?(?:{_CURRENCY})?\s?"
    r"(?P<whole>[0-9]{1,3}(?:[ .'][0-9]{3})+|[0-9]{1,9})(?:[.,](?P<part>[0-9]{1,2}))?"
    rf"\s?(?:{_CURRENCY})?"
)
_GIFT_NUMBER: Final = re.compile(r"(?:gift|dar|darowizna|dhurata|dhurate)?\s?#?([0-9]{1,9})")
_RECEIPT_NUMBER: Final = re.compile(
    r"(?:(?P<series>[a-z][a-z0-9]{0,9})[ /-])?(?P<year>[0-9]{4})[ /-](?P<number>[0-9]{1,7})"
)
_LONE_NUMBER: Final = re.compile(r"[0-9]{1,7}")
_TENTH: Final = 10


@dataclass(frozen=True, slots=True)
class AmountQuestion:
    """An amount that is looked for, in hundredths of any currency; about it is up to a tenth less or more."""

    minor: int
    is_about: bool = False

    @property
    def low(self) -> int:
        """Return the least that fits."""
        return self.minor - self.minor // _TENTH if self.is_about else self.minor

    @property
    def high(self) -> int:
        """Return the most that fits."""
        return self.minor + self.minor // _TENTH if self.is_about else self.minor


@dataclass(frozen=True, slots=True)
class ReceiptQuestion:
    """A receipt's number that is looked for: whole, or without series and year."""

    number: int
    year: int | None = None
    series: str = ""


def read_amount(text: str) -> AmountQuestion | None:
    """Return the amount that a text is: ``123,45``, ``1 200 zł``, ``about 120``; None for any other text."""
    match = _AMOUNT.fullmatch(fold_letters(text))
    if match is None:
        return None
    whole = "".join(sign for sign in match["whole"] if sign.isdigit())
    minor = int(Decimal(f"{whole}.{match['part'] or '0'}") * 100)
    return AmountQuestion(minor, is_about=match["about"] is not None) if minor else None


def names_somebody(text: str) -> bool:
    """Say whether a text may be a name: it has letters, and asks for no amount and no receipt."""
    has_letter = any(sign.isalpha() for sign in text)
    return has_letter and read_amount(text) is None and read_receipt_number(text) is None


def read_gift_number(text: str) -> int | None:
    """Return the number of a gift that a text is: ``2874``, ``gift 2874``."""
    match = _GIFT_NUMBER.fullmatch(fold_letters(text))
    return int(match[1]) if match else None


def read_receipt_number(text: str) -> ReceiptQuestion | None:
    """Return the number of a receipt that a text is: ``R/2026/00012``, ``2026/12``, ``12``."""
    folded = fold_letters(text)
    match = _RECEIPT_NUMBER.fullmatch(folded)
    if match is not None:
        return ReceiptQuestion(int(match["number"]), int(match["year"]), (match["series"] or "").upper())
    return ReceiptQuestion(int(folded)) if _LONE_NUMBER.fullmatch(folded) else None
