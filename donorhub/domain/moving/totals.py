"""Control totals: what a table says by sheet, year and currency, beside the file's own sums.

Amounts of different currencies are never added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from donorhub.domain.moving.cells import UnreadableCell, read_amount
from donorhub.domain.moving.plan import Plan, RowPlan
from donorhub.domain.moving.writings import Writing
from importers.records import RecordSheet, RecordTable


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
        key = (row.record.sheet, gift.received_on.year, gift.amount.currency)
        figures = sums.setdefault(key, [0, 0, 0, 0])
        at = 0 if row.gift is not None else 2
        figures[at] += 1
        figures[at + 1] += gift.amount.minor
    return tuple(YearTotal(*key, *figures) for key, figures in sorted(sums.items()))


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
