"""Entries that another format of the account books on another day, recognised by the bank's own id.

One format gives the day of the order and another that of the booking, so that the same
money stands on two days. It only points at such entries: ids alone prove nothing, and a
person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry

REACH: Final = timedelta(days=5)  # what lies between the days of two formats: a long weekend and a holiday


def find_shifts(
    items: Iterable[IncomingEntry],
    ledger_rows: Iterable[KnownEntry],
    paired_ids: Collection[int],
    source_format: str,
) -> list[tuple[IncomingEntry, int]]:
    """Return the entries that may be a row of another format on a day nearby, each with that row's id.

    An id of the bank and the amount agree. ``paired_ids`` are rows that are other entries of the file.
    """
    items_with_refs = [item for item in items if item.refs]
    if not items_with_refs:
        return []
    holders = {
        (ref, row.minor, row.currency): row
        for row in ledger_rows
        if row.source_format != source_format and row.id not in paired_ids
        for ref in row.refs
    }
    shifts: list[tuple[IncomingEntry, int]] = []
    for item in items_with_refs:
        rows = (holders.get((ref, item.minor, item.currency)) for ref in item.refs)
        row = next((row for row in rows if row is not None and _is_near(item, row)), None)
        if row is not None:
            shifts.append((item, row.id))
    return shifts


def _is_near(item: IncomingEntry, row: KnownEntry) -> bool:
    return row.day != item.day and abs(row.day - item.day) <= REACH
