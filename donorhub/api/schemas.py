"""Schemas that several nouns share: money, problems, pages."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_dump, validate

from donorhub.money import Money

MAX_MINOR = 10**14


class StrictSchema(Schema):
    """An input: a field that nobody knows is an error, not ignored."""

    class Meta:
        unknown = RAISE


class MoneySchema(StrictSchema):
    """``{"amount": "50.00", "currency": "PLN"}`` both ways; a string, never a float."""

    amount = fields.String(
        required=True,
        validate=validate.Length(1, 20),
        metadata={"examples": ["50.00"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    )
    currency = fields.String(
        required=True, validate=validate.Regexp(r"^[A-Z]{3}\Z", error="Three capital letters, such as PLN.")
    )

    @post_load
    def _to_money(self, data: dict[str, Any], **_: Any) -> Money:
        try:
            money = Money.parse(data["amount"], data["currency"])
        except ValueError as e:
            raise ValidationError(str(e), "amount") from e
        if abs(money.minor) > MAX_MINOR:
            raise ValidationError("This is more money than we can keep.", "amount")
        return money

    @pre_dump
    def _from_money(self, money: Money, **_: Any) -> dict[str, str]:
        return {"amount": money.as_text(), "currency": money.currency}


class FieldProblemSchema(Schema):
    pointer = fields.String(metadata={"description": "JSON pointer into the request"})
    detail = fields.String()
    code = fields.String()


class ProblemSchema(Schema):
    """RFC 9457 problem details; ``code`` is stable, ``title`` and ``detail`` are for people."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String()
    request_id = fields.String()
    errors = fields.List(fields.Nested(FieldProblemSchema))


class PageArgs(StrictSchema):
    """What every list takes."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    after = fields.String(
        validate=validate.Length(1, 200), metadata={"description": "Cursor of the page before"}
    )
