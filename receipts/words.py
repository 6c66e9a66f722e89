"""Amounts in words, in English, Polish and Albanian, as a receipt writes them.

English and Polish numerals come from num2words; the Albanian ones, the names of the
currencies and the minor units are our own. Different amounts give different words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from num2words import num2words

from donorhub.money import Money, get_exponent
from receipts.document import Lang

LARGEST: Final = 999_999_999_999  # whole units; beyond it num2words names of thousands get doubtful


@dataclass(frozen=True, slots=True)
class _Unit:
    """The forms of a currency's name after 1, after 2 to 4 and after 5; feminine in Albanian or not."""

    one: str
    few: str
    many: str
    feminine: bool = False


def _make_unit(one: str, many: str, *, feminine: bool = False) -> _Unit:
    return _Unit(one, many, many, feminine)


_UNITS: Final[Mapping[Lang, Mapping[str, _Unit]]] = {
    "en": {
        "PLN": _make_unit("zloty", "zlotys"),
        "EUR": _make_unit("euro", "euros"),
        "ALL": _make_unit("lek", "lekë"),
        "USD": _make_unit("US dollar", "US dollars"),
        "GBP": _make_unit("pound sterling", "pounds sterling"),
        "CHF": _make_unit("Swiss franc", "Swiss francs"),
    },
    "pl": {
        "PLN": _Unit("złoty", "złote", "złotych"),
        "EUR": _make_unit("euro", "euro"),
        "ALL": _Unit("lek albański", "leki albańskie", "leków albańskich"),
        "USD": _Unit("dolar amerykański", "dolary amerykańskie", "dolarów amerykańskich"),
        "GBP": _Unit("funt szterling", "funty szterlingi", "funtów szterlingów"),
        "CHF": _Unit("frank szwajcarski", "franki szwajcarskie", "franków szwajcarskich"),
    },
    "sq": {
        "PLN": _make_unit("zllotë polake", "zllota polake", feminine=True),
        "EUR": _make_unit("euro", "euro"),
        "ALL": _make_unit("lek", "lekë"),
        "USD": _make_unit("dollar amerikan", "dollarë amerikanë"),
        "GBP": _make_unit("sterlinë britanike", "sterlina britanike", feminine=True),
        "CHF": _make_unit("frangë zvicerane", "franga zvicerane", feminine=True),
    },
}
# Minor units that Albanian receipts spell out; others are written as a fraction.
_SQ_MINOR: Final = {
    "EUR": _make_unit("cent", "cent"),
    "USD": _make_unit("cent", "cent"),
    "ALL": _make_unit("qindarkë", "qindarka", feminine=True),
}
_SQ_BELOW_TWENTY: Final = (
    "zero një dy tre katër pesë gjashtë shtatë tetë nëntë dhjetë njëmbëdhjetë dymbëdhjetë trembëdhjetë "
    "katërmbëdhjetë pesëmbëdhjetë gjashtëmbëdhjetë shtatëmbëdhjetë tetëmbëdhjetë nëntëmbëdhjetë"
).split()
_SQ_TENS: Final = (
    "njëzet tridhjetë dyzet pesëdhjetë gjashtëdhjetë shtatëdhjetë tetëdhjetë nëntëdhjetë".split()
)
_SQ_LARGE: Final = ((1_000_000_000, "miliard", "miliardë"), (1_000_000, "milion", "milionë"))


def write_in_words(money: Money, lang: Lang) -> str:
    """Return the amount in words: ``sto złotych 50/100``, ``one euro and 00/100``, ``një euro e dy cent``.

    English and Polish write the minor units as a fraction, always, so that nothing can be added behind the
    words. A currency whose name we do not know keeps its ISO code. Raise ValueError for a negative amount
    and for one of a thousand thousand million or more.
    """
    if money.minor < 0:
        raise ValueError(f"{money} is negative: a receipt has no words for that")
    whole, minor = divmod(money.minor, 10 ** get_exponent(money.currency))
    if whole > LARGEST:
        raise ValueError(f"{money} is too large to be written in words")
    if lang == "sq":
        return _write_albanian(whole, minor, money.currency)
    return _write_with_fraction(whole, minor, money.currency, lang)


def _write_with_fraction(whole: int, minor: int, currency: str, lang: Lang) -> str:
    unit = _UNITS[lang].get(currency)
    form = _choose_polish_form if lang == "pl" else _choose_form
    text = f"{_write_cardinal(whole, lang)} {form(unit, whole) if unit else currency}"
    places = get_exponent(currency)
    if not places:
        return text
    joint = " and " if lang == "en" else " "
    return f"{text}{joint}{minor:0{places}}/{10**places}"


def _write_cardinal(number: int, lang: Lang) -> str:
    text: str = num2words(number, lang=lang)
    return text.replace(",", "")


def _choose_form(unit: _Unit, number: int) -> str:
    return unit.one if number == 1 else unit.many


def _choose_polish_form(unit: _Unit, number: int) -> str:
    if number == 1:
        return unit.one
    few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    return unit.few if few else unit.many


def _write_albanian(whole: int, minor: int, currency: str) -> str:
    unit = _UNITS["sq"].get(currency)
    text = f"{_write_albanian_number(whole, feminine=bool(unit and unit.feminine))} "
    text += _choose_form(unit, whole) if unit else currency
    if not minor:
        return text
    coin = _SQ_MINOR.get(currency)
    if coin is None:
        places = get_exponent(currency)
        return f"{text} e {minor:0{places}}/{10**places}"
    return f"{text} e {_write_albanian_number(minor, feminine=coin.feminine)} {_choose_form(coin, minor)}"


def _write_albanian_number(number: int, *, feminine: bool = False) -> str:
    """Return ``njëmijë e dyqind e dyzet e gjashtë``; a final three before a feminine noun is ``tri``."""
    if number == 0:
        return _SQ_BELOW_TWENTY[0]
    parts = []
    for size, one, many in _SQ_LARGE:
        count, number = divmod(number, size)
        if count:
            parts.append(f"{_write_albanian_number(count)} {one if count == 1 else many}")
    thousands, rest = divmod(number, 1000)
    if thousands:
        parts.append(_write_albanian_thousands(thousands))
    if rest:
        parts.append(_write_albanian_below_thousand(rest, feminine=feminine))
    return " e ".join(parts)


def _write_albanian_thousands(count: int) -> str:
    """Return ``njëmijë`` and ``njëqindmijë`` in one word, ``njëzet e pesë mijë`` in several."""
    text = _write_albanian_below_thousand(count)
    return f"{text} mijë" if " " in text else f"{text}mijë"


def _write_albanian_below_thousand(number: int, *, feminine: bool = False) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{_SQ_BELOW_TWENTY[hundreds]}qind"] if hundreds else []
    if rest >= len(_SQ_BELOW_TWENTY):
        tens, rest = divmod(rest, 10)
        parts.append(_SQ_TENS[tens - 2])
    if rest:
        parts.append("tri" if feminine and rest == 3 else _SQ_BELOW_TWENTY[rest])  # noqa: PLR2004
    return " e ".join(parts)
