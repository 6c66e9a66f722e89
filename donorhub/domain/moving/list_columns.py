"""What a list out of the program is made of: its columns, and the values that stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from donorhub.money import Money

ColumnKind = Literal["text", "word", "day", "moment", "money", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column, by its stable key.

    ``beside`` names the column in whose place a page shows it; ``permission`` is what a reader needs to see
    it, beside that of the list; ``field`` is the field of donors that it tells, which may be hidden from
    them. ``labels`` name a column that the organisation added, by language.
    """

    key: str
    kind: ColumnKind = "text"
    beside: str = ""
    permission: str = ""
    field: str = ""
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Coded:
    """A value that programs know by its code, and people by words of their language."""

    code: str


@dataclass(frozen=True, slots=True)
class Rhythm(Coded):
    """How often an instalment falls due; its code is ``P1M``, with a day ``P1M/5``."""

    every: int
    period: str
    day_of_month: int | None


@dataclass(frozen=True, slots=True)
class Somebody(Coded):
    """Who did something: the audit's word for them, and their name where they have one."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Labelled(Coded):
    """A value whose words the organisation gave, by language."""

    labels: Mapping[str, str]


Value = str | int | date | datetime | Money | Coded | None


def make_rhythm(every: int, period: str, day_of_month: int | None) -> Rhythm:
    """Return a rhythm with its code, an ISO 8601 duration."""
    day = "" if day_of_month is None else f"/{day_of_month}"
    return Rhythm(f"P{every}{period}{day}", every, period, day_of_month)
