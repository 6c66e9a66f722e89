"""Money: exact, refusing, and the same again when printed and read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.money import Money, find_last_day, get_exponent, is_currency, sum_money

currencies = st.sampled_from(["PLN", "EUR", "ALL", "JPY", "KWD", "CLF"])


@given(st.integers(-(10**14), 10**14), currencies)
def test_what_is_printed_is_read_back(minor: int, currency: str) -> None:
    assert Money.parse(Money(minor, currency).as_text(), currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1,50",
        "1 000",
        "1.234,50",
        "NaN",
        "Infinity",
        "1e3",
        "1_000",
        "٣",
        "+5",
        "5.",
        ".5",
        "0.005",
        "--1",
    ],
)
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        Money.parse(text, "PLN")


def test_decimals_follow_the_currency() -> None:
    """Decimals follow the currency, and zeros beyond them are fine."""
    assert Money.parse("27.050", "EUR") == Money(2705, "EUR")
    assert Money.parse("5000", "JPY").minor == 5000
    assert Money.parse("1.234", "KWD").minor == 1234
    assert get_exponent("ALL") == 2


def test_two_currencies_are_never_added() -> None:
    """Amounts in two currencies are never added."""
    with pytest.raises(ValueError, match="PLN and EUR"):
        Money(1, "PLN") + Money(1, "EUR")
    with pytest.raises(ValueError, match="cannot be reckoned"):
        sum_money([Money(1, "EUR")], "PLN")


def test_only_whole_minor_units_are_money() -> None:
    for minor in (1.0, True, Decimal(1), "1"):
        with pytest.raises(TypeError):
            Money(minor, "PLN")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no amount"):
        Money.from_decimal(Decimal("NaN"), "PLN")


def test_sums_keep_every_grosz() -> None:
    assert sum_money([Money(1, "PLN")] * 200_000, "PLN").as_text() == "2000.00"
    assert abs(-Money(5, "PLN")) - Money(5, "PLN") == Money(0, "PLN")


def test_unknown_code_is_no_currency() -> None:
    """A currency is one of ISO 4217: three letters alone are not enough, and what ended has its last day."""
    assert [code for code in ("ZZZ", "XXX", "XTS", "XAU", "ABC", "pln", "PL", "") if is_currency(code)] == []
    assert all(is_currency(code) for code in ("PLN", "EUR", "ALL", "XCG", "ZWG", "HRK", "BGN"))
    assert find_last_day("PLN") is None
    assert find_last_day("HRK") == date(2023, 1, 14)
    assert get_exponent("ITL") == 0
    assert Money(5, "ZZZ").as_text() == "0.05"  # what was stored before is shown
