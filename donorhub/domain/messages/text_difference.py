"""What one version of a text says otherwise than another, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

LineChange = Literal["same", "taken_out", "added"]


class ComparedLine(NamedTuple):
    """A line of either version, and in which of them it stands."""

    change: LineChange
    text: str


def compare_texts(earlier: str, later: str) -> list[ComparedLine]:
    """Return the lines of both versions in reading order, what was taken out before what came instead."""
    return list(_compare_lines(earlier.splitlines(), later.splitlines()))


def _compare_lines(earlier: list[str], later: list[str]) -> Iterator[ComparedLine]:
    matcher = SequenceMatcher(a=earlier, b=later, autojunk=False)
    for what, start, end, later_start, later_end in matcher.get_opcodes():
        if what == "equal":
            yield from (ComparedLine("same", line) for line in earlier[start:end])
            continue
        yield from (ComparedLine("taken_out", line) for line in earlier[start:end])
        yield from (ComparedLine("added", line) for line in later[later_start:later_end])
