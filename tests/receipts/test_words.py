"""Amounts in words, number by number and as a property."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donorhub.money import Money
from receipts import write_in_words
from receipts.document import Lang

POLISH = {
    "0": "zero złotych 00/100",
    "0.01": "zero złotych 01/100",
    "1": "jeden złoty 00/100",
    "2": "dwa złote 00/100",
    "4.99": "cztery złote 99/100",
    "5": "pięć złotych 00/100",
    "11": "jedenaście złotych 00/100",
    "12": "dwanaście złotych 00/100",
    "13": "trzynaście złotych 00/100",
    "14": "czternaście złotych 00/100",
    "19": "dziewiętnaście złotych 00/100",
    "21": "dwadzieścia jeden złotych 00/100",
    "22": "dwadzieścia dwa złote 00/100",
    "25": "dwadzieścia pięć złotych 00/100",
    "40": "czterdzieści złotych 00/100",
    "99.90": "dziewięćdziesiąt dziewięć złotych 90/100",
    "100": "sto złotych 00/100",
    "101": "sto jeden złotych 00/100",
    "102": "sto dwa złote 00/100",
    "112": "sto dwanaście złotych 00/100",
    "200": "dwieście złotych 00/100",
    "333": "trzysta trzydzieści trzy złote 00/100",
    "500": "pięćset złotych 00/100",
    "1000": "tysiąc złotych 00/100",
    "1246.50": "tysiąc dwieście czterdzieści sześć złotych 50/100",
    "2000": "dwa tysiące złotych 00/100",
    "5000": "pięć tysięcy złotych 00/100",
    "12012": "dwanaście tysięcy dwanaście złotych 00/100",
    "21000": "dwadzieścia jeden tysięcy złotych 00/100",
    "22000": "dwadzieścia dwa tysiące złotych 00/100",
    "1000000": "milion złotych 00/100",
    "1000001": "milion jeden złotych 00/100",
    "2000000": "dwa miliony złotych 00/100",
    "5000000": "pięć milionów złotych 00/100",
    "999999999.99": "dziewięćset dziewięćdziesiąt dziewięć milionów dziewięćset dziewięćdziesiąt dziewięć "
    "tysięcy dziewięćset dziewięćdziesiąt dziewięć złotych 99/100",
}
ENGLISH = {
    "0": "zero euros and 00/100",
    "1": "one euro and 00/100",
    "2": "two euros and 00/100",
    "12": "twelve euros and 00/100",
    "21": "twenty-one euros and 00/100",
    "25.05": "twenty-five euros and 05/100",
    "101": "one hundred and one euros and 00/100",
    "1000": "one thousand euros and 00/100",
    "1246.50": "one thousand two hundred and forty-six euros and 50/100",
    "1000000": "one million euros and 00/100",
    "999999999.99": "nine hundred and ninety-nine million nine hundred and ninety-nine thousand "
    "nine hundred and ninety-nine euros and 99/100",
}
ALBANIAN = {
    "0": "zero euro",
    "0.50": "zero euro e pesëdhjetë cent",
    "1": "një euro",
    "1.01": "një euro e një cent",
    "2": "dy euro",
    "3": "tre euro",
    "5": "pesë euro",
    "10": "dhjetë euro",
    "11": "njëmbëdhjetë euro",
    "12": "dymbëdhjetë euro",
    "13": "trembëdhjetë euro",
    "19": "nëntëmbëdhjetë euro",
    "20": "njëzet euro",
    "21": "njëzet e një euro",
    "22": "njëzet e dy euro",
    "25": "njëzet e pesë euro",
    "30": "tridhjetë euro",
    "40": "dyzet euro",
    "58": "pesëdhjetë e tetë euro",
    "67": "gjashtëdhjetë e shtatë euro",
    "76": "shtatëdhjetë e gjashtë euro",
    "84": "tetëdhjetë e katër euro",
    "99": "nëntëdhjetë e nëntë euro",
    "100": "njëqind euro",
    "101": "njëqind e një euro",
    "111": "njëqind e njëmbëdhjetë euro",
    "320": "treqind e njëzet euro",
    "1000": "njëmijë euro",
    "1001": "njëmijë e një euro",
    "1246.50": "njëmijë e dyqind e dyzet e gjashtë euro e pesëdhjetë cent",
    "2000": "dymijë euro",
    "10000": "dhjetëmijë euro",
    "25000": "njëzet e pesë mijë euro",
    "100000": "njëqindmijë euro",
    "102003.04": "njëqind e dy mijë e tre euro e katër cent",
    "1000000": "një milion euro",
    "2500000": "dy milionë e pesëqindmijë euro",
    "999999999.99": "nëntëqind e nëntëdhjetë e nëntë milionë e nëntëqind e nëntëdhjetë e nëntë mijë "
    "e nëntëqind e nëntëdhjetë e nëntë euro e nëntëdhjetë e nëntë cent",
    "1000000000": "një miliard euro",
    "3000000000": "tre miliardë euro",
}
TABLE: list[tuple[Lang, str, str, str]] = [
    *(("pl", "PLN", amount, words) for amount, words in POLISH.items()),
    *(("en", "EUR", amount, words) for amount, words in ENGLISH.items()),
    *(("sq", "EUR", amount, words) for amount, words in ALBANIAN.items()),
    ("pl", "EUR", "2", "dwa euro 00/100"),
    ("pl", "USD", "1", "jeden dolar amerykański 00/100"),
    ("pl", "USD", "23", "dwadzieścia trzy dolary amerykańskie 00/100"),
    ("pl", "GBP", "5", "pięć funtów szterlingów 00/100"),
    ("pl", "CHF", "4", "cztery franki szwajcarskie 00/100"),
    ("pl", "ALL", "1500.25", "tysiąc pięćset leków albańskich 25/100"),
    ("pl", "XAF", "1234", "tysiąc dwieście trzydzieści cztery XAF"),
    ("en", "PLN", "1", "one zloty and 00/100"),
    ("en", "PLN", "2.50", "two zlotys and 50/100"),
    ("en", "GBP", "1", "one pound sterling and 00/100"),
    ("en", "CHF", "2", "two Swiss francs and 00/100"),
    ("en", "USD", "1.99", "one US dollar and 99/100"),
    ("en", "ALL", "1500.25", "one thousand five hundred lekë and 25/100"),
    ("en", "SEK", "7.10", "seven SEK and 10/100"),
    ("en", "KWD", "7.125", "seven KWD and 125/1000"),
    ("en", "JPY", "7", "seven JPY"),
    ("sq", "ALL", "1", "një lek"),
    ("sq", "ALL", "3", "tre lekë"),
    ("sq", "ALL", "1500.25", "njëmijë e pesëqind lekë e njëzet e pesë qindarka"),
    ("sq", "CHF", "3", "tri franga zvicerane"),
    ("sq", "CHF", "1.50", "një frangë zvicerane e 50/100"),
    ("sq", "PLN", "23", "njëzet e tri zllota polake"),
    ("sq", "GBP", "13", "trembëdhjetë sterlina britanike"),
    ("sq", "USD", "2", "dy dollarë amerikanë"),
    ("sq", "SEK", "7.10", "shtatë SEK e 10/100"),
]
CURRENCIES = ("PLN", "EUR", "ALL", "USD", "GBP", "CHF", "SEK", "JPY", "KWD")
LANGS: tuple[Lang, ...] = ("en", "pl", "sq")


@pytest.mark.parametrize(("lang", "currency", "amount", "words"), TABLE)
def test_amount_reads_as_its_language_says(lang: Lang, currency: str, amount: str, words: str) -> None:
    """An amount is written in words as a reader of the language says it."""
    assert write_in_words(Money.parse(amount, currency), lang) == words


@pytest.mark.parametrize("lang", LANGS)
def test_whole_amounts_have_different_words(lang: Lang) -> None:
    """The first ten thousand whole amounts have ten thousand different words, so no two can be mistaken."""
    wordings = {write_in_words(Money(whole * 100, "EUR"), lang) for whole in range(10_000)}
    assert len(wordings) == 10_000


@pytest.mark.parametrize("lang", LANGS)
def test_minor_units_have_their_own_words(lang: Lang) -> None:
    """Every count of minor units has its own words, in each currency."""
    for currency in CURRENCIES:
        wordings = {write_in_words(Money(minor, currency), lang) for minor in range(300)}
        assert len(wordings) == 300


# Whole thousands and millions come up too seldom by themselves.
_MINOR = st.integers(0, 10**12 - 1) | st.integers(0, 10**6 - 1).map(lambda n: n * 10**6)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(LANGS), st.sampled_from(CURRENCIES), _MINOR, _MINOR)
def test_different_amounts_have_different_words(lang: Lang, currency: str, one: int, other: int) -> None:
    same = write_in_words(Money(one, currency), lang) == write_in_words(Money(other, currency), lang)
    assert same == (one == other)


POLISH_UNITS = (
    "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście "
    "czternaście piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście"
).split()
POLISH_TENS = (
    "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt "
    "osiemdziesiąt dziewięćdziesiąt"
).split()
POLISH_HUNDREDS = "sto dwieście trzysta czterysta pięćset sześćset siedemset osiemset dziewięćset".split()


def _polish(number: int) -> str:
    said = [POLISH_HUNDREDS[number // 100 - 1]] if number >= 100 else []
    rest = number % 100
    if rest >= 20:
        said.append(POLISH_TENS[rest // 10 - 2])
        rest %= 10
    return " ".join([*said, POLISH_UNITS[rest]] if rest or not said else said)


def _zloty(number: int) -> str:
    if number == 1:
        return "złoty"
    return "złote" if number % 10 in (2, 3, 4) and number % 100 // 10 != 1 else "złotych"


def test_polish_numbers_match_independent_list() -> None:
    """The library writes Polish numbers up to a thousand exactly as an independent list does."""
    for number in range(1000):
        expected = f"{_polish(number)} {_zloty(number)} 07/100"
        assert write_in_words(Money(number * 100 + 7, "PLN"), "pl") == expected


@pytest.mark.parametrize("lang", LANGS)
def test_amounts_beyond_words_are_refused(lang: Lang) -> None:
    """A negative amount and one that is too large for words are refused."""
    with pytest.raises(ValueError, match="negative"):
        write_in_words(Money(-1, "PLN"), lang)
    with pytest.raises(ValueError, match="too large"):
        write_in_words(Money(100_000_000_000_000, "PLN"), lang)
