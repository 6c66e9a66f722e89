"""Entries that another format of the account books on another day, recognised by the bank's own id.

One format tells the day of the order and another that of the booking, so that the same
money stands on two days. It only points at such entries: ids alone prove nothing, and a
person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Final

from donorhub.domain.bank.files.entry_keys import Incoming, KnownEntry

REACH: Final = timedelta(days=5)  # what lies between the days of two formats: a long weekend and a holiday


def shifted(
    items: Iterable[Incoming], known: Iterable[KnownEntry], taken: Collection[int], source_format: str
) -> list[tuple[Incoming, int]]:
    """The entries that may be a row of another format on a day nearby, each with that row's id.

    An id of the bank and the amount agree. ``taken`` are rows that are other entries of the file already.
    """
    told = [item for item in items if item.refs]
    if not told:
        return []
    holders = {
        (ref, row.minor, row.currency): row
        for row in known
        if row.source_format != source_format and row.id not in taken
        for ref in row.refs
    }
    found: list[tuple[Incoming, int]] = []
    for item in told:
        rows = (holders.get((ref, item.minor, item.currency)) for ref in item.refs)
        row = next((row for row in rows if row is not None and _is_near(item, row)), None)
        if row is not None:
            found.append((item, row.id))
    return found


def _is_near(item: Incoming, row: KnownEntry) -> bool:
    return row.day != item.day and abs(row.day - item.day) <= REACH
