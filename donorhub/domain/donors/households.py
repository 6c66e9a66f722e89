"""The name of a household, made of the names of those whom a letter to it greets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from donorhub.domain.donors.couples import find_surname_of_both
from donorhub.domain.donors.names import make_surname_key

AND: Final = {"pl": "i", "sq": "dhe"}


class Head(NamedTuple):
    """Somebody whom a letter to a household greets."""

    name: str
    given_name: str
    family_name: str


def write_joint_name(heads: Sequence[Head], lang: str) -> str:
    """Return the name of a household: ``Anna i Jan Kowalscy`` where they share a surname, else all names in
    full. Without anybody it is empty.
    """
    word = AND.get(lang, "and")
    if not _share_surname(heads):
        return _join_names([head.name for head in heads], word)
    given_names = _join_names([head.given_name for head in heads], word)
    surname = heads[0].family_name
    if lang == "pl":
        plural = find_surname_of_both(f"{given_names} {surname}") if len(heads) == 2 else None  # noqa: PLR2004
        if plural is None and len({head.family_name for head in heads}) > 1:
            return _join_names([head.name for head in heads], word)
        surname = plural or surname
    elif len({head.family_name for head in heads}) > 1:
        return _join_names([head.name for head in heads], word)
    return f"{given_names} {surname}"


def _share_surname(heads: Sequence[Head]) -> bool:
    keys = {make_surname_key(head.family_name) for head in heads}
    return len(heads) > 1 and len(keys) == 1 and () not in keys and all(head.given_name for head in heads)


def _join_names(names: Sequence[str], word: str) -> str:
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"
