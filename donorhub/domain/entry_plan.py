"""Which entries of a bank file are new money, and which the ledger has already.

Equal fingerprints of one day are counted, and a file adds what it has more of than
the ledger (the maximum of two multisets). Nothing is dropped without proof: what may
be either is told as doubtful. Where statements lie to each other,
:mod:`donorhub.domain.continuity` says.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from donorhub.domain.entry_keys import Incoming, content_of, has_id

How = Literal["fingerprint", "content", "bank_ref", "other_format"]
Doubt = Literal["other_bank_ref", "text_changed", "part_of_a_day", "unsure_order"]


class KnownEntry(NamedTuple):
    """One entry of the ledger, as the table has it."""

    id: int
    day: date
    minor: int
    currency: str
    account: str | None  # the counterparty's, canonical
    fingerprint: str
    occurrence: int
    source_format: str
    statement_id: int
    refs: tuple[str, ...] = ()  # its own and those of its aliases


class NewEntry(NamedTuple):
    index: int
    fingerprint: str
    occurrence: int


class SameEntry(NamedTuple):
    """The file's entry is the ledger's ``entry_id``; ``add_refs`` are ids the ledger has not seen on it yet."""

    index: int
    entry_id: int
    how: How
    add_refs: tuple[str, ...]


class DoubtfulEntry(NamedTuple):
    """May be the ledger's entry ``entry_id`` or other money; a person decides.

    ``occurrence`` is reserved, so that the entry can be kept as a row that does not count yet.
    """

    index: int
    entry_id: int
    doubt: Doubt
    fingerprint: str
    occurrence: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Every entry that was given is in exactly one of the three, in the order of the file."""

    new: tuple[NewEntry, ...]
    same: tuple[SameEntry, ...]
    doubtful: tuple[DoubtfulEntry, ...]


class _Pair(NamedTuple):
    item: Incoming
    row: KnownEntry
    how: How


@dataclass(slots=True)
class _Day:
    """The entries of one day on both sides that have not found each other yet."""

    items: list[Incoming]
    rows: list[KnownEntry]
    pairs: list[_Pair] = field(default_factory=list)

    def pair(
        self,
        how: How,
        item_key: Callable[[Incoming], Hashable],
        row_key: Callable[[KnownEntry], Hashable],
    ) -> None:
        """Take out as many equal keys as both sides have; a key of None finds nothing."""
        if not self.items or not self.rows:
            return
        waiting: dict[Hashable, list[KnownEntry]] = {}
        for row in reversed(self.rows):
            waiting.setdefault(row_key(row), []).append(row)
        left: list[Incoming] = []
        for item in self.items:
            key = item_key(item)
            found = waiting.get(key) if key is not None else None
            if found:
                self.pairs.append(_Pair(item, found.pop(), how))
            else:
                left.append(item)
        self.items = left
        self.rows = sorted(row for rows in waiting.values() for row in rows)


def plan(
    known: Iterable[KnownEntry],
    incoming: Sequence[Incoming],
    *,
    source_format: str,
    apart: Container[int] = (),
    unsure: Container[int] = (),
    whole_days: Container[date] = (),
    ids_trusted: bool = True,
) -> Plan:
    """Tell for each entry of one statement whether it is new money.

    ``known`` are all rows of the account on the days of ``incoming``, which must hold
    whole days of one statement. Rows of statements in ``apart`` are different money
    for sure (an intraday statement that follows another): occurrences count on. Rows
    of ``unsure`` ones cannot be told apart. On ``whole_days`` one side is known to hold
    the whole day. ``apart``, ``unsure`` and ``whole_days`` are what
    :func:`donorhub.domain.continuity.compare` gives.
    """
    by_day, next_occurrence = _of_days(known, apart)
    contested: dict[date, list[Incoming]] = {}
    fresh: list[Incoming] = []
    for item in incoming:
        if item.day in by_day:
            contested.setdefault(item.day, []).append(item)
        else:
            fresh.append(item)
    days = {day: _pair_day(items, by_day[day], source_format, ids_trusted) for day, items in contested.items()}
    ids_are_stable = any(pair.how == "fingerprint" and has_id(pair.item.fingerprint) for d in days.values() for pair in d.pairs)
    same: list[SameEntry] = []
    doubted: list[tuple[Incoming, int, Doubt]] = []
    for day, settled in days.items():
        partial = day not in whole_days and _is_partial(settled, source_format)
        for pair in settled.pairs:
            doubt = _doubt_of_pair(pair, partial, unsure)
            if doubt:
                doubted.append((pair.item, pair.row.id, doubt))
            else:
                refs = tuple(ref for ref in pair.item.refs if ref not in pair.row.refs)
                same.append(SameEntry(pair.item.index, pair.row.id, pair.how, refs))
        for item in settled.items:
            rival = _rival(item, settled.rows, source_format, ids_trusted, ids_are_stable)
            if rival:
                doubted.append((item, *rival))
            else:
                fresh.append(item)
    return _numbered(fresh, same, doubted, next_occurrence)
