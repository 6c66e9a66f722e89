"""What lies in the error inbox, grouped by the reason: most of it is one reason many times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from donorhub.models import ImportFile, ProviderEvent
from donorhub.web.words import bank_problems, troubles
from webhooks import find_subject

Row = TypeVar("Row")


@dataclass(slots=True)
class Group:
    """What failed for one reason, the newest first."""

    reason: str
    rows: list[Any] = field(default_factory=list)


def group_by_reason(rows: Sequence[Row], word_reason: Callable[[Row], str]) -> list[Group]:
    """Return the rows by their reasons, the reason with the most rows first."""
    groups: dict[str, Group] = {}
    for row in rows:
        reason = word_reason(row)
        groups.setdefault(reason, Group(reason)).rows.append(row)
    return sorted(groups.values(), key=lambda group: -len(group.rows))


def word_file_reason(file: ImportFile) -> str:
    """Return what is wrong with a bank's file."""
    return _find_meaning(file) or troubles.word_trouble("")


def find_file_details(file: ImportFile) -> str:
    """Return what its reader wrote of a file, where that is more than its reason says."""
    return str(file.problems[0]["message"]) if file.problems and not _find_meaning(file) else ""


def word_subject(event: ProviderEvent) -> str:
    """Return what a provider's message is about."""
    return str(troubles.SUBJECTS[find_subject(event.provider, event.object_kind) or ""])


def _find_meaning(file: ImportFile) -> str:
    codes = (str(problem["code"]) for problem in file.problems)
    return next((str(means) for code in codes if (means := bank_problems.word_meaning(code))), "")
