"""The words of a bank's text that say that money is no gift: a purchase, a rent, a course.

They are an organisation's own; what they mean for a credit, :mod:`.doubts` says.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from donorhub.domain.payer_text import fold_letters

# What an organisation begins with, one a line; a star stands for any ending.
WORDS_AGAINST: Final = """faktur*
fv
zakup*
opłat* za
czynsz*
najem
najmu
szkoleni*
kurs
kursu
zwrot koszt*
fatur*
blerj*
qira*
invoice*
rent
fee for"""


def split_words_against(text: str) -> tuple[str, ...]:
    """Return the words of a setting, one a line, without blank lines."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def find_word_against(text: str, words: tuple[str, ...]) -> str:
    """Return how the text says one of the words, folded, or an empty text.

    A number may follow a word, as in ``FV12/2026``.
    """
    pattern = _make_pattern(words)
    match = pattern.search(fold_letters(text)) if pattern else None
    return match.group() if match else ""


@lru_cache(maxsize=64)
def _make_pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    patterns = [_write_pattern(word) for word in words if fold_letters(word).strip("* ")]
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(patterns)})(?![a-z])") if patterns else None


def _write_pattern(word: str) -> str:
    return r"\s+".join(re.escape(part).replace(r"\*", "[a-z]*") for part in fold_letters(word).split())
