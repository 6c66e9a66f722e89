"""Months, quarters and years as the names of columns say them, in Polish, Albanian, English and German.

A table may have a column for each; whose money stands in it is for :mod:`importers.table.records`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from importers.folding import fold_text

_ROMAN: Final = "i ii iii iv v vi vii viii ix x xi xii".split()
_MONTHS: Final = (
    "styczen stycznia sty january jan janar januar|luty lutego lut february feb shkurt shk februar|"
    "marzec marca mar march mars marz|kwiecien kwietnia kwi april apr prill pri|maj maja may mai|"
    "czerwiec czerwca cze june jun qershor qer juni|lipiec lipca lip july jul korrik kor juli|"
    "sierpien sierpnia sie august aug gusht gus|wrzesien wrzesnia wrz september sep sept shtator sht|"
    "pazdziernik pazdziernika paz october oct tetor tet oktober okt|"
    "listopad listopada lis november nov nentor nen|"
    "grudzien grudnia gru december dec dhjetor dhj dezember dez"
)
MONTH_BY_WORD: Final[Mapping[str, int]] = MappingProxyType(
    {word: number for number, word in enumerate(_ROMAN, 1)}
    | {word: number for number, words in enumerate(_MONTHS.split("|"), 1) for word in words.split()}
)
# What stands beside a month in a name and says nothing of when.
_BESIDE: Final = frozenset(
    "wplata wplaty kwota darowizna darowizny skladka skladki za m c miesiac mies rok r roku w z zl pln eur"
    " euro all lek leke usd gbp chf amount amounts gift gifts donation donations paid fee fees month year for"
    " of in dues muaji viti pagesa pagesat dhurimi dhurimet kontributi kontributet shuma i e te ne per"
    " monat jahr betrag spende beitrag".split()
)
_QUARTER_WORDS: Final = frozenset("q k kw kwartal kwartale quarter qtr tm tremujori tremujor quartal".split())
_QUARTER_IN_ONE: Final = re.compile(r"(?:q|k|kw|tm)([1-4])|([1-4])(?:q|kw|st|nd|rd|th)", re.ASCII)
_QUARTERS: Final = {
    word: 1 + at % 4 for at, word in enumerate("i ii iii iv 1 2 3 4 pare dyte trete katert".split())
}
_YEARS: Final = range(1950, 2100)
_YEAR_IN_SHORT: Final = re.compile(r"[0-9]{2}", re.ASCII)
NAME_LINES: Final = " / "  # between the two lines of the name of a column
_TOTAL_WORDS: Final = (
    "razem|suma|ogolem|lacznie|podsumowanie|w sumie|grand total|total|totals|sum|shuma|gjithsej|totali|"
    "summe|gesamt|gesamtsumme"
)
TOTALS: Final = re.compile(rf"(?:{_TOTAL_WORDS})\b")
TOTAL_ALONE: Final = re.compile(rf"(?:{_TOTAL_WORDS})[\s:.]*(?:[0-9]{{4}})?[\s:.]*")
_MONTH, _QUARTER, YEAR = 1, 3, 12
_FEWEST: Final = 2
_FEWEST_ROMAN: Final = 3  # one letter may be anything
_SPAN: Final = re.compile(r"([0-9]{4})-([0-9]{2})(?:/([0-9]{4})-([0-9]{2}))?", re.ASCII)

Span = tuple[date, date]  # the first and the last day


@dataclass(frozen=True, slots=True)
class Period:
    """Some months of a year: the first, how many, and the year where the name tells it."""

    month: int
    length: int = _MONTH
    year: int | None = None


def read_period(name: object) -> Period | None:
    """Return the months that the name of a column is; None for any other name."""
    if isinstance(name, date):
        return Period(name.month, _MONTH, name.year) if name.day == 1 else None
    if isinstance(name, bool) or not isinstance(name, str | int | float):
        return None
    text = write_period_name(name)
    period = _read_words(text)
    if period is None and NAME_LINES in text:
        upper, _, lower = text.rpartition(NAME_LINES)
        period = _read_words(lower)
        years = {int(word) for word in _split_words(upper) if _is_year(word)}
        if period is not None and period.year is None and len(years) == 1:
            period = Period(period.month, period.length, years.pop())
    return period


def write_period_name(cell: object) -> str:
    """Return the name of a column as a text: of a day its month, of a number its digits."""
    if isinstance(cell, date):
        return f"{cell.year}-{cell.month:02}"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _split_words(text: str) -> list[str]:
    return re.findall(
        r"[a-z]+[0-9](?![0-9])|[0-9]+(?:q|kw|st|nd|rd|th)\b|[a-z]+|[0-9]+", fold_text(text).replace("ë", "e")
    )


def _is_year(word: str) -> bool:
    return word.isdigit() and int(word) in _YEARS


def _read_words(text: str) -> Period | None:
    words = _split_words(text)
    if not words or len(words) > 8:  # noqa: PLR2004  a sentence is no name of a month
        return None
    years = [word for word in words if _is_year(word)]
    if len(years) > 1:
        return None
    year = int(years[0]) if years else None
    rest = [word for word in words if word not in years]
    if quarter := _read_quarter(rest):
        return Period(quarter * 3 - 2, _QUARTER, year)
    if any(word in MONTH_BY_WORD for word in rest):
        rest = [word for word in rest if word in MONTH_BY_WORD or word not in _BESIDE]
        while len(rest) > 1 and rest[0] in ("i", "v") and rest[0] in _BESIDE:
            rest = rest[1:]
    else:
        rest = [word for word in rest if word not in _BESIDE]
    if not rest:
        return Period(1, YEAR, year) if year is not None else None
    return _read_month(rest, year)


def _read_month(words: Sequence[str], year: int | None) -> Period | None:
    """Return the month of the words that are left when the year is taken out."""
    month = MONTH_BY_WORD.get(words[0])
    if month is not None and year is None and len(words) == _FEWEST and _YEAR_IN_SHORT.fullmatch(words[1]):
        return Period(month, _MONTH, 2000 + int(words[1]))
    if len(words) != 1:
        return None
    if month is None and year is not None and words[0].isdigit() and 1 <= int(words[0]) <= YEAR:
        month = int(words[0])
    return None if month is None else Period(month, _MONTH, year)


def _read_quarter(words: Sequence[str]) -> int | None:
    """Return the quarter of a year that words name; None for any other."""
    for word in words:
        if match := _QUARTER_IN_ONE.fullmatch(word):
            others = [
                one for one in words if one != word and one not in _QUARTER_WORDS and one not in _BESIDE
            ]
            is_ordinal = match[2] is not None and not word.endswith(("q", "kw"))
            if not others and (not is_ordinal or not _QUARTER_WORDS.isdisjoint(words)):
                return int(match[1] or match[2])
    if _QUARTER_WORDS.isdisjoint(words):
        return None
    numbers = [_QUARTERS[word] for word in words if word in _QUARTERS]
    if len(numbers) > 1 and "i" in words:  # which is an article in Albanian
        numbers.remove(1)
    others = [word for word in words if word not in _QUARTERS and word not in _QUARTER_WORDS | _BESIDE]
    return numbers[0] if len(numbers) == 1 and not others else None


def list_periods(names: Sequence[object]) -> dict[int, Period]:
    """Return the columns that are months, by their places, if a table has one for each; else {}.

    Where it has columns for months and for quarters or years beside them, only the months are: the others are
    sums of theirs.
    """
    periods = {at: period for at, name in enumerate(names) if (period := read_period(name)) is not None}
    periods |= _find_counted(names)
    typed_places = [at for at in periods if isinstance(names[at], date)]
    if typed_places and not _follow_each_other([periods[at] for at in typed_places]):
        periods = {at: period for at, period in periods.items() if at not in typed_places}
    for length in (_MONTH, _QUARTER, YEAR):
        of_length = {at: period for at, period in periods.items() if period.length == length}
        is_roman = all(str(names[at]).strip().lower() in _ROMAN for at in of_length)
        fewest = _FEWEST_ROMAN if is_roman and length == _MONTH else _FEWEST
        if len(set(of_length.values())) >= fewest:
            return of_length
    return {}


def _find_counted(names: Sequence[object]) -> dict[int, Period]:
    """Return the twelve columns that are called 1 to 12."""
    texts = [write_period_name(name) if isinstance(name, str | int | float) else "" for name in names]
    numbers = [int(text) if text.isdigit() and len(text) <= 2 else 0 for text in texts]  # noqa: PLR2004
    for start in range(len(numbers) - YEAR + 1):
        if numbers[start : start + YEAR] == list(range(1, YEAR + 1)):
            return {start + at: Period(at + 1) for at in range(YEAR)}
    return {}


def _follow_each_other(periods: Sequence[Period]) -> bool:
    """Return whether days that are the first of a month are those of months one after the other."""
    counts = [(period.year or 0) * YEAR + period.month for period in periods]
    return len(counts) >= _FEWEST_ROMAN and all(other == one + 1 for one, other in pairwise(counts))


def is_total_name(name: str) -> bool:
    """Return whether the name of a column or the label of a row says that it is a sum."""
    return TOTALS.match(fold_text(name.rpartition(NAME_LINES)[2])) is not None


def write_span(first: date, months: int) -> str:
    """Return how some months are written: ``2024-03``, or ``2024-01/2024-03``."""
    start = f"{first.year}-{first.month:02}"
    if months == 1:
        return start
    last = find_last_day(first, months)
    return f"{start}/{last.year}-{last.month:02}"


def read_span(text: str) -> Span | None:
    """Return the first and last day of what :func:`write_span` wrote; None for any other text."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    try:
        first = date(int(match[1]), int(match[2]), 1)
        last = find_last_day(date(int(match[3]), int(match[4]), 1) if match[3] else first, 1)
    except ValueError:
        return None
    return (first, last) if first <= last else None


def find_last_day(first: date, months: int) -> date:
    """Return the last day of some months that begin with a day."""
    count = first.year * YEAR + first.month - 1 + months
    return date(count // YEAR, count % YEAR + 1, 1) - timedelta(days=1)
