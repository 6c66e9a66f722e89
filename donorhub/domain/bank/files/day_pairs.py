"""The entries of one day in a file and in the ledger, paired from the surest likeness to the weakest.

It pairs and judges nothing: what follows for money, :mod:`.entry_plan` says, and what the bank
changed, :mod:`.corrections`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, get_content, has_id

How = Literal["fingerprint", "content", "bank_ref", "other_format", "whole_day", "other_day", "answered"]
ItemKey = Callable[[IncomingEntry], Hashable]
RowKey = Callable[[KnownEntry], Hashable]


class Pair(NamedTuple):
    """An entry of the file and the row that it is."""

    item: IncomingEntry
    row: KnownEntry
    how: How


def is_proved(pair: Pair) -> bool:
    """Return whether an id of the bank agrees or a person said so, not only what the entry says."""
    return pair.how in ("bank_ref", "answered") or (
        pair.how == "fingerprint" and has_id(pair.item.fingerprint)
    )


@dataclass(slots=True)
class Day:
    """The entries of one day on both sides that have not found each other yet."""

    items: list[IncomingEntry]
    rows: list[KnownEntry]
    pairs: list[Pair] = field(default_factory=list)

    def pair_equal(self, how: How, item_key: ItemKey, row_key: RowKey) -> None:
        """Move entries with equal keys from both sides into ``pairs``; a key of None pairs nothing."""
        if not self.items or not self.rows:
            return
        waiting: dict[Hashable, list[KnownEntry]] = {}
        for row in reversed(self.rows):
            waiting.setdefault(row_key(row), []).append(row)
        unpaired_items: list[IncomingEntry] = []
        for item in self.items:
            key = item_key(item)
            equal_rows = waiting.get(key) if key is not None else None
            if equal_rows:
                self.pairs.append(Pair(item, equal_rows.pop(), how))
            else:
                unpaired_items.append(item)
        self.items = unpaired_items
        self.rows = sorted(row for rows in waiting.values() for row in rows)

    def list_unpaired_formats(self) -> frozenset[str]:
        """Return the formats of the rows that have no entry of the file."""
        return frozenset(row.source_format for row in self.rows)


def pair_fingerprints(day: Day) -> None:
    """Pair what is told with the same words and the same id."""
    day.pair_equal("fingerprint", lambda item: item.fingerprint, lambda row: row.fingerprint)


def pair_day(day: Day, source_format: str) -> None:
    """Pair the entries of one day, each once, as far as that is sure."""
    day.pair_equal(
        "content",
        lambda item: None if has_id(item.fingerprint) else get_content(item.fingerprint),
        lambda row: get_content(row.fingerprint),
    )
    day.pair_equal(
        "content",
        lambda item: get_content(item.fingerprint),
        lambda row: row.id if has_id(row.fingerprint) else get_content(row.fingerprint),
    )
    _pair_by_ref(day)
    _pair_formats(day, source_format)


def _pair_by_ref(day: Day) -> None:
    holders = {(ref, row.minor, row.currency): row for row in day.rows for ref in row.refs}
    if not holders:
        return
    unpaired_items: list[IncomingEntry] = []
    paired_ids: set[int] = set()
    for item in day.items:
        rows = (holders.get((ref, item.minor, item.currency)) for ref in item.refs)
        equal_row = next((row for row in rows if row is not None and row.id not in paired_ids), None)
        if equal_row is None:
            unpaired_items.append(item)
        else:
            paired_ids.add(equal_row.id)
            day.pairs.append(Pair(item, equal_row, "bank_ref"))
    day.items = unpaired_items
    day.rows = [row for row in day.rows if row.id not in paired_ids]


def _pair_formats(day: Day, source_format: str) -> None:
    """Pair entries of two formats when amount and account agree, or one format gives no account."""

    def make_key(row: KnownEntry, *key: object) -> Hashable:
        return None if row.source_format == source_format else key

    day.pair_equal(
        "other_format",
        lambda item: (item.minor, item.currency, item.account),
        lambda row: make_key(row, row.minor, row.currency, row.account),
    )
    day.pair_equal(
        "other_format",
        lambda item: None if item.account else (item.minor, item.currency),
        lambda row: make_key(row, row.minor, row.currency),
    )
    day.pair_equal(
        "other_format",
        lambda item: (item.minor, item.currency),
        lambda row: None if row.account else make_key(row, row.minor, row.currency),
    )


def pair_contents(day: Day) -> None:
    """Pair what agrees in everything but the id."""
    day.pair_equal(
        "whole_day", lambda item: get_content(item.fingerprint), lambda row: get_content(row.fingerprint)
    )


def pair_accounts(day: Day) -> None:
    """Pair what has one sum of one account."""
    day.pair_equal("whole_day", _make_account_key, _make_account_key)


def pair_whole_day(day: Day, item_texts: Mapping[int, PartyText], row_texts: Mapping[int, PartyText]) -> None:
    """Pair what is left of a day that the file or the ledger tells whole.

    Entries that agree in everything but the id are the same money, and so are those of one account or name
    with one sum.
    """
    if not day.items or not day.rows:
        return
    pair_contents(day)
    pair_accounts(day)
    day.pair_equal(
        "whole_day",
        lambda item: _make_name_key(item, item_texts[item.position].name),
        lambda row: _make_name_key(row, row_texts[row.id].name) or row.id,
    )


def pair_equal_sums(day: Day) -> None:
    """Pair what is left of a day told whole on both sides, where the same sums are left as often: nothing
    but texts differs.
    """
    if day.items and _count_sums(day.items) == _count_sums(day.rows):
        day.pair_equal("whole_day", _make_sum_key, _make_sum_key)


def _make_name_key(entry: IncomingEntry | KnownEntry, name: str) -> Hashable:
    return (entry.minor, entry.currency, name) if name else None


def _make_account_key(entry: IncomingEntry | KnownEntry) -> Hashable:
    return (entry.minor, entry.currency, entry.account) if entry.account else None


def _make_sum_key(entry: IncomingEntry | KnownEntry) -> tuple[int, str]:
    return entry.minor, entry.currency


def _count_sums(entries: Iterable[IncomingEntry | KnownEntry]) -> Counter[tuple[int, str]]:
    return Counter(map(_make_sum_key, entries))
