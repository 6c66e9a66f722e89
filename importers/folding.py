"""How names of columns and words in cells are compared: without accents, signs and capitals."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_NOT_DECOMPOSED: Final = str.maketrans({"ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ß": "ss"})
_NAME_LENGTH: Final = 80
_LONGEST_NAME: Final = 1_000  # behind these signs texts may differ and count as the same name
_BETWEEN: Final = re.compile(r"[\W_]+")


def fold_text(text: str) -> str:
    """Return a text for comparing: small letters without accents, all else a single blank.

    ``#Data księgowania`` and ``DATA KSIEGOWANIA`` are the same.
    """
    return (
        _fold_short_text(text)
        if len(text) <= _NAME_LENGTH
        else _fold_short_text.__wrapped__(text[:_LONGEST_NAME])
    )


def fold_word(text: str) -> str:
    """Return a word of a cell for comparing; signs such as ``+`` stay, which folding would drop."""
    return fold_text(text) or text.strip()


@lru_cache(maxsize=2048)  # the names and keys of a file are few, and asked for in every row
def _fold_short_text(text: str) -> str:
    if text.isascii():
        return _BETWEEN.sub(" ", text.lower()).strip()
    parts = unicodedata.normalize("NFKD", text.translate(_NOT_DECOMPOSED).casefold())
    bare = "".join(sign for sign in parts if not unicodedata.combining(sign))
    return _BETWEEN.sub(" ", bare).strip()
