"""Stripe's amounts turned into ISO 4217 minor units; it adds nothing up.

Stripe counts most currencies in their ISO minor unit, and three otherwise
(https://docs.stripe.com/currencies): ISK and UGX with two decimals that are always 00, MGA
with none. HUF and TWD are paid out in whole units only, yet written with two decimals all
the same (a payout of HUF 10 says 1000), so they need no exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from donorhub.money import get_exponent, is_currency
from webhooks.fact import BadBody
from webhooks.stripe.shapes import Object

MAX_AMOUNT: Final = 10**12
_NEVER_NEGATIVE: Final = frozenset(
    {"charge", "payment_intent", "refund", "dispute", "checkout.session", "invoice"}
)
_HAVE_CURRENCY: Final = _NEVER_NEGATIVE | {"payout"}  # below zero: Stripe takes the money from our account
_STRIPE_EXPONENTS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}


def read_currency(holder: Mapping[str, object], key: str = "currency") -> str:
    """Return the ISO code that an object names, in capitals; raise BadBody when it names none."""
    value = holder.get(key)
    code = value.upper() if isinstance(value, str) else ""
    if not is_currency(code):
        raise BadBody(f"{key} {str(value)[:12]!r} is no ISO 4217 currency")
    return code


def read_amount(holder: Object, key: str, currency: str) -> int | None:
    """Return ``holder[key]`` in minor units, None when it is not there.

    Raise BadBody for all but whole numbers from 0 to 10^12 in Stripe's units.
    """
    value = holder.get(key)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MAX_AMOUNT:
        raise BadBody(f"{key} is no amount: a whole number from 0 to {MAX_AMOUNT} is")
    return convert_to_minor(value, currency)


def read_required_amount(holder: Mapping[str, object], key: str, currency: str) -> int:
    """Return ``holder[key]`` as ``read_amount`` does; raise BadBody when it is not there."""
    minor = read_amount(holder, key, currency)
    if minor is None:
        raise BadBody(f"{key} is missing")
    return minor


def read_signed_amount(holder: Mapping[str, object], key: str, currency: str) -> int:
    """Return ``holder[key]`` in minor units, maybe below zero, as in a balance transaction.

    Raise BadBody when it is not there or is no whole number.
    """
    value = holder.get(key)
    if type(value) is not int or abs(value) > MAX_AMOUNT:
        raise BadBody(f"{key} is no amount: a whole number from -{MAX_AMOUNT} to {MAX_AMOUNT} is")
    return convert_to_minor(value, currency)


def convert_to_minor(units: int, currency: str) -> int:
    """Return Stripe's units as ISO minor units; raise BadBody when that would cut off a part of a coin."""
    shift = get_exponent(currency) - _STRIPE_EXPONENTS.get(currency, get_exponent(currency))
    if shift >= 0:
        return int(units * 10**shift)
    whole, rest = divmod(units, 10**-shift)
    if rest:
        raise BadBody(f"{units} is no whole number of {currency}")
    return int(whole)


def read_unit_amount(price: Mapping[str, object]) -> Decimal | None:
    """Return what one unit costs in Stripe's units, maybe with a fraction; None when it is not fixed."""
    for key in ("unit_amount", "unit_amount_decimal", "amount", "amount_decimal"):
        value = price.get(key)
        if value is None:
            continue
        number = _read_decimal(value, key)
        if not 0 <= number <= MAX_AMOUNT:
            raise BadBody(f"{key} is no amount: from 0 to {MAX_AMOUNT} is")
        return number
    return None


def round_to_minor(units: Decimal, currency: str) -> int:
    """Return a computed sum in minor units, rounded as Stripe does on an invoice: half a unit goes up."""
    return convert_to_minor(int(units.quantize(Decimal(1), ROUND_HALF_UP)), currency)


def _read_decimal(value: object, key: str) -> Decimal:
    if type(value) is int:
        return Decimal(value)
    if not isinstance(value, str):
        raise BadBody(f"{key} is neither a whole number nor a decimal text")
    try:
        number = Decimal(value)
    except InvalidOperation as e:
        raise BadBody(f"{key} is no decimal number") from e
    if not number.is_finite():
        raise BadBody(f"{key} is no decimal number")
    return number


def refuse_odd_money(kind: str, holder: Mapping[str, object]) -> None:
    """Raise BadBody where an object's own amounts or currency are none; nested objects are not looked at.

    It runs before a message is stored, so that a hostile value is answered with an error.
    Objects that may hold amounts below zero (payouts, balance transactions, invoice items) are only
    kept from booleans, fractions and text.
    """
    lowest = 0 if kind in _NEVER_NEGATIVE else -MAX_AMOUNT
    for key, value in holder.items():
        if (
            key.startswith("amount")
            and _is_an_amount(key, value)
            and not (type(value) is int and lowest <= value <= MAX_AMOUNT)
        ):
            raise BadBody(f"{key} is no amount: a whole number from {lowest} to {MAX_AMOUNT} is")
    if kind in _HAVE_CURRENCY and holder.get("currency") is not None:
        read_currency(holder)


def _is_an_amount(key: str, value: object) -> bool:
    if value is None or isinstance(value, dict | list):
        return False  # amount_details and its like
    return key == "amount" or (key.startswith("amount_") and not key.endswith("_decimal"))
