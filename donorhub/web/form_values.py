"""What a form sends, as a schema takes it: texts become numbers, ticks, ids and amounts; nothing is judged.

People write 50,00 and pln where a program writes 50.00 and PLN; what may stand in a field, the schema says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from marshmallow import Schema, fields

from donorhub.db import MAX_ID
from donorhub.schemas.custom import Number, YesNo
from donorhub.schemas.faults import Path
from donorhub.schemas.fields import (
    Choice,
    Country,
    Currency,
    Day,
    EmailAddress,
    Line,
    Secret,
    Several,
    Tick,
    Whole,
)
from donorhub.schemas.money import Amount
from importers.text import parse_number

LEFT_OUT: Final = object()  # the field is as if it had not been there
_NO_AMOUNT: Final = "?"  # what no schema takes for an amount
FormField = fields.Field[Any]


class FormTexts:
    """The texts of a form by the names that its schema has for them."""

    def __init__(
        self,
        get_text: Callable[[str], str | None],
        list_texts: Callable[[str], list[str]],
        names: Mapping[str, str],
    ) -> None:
        self._get_text, self._list_texts, self._names = get_text, list_texts, names

    def collect_values(self, schema: Schema) -> dict[str, object]:
        """Return what a schema takes; a field that the form does not have is left out."""
        values = {name: self._convert_field(name, field) for name, field in schema.load_fields.items()}
        return {name: value for name, value in values.items() if value is not LEFT_OUT}

    def _convert_field(self, name: str, field: FormField) -> object:
        if isinstance(field, Several):
            return [convert_text(text, field.inner) for text in self._list_texts(self._names.get(name, name))]
        text = self._get_text(self._names.get(name, name))
        if isinstance(field, Amount):
            return self._convert_amount(text)
        if isinstance(field, Tick) and not isinstance(field, YesNo):
            return bool(text)
        return LEFT_OUT if text is None else convert_text(text, field)

    def _convert_amount(self, text: str | None) -> object:
        currency = (self._get_text(self._names.get("currency", "currency")) or "").strip().upper()
        if text is None and not currency:
            return LEFT_OUT
        amount = {"amount": convert_amount(text, currency)} if text and text.strip() else {}
        return amount | {"currency": currency}


def convert_text(text: str, field: FormField) -> object:
    """Return what a JSON body would hold for a field; what cannot be converted stays as it is."""
    if isinstance(field, Whole | Day | Number | YesNo) and not text.strip():
        return None if field.allow_none else LEFT_OUT
    if isinstance(field, Choice) and field.allow_none and not text.strip():
        return None
    if isinstance(field, Whole | Number | YesNo):
        return _convert_figure(text.strip(), field)
    if isinstance(field, Country | Currency):
        return text.strip().upper()
    return text if isinstance(field, Line | EmailAddress | Secret) else text.strip()


def _convert_figure(text: str, field: FormField) -> object:
    if isinstance(field, YesNo):
        return {"yes": True, "no": False}.get(text, text)
    if isinstance(field, Number):
        return convert_number(text)
    number = read_whole_number(text)
    return text if number is None else number


def convert_amount(text: str, currency: str) -> str:
    """Return an amount as people write it, ``1 234,50``, as programs do; what cannot be read is no amount."""
    try:
        number, unit = parse_number(text)
    except ValueError:
        return _NO_AMOUNT
    return number if unit in ("", currency) else _NO_AMOUNT


def convert_number(text: str) -> str:
    """Return a number as people write it, ``1 234,50``, as programs do; what cannot be read is none."""
    try:
        number, unit = parse_number(text)
    except ValueError:
        return _NO_AMOUNT
    return _NO_AMOUNT if unit else number


def read_whole_number(text: str) -> int | None:
    """Return a whole number in plain digits that a column can hold; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    return int(text)


def find_field(schema: Schema, path: Path, names: Mapping[str, str]) -> tuple[str, FormField | None]:
    """Return the name that a form has for the place of a fault, and the field that refused it."""
    if not path:
        return "", None
    name, field = str(path[0]), schema.load_fields.get(str(path[0]))
    if isinstance(field, Amount) and path[-1] == "currency":
        return names.get("currency", "currency"), Currency()
    return names.get(name, name), field
