"""Whether somebody else than the donor paid, or paid for somebody else.

An account is used by families, and by companies and foundations that pay for many. It
compares names and texts; what a difference means, :mod:`.evidence` says. It is strict:
a name that only looks alike is another name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from donorhub.domain.bank.matching.wordings import remove_passing_words
from donorhub.domain.donors.names import is_joint
from donorhub.domain.payer_text import (
    NOISE,
    cut_address,
    list_telling_words,
    make_name_key,
    make_payer_key,
    remove_tags,
    split_words,
)

CODED: Final = "#"  # stands for the words of money that a code or an id gave to its donor
_MOST_WORDS: Final = 24  # of a text that are looked at for names
_CUT_AFTER: Final = 5  # letters of a word that a bank's field may cut off
_TITLES: Final = frozenset("dr prof hab mgr inz lek ks".split())


def names_agree(payer: str, donor: str) -> bool:
    """Return whether a payer's name may be the donor's: the longer has all words of the shorter.

    An initial stands for its word, and a long word may be cut. KOWALSKA is not Kowalski,
    Kowalczyk is not Kowalska, and a surname alone is a family's. Two people on one account
    agree only with a donor who is both. A name without words agrees with every name.
    """
    short, long = sorted((_list_name_words(payer), _list_name_words(donor)), key=len)
    if is_joint(payer) and len(short) < len(long):
        return False
    remaining_words = list(long)
    for word in short:
        match = next((other for other in remaining_words if _is_same_word(word, other)), None)
        if match is None:
            return False
        remaining_words.remove(match)
    return not short or not remaining_words or (len(short) > 1 and any(len(word) > 1 for word in short))


@lru_cache(maxsize=4096)  # a statement names the same donors and payers again and again
def _list_name_words(name: str) -> tuple[str, ...]:
    return tuple(
        word
        for word in split_words(cut_address(name))
        if word not in _TITLES and (len(word) == 1 or word not in NOISE) and not word.isdigit()
    )


def _is_same_word(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or (long.startswith(short) and (len(short) == 1 or len(short) > _CUT_AFTER))


def find_name_keys(text: str) -> tuple[str, ...]:
    """Return keys, as ``payer_text.make_name_key`` makes them, of names of two or three words in a text."""
    name_words = [word for word in list_telling_words(text)[:_MOST_WORDS] if word.isalpha()]
    pairs = [" ".join(sorted(pair)) for pair in pairwise(name_words)]
    threes = [
        " ".join(sorted(three)) for three in zip(name_words, name_words[1:], name_words[2:], strict=False)
    ]
    return tuple(dict.fromkeys([*pairs, *threes]))


def make_saying(account: str | None, name: str | None, text: str, codes: Sequence[int] = ()) -> str | None:
    """Return what a payer says every time: account, name and words, without numbers and months.

    None where the bank gives no name, and where the text has a donor's code, which speaks for itself.
    """
    payer_key = make_payer_key(account, name)
    if not name or codes or payer_key is None:
        return None
    return write_saying(payer_key, make_name_key(name), read_words(text))


def write_saying(payer_key: str, name_key: str, words: str) -> str:
    """Return the key of the words that a payer says under a name."""
    return f"said:{payer_key}\x1f{name_key}\x1f{words}"


def read_words(text: str) -> str:
    """Return the words of a text that tell it from others: without legal noise, or all where there is no
    other.
    """
    word_text = remove_passing_words(remove_tags(text))
    telling_words = [word for word in list_telling_words(word_text) if word.isalpha()]
    return " ".join(telling_words or [word for word in split_words(word_text) if word.isalpha()])
