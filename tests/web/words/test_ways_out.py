"""What is said of a bank's file names a way out, and not one that leads to the same file."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

import importers
from donorhub.web.words import bank_problems
from tests.importers.samples import WRITE, sample

# What a bank, or the way from it, did once: the same export gives a sound file the next time.
AGAIN_HELPS = {
    "damaged",
    "damaged_workbook",
    "damaged_xml",
    "page_missing",
    "plan_changed",
    "reading_given_up",
    "report_cut",
    "statement_cut",
    "truncated",
    "web_page",
}
# What was left out or read all the same: there is nothing to do.
NOTES = {
    "bank_warning",
    "columns_found",
    "details_differ",
    "no_control_total",
    "no_opening_balance",
    "pending_skipped",
    "reversal_signs_inverted",
    "section_skipped",
    "signs_cleaned",
    "test_group",
    "unreadable_balance",
}
WAYS = re.compile(
    r"\b(add|answer(ed)?|ask|check|choose|close|compare|complete|correct|download|export|import|look|"
    r"let it be read|release|save|say|send|sign in|take)\b",
    re.I,
)


def word(code: str) -> str:
    return bank_problems.word_meaning(code)


def test_again_is_said_where_it_helps(database: Flask) -> None:
    """Nobody is sent for the same file again where the bank writes it so each time."""
    with database.test_request_context(), force_locale("en"):
        again = {code for code in bank_problems.FAULT_CODES if re.search(r"\bagain:|\bagain\b", word(code))}
    others = {"bank_error", "empty", "pending_skipped"}  # sign in, save or wait again
    assert again - AGAIN_HELPS == others


def test_every_meaning_names_a_way_out(database: Flask) -> None:
    """Each sentence on what is wrong says what to do; only notes do not."""
    with database.test_request_context(), force_locale("en"):
        silent = {code for code in bank_problems.FAULT_CODES if not WAYS.search(word(code))}
    assert silent <= NOTES


def list_bad_files() -> Iterator[tuple[str, bytes]]:
    """Each format cut off, and with what is no number in it."""
    for name in WRITE:
        data = sample(name)
        for part in (3, 2):
            yield f"{name}, cut", data[: len(data) * (part - 1) // part]
        yield f"{name}, spoiled", data.replace(b"50", b"5x")


def test_bad_file_says_what_to_do(database: Flask, subtests: pytest.Subtests) -> None:
    """The first error of every file that is refused or held names a way out on its page."""
    told = set()
    with database.test_request_context(), force_locale("en"):
        for name, data in list_bad_files():
            errors = [problem for problem in importers.read(data).problems if problem.level == "error"]
            for problem in errors[:1]:
                with subtests.test(name):
                    words = bank_problems.word_problem(problem)
                    assert WAYS.search(f"{words.means} {words.detail}"), problem
                told.add(problem.code)
    assert len(told) > 10
