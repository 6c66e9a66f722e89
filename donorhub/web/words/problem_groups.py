"""What a reader noted of a file, grouped: equal notes stand together, what holds the file back first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from donorhub.web.words.bank_problems import ProblemWords, word_problem
from importers.statement import Problem

MOST_NOTES: Final = 10  # of a group; the others are counted


@dataclass(slots=True)
class ProblemGroup:
    """Notes that mean the same, in the order of the file."""

    level: str
    means: str
    count: int = 0
    notes: list[ProblemWords] = field(default_factory=list)

    @property
    def more(self) -> int:
        """Return how many notes are not shown."""
        return self.count - len(self.notes)


def group_problems(problems: Sequence[Problem]) -> list[ProblemGroup]:
    """Return the notes by what they mean, errors first; each that only its own sentence explains alone."""
    groups: dict[tuple[str, str], ProblemGroup] = {}
    for number, problem in enumerate(problems):
        words = word_problem(problem)
        key = (words.level, words.means or words.detail or f"{number}")
        group = groups.setdefault(key, ProblemGroup(words.level, words.means))
        group.count += 1
        if len(group.notes) < MOST_NOTES:
            group.notes.append(words)
    return sorted(groups.values(), key=lambda group: group.level != "error")
