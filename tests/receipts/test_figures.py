"""Figures, dates and account numbers in three languages."""

from __future__ import annotations

from datetime import date

import pytest

from donorhub.money import Money
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
def test_an_amount_keeps_all_the_decimals_of_its_currency(
    lang: Lang, minor: int, currency: str, shown: str
) -> None:
    assert figures.amount(Money(minor, currency), lang).replace("\xa0", " ") == shown


def test_an_amount_never_breaks_across_lines() -> None:
    assert " " not in figures.amount(Money(123456750, "PLN"), "pl")


def test_dates_are_written_so_that_day_and_month_cannot_be_swapped() -> None:
    day = date(2026, 3, 5)
    assert [figures.long_date(day, lang).replace("\xa0", " ") for lang in ("en", "pl", "sq")] == [
        "5 March 2026",
        "5 marca 2026 r.",
        "5 mars 2026",
    ]
    assert [figures.short_date(day, lang) for lang in ("en", "pl", "sq")] == [
        "5 Mar 2026",
        "05.03.2026",
        "05.03.2026",
    ]


def test_an_iban_stands_in_groups_of_four_and_another_number_as_it_came() -> None:
    grouped = figures.account("PL61 10901014 0000071219812874")
    assert grouped.replace("\xa0", " ") == "PL61 1090 1014 0000 0712 1981 2874"
    assert figures.account("12-345/6") == "12-345/6"
    assert figures.account("") == ""
