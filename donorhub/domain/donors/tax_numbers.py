"""Numbers under which offices know donors and us: which are right in form, and what they are called.

Whether a number was given to anybody, only the tax office knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

_SEPARATORS: Final = re.compile(r"[\s./-]+")
_NIP_WEIGHTS: Final = (6, 5, 7, 2, 3, 4, 5, 6, 7)  # the last digit is the weighted sum of the others, mod 11
_DIGIT_NIP: Final = re.compile(r"\d{10}", re.ASCII)
_KRS: Final = re.compile(r"\d{10}", re.ASCII)  # the court gives them in order: no digit checks the others
_DIGIT_REGON: Final = re.compile(r"\d{9}(?:\d{5})?", re.ASCII)
# Of a REGON of nine digits, and of the fourteen of a branch, whose first nine are its organisation's.
_OWN_REGON: Final = 9
_REGON_WEIGHTS: Final = {_OWN_REGON: (8, 9, 2, 3, 4, 5, 6, 7), 14: (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)}
_NIPT: Final = re.compile(r"[A-Z]\d{8}[A-Z]", re.ASCII)  # of persons, the personal number has this form too
_NUI: Final = re.compile(r"\d{9}", re.ASCII)
_KOSOVAR: Final = re.compile(r"\d{9,10}", re.ASCII)  # of persons, a fiscal or a personal number
_PREFIXES: Final = {"NIP": "PL"}  # of the European Union, which some write before it
_ANY: Final = re.compile(r"[A-Z0-9]{4,20}", re.ASCII)


class _Rule(NamedTuple):
    name: str  # as it is printed before the number
    is_right: Callable[[str], object]
    form: str  # what it looks like


def _is_nip(number: str) -> bool:
    if not _DIGIT_NIP.fullmatch(number):
        return False
    return _sum_weighted(number, _NIP_WEIGHTS) % 11 == int(number[9])


def _is_regon(number: str) -> bool:
    if not _DIGIT_REGON.fullmatch(number):
        return False
    whole_numbers = (number[:_OWN_REGON], number) if len(number) > _OWN_REGON else (number,)
    return all(
        _sum_weighted(one, _REGON_WEIGHTS[len(one)]) % 11 % 10 == int(one[-1]) for one in whole_numbers
    )


def _sum_weighted(number: str, weights: Sequence[int]) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))


_POLISH: Final = _Rule("NIP", _is_nip, "a NIP has ten digits, of which the last checks the others")
_RULES: Final = {
    ("PL", True): _POLISH,
    ("PL", False): _POLISH,
    ("AL", True): _Rule("NIPT", _NIPT.fullmatch, "a NIPT has a letter, eight digits and a letter"),
    ("AL", False): _Rule("ID", _NIPT.fullmatch, "a personal number has a letter, eight digits and a letter"),
    ("XK", True): _Rule("NUI", _NUI.fullmatch, "a NUI has nine digits"),
    ("XK", False): _Rule("ID", _KOSOVAR.fullmatch, "a personal number has nine or ten digits"),
}
_OURS: Final = {  # under which an organisation is known, of whatever country it is
    **{rule.name: rule for (_, is_organisation), rule in _RULES.items() if is_organisation},
    "KRS": _Rule("KRS", _KRS.fullmatch, "a KRS has ten digits"),
    "REGON": _Rule(
        "REGON", _is_regon, "a REGON has nine or fourteen digits, of which the last checks the others"
    ),
}
_ELSEWHERE: Final = _Rule("Tax no.", _ANY.fullmatch, "a tax number has 4 to 20 letters and digits")


def normalise_number(text: str, country: str, *, is_organisation: bool) -> str:
    """Return the number in capitals without blanks and dashes; "" stays.

    Raise ValueError, which says what the number should look like.

    ``country`` is ISO 3166 with XK for Kosovo; of a country that we know no rule for, nearly all is right.
    """
    number = _SEPARATORS.sub("", text).upper()
    if country == "PL":
        number = number.removeprefix("PL")
    rule = _get_rule(country, is_organisation)
    if number and not rule.is_right(number):
        raise ValueError(rule.form)
    return number


def is_number_of_organisation(name: str, number: str) -> bool:
    """Return whether an organisation's number is right in form; under a name without a rule, all are."""
    rule = _OURS.get(name)
    return rule is None or bool(
        rule.is_right(_SEPARATORS.sub("", number).upper().removeprefix(_PREFIXES.get(name, "")))
    )


def get_number_label(country: str, *, is_organisation: bool) -> str:
    """Return what stands before such a number on paper."""
    return _get_rule(country, is_organisation).name


def _get_rule(country: str, is_organisation: bool) -> _Rule:
    return _RULES.get((country, is_organisation), _ELSEWHERE)
