"""What a text that people typed may hold: signs that can be printed, in a form that each letter has once.

Form only: how long it may be and what it means, its field says.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_LOST_LETTER: Final = "\N{REPLACEMENT CHARACTER}"  # stands where a letter could not be decoded
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Cn", "Co"})  # control, half a pair, unassigned, private use
_MOST_MARKS: Final = 8  # combining marks on one letter; more is an attack on whoever draws it


def clean_line(text: str) -> str:
    """Return the text in NFC without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def clean_lines(text: str) -> str:
    """Return the text in NFC without blanks around it, its line ends written as ``\\n``."""
    return clean_line(text.replace("\r\n", "\n"))


def can_be_printed(text: str) -> bool:
    """Return whether each sign of one line has a shape; a line end has none."""
    return _LOST_LETTER not in text and not any(unicodedata.category(sign) in _UNPRINTABLE for sign in text)


def lines_can_be_printed(text: str) -> bool:
    """Return whether each sign of several lines has a shape; line ends and tabs are let through."""
    return can_be_printed(text.replace("\n", "").replace("\t", ""))


def blank_out_unprintable(text: str) -> str:
    """Return the text with a blank for each sign that has no shape, so that it can be looked for."""
    return "".join(" " if unicodedata.category(sign) in _UNPRINTABLE else sign for sign in text)


def has_piled_marks(text: str) -> bool:
    """Return whether more marks stand on one letter than any language puts there."""
    run = 0
    for sign in text:
        run = run + 1 if unicodedata.combining(sign) else 0
        if run > _MOST_MARKS:
            return True
    return False
