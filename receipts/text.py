"""Which texts a receipt may carry: composed, visible, and of a bounded length.

A name with a control character, half a surrogate pair or a tower of accents breaks
renderers or hides what is printed, so it is refused by name and never mended silently.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from receipts.document import Receipt, UnprintableText

FONTS: Final = Path(__file__).with_name("fonts")
NAME_LENGTH: Final = 200
TEXT_LENGTH: Final = 500
_LONG_TEXTS: Final = (".purpose", "void_reason", ".exemption")
_MARKS_PER_LETTER: Final = 8
_REFUSED: Final = {"Cc": "a control character", "Cs": "half a character", "Cn": "an unassigned character"}
# The embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9): they
# let a text read otherwise than it is stored.
_DIRECTION_MARKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str, where: str, *, longest: int = TEXT_LENGTH) -> str:
    """The text in composed form (NFC), with line ends and tabs as blanks.

    UnprintableText when a character cannot be printed, when a letter carries more than
    eight marks, or when the text is longer than ``longest``; it names ``where``.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(composed) > longest:
        raise UnprintableText(
            f"{where} has {len(composed)} characters; shorten it to {longest} for a receipt"
        )
    marks = 0
    for place, char in enumerate(composed, 1):
        category = unicodedata.category(char)
        if fault := _REFUSED.get(category) or ("a direction mark" if char in _DIRECTION_MARKS else None):
            raise UnprintableText(
                f"{where} has {fault} (U+{ord(char):04X}) at place {place}; write it without"
            )
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS_PER_LETTER:
            raise UnprintableText(
                f"{where} has more than {_MARKS_PER_LETTER} marks on one letter at place {place}"
            )
    return composed


def cleaned(receipt: Receipt) -> Receipt:
    """The same receipt with every text printable; UnprintableText names the first that is not."""
    clean: Receipt = _cleaned(receipt, "")
    return clean


def texts(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """Every text of the receipt with its place, such as ``("donor.name_line", "Jan")``."""
    return _texts(receipt, "")


def undrawn(text: str) -> str:
    """The characters that our own font has no shape for; other fonts differ from machine to machine."""
    known = _drawn()
    return "".join(sorted({char for char in text if ord(char) not in known}))


@cache
def _drawn() -> frozenset[int]:
    # It comes with WeasyPrint and needs no library of the system.
    with TTFont(FONTS / "DejaVuSansCondensed.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


def longest(where: str) -> int:
    """How many characters a text may have there."""
    return TEXT_LENGTH if where.endswith(_LONG_TEXTS) else NAME_LENGTH


def _cleaned(value: Any, where: str) -> Any:
    if isinstance(value, str):
        return printable(value, where, longest=longest(where))
    if isinstance(value, tuple):
        return tuple(_cleaned(item, f"{where}.{n}") for n, item in enumerate(value, 1))
    if isinstance(value, Mapping):
        return {_cleaned(key, where): _cleaned(item, f"{where}.{key}") for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {
            part.name: _cleaned(getattr(value, part.name), _at(where, part.name)) for part in fields(value)
        }
        return replace(value, **parts)
    return value


def _texts(value: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, tuple):
        for n, item in enumerate(value, 1):
            yield from _texts(item, f"{where}.{n}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield where, key
            yield from _texts(item, f"{where}.{key}")
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from _texts(getattr(value, part.name), _at(where, part.name))


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
