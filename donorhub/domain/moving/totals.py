"""Control totals: what a table says by sheet, year and currency, beside the file's own sums.

Amounts of different currencies are never added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from donorhub.domain.moving.cells import UnreadableCell, read_amount
from donorhub.domain.moving.plan_rows import Plan, RowPlan
from donorhub.domain.moving.writings import Writing
from importers.periods import is_total_name
from importers.records import RecordRow, RecordSheet, RecordTable


@dataclass(frozen=True, slots=True)
class YearTotal:
    """The gifts of one sheet, year and currency: those that are new, and those that are here already."""

    sheet: str
    year: int
    currency: str
    new_count: int
    new_minor: int
    known_count: int
    known_minor: int


@dataclass(frozen=True, slots=True)
class SheetTotal:
    """What a sheet's gifts add up to and what the file says; ``out_rows`` make the difference."""

    sheet: str
    currency: str
    count: int
    minor: int
    own_minor: int | None  # None: the file has no such row, or the sheet several currencies
    out_rows: tuple[int, ...]

    @property
    def difference(self) -> int | None:
        """What the file's own sum is more than that of the rows."""
        return None if self.own_minor is None else self.own_minor - self.minor


def sum_years(plan: Plan) -> tuple[YearTotal, ...]:
    """Return the sums by sheet, year and currency, in that order."""
    sums: dict[tuple[str, int, str], list[int]] = {}
    for row in plan.rows:
        gift = row.record.gift
        if gift is None or row.state in ("held", "left_out"):
            continue
        sheet = row.record.sheet if row.record.origin is None else row.record.origin
        key = (sheet, gift.received_on.year, gift.amount.currency)
        figures = sums.setdefault(key, [0, 0, 0, 0])
        at = 0 if row.gift is not None else 2
        figures[at] += 1
        figures[at + 1] += gift.amount.minor
    return tuple(YearTotal(*key, *figures) for key, figures in sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class RowSum:
    """A column of sums beside the months of a sheet: how many rows it agrees with, and which it does not."""

    sheet: str
    name: str
    agreeing: int
    differing: tuple[int, ...]


def sum_row_sums(plan: Plan, table: RecordTable, writing: Writing) -> tuple[RowSum, ...]:
    """Return how the columns of sums beside months agree with the amounts of their rows, those held too."""
    places = [
        guess.position
        for guess in writing.guesses
        if guess.field == "left_out" and guess.ground != "person" and is_total_name(guess.name)
    ]
    sums: dict[tuple[str, int], int] = {}
    for row in plan.rows:
        record = row.record
        if record.origin is not None and not row.is_total:
            key = (record.origin, record.number)
            sums[key] = sums.get(key, 0) + (record.amount.minor if record.amount is not None else 0)
    rows = {
        (sheet.origin, row.number): row
        for sheet in table.sheets
        if sheet.origin is not None
        for row in sheet.rows
    }
    return tuple(
        _compare_column(sheet, at, writing, sums, rows)
        for sheet in sorted({sheet for sheet, _ in sums})
        for at in places
    )


def _compare_column(
    sheet: str,
    at: int,
    writing: Writing,
    sums: Mapping[tuple[str, int], int],
    rows: Mapping[tuple[str, int], RecordRow],
) -> RowSum:
    agreeing, differing = 0, []
    for (of, number), minor in sums.items():
        if of != sheet:
            continue
        try:
            own_minor = read_amount(rows[of, number].cells[at], writing.amounts).minor
        except UnreadableCell:
            continue
        if own_minor == minor:
            agreeing += 1
        else:
            differing.append(number)
    return RowSum(sheet, writing.guesses[at].name, agreeing, tuple(sorted(differing)))


def sum_sheets(plan: Plan, table: RecordTable, writing: Writing) -> tuple[SheetTotal, ...]:
    """Return the sums of each sheet and currency beside the file's own total row."""
    rows_by_sheet: dict[str, list[RowPlan]] = {}
    for row in plan.rows:
        rows_by_sheet.setdefault(row.record.sheet, []).append(row)
    totals: list[SheetTotal] = []
    for sheet in table.sheets:
        totals += _sum_sheet(sheet, rows_by_sheet.get(sheet.name, []), writing)
    return tuple(totals)


def _sum_sheet(sheet: RecordSheet, rows: Sequence[RowPlan], writing: Writing) -> list[SheetTotal]:
    sums: dict[str, list[int]] = {}
    out_rows: dict[str, list[int]] = {}
    for row in rows:
        amount = row.record.amount
        if amount is None or row.is_total:
            continue
        figures = sums.setdefault(amount.currency, [0, 0])
        if row.record.gift is None or row.state in ("held", "left_out"):
            out_rows.setdefault(amount.currency, []).append(row.record.number)
        else:
            figures[0] += 1
            figures[1] += amount.minor
    own_minor = _find_own_total(sheet, rows, writing) if len(sums) == 1 else None
    return [
        SheetTotal(sheet.name, currency, count, minor, own_minor, tuple(out_rows.get(currency, ())))
        for currency, (count, minor) in sorted(sums.items())
    ]


def _find_own_total(sheet: RecordSheet, rows: Sequence[RowPlan], writing: Writing) -> int | None:
    """Return the sum that the file itself gives: of several rows of sums the last."""
    places = writing.find_places("amount")[:1]
    own_minor = None
    for total_row in sheet.total_rows:
        for at in places:
            try:
                own_minor = read_amount(total_row.cells[at], writing.amounts).minor
            except UnreadableCell:
                continue
    for row in rows:
        if row.is_total and row.record.amount is not None and own_minor is None:
            own_minor = row.record.amount.minor
    return own_minor
