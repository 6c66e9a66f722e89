"""Schemas and fields that several nouns share: money, texts, dates, problems, pages.

Inputs are strict, answers hide amounts from whoever may not see gifts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import g
from flask_smorest.fields import Upload
from marshmallow import RAISE, Schema, ValidationError, fields, post_dump, post_load, pre_dump, validate
from werkzeug.datastructures import FileStorage

from donorhub.db import MAX_ID
from donorhub.domain import plain_text
from donorhub.money import CURRENCY_PATTERN, Money
from donorhub.schemas.addresses import is_email
from donorhub.schemas.limits import EARLIEST, EMAIL, LATEST, MAX_MINOR, SHORT


class UploadedFile(Upload):  # type: ignore[misc]
    """A file part of a multipart body, not a text field of the same name."""

    def _deserialize(self, value: object, attr: str | None, data: object, **more: object) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise ValidationError("Send it as a file.")
        return value


class Pattern(validate.Regexp):
    """The whole text fits a regular expression, written so that JSON Schema (ECMA 262) reads it too."""

    def __init__(self, pattern: str, *, error: str | None = None) -> None:
        super().__init__(pattern, error=error)
        self._whole = re.compile(pattern)

    def __call__(self, value: str) -> str:  # type: ignore[override]
        if self._whole.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class StrictSchema(Schema):
    """An input: a field that nobody knows is an error, not ignored."""

    class Meta:
        unknown = RAISE


class AnswerSchema(Schema):
    """An answer: amounts are left out for who has no ``gifts:read``."""

    @post_dump
    def hide_money(self, data: dict[str, object], **_: object) -> dict[str, object]:
        if g.principal.has_permission("gifts:read"):
            return data
        return {name: value for name, value in data.items() if not is_money(self.fields[name])}


def is_money(field: fields.Field[object]) -> bool:
    return isinstance(field, fields.Nested) and isinstance(field.schema, MoneySchema)


class Id(fields.Integer):
    """A row's id: strictly a JSON integer that the database can hold."""

    def __init__(self, **more: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(1, MAX_ID), **more)


class QueryId(fields.Integer):
    """A row's id in a query string, where all is text."""

    def __init__(self, **more: Any) -> None:
        super().__init__(validate=validate.Range(1, MAX_ID), **more)


class Line(fields.String):
    """One line of text in NFC: no control characters, no private or unassigned ones, no piled-up marks."""

    _plain = staticmethod(plain_text.one_line)
    _can_be_printed = staticmethod(plain_text.can_be_printed)

    def __init__(self, longest: int = SHORT, *, shortest: int = 0, **more: Any) -> None:
        super().__init__(validate=validate.Length(shortest, longest), **more)

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **more: object
    ) -> str:
        text = self._plain(super()._deserialize(value, attr, data, **more))
        if not self._can_be_printed(text):
            raise ValidationError("This holds a character that cannot be printed.")
        if plain_text.piles_up(text):
            raise ValidationError("This piles too many marks on one letter.")
        return text


class Text(Line):
    """Text of several lines."""

    _plain = staticmethod(plain_text.several_lines)
    _can_be_printed = staticmethod(plain_text.lines_can_be_printed)


class EmailAddress(fields.Email):
    """An e-mail address, or nothing to take it away."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.validators = [validate.Length(max=EMAIL), check_email]


def check_email(address: str) -> None:
    if address and not is_email(address):
        raise ValidationError("Not a valid email address.")


class Day(fields.Date):
    """``YYYY-MM-DD``, within the years that we reckon with."""

    def __init__(self, **more: Any) -> None:
        super().__init__(format="iso", validate=validate.Range(EARLIEST, LATEST), **more)

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **more: object
    ) -> date:
        # 20261122 and 2026-W47-7 are ISO 8601 too, and nobody means them.
        if not isinstance(value, str) or len(value) != len("2026-11-22"):
            raise ValidationError("Write the date as YYYY-MM-DD.")
        return super()._deserialize(value, attr, data, **more)


def write_instant(moment: datetime) -> str:
    """Write a moment in UTC, with a Z."""
    return moment.astimezone(UTC).isoformat()[: -len("+00:00")] + "Z"


class Instant(fields.DateTime):
    """A moment: read with any offset but never without one, written in UTC with a Z."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: object, **more: object) -> str | None:
        return None if value is None else write_instant(value)

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **more: object
    ) -> datetime:
        moment = super()._deserialize(value, attr, data, **more)
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise ValidationError("Write the time with its offset, such as 2026-11-22T09:00:00Z.")
        if not EARLIEST.year <= moment.year <= LATEST.year:
            raise ValidationError(f"Must be between {EARLIEST.year} and {LATEST.year}.")
        return moment.astimezone(UTC)


class MoneySchema(StrictSchema):
    """``{"amount": "50.00", "currency": "PLN"}`` both ways; a string, never a float."""

    amount = fields.String(
        required=True,
        validate=Pattern(r"^-?[0-9]{1,15}(\.[0-9]{1,18})?$", error="Write the amount as 1234.50."),
        metadata={"examples": ["50.00"]},
    )
    currency = fields.String(
        required=True, validate=Pattern(f"^{CURRENCY_PATTERN}$", error="Three capital letters, such as PLN.")
    )

    def load(self, data: Any, *, partial: Any = None, **more: Any) -> Any:
        """An amount is given whole, also where the fields around it may be left out."""
        return super().load(data, partial=False, **more)

    @post_load
    def _to_money(self, data: dict[str, str], **_: object) -> Money:
        try:
            money = Money.parse(data["amount"], data["currency"])
        except ValueError as e:
            raise ValidationError(str(e), "amount") from e
        if abs(money.minor) > MAX_MINOR:
            raise ValidationError("This is more money than we can keep.", "amount")
        return money

    @pre_dump
    def _from_money(self, money: Money, **_: object) -> dict[str, str]:
        return {"amount": money.as_text(), "currency": money.currency}


def is_positive(money: Money | None) -> None:
    """A validator for amounts of which there is more than nothing."""
    if money is not None and money.minor <= 0:
        raise ValidationError("It must be more than nothing.", "amount")


class FieldProblemSchema(Schema):
    pointer = fields.String(metadata={"description": "JSON pointer into the request"})
    detail = fields.String()
    code = fields.String()


class ProblemSchema(Schema):
    """RFC 9457 problem details; ``code`` is stable, ``title`` and ``detail`` are for people."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldProblemSchema))
