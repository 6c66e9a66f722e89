"""What stands in the fields that were added to donors, as pages show and ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from babel.numbers import format_decimal
from flask_babel import get_locale

from donorhub.domain.donors.custom_shapes import Shape, Value, choose_label, fold_value, write_number
from donorhub.models import Donor
from donorhub.services.donors import custom_fields, custom_values
from donorhub.web.admission import get_principal
from donorhub.web.form_values import convert_number
from donorhub.web.reader import get_lang
from donorhub.web.showing import show_day
from donorhub.web.words import audit_words

PREFIX: Final = "custom_"  # of the names that a form has for them


def list_shapes() -> list[Shape]:
    """Return the fields that were added and that the reader sees."""
    return custom_fields.list_shapes(get_principal())


def read_own_values(donor: Donor, shapes: Sequence[Shape]) -> dict[str, Value]:
    """Return what stands in these fields of a donor, by key."""
    return custom_values.read_values([donor.id], shapes)[donor.id]


def show_values(donor: Donor) -> list[tuple[str, str, str]]:
    """Return label, text and kind of each field of a donor in which something stands."""
    shapes = list_shapes()
    values = read_own_values(donor, shapes)
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


def list_options(shape: Shape, chosen_keys: Sequence[str]) -> list[tuple[str, str]]:
    """Return the options that a form offers: the open ones, and those that are chosen already."""
    return [
        (option.key, choose_label(option.labels, get_lang()))
        for option in shape.options
        if option.is_open or option.key in chosen_keys
    ]


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
