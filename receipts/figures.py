"""Amounts, dates and account numbers as each language writes them. It reckons nothing."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Final

from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol, get_minus_sign_symbol

from donorhub.money import Money, get_exponent
from receipts.document import Lang

_LOCALES: Final = {"en": "en_GB", "pl": "pl", "sq": "sq"}
_SHORT_DATES: Final = {"en": "d MMM yyyy", "pl": "dd.MM.yyyy", "sq": "dd.MM.yyyy"}
# Where readers expect the unit of their own country and not its ISO code.
_HOME_UNITS: Final = {("pl", "PLN"): "zł", ("sq", "ALL"): "lekë"}
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def write_amount(money: Money, lang: Lang) -> str:
    """Return the amount in the language's grouping, with all decimals of ISO 4217: ``1 246,50 zł``.

    The decimals come from :func:`donorhub.money.get_exponent` and not from CLDR, which would print the lek
    with none and drop its cents.
    """
    places = get_exponent(money.currency)
    whole, part = divmod(abs(money.minor), 10**places)
    minus, group, point = _find_signs(lang)
    figures = f"{whole:,}".replace(",", group)
    if places:
        figures = f"{figures}{point}{part:0{places}}"
    if money.minor < 0:
        figures = minus + figures
    if lang == "en":
        return f"{money.currency}{_NO_BREAK}{figures}"
    return f"{figures}{_NO_BREAK}{_HOME_UNITS.get((lang, money.currency), money.currency)}"


@cache
def _find_signs(lang: Lang) -> tuple[str, str, str]:
    """Return how a language writes minus, thousands and decimals.

    Babel's own formatting reads its pattern anew for each amount, which takes twenty times as long.
    """
    locale = _LOCALES[lang]
    return get_minus_sign_symbol(locale), get_group_symbol(locale), get_decimal_symbol(locale)


def write_long_date(on: date, lang: Lang) -> str:
    """Return ``5 marca 2026``: the month as a word, so that no reader swaps day and month."""
    text = format_date(on, "long", locale=_LOCALES[lang])
    return f"{text}{_NO_BREAK}r." if lang == "pl" else text


def write_short_date(on: date, lang: Lang) -> str:
    """Return ``05.03.2026`` for a table; English names the month, since 05/03 has two readings."""
    return format_date(on, _SHORT_DATES[lang], locale=_LOCALES[lang])


def write_account(number: str) -> str:
    """Return an IBAN in groups of four, as ISO 13616 prints it; other numbers stay as they are."""
    plain = number.replace(" ", "")
    if not (plain[:2].isalpha() and plain[2:4].isdigit() and plain.isalnum()):
        return number
    return _NO_BREAK.join(plain[i : i + 4] for i in range(0, len(plain), 4))
