"""Taking a person out of documents that are needed still: files' plans, answers, providers' messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from donorhub.domain.payer_text import fold_letters

Telling = frozenset[tuple[str, ...]]  # each the parts that a text must have to tell of the person
SHORTEST: Final = 5  # letters: what is shorter stands in too many words that are about nobody
_SHORTEST_WORD: Final = 3
_SHORTEST_NUMBER: Final = 8  # digits: what is shorter may be an amount or a day
# Keys of a provider's message whose texts are ids, words of the provider, or money: no person.
_PLAIN_KEYS: Final = frozenset(
    "id object type currency status api_version reason mode interval account".split()
)
# What a provider names a thing by; no name, address or sentence is written so.
_ID: Final = re.compile(r"[a-z]{2,12}_(?=[A-Za-z]*[0-9])[A-Za-z0-9]+")
# Keys of the shapes that we keep of a provider's object (webhooks.states) which tell of a person.
_PERSONS_KEYS: Final = frozenset(
    (
        "email name phone locale address promotions terms metadata comment last4 mandate_text hosted_url"
        " description failure_text value default_method"
    ).split()
)


def choose_telling(names: Iterable[str], texts: Iterable[str]) -> Telling:
    """Return by what a person is found in a document without finding others: all words of a name in any
    order, any other text as it is written or without its blanks; no short ones, no short numbers."""
    telling: set[tuple[str, ...]] = set()
    for name in names:
        words = tuple(word for word in fold_letters(name).split() if len(word) >= _SHORTEST_WORD)
        if len("".join(words)) >= SHORTEST:
            telling.add(words)
    for text in texts:
        folded = fold_letters(text)
        squeezed = "".join(folded.split())
        shortest = _SHORTEST_NUMBER if squeezed.isdigit() else SHORTEST
        forms = (folded, squeezed, *_cut_country(squeezed))
        telling |= {(one,) for one in forms if len(one) >= shortest}
    return frozenset(telling)


def _cut_country(number: str) -> tuple[str, ...]:
    """Return an account or a phone as it is written in its own country."""
    if number[:2].isalpha() and number[2:].isdigit():
        return (number[2:],)
    codes = (3, 4) if number.startswith("+") and number[1:].isdigit() else ()
    return tuple(number[length:] for length in codes if len(number) - length >= _SHORTEST_NUMBER)


def names_person(text: str, telling: Telling) -> bool:
    """Return whether a text tells of the person."""
    folded = fold_letters(text)
    squeezed = "".join(folded.split())
    return any(
        all(part in folded for part in parts) or (len(parts) == 1 and parts[0] in squeezed)
        for parts in telling
    )


def blank_texts(document: object, telling: Telling) -> object:
    """Return a document of plain values with the texts that name the person empty; all others stay."""
    if isinstance(document, str):
        return "" if names_person(document, telling) else document
    if isinstance(document, Mapping):
        return {key: blank_texts(value, telling) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [blank_texts(value, telling) for value in document]
    return document


def redact_message(body: bytes) -> bytes:
    """Return a provider's message with ids, numbers and the provider's own words only; of what is no JSON
    nothing is left."""
    try:
        message = json.loads(body)
    except ValueError:
        return b"{}"
    return json.dumps(_keep_plain(message, key=""), separators=(",", ":")).encode()


def _keep_plain(value: object, *, key: str) -> object:
    if isinstance(value, str):
        is_id = key not in _PERSONS_KEYS and _ID.fullmatch(value)
        return value if key in _PLAIN_KEYS or is_id else None
    if isinstance(value, Mapping):
        return {name: _keep_plain(inner, key=name) for name, inner in value.items() if name != "metadata"}
    if isinstance(value, list):
        return [_keep_plain(inner, key=key) for inner in value]
    return value


def strip_state(state: Mapping[str, object]) -> dict[str, object]:
    """Return what is kept of a provider's object without what tells of a person."""
    return {
        key: strip_state(value) if isinstance(value, Mapping) else value
        for key, value in state.items()
        if key not in _PERSONS_KEYS
    }
