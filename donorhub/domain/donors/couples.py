"""Two people in one name: ``Anna i Jan Kowalscy`` are Anna Kowalska and Jan Kowalski.

Only Polish surnames are bent, and only by endings that leave one answer; where there are several nobody is
made up, and a person says who the two are.
"""

from __future__ import annotations

from typing import Final

from donorhub.domain.donors.given_names import Sex, find_sex
from donorhub.domain.donors.names import ParsedName, make_surname_key, parse_payer, split_joint, write_name
from donorhub.domain.payer_text import fold_letters

_PAIR: Final = 2
_PLURAL: Final = (("dzcy", "dzk"), ("ccy", "ck"), ("scy", "sk"))  # the ending, and the stem of one of them
_ONE_OF: Final[dict[Sex, str]] = {"f": "a", "m": "i"}
_MANY: Final = "owie"
# Stems before -owie that lost no letter: Nowakowie are Nowak, but Dudkowie Dudek or Dudko, and Dudowie Duda.
_WHOLE: Final = ("ak", "ik", "yk", "czuk", "iuk", "icz", "arz", "erz", "ski", "cki")


def find_people(text: str) -> tuple[ParsedName, ...]:
    """Return the two people of a joint name, each with a name that is certain; none where it is not clear
    who they are."""
    sides = [side.split() for side in split_joint(text)]
    if len(sides) != _PAIR:
        return ()
    left, right = sides
    if len(left) == 1 and len(right) > 1:  # Anna i Jan Kowalscy
        pairs = ((left, right[1:]), (right[:1], right[1:]))
    elif len(right) == 1 and len(left) > 1:  # Kowalscy Anna i Jan
        pairs = ((left[1:], left[:1]), (right, left[:1]))
    else:
        people = tuple(parse_payer(" ".join(side)) for side in sides)
        return people if all(one.kind == "person" and one.is_confident for one in people) else ()
    people = tuple(_make_person(given_words, family) for given_words, family in pairs)
    return people if all(one.is_confident for one in people) else ()


def _make_person(given_words: list[str], family: list[str]) -> ParsedName:
    sex = find_sex(given_words[0]) if len(given_words) == 1 else None
    surname = _find_one_of(" ".join(family), sex) if sex is not None and len(family) == 1 else None
    if surname is None:
        return ParsedName("", " ".join([*given_words, *family]), "person", "no_given_name")
    return ParsedName(write_name(given_words), write_name([surname]), "person")


def _find_one_of(family: str, sex: Sex) -> str | None:
    """Return the surname of one of a couple; None where their plural has several."""
    key = fold_letters(family)
    if key.endswith(("ska", "cka", "ski", "cki")):
        return _end_like(family, family[:-1], _ONE_OF[sex])
    for ending, stem in _PLURAL:
        if key.endswith(ending):
            return _end_like(family, family[: -len(ending)] + stem, _ONE_OF[sex])
    if key.endswith(_MANY):
        stem_of_many = family[: -len(_MANY)]
        return stem_of_many if fold_letters(stem_of_many).endswith(_WHOLE) else None
    return family


def _end_like(like: str, stem: str, ending: str) -> str:
    """Return the stem with its ending, in capitals where the whole is."""
    return (stem + ending).upper() if like.isupper() else stem + ending


def find_surname_of_both(text: str) -> str | None:
    """Return the Polish surname of a couple in the plural, as a letter greets them: ``Kowalscy``; None where
    they have two surnames, or one whose plural is not certain."""
    people = find_people(text)
    if not people or make_surname_key(people[0].family_name) != make_surname_key(people[1].family_name):
        return None
    surname = people[0].family_name
    key = fold_letters(surname)
    for ending, stem in _PLURAL:
        if key.endswith((stem + "a", stem + "i")):
            return surname[: -len(stem) - 1] + ending
    return surname + _MANY if key.endswith(_WHOLE) else None
