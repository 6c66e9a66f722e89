"""Which entries of a bank file are new money, and which the ledger has already.

Equal fingerprints of one day are counted, and a file adds what it has more of than
the ledger (the maximum of two multisets). Nothing is dropped without proof: what may
be either is doubtful. How the days of two statements lie to each other,
:mod:`donorhub.domain.bank.files.continuity` finds out; what the bank changed,
:mod:`donorhub.domain.bank.files.corrections`.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from donorhub.domain.bank.files import corrections
from donorhub.domain.bank.files.chain_doubts import find_overlaps
from donorhub.domain.bank.files.continuity import Comparison
from donorhub.domain.bank.files.corrections import Doubt, Doubted, EntryTexts
from donorhub.domain.bank.files.day_pairs import Day, How, Pair, pair_day, pair_equal_sums, pair_whole_day
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, get_content, has_id


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
    """Every entry that was given is in exactly one of the first three, in the order of the file.

    ``missing_ids`` are rows of days that the file tells whole and that it does not tell; ``weak_refs`` are
    ids that stand on other money.
    """

    new: tuple[NewEntry, ...]
    same: tuple[SameEntry, ...]
    doubtful: tuple[DoubtfulEntry, ...]
    missing_ids: tuple[int, ...] = ()
    weak_refs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger has beside a statement.

    ``rows`` are all of the account on the days of the statement, and some days around
    (``corrections.REACH``); ``comparison`` says how the statements that brought them lie to the new one;
    ``answered_twins`` are rows by the fingerprint of what a person said is the same.
    """

    rows: Collection[KnownEntry]
    texts: EntryTexts
    comparison: Comparison = field(default_factory=Comparison)
    answered_twins: Mapping[str, int] = field(default_factory=dict)


def plan_entries(
    ledger: Ledger, incoming: Sequence[IncomingEntry], *, source_format: str, first_on: date, last_on: date
) -> Plan:
    """Return for each entry of one statement, from one day to another, whether it is new money.

    Rows of statements that are apart (an intraday statement that follows another) are different money for
    sure: occurrences count on. Rows of unsure ones may be either, and so may those of chained ones, which are
    apart by balances alone, where the entries allow that they overlap.
    """
    comparison = ledger.comparison
    refuted_ids = find_overlaps(ledger.rows, incoming, comparison.chained_ids, source_format)
    rows_of, occurrences = _sort_by_day(ledger.rows, comparison.apart, refuted_ids)
    days = _gather_days(rows_of, incoming, comparison.days_of_file)
    for day in days.values():
        pair_day(day, source_format, ledger.answered_twins)
    _pair_whole_days(days, ledger)
    by_id = corrections.find_corrections(
        days.values(),
        ledger.rows,
        ledger.texts,
        source_format=source_format,
        proved_ids=comparison.proved_ids - refuted_ids,
        covers=lambda day: first_on <= day <= last_on,
        answered_twins=ledger.answered_twins,
    )
    doubts = [*by_id.doubts, *_find_changed_sums(days, ledger)]
    same = [_make_same_entry(pair) for pair in by_id.pairs]
    unsure_ids = comparison.unsure | refuted_ids
    ids_are_stable = any(_is_proved(pair) for day in days.values() for pair in day.pairs)
    whole_days = comparison.days_of_file | comparison.days_of_ledger
    fresh: list[IncomingEntry] = []
    for on, day in days.items():
        formats = day.list_unpaired_formats() if on not in whole_days and day.items else frozenset()
        for pair in day.pairs:
            is_unsure = pair.row.statement_id in unsure_ids
            doubt = _find_doubt(pair, partial=pair.row.source_format in formats, unsure=is_unsure)
            if doubt:
                doubts.append(Doubted(pair.item, pair.row.id, doubt))
            else:
                same.append(_make_same_entry(pair))
        rivals = _find_rivals(day, source_format, ids_are_stable=ids_are_stable)
        doubts += rivals
        rival_positions = {item.position for item, _, _ in rivals}
        fresh += [item for item in day.items if item.position not in rival_positions]
    return _number_entries(
        fresh,
        same,
        doubts,
        occurrences,
        missing_ids=_list_missing_ids(days, comparison.days_of_file, source_format, doubts),
        weak_refs=frozenset(by_id.weak_refs),
    )


def _gather_days(
    rows_of: Mapping[date, list[KnownEntry]], incoming: Iterable[IncomingEntry], whole_days: Iterable[date]
) -> dict[date, Day]:
    """Return the days of the file, and those that it tells whole and empty."""
    days: dict[date, Day] = {}
    for item in incoming:
        if item.day not in days:
            days[item.day] = Day([], sorted(rows_of.get(item.day, ())))
        days[item.day].items.append(item)
    for on in whole_days:
        if on not in days and on in rows_of:
            days[on] = Day([], sorted(rows_of[on]))
    return days


def _pair_whole_days(days: Mapping[date, Day], ledger: Ledger) -> None:
    """Pair what is left of days that both sides tell whole: there is no room for new money on them."""
    comparison = ledger.comparison
    unfinished_days = _list_unfinished(days, comparison.days_of_file & comparison.days_of_ledger)
    if unfinished_days:
        item_texts, row_texts = _read_texts(unfinished_days, ledger.texts)
        for day in unfinished_days:
            pair_whole_day(day, item_texts, row_texts)


def _find_changed_sums(days: Mapping[date, Day], ledger: Ledger) -> list[Doubted]:
    """Return what the bank tells with another sum, on days that the file tells whole."""
    comparison = ledger.comparison
    for day in _list_unfinished(days, comparison.days_of_file & comparison.days_of_ledger):
        pair_equal_sums(day)
    unfinished_days = _list_unfinished(days, comparison.days_of_file)
    if not unfinished_days:
        return []
    item_texts, row_texts = _read_texts(unfinished_days, ledger.texts)
    return [
        doubt
        for day in unfinished_days
        for doubt in corrections.find_changed_sums(day, item_texts, row_texts)
    ]


def _list_unfinished(days: Mapping[date, Day], whole_days: Container[date]) -> list[Day]:
    return [day for on, day in days.items() if on in whole_days and day.items and day.rows]


def _read_texts(
    days: Collection[Day], texts: EntryTexts
) -> tuple[Mapping[int, PartyText], Mapping[int, PartyText]]:
    return (
        texts.read_items([item.position for day in days for item in day.items]),
        texts.read_rows([row.id for day in days for row in day.rows]),
    )


def _list_missing_ids(
    days: Mapping[date, Day], whole_days: Container[date], source_format: str, doubts: Iterable[Doubted]
) -> tuple[int, ...]:
    """Return the rows that this format told before and does not tell on a day that it tells whole."""
    doubted_ids = {doubt.entry_id for doubt in doubts}
    return tuple(
        row.id
        for on, day in days.items()
        if on in whole_days
        for row in day.rows
        if row.source_format == source_format and row.id not in doubted_ids
    )


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


def _is_proved(pair: Pair) -> bool:
    """Return whether an id of the bank agrees, not only what the entry says."""
    return pair.how == "bank_ref" or (pair.how == "fingerprint" and has_id(pair.item.fingerprint))


def _find_doubt(pair: Pair, *, partial: bool, unsure: bool) -> Doubt | None:
    if _is_proved(pair):
        return None
    if unsure:
        return "unsure_order"
    # Each side has entries the other lacks: both hold a part of the day, and the parts
    # may be different ones.
    return "part_of_a_day" if partial else None


def _make_same_entry(pair: Pair) -> SameEntry:
    refs = tuple(ref for ref in pair.item.refs if ref not in pair.row.refs)
    return SameEntry(pair.item.position, pair.row.id, pair.how, refs)


def _find_rivals(day: Day, source_format: str, *, ids_are_stable: bool) -> list[Doubted]:
    """Return unpaired entries that look like an unpaired row whose text or id was changed.

    Where the file repeats ids that the ledger has, the bank's ids are stable, and
    another id is other money.
    """
    rows = [row for row in day.rows if row.source_format == source_format]
    rivals: list[Doubted] = []
    for item in day.items:
        row = next((row for row in rows if _look_alike(item, row)), None)
        if row is None:
            continue
        if ids_are_stable and has_id(item.fingerprint) and has_id(row.fingerprint):
            continue
        equal = get_content(item.fingerprint) == get_content(row.fingerprint)
        rivals.append(Doubted(item, row.id, "other_bank_ref" if equal else "text_changed"))
        rows.remove(row)
    return rivals


def _look_alike(item: IncomingEntry, row: KnownEntry) -> bool:
    if (item.minor, item.currency) != (row.minor, row.currency):
        return False
    return item.account is None or row.account is None or item.account == row.account


def _number_entries(
    fresh: list[IncomingEntry],
    same: list[SameEntry],
    doubts: list[Doubted],
    occurrences: dict[str, int],
    *,
    missing_ids: tuple[int, ...],
    weak_refs: frozenset[str],
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
    return Plan(
        tuple(sorted(new)),
        tuple(sorted(same)),
        tuple(sorted(doubtful)),
        tuple(sorted(missing_ids)),
        weak_refs,
    )
