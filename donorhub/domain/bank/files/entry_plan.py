"""Which entries of a bank file are new money, and which the ledger has already.

Equal fingerprints of one day are counted, and a file adds what it has more of than
the ledger (the maximum of two multisets). Nothing is dropped without proof: what may
be either is doubtful. How the days of two statements lie to each other,
:mod:`donorhub.domain.bank.files.continuity` finds out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from donorhub.domain.bank.files.chain_doubts import find_overlaps
from donorhub.domain.bank.files.day_shifts import find_shifts
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, get_content, has_id

How = Literal["fingerprint", "content", "bank_ref", "other_format"]
Doubt = Literal["other_bank_ref", "text_changed", "part_of_a_day", "unsure_order", "other_day"]


class NewEntry(NamedTuple):
    """An entry that the ledger has not; ``occurrence`` counts equal fingerprints from 0."""

    position: int
    fingerprint: str
    occurrence: int


class SameEntry(NamedTuple):
    """The file's entry is the ledger's ``entry_id``; ``add_refs`` are new on it."""

    position: int
    entry_id: int
    how: How
    add_refs: tuple[str, ...]


class DoubtfulEntry(NamedTuple):
    """May be the ledger's entry ``entry_id`` or other money; a person decides.

    ``occurrence`` is reserved, so that the entry can be kept as a row that does not count yet.
    """

    position: int
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
    item: IncomingEntry
    row: KnownEntry
    how: How


@dataclass(slots=True)
class _Day:
    """The entries of one day on both sides that have not found each other yet."""

    items: list[IncomingEntry]
    rows: list[KnownEntry]
    pairs: list[_Pair] = field(default_factory=list)

    def pair_equal(
        self,
        how: How,
        item_key: Callable[[IncomingEntry], Hashable],
        row_key: Callable[[KnownEntry], Hashable],
    ) -> None:
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
                self.pairs.append(_Pair(item, equal_rows.pop(), how))
            else:
                unpaired_items.append(item)
        self.items = unpaired_items
        self.rows = sorted(row for rows in waiting.values() for row in rows)

    def list_unpaired_formats(self) -> frozenset[str]:
        """Return the formats of the rows that have no entry of the file."""
        return frozenset(row.source_format for row in self.rows)


def plan_entries(
    ledger_rows: Collection[KnownEntry],
    incoming: Sequence[IncomingEntry],
    *,
    source_format: str,
    apart: Container[int] = (),
    unsure: Container[int] = (),
    whole_days: Container[date] = (),
    chained_ids: Collection[int] = (),
    ids_trusted: bool = True,
) -> Plan:
    """Return for each entry of one statement whether it is new money.

    ``ledger_rows`` are all rows of the account on the days of ``incoming``, which must hold
    whole days of one statement, and some days around (``day_shifts.REACH``). Rows of
    statements in ``apart`` are different money for sure (an intraday statement that
    follows another): occurrences count on. Rows of ``unsure`` ones may be either, and so may
    those of ``chained_ids``, which are ``apart`` by balances alone, where the entries allow
    that they overlap. On ``whole_days`` one side certainly holds the whole day.
    ``apart``, ``unsure``, ``whole_days`` and ``chained_ids`` are what
    :func:`donorhub.domain.bank.files.continuity.compare_spans` returns.
    """
    refuted_ids = find_overlaps(ledger_rows, incoming, chained_ids, source_format)
    rows_of, occurrences = _sort_by_day(ledger_rows, apart, refuted_ids)
    fresh = [item for item in incoming if item.day not in rows_of]
    days = _pair_days(rows_of, incoming, source_format, ids_trusted)
    ids_are_stable = any(_is_proved(pair) for day in days.values() for pair in day.pairs)
    same: list[SameEntry] = []
    doubts: list[tuple[IncomingEntry, int, Doubt]] = []
    for on, day in days.items():
        formats = day.list_unpaired_formats() if on not in whole_days and day.items else frozenset()
        for pair in day.pairs:
            is_unsure = pair.row.statement_id in unsure or pair.row.statement_id in refuted_ids
            doubt = _find_doubt(pair, partial=pair.row.source_format in formats, unsure=is_unsure)
            if doubt:
                doubts.append((pair.item, pair.row.id, doubt))
            else:
                same.append(_make_same_entry(pair))
        rivals = _find_rivals(day, source_format, ids_are_stable=ids_are_stable)
        doubts += rivals
        rival_positions = {item.position for item, _, _ in rivals}
        fresh += [item for item in day.items if item.position not in rival_positions]
    if ids_trusted:
        paired_ids = {pair.row.id for day in days.values() for pair in day.pairs}
        shifts = find_shifts(fresh, ledger_rows, paired_ids, source_format)
        doubts += [(item, entry_id, "other_day") for item, entry_id in shifts]
        elsewhere = {item.position for item, _ in shifts}
        fresh = [item for item in fresh if item.position not in elsewhere]
    return _number_entries(fresh, same, doubts, occurrences)


def _sort_by_day(
    ledger_rows: Iterable[KnownEntry], apart: Container[int], refuted_ids: Container[int]
) -> tuple[dict[date, list[KnownEntry]], dict[str, int]]:
    """Return the rows that may be the file's entries, and each fingerprint's next free occurrence."""
    rows_of: dict[date, list[KnownEntry]] = {}
    occurrences: dict[str, int] = {}
    for row in ledger_rows:
        free = occurrences.get(row.fingerprint, 0)
        occurrences[row.fingerprint] = max(free, row.occurrence + 1)
        if row.statement_id not in apart or row.statement_id in refuted_ids:
            rows_of.setdefault(row.day, []).append(row)
    return rows_of, occurrences


def _pair_days(
    rows_of: dict[date, list[KnownEntry]],
    incoming: Iterable[IncomingEntry],
    source_format: str,
    ids_trusted: bool,
) -> dict[date, _Day]:
    days: dict[date, _Day] = {}
    for item in incoming:
        if item.day in rows_of:
            if item.day not in days:
                days[item.day] = _Day([], sorted(rows_of[item.day]))
            days[item.day].items.append(item)
    for day in days.values():
        _pair_up(day, source_format, ids_trusted)
    return days


def _pair_up(day: _Day, source_format: str, ids_trusted: bool) -> None:
    """Pair the entries of one day from the surest likeness to the weakest, each once."""
    day.pair_equal("fingerprint", lambda item: item.fingerprint, lambda row: row.fingerprint)
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
    if ids_trusted:
        _pair_by_ref(day)
    _pair_formats(day, source_format)


def _pair_by_ref(day: _Day) -> None:
    holders = {(ref, row.minor, row.currency): row for row in day.rows for ref in row.refs}
    unpaired_items: list[IncomingEntry] = []
    paired_ids: set[int] = set()
    for item in day.items:
        rows = (holders.get((ref, item.minor, item.currency)) for ref in item.refs)
        equal_row = next((row for row in rows if row is not None and row.id not in paired_ids), None)
        if equal_row is None:
            unpaired_items.append(item)
        else:
            paired_ids.add(equal_row.id)
            day.pairs.append(_Pair(item, equal_row, "bank_ref"))
    day.items = unpaired_items
    day.rows = [row for row in day.rows if row.id not in paired_ids]


def _pair_formats(day: _Day, source_format: str) -> None:
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


def _is_proved(pair: _Pair) -> bool:
    """Return whether an id of the bank agrees, not only what the entry says."""
    return pair.how == "bank_ref" or (pair.how == "fingerprint" and has_id(pair.item.fingerprint))


def _find_doubt(pair: _Pair, *, partial: bool, unsure: bool) -> Doubt | None:
    if _is_proved(pair):
        return None
    if unsure:
        return "unsure_order"
    # Each side has entries the other lacks: both hold a part of the day, and the parts
    # may be different ones.
    return "part_of_a_day" if partial else None


def _make_same_entry(pair: _Pair) -> SameEntry:
    refs = tuple(ref for ref in pair.item.refs if ref not in pair.row.refs)
    return SameEntry(pair.item.position, pair.row.id, pair.how, refs)


def _find_rivals(
    day: _Day, source_format: str, *, ids_are_stable: bool
) -> list[tuple[IncomingEntry, int, Doubt]]:
    """Return unpaired entries that look like an unpaired row whose text or id was changed.

    Where the file repeats ids that the ledger has, the bank's ids are stable, and
    another id is other money.
    """
    rows = [row for row in day.rows if row.source_format == source_format]
    rivals: list[tuple[IncomingEntry, int, Doubt]] = []
    for item in day.items:
        row = next((row for row in rows if _look_alike(item, row)), None)
        if row is None:
            continue
        if ids_are_stable and has_id(item.fingerprint) and has_id(row.fingerprint):
            continue
        equal = get_content(item.fingerprint) == get_content(row.fingerprint)
        rivals.append((item, row.id, "other_bank_ref" if equal else "text_changed"))
        rows.remove(row)
    return rivals


def _look_alike(item: IncomingEntry, row: KnownEntry) -> bool:
    if (item.minor, item.currency) != (row.minor, row.currency):
        return False
    return item.account is None or row.account is None or item.account == row.account


def _number_entries(
    fresh: list[IncomingEntry],
    same: list[SameEntry],
    doubts: list[tuple[IncomingEntry, int, Doubt]],
    occurrences: dict[str, int],
) -> Plan:
    new: list[NewEntry] = []
    for item in fresh:
        occurrence = occurrences.get(item.fingerprint, 0)
        occurrences[item.fingerprint] = occurrence + 1
        new.append(NewEntry(item.position, item.fingerprint, occurrence))
    doubtful: list[DoubtfulEntry] = []
    for item, entry_id, doubt in doubts:
        occurrence = occurrences.get(item.fingerprint, 0)
        occurrences[item.fingerprint] = occurrence + 1
        doubtful.append(DoubtfulEntry(item.position, entry_id, doubt, item.fingerprint, occurrence))
    return Plan(tuple(sorted(new)), tuple(sorted(same)), tuple(sorted(doubtful)))
