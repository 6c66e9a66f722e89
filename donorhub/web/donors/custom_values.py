"""What stands in the fields that were added to donors and gifts, as pages show it, ask and look for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from babel.numbers import format_decimal
from flask import request
from flask_babel import get_locale

from donorhub.domain.donors.custom_shapes import (
    Entity,
    Shape,
    Value,
    choose_label,
    fold_value,
    read_wanted,
    write_number,
)
from donorhub.schemas.custom import make_values_schema, split_values
from donorhub.schemas.limits import SHORT
from donorhub.services.donors import custom_fields, custom_values
from donorhub.services.donors.custom_values import ValueFilter
from donorhub.web.admission import get_principal
from donorhub.web.form_values import convert_number
from donorhub.web.forms import Form
from donorhub.web.reader import get_lang
from donorhub.web.showing import show_day
from donorhub.web.words import audit_words

PREFIX: Final = "custom_"  # of the names that a form has for them


def list_shapes(entity: Entity = "donor") -> list[Shape]:
    """Return the fields that were added to donors, or to gifts, and that the reader sees."""
    return custom_fields.list_shapes(get_principal(), entity=entity)


def read_own_values(entity_id: int, shapes: Sequence[Shape]) -> dict[str, Value]:
    """Return what stands in these fields of a donor or gift, by key."""
    return custom_values.read_values([entity_id], shapes)[entity_id]


def show_values(values: Mapping[str, Value], shapes: Sequence[Shape]) -> list[tuple[str, str, str]]:
    """Return label, text and kind of each of these fields in which something stands."""
    return [
        (write_label(shape), write_value(shape, values[shape.key]), shape.kind)
        for shape in shapes
        if shape.key in values
    ]


def write_label(shape: Shape) -> str:
    """Return what a field is called in the reader's language."""
    return choose_label(shape.labels, get_lang())


def write_value(shape: Shape, value: Value) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return str(audit_words.YES if value else audit_words.NO)
    if isinstance(value, date):
        return show_day(value)
    if isinstance(value, int):
        text = write_number(value, shape.decimals)
        return format_decimal(text, locale=get_locale(), decimal_quantization=False)
    keys = value if isinstance(value, tuple) else (str(value or ""),)
    if shape.kind in ("choice", "choices"):
        options = [shape.find_option(key) for key in keys]
        return ", ".join(choose_label(option.labels, get_lang()) for option in options if option)
    return str(value or "")


def start_form(shapes: Sequence[Shape], values: Mapping[str, Value]) -> dict[str, object]:
    """Return what the fields of a form start with, by the names that it has for them."""
    return {PREFIX + shape.key: _write_start(shape, values.get(shape.key)) for shape in shapes}


def _write_start(shape: Shape, value: Value) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, date):
        return value.isoformat()
    return write_number(value, shape.decimals) if isinstance(value, int) else value


def load_form(form: Form, shapes: Sequence[Shape]) -> dict[str, Value]:
    """Return what a form says of these fields alone, by key; raise Refused where it is wrong."""
    return split_values(form.load_fields(make_values_schema(shapes, prefix=PREFIX)), shapes, prefix=PREFIX)


def ease_shapes(values: Mapping[str, Value], shapes: Sequence[Shape]) -> list[Shape]:
    """Return the fields as the form of what is there already asks for them: none has to be filled in that is
    empty."""
    return [replace(shape, is_required=shape.is_required and shape.key in values) for shape in shapes]


def list_options(shape: Shape, chosen_keys: Sequence[str]) -> list[tuple[str, str]]:
    """Return the options that a form offers: the open ones, and those that are chosen already."""
    return [
        (option.key, choose_label(option.labels, get_lang()))
        for option in shape.options
        if option.is_open or option.key in chosen_keys
    ]


def read_filter(shapes: Sequence[Shape]) -> tuple[ValueFilter | None, str]:
    """Return what the list of this address is looked for by in one of these fields, and what was typed that
    nothing in it can be."""
    key, text = request.args.get("field", ""), request.args.get("value", "").strip()[:SHORT]
    shape = next((shape for shape in shapes if shape.key == key), None)
    if shape is None or not text:
        return None, ""
    try:
        return ValueFilter(shape, read_wanted(shape, read_typed_text(shape, text))), ""
    except ValueError:
        return None, text


def write_filter(shapes: Sequence[Shape]) -> str:
    """Return what a field is looked for by, as the API asks for it."""
    custom, wrong_value = read_filter(shapes)
    if custom is None:
        return f"{request.args.get('field', '')}:{wrong_value}" if wrong_value else ""
    text = read_typed_text(custom.shape, request.args.get("value", "").strip()[:SHORT])
    return f"{custom.shape.key}:{text}"


def read_typed_text(shape: Shape, text: str) -> str:
    """Return what people type to look for as programs write it; ``from..to`` stays a range."""
    if shape.kind in ("choice", "choices"):
        return _find_key(text, list_options(shape, [option.key for option in shape.options]))
    if shape.kind == "yes_no":
        return _find_key(text, (("yes", str(audit_words.YES)), ("no", str(audit_words.NO))))
    if shape.kind == "number":
        low, dots, high = text.partition("..")
        return dots.join(
            convert_number(part) if part.strip() else "" for part in ([low, high] if dots else [low])
        )
    return text


def _find_key(text: str, words: Sequence[tuple[str, str]]) -> str:
    return next((key for key, word in words if fold_value(word) == fold_value(text)), text)
