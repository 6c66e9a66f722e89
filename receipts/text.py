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
_LONG_TEXTS: Final = (".purpose", ".goods", "void_reason", ".exemption")
_MARKS_PER_LETTER: Final = 8
_FAULTS: Final = {"Cc": "a control character", "Cs": "half a character", "Cn": "an unassigned character"}
# The embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX 9): they
# let a text read otherwise than it is stored.
_DIRECTION_MARKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def make_printable(text: str, where: str, *, longest: int = TEXT_LENGTH) -> str:
    """Return the text in composed form (NFC), with line ends and tabs as blanks.

    Raise UnprintableText, which names ``where``, when a character cannot be printed, when a letter carries
    more than eight marks, or when the text is longer than ``longest``.
    """
    plain_text = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(plain_text) > longest:
        raise UnprintableText(
            f"{where} has {len(plain_text)} characters; shorten it to {longest} for a receipt"
        )
    marks = 0
    for place, char in enumerate(plain_text, 1):
        category = unicodedata.category(char)
        if fault := _FAULTS.get(category) or ("a direction mark" if char in _DIRECTION_MARKS else None):
            raise UnprintableText(
                f"{where} has {fault} (U+{ord(char):04X}) at place {place}; write it without"
            )
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS_PER_LETTER:
            raise UnprintableText(
                f"{where} has more than {_MARKS_PER_LETTER} marks on one letter at place {place}"
            )
    return plain_text


def clean_receipt(receipt: Receipt) -> Receipt:
    """Return the same receipt with every text printable; raise UnprintableText for the first that is not."""
    clean: Receipt = _clean_value(receipt, "")
    return clean


def list_texts(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """Return every text of the receipt with its place, such as ``("donor.name_line", "Jan")``."""
    return _list_texts_of(receipt, "")


def find_undrawable(text: str) -> str:
    """Return the characters that our own font has no shape for; other fonts differ by machine."""
    drawable = _list_drawable_letters()
    return "".join(sorted({char for char in text if ord(char) not in drawable}))


@cache
def _list_drawable_letters() -> frozenset[int]:
    # It comes with WeasyPrint and needs no library of the system.
    with TTFont(FONTS / "DejaVuSansCondensed.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


def get_longest(where: str) -> int:
    """Return how many characters a text may have there."""
    return TEXT_LENGTH if where.endswith(_LONG_TEXTS) else NAME_LENGTH


def _clean_value(value: Any, where: str) -> Any:
    if isinstance(value, str):
        return make_printable(value, where, longest=get_longest(where))
    if isinstance(value, tuple):
        return tuple(_clean_value(item, f"{where}.{n}") for n, item in enumerate(value, 1))
    if isinstance(value, Mapping):
        return {_clean_value(key, where): _clean_value(item, f"{where}.{key}") for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {
            part.name: _clean_value(getattr(value, part.name), _join_place(where, part.name))
            for part in fields(value)
        }
        return replace(value, **parts)
    return value


def _list_texts_of(value: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, tuple):
        for n, item in enumerate(value, 1):
            yield from _list_texts_of(item, f"{where}.{n}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield where, key
            yield from _list_texts_of(item, f"{where}.{key}")
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            yield from _list_texts_of(getattr(value, part.name), _join_place(where, part.name))


def _join_place(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
