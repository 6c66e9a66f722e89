"""Figures, dates and account numbers in three languages."""

from __future__ import annotations

from datetime import date

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from donorhub.money import Money, get_exponent
from receipts import figures
from receipts.document import Lang


@pytest.mark.parametrize(
    ("lang", "minor", "currency", "shown"),
    [
        ("pl", 124650, "PLN", "1 246,50 zł"),
        ("pl", 123456750, "EUR", "1 234 567,50 EUR"),
        ("pl", 5, "PLN", "0,05 zł"),
        ("en", 124650, "PLN", "PLN 1,246.50"),
        ("en", 1234, "JPY", "JPY 1,234"),
        ("en", 1234567, "KWD", "KWD 1,234.567"),
        ("sq", 124650, "EUR", "1 246,50 EUR"),
        ("sq", 150025, "ALL", "1 500,25 lekë"),
        ("sq", 150000, "ALL", "1 500,00 lekë"),
    ],
)
def test_amount_keeps_all_its_decimals(lang: Lang, minor: int, currency: str, shown: str) -> None:
    """An amount keeps all the decimals that its currency has, and is written as its language writes it."""
    assert figures.write_amount(Money(minor, currency), lang).replace("\xa0", " ") == shown


@given(
    minor=st.integers(-(10**16), 10**16) | st.integers(-100_000, 100_000),
    currency=st.sampled_from(["PLN", "EUR", "ALL", "JPY", "KWD", "CLF"]),
    language=st.sampled_from([("en", "en_GB"), ("pl", "pl"), ("sq", "sq")]),
)
def test_amounts_are_written_as_babel_writes_them(
    minor: int, currency: str, language: tuple[Lang, str]
) -> None:
    money, (lang, locale) = Money(minor, currency), language
    pattern = "#,##0." + "0" * get_exponent(currency) if get_exponent(currency) else "#,##0"
    written = format_decimal(money.as_decimal(), format=pattern, locale=locale)
    unit = {("pl", "PLN"): "zł", ("sq", "ALL"): "lekë"}.get((lang, currency), currency)
    whole = f"{currency}\xa0{written}" if lang == "en" else f"{written}\xa0{unit}"
    assert figures.write_amount(money, lang) == whole


def test_an_amount_never_breaks_across_lines() -> None:
    assert " " not in figures.write_amount(Money(123456750, "PLN"), "pl")


def test_day_and_month_cannot_be_swapped() -> None:
    """Dates are written so that day and month cannot be swapped by a reader."""
    day = date(2026, 3, 5)
    assert [figures.write_long_date(day, lang).replace("\xa0", " ") for lang in ("en", "pl", "sq")] == [
        "5 March 2026",
        "5 marca 2026 r.",
        "5 mars 2026",
    ]
    assert [figures.write_short_date(day, lang) for lang in ("en", "pl", "sq")] == [
        "5 Mar 2026",
        "05.03.2026",
        "05.03.2026",
    ]


def test_iban_stands_in_groups_of_four() -> None:
    """An IBAN stands in groups of four, and another account number as it came."""
    grouped = figures.write_account("PL61 10901014 0000071219812874")
    assert grouped.replace("\xa0", " ") == "PL61 1090 1014 0000 0712 1981 2874"
    assert figures.write_account("12-345/6") == "12-345/6"
    assert figures.write_account("") == ""
