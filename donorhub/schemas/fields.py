"""Fields that inputs are made of: one judgement of texts, days, choices and numbers for every door.

Each refusal is a :class:`~donorhub.schemas.faults.Fault` with a stable code. What a thing means, and
whether it exists, the services say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, TypedDict, Unpack
from zoneinfo import available_timezones

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from marshmallow.types import ErrorMessages

from donorhub.db import MAX_ID
from donorhub.domain import plain_text
from donorhub.money import CURRENCY_PATTERN, is_currency, parse_amount_line
from donorhub.schemas import faults
from donorhub.schemas.addresses import is_email
from donorhub.schemas.limits import EARLIEST, EMAIL, LATEST, SHORT

Body = Mapping[str, object] | None  # all that was sent, beside the value of one field
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)  # 20261122 and 2026-W47-7 are ISO 8601 too
MESSAGES: Final[ErrorMessages] = {
    "required": faults.REQUIRED,
    "null": faults.NULL,
    "invalid": faults.WRONG_TYPE,
    "type": faults.WRONG_TYPE,
}
_OF_SCHEMAS: Final[dict[str, str]] = {"unknown": faults.UNKNOWN_FIELD, "type": faults.WRONG_TYPE}
_DAY_MESSAGES: Final[ErrorMessages] = {**MESSAGES, "invalid": faults.NO_DATE}
_INSTANT_MESSAGES: Final[ErrorMessages] = {**MESSAGES, "invalid": faults.NO_INSTANT}


class Options(TypedDict, total=False):
    """What any field may be told, whatever it holds."""

    required: bool
    allow_none: bool
    load_only: bool
    load_default: object
    metadata: Mapping[str, object]


class StrictSchema(Schema):
    """An input: a field that nobody knows is an error, not ignored."""

    error_messages = _OF_SCHEMAS

    class Meta:
        unknown = RAISE


class NothingSchema(StrictSchema):
    """An empty object."""


# ---------------------------------------------------------------- validators


class Length(validate.Length):
    """How many letters a text has."""

    def __call__(self, value: Any) -> Any:
        if self.min is not None and len(value) < self.min:
            raise ValidationError(self._format_error(value, faults.TOO_SHORT if value else faults.REQUIRED))
        if self.max is not None and len(value) > self.max:
            raise ValidationError(self._format_error(value, faults.TOO_LONG))
        return value


class Count(validate.Length):
    """How many things a list holds."""

    def __call__(self, value: Any) -> Any:
        if self.min is not None and len(value) < self.min:
            raise ValidationError(self._format_error(value, faults.TOO_FEW))
        if self.max is not None and len(value) > self.max:
            raise ValidationError(self._format_error(value, faults.TOO_MANY))
        return value


class Years(validate.Range):
    """A day within the years that we reckon with."""

    def __call__(self, value: Any) -> Any:
        if value < self.min:
            raise ValidationError(faults.TOO_EARLY.format(min=self.min))
        if value > self.max:
            raise ValidationError(faults.TOO_LATE.format(max=self.max))
        return value


class Pattern(validate.Regexp):
    """The whole text fits a regular expression, written so that JSON Schema (ECMA 262) reads it too."""

    def __init__(self, pattern: str, *, error: str = faults.INVALID) -> None:
        super().__init__(pattern, error=error)
        self._whole = re.compile(pattern)

    def __call__(self, value: str) -> str:  # type: ignore[override]
        if self._whole.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


def refuse_unprintable(text: str, *, is_printable: bool) -> None:
    """Raise ValidationError for a text with a sign that has no shape, or a letter under too many marks."""
    if not is_printable:
        raise ValidationError(faults.UNPRINTABLE)
    if plain_text.has_piled_marks(text):
        raise ValidationError(faults.PILED_MARKS)


def check_email(address: str) -> None:
    """Raise ValidationError for what can be nobody's address; an empty one is fine."""
    if address and not is_email(address):
        raise ValidationError(faults.NO_EMAIL)


def check_time_zone(name: str) -> None:
    """Raise ValidationError for a name that the time zone database does not hold."""
    if name not in available_timezones():
        raise ValidationError(faults.NO_TIME_ZONE)


# ---------------------------------------------------------------- texts


class Line(fields.String):
    """One line of text in NFC: no control characters, no private or unassigned ones, no piled-up marks."""

    default_error_messages = MESSAGES
    _clean = staticmethod(plain_text.clean_line)
    _can_be_printed = staticmethod(plain_text.can_be_printed)

    def __init__(self, longest: int = SHORT, *, shortest: int = 0, **more: Unpack[Options]) -> None:
        super().__init__(validate=Length(shortest, longest), **more)

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> str:
        text = self._clean(super()._deserialize(value, attr, data, **more))
        refuse_unprintable(text, is_printable=self._can_be_printed(text))
        return text


class Text(Line):
    """Text of several lines."""

    _clean = staticmethod(plain_text.clean_lines)
    _can_be_printed = staticmethod(plain_text.lines_can_be_printed)


def _check_amount_lines(text: str) -> None:
    try:
        amounts = [parse_amount_line(line) for line in text.splitlines() if line.strip()]
    except ValueError as e:
        raise ValidationError(faults.NO_AMOUNT_LINES) from e
    if len({amount.currency for amount in amounts}) < len(amounts):
        raise ValidationError(faults.NO_AMOUNT_LINES)


class AmountLines(Text):
    """Amounts in several currencies, one a line, such as ``10000 PLN``."""

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> str:
        text = super()._deserialize(value, attr, data, **more)
        _check_amount_lines(text)
        return text


class Secret(fields.String):
    """A password or key: any signs, kept as they are and never answered."""

    default_error_messages = MESSAGES

    def __init__(self, shortest: int, longest: int, **more: Unpack[Options]) -> None:
        more["load_only"] = True
        super().__init__(validate=Length(shortest, longest), **more)


class EmailAddress(fields.Email):
    """An e-mail address, or nothing to take it away."""

    default_error_messages = MESSAGES

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(**more)
        self.validators = [Length(1 if self.required else None, EMAIL), check_email]

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> str:
        text = plain_text.clean_line(super()._deserialize(value, attr, data, **more))
        refuse_unprintable(text, is_printable=plain_text.can_be_printed(text))
        return text


class Choice(fields.String):
    """One of some words."""

    default_error_messages = MESSAGES

    def __init__(self, words: Collection[str], **more: Unpack[Options]) -> None:
        super().__init__(validate=validate.OneOf(words, error=faults.UNKNOWN_CHOICE), **more)


class Coded(fields.String):
    """A text of a fixed form, such as a country or a currency."""

    default_error_messages = MESSAGES

    def __init__(self, pattern: str, *, error: str = faults.INVALID, **more: Unpack[Options]) -> None:
        super().__init__(validate=Pattern(pattern, error=error), **more)


class Currency(Coded):
    """The code of a currency of ISO 4217."""

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(f"^{CURRENCY_PATTERN}$", error=faults.NO_CURRENCY, **more)

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> str:
        text: str = super()._deserialize(value, attr, data, **more)
        if not is_currency(text):
            raise ValidationError(faults.NO_CURRENCY)
        return text


class Country(Coded):
    """Two capital letters, or nothing where it may be left open."""

    def __init__(self, *, can_be_empty: bool = False, **more: Unpack[Options]) -> None:
        pattern = r"^([A-Z]{2})?$" if can_be_empty else r"^[A-Z]{2}$"
        super().__init__(pattern, error=faults.NO_COUNTRY, **more)


class TimeZone(fields.String):
    """The name of a time zone."""

    default_error_messages = MESSAGES

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(validate=check_time_zone, **more)


class Source(Coded):
    """Where a thing was kept before it came to us."""

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(r"^import:[a-z0-9][a-z0-9_.-]{0,39}$", error=faults.NO_SOURCE, **more)


# ---------------------------------------------------------------- numbers, ticks and lists


class Whole(fields.Integer):
    """A whole number from one to another."""

    def __init__(self, low: int, high: int, *, strict: bool = True, **more: Unpack[Options]) -> None:
        self.low, self.high = low, high
        super().__init__(
            strict=strict,
            validate=validate.Range(low, high, error=faults.OUT_OF_RANGE),
            error_messages={**MESSAGES, "too_large": faults.OUT_OF_RANGE.format(min=low, max=high)},
            **more,
        )


class Id(Whole):
    """A row's id: strictly a JSON integer that the database can hold."""

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(1, MAX_ID, **more)


class QueryId(Whole):
    """A row's id in a query string, where all is text."""

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(1, MAX_ID, strict=False, **more)


class Tick(fields.Boolean):
    """Yes or no, said by ``true`` and ``false`` and nothing else."""

    default_error_messages = MESSAGES

    def __init__(self, *, truthy: Collection[bool] = (True,), **more: Unpack[Options]) -> None:
        super().__init__(truthy=set(truthy), falsy={False}, **more)


class Several(fields.List[Any]):
    """A list of so many things."""

    default_error_messages = MESSAGES

    def __init__(self, inner: fields.Field[Any], low: int | None, high: int, **more: Unpack[Options]) -> None:
        super().__init__(inner, validate=Count(low, high), **more)


# ---------------------------------------------------------------- days and moments


class Day(fields.Date):
    """``YYYY-MM-DD``, within the years that we reckon with."""

    default_error_messages = _DAY_MESSAGES

    def __init__(self, **more: Unpack[Options]) -> None:
        super().__init__(format="iso", validate=Years(EARLIEST, LATEST), **more)

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValidationError(faults.NO_DATE)
        return super()._deserialize(value, attr, data, **more)


def write_instant(moment: datetime) -> str:
    """Write a moment in UTC, with a Z."""
    return moment.astimezone(UTC).isoformat()[: -len("+00:00")] + "Z"


class Instant(fields.DateTime):
    """A moment: read with any offset but never without one, written in UTC with a Z."""

    default_error_messages = _INSTANT_MESSAGES

    def _serialize(self, value: datetime | None, attr: str | None, obj: object, **more: object) -> str | None:
        return None if value is None else write_instant(value)

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> datetime:
        moment = super()._deserialize(value, attr, data, **more)
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise ValidationError(faults.NO_INSTANT)
        if not EARLIEST.year <= moment.year <= LATEST.year:
            raise ValidationError(faults.NO_INSTANT)
        return moment.astimezone(UTC)


# ---------------------------------------------------------------- what several nouns ask


class Reason(TypedDict):
    """Why something is done."""

    reason: str
