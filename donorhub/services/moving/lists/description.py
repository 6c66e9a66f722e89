"""What each list is: who may read it, its filters, its columns, and how a page of it is read.

Pages, files and the API take the columns from here, so that a column is in all of them or in none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, Protocol, TypeVar

from donorhub.domain.access.permissions import Principal
from donorhub.domain.moving.list_columns import Column, Value
from donorhub.services.paging import Page

ListName = Literal[
    "donors",
    "gifts",
    "recurring-gifts",
    "late-instalments",
    "receipts",
    "tasks",
    "entries",
    "payouts",
    "messages",
    "audit-records",
]
T = TypeVar("T")
FilterKind = Literal["day", "id", "year", "text", "word"]
FilterValue = str | int | date
Filters = Mapping[str, FilterValue]
Row = Sequence[Value]
AT_ONCE: Final = 500  # rows that are read in one transaction


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list can be narrowed by; ``words`` are those that a filter of words takes."""

    key: str
    kind: FilterKind
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a list is read, and when: rights, own list and the organisation's day."""

    who: Principal
    now: datetime
    today: date

    @property
    def owner_id(self) -> int | None:
        """Return the user whose own list the rows are narrowed to; None for all rows."""
        return self.who.id if self.who.row_scope == "own" else None

    def may_see_column(self, column: Column) -> bool:
        """Return whether the reader sees a column: by their rights, and as far as its field is not hidden."""
        return self.may_see(column.permission) and self.who.may_see_field(column.field)

    def may_see(self, permission: str) -> bool:
        """Return whether the reader has a permission; the empty one has everybody."""
        return not permission or self.who.has_permission(permission)


class ReadPage(Protocol):
    """Reads a page of a list: a value for each of its columns, also of those that the reader may not see."""

    def __call__(self, filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]: ...


@dataclass(frozen=True, slots=True)
class ListOut:
    """One list: the permission that it takes, what it can be narrowed by, its columns, and its rows."""

    name: ListName
    permission: str
    filters: Sequence[Filter]
    columns: Sequence[Column]
    read_page: ReadPage
    list_more_columns: Callable[[Reader], Sequence[Column]] = (
        lambda _reader: ()
    )  # that a reader sees behind them

    def list_all_columns(self, reader: Reader) -> list[Column]:
        """Return the columns of which a page has values, also those that the reader may not see."""
        return [*self.columns, *self.list_more_columns(reader)]

    def list_columns(self, reader: Reader) -> list[Column]:
        """Return the columns that a reader may see, in their order."""
        return [column for column in self.list_all_columns(reader) if reader.may_see_column(column)]


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list as somebody asks for it."""

    list_out: ListOut
    filters: Filters
    reader: Reader

    @property
    def columns(self) -> list[Column]:
        """Return the columns that the reader may see."""
        return self.list_out.list_columns(self.reader)


def convert_rows(page: Page[T], convert: Callable[[T], Row]) -> Page[Row]:
    """Return the page with each of its rows as the values of a list."""
    return Page([convert(row) for row in page.rows], page.cursor)


def keep_filters(**values: FilterValue | None) -> Filters:
    """Return what a list is narrowed by: of these, what is given."""
    return {key: value for key, value in values.items() if value not in (None, "")}


def get_day(filters: Filters, key: str) -> date | None:
    """Return a day to narrow by; None where none is given."""
    day = filters.get(key)
    return day if isinstance(day, date) else None


def get_number(filters: Filters, key: str) -> int | None:
    """Return an id or a year to narrow by; None where none is given."""
    number = filters.get(key)
    return number if isinstance(number, int) else None


def get_text(filters: Filters, key: str) -> str:
    """Return a text to narrow by; empty where none is given."""
    return str(filters.get(key, ""))
