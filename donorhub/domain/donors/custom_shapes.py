"""Fields that an organisation adds to its donors and gifts: what each is, and what may stand in it as plain
values.

A number is kept whole, scaled by the decimals of its field; a choice by the key of its option.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from donorhub.domain.payer_text import fold_letters

Kind = Literal["text", "long_text", "number", "day", "yes_no", "choice", "choices"]
Value = str | int | date | bool | tuple[str, ...] | None  # None: nothing stands there
PlainValue = str | int | bool | list[str] | None  # the same as JSON holds it
Entity = Literal["donor", "gift"]
PREFIX: Final = "custom."  # of the names of these fields among all of a donor's
PREFIXES: Final[Mapping[Entity, str]] = {"donor": PREFIX, "gift": f"gift.{PREFIX}"}
LONGEST_KEY: Final = 40
MOST_DIGITS: Final = 15  # of a number, with those behind its sign
_NUMBER: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,6}))?", re.ASCII)
_RANGE: Final = ".."


@dataclass(frozen=True, slots=True)
class Option:
    """One of the words that a field of choices offers; a closed one is chosen no more."""

    id: int
    key: str
    labels: Mapping[str, str]
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """A field that was added: its key, kind, names and what it asks for."""

    id: int
    key: str
    kind: Kind
    labels: Mapping[str, str]
    decimals: int = 0
    is_required: bool = False
    options: tuple[Option, ...] = ()
    entity: Entity = "donor"

    @property
    def name(self) -> str:
        """What the field is called among all fields of donors and gifts."""
        return PREFIXES[self.entity] + self.key

    def find_option(self, key: str) -> Option | None:
        """Return the option of this key, open or closed."""
        return next((option for option in self.options if option.key == key), None)

    def list_open_keys(self) -> list[str]:
        """Return the keys that may be chosen."""
        return [option.key for option in self.options if option.is_open]


@dataclass(frozen=True, slots=True)
class Range:
    """Values from one to another, both with them; None: without an end."""

    low: int | date | None
    high: int | date | None


def choose_label(labels: Mapping[str, str], lang: str) -> str:
    """Return a name in a language; where there is none, in English, else in any."""
    return labels.get(lang) or labels.get("en") or next((labels[key] for key in sorted(labels)), "")


def make_key(label: str, taken_keys: Iterable[str]) -> str:
    """Return a key for a label: its folded words, with a number where it is taken."""
    base = re.sub(r"[^a-z0-9]+", "_", fold_letters(label)).strip("_")[: LONGEST_KEY - 4].strip("_")
    if not base or not base[0].isalpha():
        base = f"field_{base}".rstrip("_")
    taken = set(taken_keys)
    numbers = ("", *(f"_{number}" for number in range(2, len(taken) + 3)))
    return next(base + number for number in numbers if base + number not in taken)


def scale_number(text: str, decimals: int) -> int:
    """Return a number in plain digits, ``-1234.5``, scaled; raise ValueError for another, or a finer one."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError("no number")
    sign, whole, part = match[1], match[2], (match[3] or "").rstrip("0")
    if len(part) > decimals:
        raise ValueError("too many decimals")
    if len(whole.lstrip("0")) + decimals > MOST_DIGITS:
        raise ValueError("too large")
    return int(f"{sign}{whole}{part.ljust(decimals, '0')}")


def write_number(number: int, decimals: int) -> str:
    """Return a scaled number in plain digits."""
    if not decimals:
        return str(number)
    digits = str(abs(number)).rjust(decimals + 1, "0")
    return f"{'-' if number < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def fold_value(text: str) -> str:
    """Return what equal texts have in common."""
    return " ".join(fold_letters(text).split())


def make_plain(shape: Shape, value: Value) -> PlainValue:
    """Return a value as JSON holds it: days and numbers with decimals as text, several choices as a list."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    if shape.kind == "number" and isinstance(value, int) and shape.decimals:
        return write_number(value, shape.decimals)
    return value


def read_wanted(shape: Shape, text: str) -> Value | Range:
    """Return what donors are looked for by in a field: a value, or ``from..to`` of numbers and days.

    Raise ValueError for what can stand in no such field.
    """
    if shape.kind in ("number", "day") and _RANGE in text:
        low, _, high = text.partition(_RANGE)
        if not low and not high:
            raise ValueError("an empty range")
        return Range(_read_bound(shape, low), _read_bound(shape, high))
    if shape.kind in ("choice", "choices"):
        if shape.find_option(text) is None:
            raise ValueError("no option")
        return text
    if shape.kind == "yes_no":
        return _YES_NO[text]
    if shape.kind in ("number", "day"):
        return _read_bound(shape, text)
    if shape.kind == "long_text" or not fold_value(text):
        raise ValueError("no value to look for")
    return text


class _Words(dict[str, bool]):
    def __missing__(self, key: str) -> bool:
        raise ValueError("neither yes nor no")


_YES_NO: Final = _Words(true=True, yes=True, false=False, no=False)


def _read_bound(shape: Shape, text: str) -> int | date | None:
    if not text:
        return None
    return date.fromisoformat(text) if shape.kind == "day" else scale_number(text, shape.decimals)
