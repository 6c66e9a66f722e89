"""People of the payer's family whom a text names: "za Danuta", "od Jana", "wpłata Grzegorz Wilk".

A given name stands beside the payer's own surname, or alone behind a word that says for whom somebody pays.
It names; whether anybody of that name is a donor, and what follows, :mod:`.evidence` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from donorhub.domain.bank.matching.wordings import remove_passing_words
from donorhub.domain.donors.given_names import find_full_form, find_sex
from donorhub.domain.donors.names import make_surname_key, parse_payer
from donorhub.domain.payer_text import make_name_key, remove_tags, split_words

_FOR: Final = frozenset("od za imieniu nga per from".split())  # for whom money comes, not whom it helps
_MOST_WORDS: Final = 24
_SHORTEST: Final = 3  # letters of a given name
_OWI: Final = 3
_ADJECTIVES: Final = ("ski", "ska", "cki", "cka", "dzki", "dzka")


def find_relative_keys(name: str, text: str) -> tuple[str, ...]:
    """Return keys, as ``payer_text.make_name_key`` makes them, under which those may stand whom the text
    names and who bear the payer's surname, without the payer; none where it names nobody.
    """
    words = split_words(remove_passing_words(remove_tags(text)))[:_MOST_WORDS]
    given_names = [(place, given) for place, word in enumerate(words) if (given := _read_given(word))]
    if not given_names:
        return ()
    payer = parse_payer(name)
    if payer.kind != "person" or not payer.is_confident:
        return ()
    own_given = {find_full_form(word) for word in split_words(payer.given_name)}
    family_key = make_surname_key(payer.family_name)
    keys: list[str] = []
    for place, given in given_names:
        if find_full_form(given) not in own_given and _is_relative(words, place, family_key):
            keys += [make_name_key(f"{given} {family}") for family in _list_forms(payer.family_name)]
    return tuple(dict.fromkeys(keys))


def _is_relative(words: tuple[str, ...], place: int, family_key: tuple[str, ...]) -> bool:
    """Return whether the given name at a place is beside the payer's surname, or alone and paid for."""
    beside = (*words[max(place - 1, 0) : place], *words[place + 1 : place + 2])
    if any(make_surname_key(word) == family_key for word in beside):
        return True
    follower = words[place + 1] if place + 1 < len(words) else ""
    is_alone = not follower.isalpha() or len(follower) < _SHORTEST
    return is_alone and place > 0 and words[place - 1] in _FOR


@lru_cache(maxsize=1 << 14)  # the same words come month after month
def _read_given(word: str) -> str:
    """Return the given name that a word is, also where Polish bends it: Jana, Anny, Janowi."""
    return next((form for form in _list_nominatives(word) if find_sex(form) is not None), "")


def _list_nominatives(word: str) -> Iterator[str]:
    if len(word) < _SHORTEST or not word.isalpha():
        return
    yield word
    if word.endswith("owi"):
        yield word[:-_OWI]
    if word[-1] in "aeiy":
        if word[-1] != "a":
            yield f"{word[:-1]}a"
        yield word[:-1]


def _list_forms(family_name: str) -> list[str]:
    """Return the surname as the men and the women of the family bear it."""
    words = split_words(family_name)
    forms = [" ".join(words)]
    if words and words[-1].endswith(_ADJECTIVES):
        for ending in "ia":
            forms.append(" ".join((*words[:-1], words[-1][:-1] + ending)))
    return list(dict.fromkeys(forms))
