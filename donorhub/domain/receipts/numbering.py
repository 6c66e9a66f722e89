"""How numbers of receipts are written, and what a gapless series must look like.

The next number comes from a counter row in the transaction that issues; here are its
form and its check only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

DEFAULT_FORM: Final = "{series}/{year}/{number:05}"
_FIELD: Final = re.compile(r"\{(series|year|number)(?::0([1-9]))?\}")


def format_number(series: str, year: int, number: int, form: str = DEFAULT_FORM) -> str:
    """Return a receipt's number as it is printed, such as ``PL/2026/00042``.

    ``form`` may hold ``{series}``, ``{year}`` and ``{number}``, the last with a width
    (``{number:05}``). Raise ValueError for a number below 1, or for a form without year and
    number: two receipts would then bear one number.
    """
    if number < 1:
        raise ValueError(f"receipts count from 1, not {number}")
    fields = {match.group(1) for match in _FIELD.finditer(form)}
    if not {"year", "number"} <= fields or "{" in _FIELD.sub("", form):
        raise ValueError(f"{form!r} is no form of a number: write it like {DEFAULT_FORM}")
    values = {"series": series, "year": str(year), "number": str(number)}
    return _FIELD.sub(lambda match: values[match.group(1)].rjust(int(match.group(2) or 0), "0"), form)


def find_gaps(numbers: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers from 1 to the highest that are missing; a series that is whole has none."""
    have = set(numbers)
    return tuple(number for number in range(1, max(have, default=0) + 1) if number not in have)


def find_doubles(numbers: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers that occur more than once, in order."""
    numbers_so_far: set[int] = set()
    twice: set[int] = set()
    for number in numbers:
        (twice if number in numbers_so_far else numbers_so_far).add(number)
    return tuple(sorted(twice))
