"""Columns of dates of birth: each tells the order of its days by itself, and nothing in them is guessed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from donorhub.domain.donors.identity import FIRST_BIRTH
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.cells import UnreadableCell, cut_time, is_nothing, read_text
from donorhub.domain.moving.day_cells import DateWriting, read_day
from donorhub.domain.moving.writings import Writing, add_questions, list_texts, settle_own_order
from importers.records import Cell, RecordTable

_YEAR: Final = re.compile(r"(?<![0-9])(?:18[5-9]|19[0-9]|20[0-9])[0-9](?![0-9])", re.ASCII)
_CENTURY: Final = 100
_FIRST_READ: Final = 1950  # days of money are read from this year on; an earlier one is read as a later one


def settle_births(table: RecordTable, writing: Writing, answers: Answers) -> Writing:
    """Return the writing with how dates of birth are read, and the question that their column leaves open."""
    places = [*writing.find_places("born_on"), *writing.find_places("second_born_on")]
    if not places:
        return writing
    texts: Counter[str] = Counter()
    for text, count in list_texts(table, places).items():
        if _YEAR.search(text):
            texts[_move_year(text)[0]] += count
    order, open_questions = settle_own_order(texts, places, writing, answers)
    questions = add_questions(writing.questions, open_questions)
    return replace(writing, births=DateWriting(order, None, writing.dates.epoch), questions=questions)


def read_birth_date(cell: Cell, writing: DateWriting, today: date) -> date | None:
    """Return the day of a cell, None for an empty one; raise UnreadableCell where day, month and all four
    digits of the year do not stand there, and where nobody can be born on it.
    """
    if isinstance(cell, datetime):
        day = cut_time(cell)
    elif isinstance(cell, date):
        day = cell
    else:
        text = read_text(cell)
        if is_nothing(text):
            return None
        day = _read_text(text, writing)
    if not FIRST_BIRTH <= day <= today:
        raise UnreadableCell("unclear_birth_date")
    return day


def _read_text(text: str, writing: DateWriting) -> date:
    if not _YEAR.search(text):
        raise UnreadableCell("unclear_birth_date")
    later_text, years = _move_year(text)
    try:
        day = read_day(later_text, writing)
        return day.replace(year=day.year - years)
    except ValueError as e:  # no day, or one that its own year has not
        raise UnreadableCell("unclear_birth_date") from e


def _move_year(text: str) -> tuple[str, int]:
    """Return a day with a year of which days are read, and by how many years it is later."""
    match = _YEAR.search(text)
    if match is None or int(match[0]) >= _FIRST_READ:
        return text, 0
    return f"{text[: match.start()]}{int(match[0]) + _CENTURY}{text[match.end() :]}", _CENTURY
