"""Whether statements that balances call neighbours may overlap all the same.

Where one closes with what the other opens with on a day that both have, they overlap
only when they share entries, and only when entries of that day come to nothing: the
balance after them is the balance before them. These are entries that both have or, of
statements of one day, all that both have. It compares entries of single days;
:mod:`.continuity` compares the spans, and :mod:`.entry_plan` draws the consequence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable
from datetime import date
from typing import Final

from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, get_content, has_id

_MOST_SUMS: Final = 4096  # with more, some entries of both signs come to nothing anyway


def find_overlaps(
    ledger_rows: Collection[KnownEntry],
    incoming: Iterable[IncomingEntry],
    chained_ids: Container[int],
    source_format: str,
    changed_minors: Collection[int] = (),
) -> frozenset[int]:
    """Return which of the ``chained_ids`` are statements that may share entries with the incoming one.

    One whose entry has the bank's own id of an incoming entry certainly does. Where the bank changed sums
    (``changed_minors``), these and the entries that both have may come to nothing together.
    """
    changes = list_sums(changed_minors) or {0}
    shared_days = {row.day for row in ledger_rows if row.statement_id in chained_ids}
    items_of: dict[date, list[IncomingEntry]] = defaultdict(list)
    for item in incoming:
        if item.day in shared_days:
            items_of[item.day].append(item)
    rows_of: dict[date, list[KnownEntry]] = defaultdict(list)
    for row in ledger_rows:
        if row.day in items_of:
            rows_of[row.day].append(row)
    overlapping_ids: set[int] = set()
    for day, items in items_of.items():
        theirs = [row for row in rows_of[day] if row.statement_id in chained_ids]
        proved_ids, alike = _find_sharers(theirs, items, source_format)
        overlapping_ids |= proved_ids
        if alike - proved_ids and (
            come_to_nothing(rows_of[day], items) or _make_up_for(changes, theirs, items, source_format)
        ):
            overlapping_ids |= alike
        if len(items_of) == 1:
            overlapping_ids |= {id_ for id_ in alike if _make_a_round(id_, theirs, items, source_format)}
    return frozenset(overlapping_ids)


def _find_sharers(
    rows: list[KnownEntry], items: list[IncomingEntry], source_format: str
) -> tuple[set[int], set[int]]:
    """Return the statements that share a bank's id with these entries, and those with entries like them."""
    ids = {item.fingerprint for item in items if has_id(item.fingerprint)}
    proved_ids = {row.statement_id for row in rows if row.fingerprint in ids}
    alike = {row.statement_id for row in rows if any(_look_alike(row, item, source_format) for item in items)}
    return proved_ids, alike


def _look_alike(row: KnownEntry, item: IncomingEntry, source_format: str) -> bool:
    """Return whether both may be one entry: by the amount between formats, else by content, not by ids."""
    if (row.minor, row.currency) != (item.minor, item.currency):
        return False
    if row.source_format != source_format:
        return True
    both_have_ids = has_id(row.fingerprint) and has_id(item.fingerprint)
    return not both_have_ids and get_content(row.fingerprint) == get_content(item.fingerprint)


def _make_up_for(
    changes: Collection[int], rows: list[KnownEntry], items: list[IncomingEntry], source_format: str
) -> bool:
    """Return whether entries that may be on both sides come to what the bank changed."""
    sums = _list_shared_sums(rows, items, source_format)
    return sums is None or any(change and (change in sums or -change in sums) for change in changes)


def _make_a_round(
    statement_id: int, rows: list[KnownEntry], items: list[IncomingEntry], source_format: str
) -> bool:
    """Return whether a statement and the items come to nothing together, entries that both may have counted
    once: the later of the two closes then with what the earlier one opened with.
    """
    theirs = [row for row in rows if row.statement_id == statement_id]
    sums = _list_shared_sums(theirs, items, source_format)
    total = sum(row.minor for row in theirs) + sum(item.minor for item in items)
    return sums is None or (total != 0 and total in sums)


def _list_shared_sums(
    rows: list[KnownEntry], items: list[IncomingEntry], source_format: str
) -> set[int] | None:
    """Return what any of the entries that may be on both sides add up to; None when those are too many."""
    return list_sums(
        [item.minor for item in items if any(_look_alike(row, item, source_format) for row in rows)]
    )


def come_to_nothing(*sides: Iterable[KnownEntry | IncomingEntry]) -> bool:
    """Return whether some entries of one side add up to nothing; True also when they are too many."""
    return any(_reaches_zero([entry.minor for entry in side]) for side in sides)


def list_sums(amounts: Collection[int]) -> set[int] | None:
    """Return what any of these amounts, of both signs, add up to; None when those are too many."""
    sums = {0}
    for minor in amounts:
        sums |= {minor + one for one in sums}
        if len(sums) > _MOST_SUMS:
            return None
    return sums


def _reaches_zero(amounts: Collection[int]) -> bool:
    if 0 in amounts:
        return True
    sums_in = _list_sums(minor for minor in amounts if minor > 0)
    sums_out = _list_sums(-minor for minor in amounts if minor < 0)
    if sums_in is None or sums_out is None:
        return sums_in != set() and sums_out != set()
    return not sums_in.isdisjoint(sums_out)


def _list_sums(amounts: Iterable[int]) -> set[int] | None:
    """Return what any of these amounts add up to; None when those are too many."""
    sums: set[int] = set()
    for minor in amounts:
        sums |= {minor, *(minor + some for some in sums)}
        if len(sums) > _MOST_SUMS:
            return None
    return sums
