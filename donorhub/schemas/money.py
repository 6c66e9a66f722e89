"""Amounts with their currency, read and written alike everywhere."""

from __future__ import annotations

from typing import Any, Unpack

from marshmallow import ValidationError, fields, post_load, pre_dump

from donorhub.money import Money, get_exponent
from donorhub.schemas import faults
from donorhub.schemas.fields import MESSAGES, Coded, Currency, Options, StrictSchema
from donorhub.schemas.limits import MAX_MINOR


class MoneySchema(StrictSchema):
    """``{"amount": "50.00", "currency": "PLN"}`` both ways; a string, never a float."""

    amount = Coded(
        r"^-?[0-9]{1,15}(\.[0-9]{1,18})?$",
        error=faults.NO_AMOUNT,
        required=True,
        metadata={"examples": ["50.00"]},
    )
    currency = Currency(required=True)

    def load(self, data: Any, *, partial: object = None, **more: Any) -> Any:
        """Return the Money. It is given whole, also where the fields around it may be left out."""
        return super().load(data, partial=False, **more)

    @post_load
    def _to_money(self, data: dict[str, str], **_: object) -> Money:
        currency = data["currency"]
        try:
            money = Money.parse(data["amount"], currency)
        except ValueError as e:
            places = get_exponent(currency)
            raise ValidationError(
                faults.TOO_PRECISE.format(currency=currency, places=places), "amount"
            ) from e
        if abs(money.minor) > MAX_MINOR:
            raise ValidationError(faults.TOO_MUCH, "amount")
        return money

    @pre_dump
    def _from_money(self, money: Money, **_: object) -> dict[str, str]:
        return {"amount": money.as_text(), "currency": money.currency}


def check_positive(money: Money | None) -> None:
    """Raise ValidationError for an amount of which there is not more than nothing."""
    if money is not None and money.minor <= 0:
        raise ValidationError(faults.NOT_POSITIVE, "amount")


class Amount(fields.Nested):
    """An amount of which there is more than nothing."""

    default_error_messages = MESSAGES

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(MoneySchema, validate=check_positive, **more)
