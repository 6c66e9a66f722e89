"""Stripe's units and ISO minor units differ for some currencies, in both directions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from donorhub.money import Money
from webhooks.fact import BadBody
from webhooks.stripe.amounts import (
    convert_to_minor,
    read_amount,
    read_currency,
    read_required_amount,
    read_signed_amount,
    read_unit_amount,
    round_to_minor,
)

# What Stripe writes for an amount, and the amount: https://docs.stripe.com/currencies
WRITTEN = [
    ("USD", 1000, "10.00"),
    ("PLN", 5000, "50.00"),
    ("ALL", 100000, "1000.00"),
    ("JPY", 500, "500"),
    ("BIF", 500, "500"),
    ("CLP", 500, "500"),
    ("DJF", 500, "500"),
    ("GNF", 500, "500"),
    ("KMF", 500, "500"),
    ("KRW", 500, "500"),
    ("PYG", 500, "500"),
    ("RWF", 500, "500"),
    ("VND", 500, "500"),
    ("VUV", 500, "500"),
    ("XAF", 500, "500"),
    ("XOF", 500, "500"),
    ("XPF", 500, "500"),
    ("MGA", 500, "500.00"),
    ("ISK", 500, "5"),
    ("UGX", 500, "5"),
    ("HUF", 1000, "10.00"),
    ("TWD", 80000, "800.00"),
    ("BHD", 5120, "5.120"),
    ("JOD", 5120, "5.120"),
    ("KWD", 5120, "5.120"),
    ("OMR", 5120, "5.120"),
    ("TND", 5120, "5.120"),
]


@pytest.mark.parametrize(("currency", "units", "text"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_an_amount_is_what_stripe_means_by_it(currency: str, units: int, text: str) -> None:
    assert Money(convert_to_minor(units, currency), currency).as_text() == text
    assert convert_to_minor(-units, currency) == -convert_to_minor(units, currency)


def test_part_of_coin_is_refused() -> None:
    """A part of a coin is refused and not rounded away, because it would change the amount."""
    with pytest.raises(BadBody, match="ISK"):
        convert_to_minor(550, "ISK")


@pytest.mark.parametrize("value", [True, False, 1.0, 0.5, "5000", -1, 10**12 + 1, 10**40, [], {}])
def test_only_whole_numbers_are_amounts(value: object) -> None:
    """What is no whole number in range is no amount."""
    with pytest.raises(BadBody, match="amount"):
        read_amount({"amount": value}, "amount", "PLN")


def test_required_amount_must_be_there() -> None:
    """An amount may be absent only where it need not be there."""
    assert read_amount({"amount": None}, "amount", "PLN") is None
    with pytest.raises(BadBody, match="missing"):
        read_required_amount({}, "amount", "PLN")


def test_the_bounds_are_amounts() -> None:
    assert read_amount({"amount": 0}, "amount", "PLN") == 0
    assert read_amount({"amount": 10**12}, "amount", "PLN") == 10**12


@pytest.mark.parametrize("value", [None, True, 1.5, "10", 10**12 + 1, -(10**12) - 1])
def test_a_signed_amount_is_a_whole_number_too(value: object) -> None:
    with pytest.raises(BadBody):
        read_signed_amount({"net": value}, "net", "PLN")
    assert read_signed_amount({"net": -150}, "net", "PLN") == -150


@pytest.mark.parametrize("value", [None, "", "zł", "PL", "plnn", "xyz", "xxx", "usdc", 985, True, ["pln"]])
def test_only_iso_currencies_are_currencies(value: object) -> None:
    with pytest.raises(BadBody, match="ISO 4217"):
        read_currency({"currency": value})


@pytest.mark.parametrize("value", ["pln", "PLN", "all", "eur", "xcg", "hrk"])
def test_a_currency_is_written_in_capitals(value: str) -> None:
    assert read_currency({"currency": value}) == value.upper()


def test_price_fraction_is_rounded_half_up() -> None:
    """A price may have a fraction, which the invoice rounds half up as Stripe does."""
    assert read_unit_amount({"unit_amount": None, "unit_amount_decimal": "10.5"}) == Decimal("10.5")
    assert round_to_minor(Decimal("10.5") * 3, "PLN") == 32
    assert read_unit_amount({"unit_amount": None}) is None


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", "1e30", "", "ten", 1.5, True])
def test_a_price_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(BadBody):
        read_unit_amount({"unit_amount_decimal": value})
