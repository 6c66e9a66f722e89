"""What a reader noted of a bank's file stands together where it means the same, errors first."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from donorhub.web.words.problem_groups import MOST_NOTES, group_problems
from importers.statement import Problem


def note(level: str, code: str, line: int) -> Problem:
    return Problem(level, code, "in English", f"line {line}", {"line": line})  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
def test_equal_notes_stand_together_errors_first(database: Flask, lang: str) -> None:
    """Thirty rows that cannot be read are one note with its lines, and no warning stands before an error."""
    problems = [note("warning", "unreadable_row", 1)]
    problems += [note("error", "unreadable_row", line) for line in range(2, 32)]
    problems += [
        note("warning", "unreadable_row", 40),
        note("error", "nobody_knows", 41),
        note("error", "nobody_knows", 42),
    ]
    with database.test_request_context(), force_locale(lang):
        groups = group_problems(problems)
    assert [(group.level, group.count) for group in groups] == [
        ("error", 30),
        ("error", 1),
        ("error", 1),
        ("warning", 2),
    ]
    first = groups[0]
    assert first.means and (len(first.notes), first.more) == (MOST_NOTES, 30 - MOST_NOTES)
    assert [words.place.rpartition(" ")[2] for words in first.notes] == [
        str(n) for n in range(2, 2 + MOST_NOTES)
    ]
