"""The days of a table of gifts: typed, as a serial number, in words, as a month, or without their year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from donorhub.domain.moving.cells import UnreadableCell, cut_time, is_nothing, read_text
from donorhub.domain.payer_text import fold_letters
from importers.periods import MONTH_BY_WORD, Span, find_last_day, read_span
from importers.records import Cell
from importers.text import DateOrder, Unreadable, parse_date

MonthDay = Literal["first", "last"]
_FIRST_YEAR: Final = 1950
_YEAR_MARK: Final = re.compile(r"\s*(?:r\.?|roku|g\.)$", re.IGNORECASE)
_YEAR_FIRST: Final = re.compile(r"[12][0-9]{3}[-./ ]", re.ASCII)  # in no doubt, whatever the others are
_SERIAL: Final = re.compile(r"[1-9][0-9]{4}(?:[.,][0-9]+)?", re.ASCII)
_LONGEST_SERIAL: Final = 73_050  # 31 December 2099
_SHORTEST_SERIAL: Final = 18_264  # 1 January 1950
_DAY_MONTH_YEAR: Final = re.compile(
    r"([0-9]{1,2})\.?[\s./-]+([a-z]+)\.?[\s./-]+([0-9]{4}|[0-9]{2})", re.ASCII
)
_MONTH_YEAR: Final = re.compile(r"([a-z]+|[0-9]{1,2})[\s./-]+([0-9]{4})", re.ASCII)
_YEAR_MONTH: Final = re.compile(r"([0-9]{4})[\s./-]+([a-z]+|[0-9]{1,2})", re.ASCII)
_YEAR: Final = re.compile(r"(?<![0-9])(?:19[5-9]|20[0-9])[0-9](?![0-9])")
_DAY_MONTH: Final = re.compile(r"([0-9]{1,2})(?:\.\s?([0-9]{1,2})\.?|[\s.]+([a-z]+)\.?)", re.ASCII)
_SCHOOL_YEAR: Final = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})\s?[-/–]\s?([0-9]{2})(?![0-9])", re.ASCII)
_FULL_YEAR: Final = 4


@dataclass(frozen=True, slots=True)
class DateWriting:
    """How a column of days is written; ``month_day`` is the day that a month alone stands for."""

    order: DateOrder = "ymd"
    month_day: MonthDay | None = None
    epoch: date = date(1899, 12, 30)
    year: int | None = None  # of days without one, where their sheet is that of a year


def read_day(cell: Cell, writing: DateWriting) -> date:
    """Return the day of a cell; raise UnreadableCell where it names none, or a month alone that nobody
    said the day of.
    """
    if isinstance(cell, datetime):
        return cut_time(cell)
    if isinstance(cell, date):
        return cell
    text = clean_date(read_text(cell))
    if is_nothing(text):
        raise UnreadableCell("no_date")
    if _SERIAL.fullmatch(text) and _SHORTEST_SERIAL <= int(text[:5]) <= _LONGEST_SERIAL:
        return writing.epoch + timedelta(days=int(text[:5]))
    if day := _read_words(text) or _read_short(text, writing.year):
        return day
    if span := find_span(text):
        return _choose_day(span, writing.month_day)
    try:
        return parse_date(text, "ymd" if _YEAR_FIRST.match(text) else writing.order)
    except Unreadable as e:
        raise UnreadableCell("unreadable_date") from e


def clean_date(text: str) -> str:
    """Return a day without the mark of a year behind it: ``12.3.24r.`` is ``12.3.24``."""
    return _YEAR_MARK.sub("", text.strip())


def find_years(text: str) -> set[int]:
    """Return the years that a title names; ``2023/24`` names two."""
    years = {int(year) for year in _YEAR.findall(text)}
    school_years = {
        int(year) + 1 for year, next_year in _SCHOOL_YEAR.findall(text) if _is_next_year(year, next_year)
    }
    return years | school_years


def _is_next_year(year: str, next_year: str) -> bool:
    """Return whether two digits are the year after one of four."""
    return (int(year) + 1) % 100 == int(next_year)


def _read_words(text: str) -> date | None:
    match = _DAY_MONTH_YEAR.fullmatch(fold_letters(text))
    month = MONTH_BY_WORD.get(match[2], 0) if match else 0
    if match is None or not month:
        return None
    year = int(match[3]) + (0 if len(match[3]) == _FULL_YEAR else 2000)
    try:
        return date(year, month, int(match[1]))
    except ValueError:
        return None


def _read_short(text: str, year: int | None) -> date | None:
    """Return the day of ``12.03.`` or ``12 marca`` in the year of its sheet; None for any other text.

    A stroke between the two says nothing of their order, and is none.
    """
    match = _DAY_MONTH.fullmatch(fold_letters(text)) if year is not None else None
    if match is None or year is None:
        return None
    month = int(match[2]) if match[2] else MONTH_BY_WORD.get(match[3], 0)
    try:
        return date(year, month, int(match[1]))
    except ValueError:
        return None


def find_span(text: str) -> Span | None:
    """Return the first and last day of a text that names no day, such as ``III 2024``; None for any other."""
    folded_text = fold_letters(clean_date(text))
    if match := _MONTH_YEAR.fullmatch(folded_text):
        word, year = match[1], int(match[2])
    elif match := _YEAR_MONTH.fullmatch(folded_text):
        word, year = match[2], int(match[1])
    else:
        return read_span(text)
    month = int(word) if word.isdigit() else MONTH_BY_WORD.get(word, 0)
    if not 1 <= month <= 12 or year < _FIRST_YEAR:  # noqa: PLR2004
        return None
    first = date(year, month, 1)
    return first, find_last_day(first, 1)


def _choose_day(span: Span, month_day: MonthDay | None) -> date:
    if month_day is None:
        raise UnreadableCell("month_only")
    return span[0] if month_day == "first" else span[1]
