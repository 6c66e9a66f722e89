"""What is left of the days of a file when all that is sure is paired: changed, moved, or other money.

Each entry that may be a row of the ledger becomes a doubt about that row; what is left then is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from donorhub.domain.bank.files.corrections import Doubted, EntryTexts, Place, find_changed_sums
from donorhub.domain.bank.files.day_pairs import (
    Day,
    Pair,
    is_proved,
    pair_accounts,
    pair_contents,
    pair_day,
    pair_equal_sums,
    pair_fingerprints,
    pair_whole_day,
)
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, get_content, has_id
from donorhub.domain.bank.files.moved_days import take_moves
from donorhub.domain.bank.files.tangled_changes import find_day_and_sum, untangle_changes

_FEWEST_WITNESSES: Final = 2  # one entry alone may be an honest twin


class OlderWord(NamedTuple):
    """What the bank told, before it corrected it, of an entry that the ledger has as ``entry_id``."""

    row: KnownEntry
    entry_id: int


def pair_answered(
    days: Mapping[date, Day], ledger_rows: Iterable[KnownEntry], answered_twins: Mapping[str, Collection[int]]
) -> None:
    """Pair entries with the rows of which a person said that they are the same, on whatever day."""
    paired_ids = {pair.row.id for day in days.values() for pair in day.pairs}
    rows = {row.id: row for row in ledger_rows if row.id not in paired_ids}
    for day in days.values():
        for item in list(day.items):
            row_id = next((id_ for id_ in answered_twins.get(item.fingerprint, ()) if id_ in rows), None)
            if row_id is None:
                continue
            _take_answered(days, item, rows.pop(row_id))


def pair_told_days(days: Mapping[date, Day], ledger_rows: Iterable[KnownEntry], source_format: str) -> None:
    """Pair entries with rows for which other files named this day, whatever their format."""
    if not any(day.items for day in days.values()):
        return
    paired_ids = {one.row.id for day in days.values() for one in day.pairs}
    for row in ledger_rows:
        for on in row.told_on:
            if row.id in paired_ids or on not in days or not days[on].items:
                continue
            alone = Day(list(days[on].items), [row])
            pair_day(alone, source_format)
            pair_accounts(alone)
            for pair in alone.pairs:
                paired_ids.add(row.id)
                _take_answered(days, pair.item, row)


def pair_older(
    days: Mapping[date, Day],
    ledger_rows: Iterable[KnownEntry],
    older_words: Collection[OlderWord],
    source_format: str,
) -> None:
    """Pair entries with rows of which the bank told this before it corrected them, in whatever format."""
    if not older_words or not any(day.items for day in days.values()):
        return
    paired_ids = {one.row.id for day in days.values() for one in day.pairs}
    rows = {row.id: row for row in ledger_rows if row.id not in paired_ids}
    for on, day in days.items():
        newer_ids = {one.row.id: one.entry_id for one in older_words if one.row.day == on}
        alone = Day(list(day.items), sorted(one.row for one in older_words if one.row.id in newer_ids))
        if not alone.items or not alone.rows:
            continue
        pair_fingerprints(alone)
        pair_day(alone, source_format)
        pair_accounts(alone)
        for pair in alone.pairs:
            row = rows.pop(newer_ids[pair.row.id], None)
            if row is not None:
                _take_answered(days, pair.item, row)


def _take_answered(days: Mapping[date, Day], item: IncomingEntry, row: KnownEntry) -> None:
    """Take out an entry and the row that it is, as a person said, on whatever day."""
    days[item.day].items.remove(item)
    days[item.day].pairs.append(Pair(item, row, "answered"))
    if row.day in days and row in days[row.day].rows:
        days[row.day].rows.remove(row)


def pair_whole_days(days: Mapping[date, Day], texts: EntryTexts, place: Place) -> None:
    """Pair what is left of days that one side tells whole: what the other side tells of them is among it.

    So is a border day that agrees in everything but the ids, where no id of the file says that they stay,
    and more than one entry of the file says that they do not.
    """
    unfinished_days = [
        day
        for on, day in days.items()
        if (on in place.days_of_file or on in place.days_of_ledger) and day.items and day.rows
    ]
    if unfinished_days:
        item_texts, row_texts = _read_texts(unfinished_days, texts)
        for day in unfinished_days:
            pair_whole_day(day, item_texts, row_texts)
    if any(is_proved(pair) for day in days.values() for pair in day.pairs):
        return
    agreeing_days = []
    for on, day in days.items():
        rows = [row for row in day.rows if row.source_format == place.source_format]
        is_border = on not in place.days_of_file and on not in place.days_of_ledger
        if is_border and day.items and _count_contents(day.items) == _count_contents(rows):
            agreeing_days.append((day, Day(day.items, rows)))
    witness_count = sum(len(alone.items) for _, alone in agreeing_days)
    witness_count += sum(pair.how == "whole_day" for day in days.values() for pair in day.pairs)
    for day, alone in agreeing_days if witness_count >= _FEWEST_WITNESSES else ():
        paired_ids = {row.id for row in alone.rows}
        pair_contents(alone)
        day.items, day.pairs = [], [*day.pairs, *alone.pairs]
        day.rows = [row for row in day.rows if row.id not in paired_ids]


def _count_contents(entries: Iterable[IncomingEntry | KnownEntry]) -> Counter[str]:
    return Counter(get_content(entry.fingerprint) for entry in entries)


def find_changes(
    days: Mapping[date, Day],
    ledger_rows: Collection[KnownEntry],
    texts: EntryTexts,
    place: Place,
) -> list[Doubted]:
    """Return what the bank tells with another id, text, day or sum than before, the likeliest first, and take
    it out of the days.

    On a border day it takes the same party and the same words to think that a sum was changed, and no balance
    that says which statement came first.
    """
    is_stable = any(is_proved(pair) for day in days.values() for pair in day.pairs)
    doubts = [
        rival
        for day in days.values()
        for rival in _take_rivals(day, place.source_format, ids_are_stable=is_stable)
    ]
    doubts += _take_changed_sums(days, ledger_rows, texts, place, with_words=True)
    doubts += take_moves(days, ledger_rows, texts, place, is_told_again=True)
    doubts += take_moves(days, ledger_rows, texts, place, is_told_again=False)
    for on, day in days.items():
        if on in place.days_of_file and on in place.days_of_ledger:
            pair_equal_sums(day)
    doubts += _take_changed_sums(days, ledger_rows, texts, place, with_words=False)
    doubts += find_day_and_sum(days, texts, place)
    return untangle_changes(days, doubts, ledger_rows, texts, place)


def _take_changed_sums(
    days: Mapping[date, Day],
    ledger_rows: Iterable[KnownEntry],
    texts: EntryTexts,
    place: Place,
    *,
    with_words: bool,
) -> list[Doubted]:
    moved_rows = _sort_by_told_day(days, ledger_rows)
    unfinished_days = [
        Day(day.items, sorted({*day.rows, *moved_rows.get(on, ())}))
        for on, day in days.items()
        if day.items
        and (day.rows or on in moved_rows)
        and (
            on in place.days_of_file
            or (with_words and not any(row.statement_id in place.refuted_ids for row in day.rows))
        )
    ]
    if not unfinished_days:
        return []
    item_texts, row_texts = _read_texts(unfinished_days, texts)
    doubts: dict[int, Doubted] = {}
    for alone in unfinished_days:
        alone.rows = [row for row in alone.rows if row.id not in doubts]
        for doubt in find_changed_sums(alone, item_texts, row_texts, with_words=with_words):
            doubts[doubt.entry_id] = doubt
    for day in days.values():
        day.rows = [row for row in day.rows if row.id not in doubts]
    return list(doubts.values())


def _sort_by_told_day(
    days: Mapping[date, Day], ledger_rows: Iterable[KnownEntry]
) -> dict[date, list[KnownEntry]]:
    """Return the rows that no entry is, by the other days on which files told them."""
    moved_rows = [row for row in ledger_rows if row.told_on]
    if not moved_rows:
        return {}
    paired_ids = {pair.row.id for day in days.values() for pair in day.pairs}
    left_ids = {row.id for day in days.values() for row in day.rows}
    rows_of: dict[date, list[KnownEntry]] = {}
    for row in moved_rows:
        if row.id not in paired_ids and (row.id in left_ids or row.day not in days):
            for on in row.told_on:
                rows_of.setdefault(on, []).append(row)
    return rows_of


def _take_rivals(day: Day, source_format: str, *, ids_are_stable: bool) -> list[Doubted]:
    """Take out unpaired entries that look like an unpaired row whose text or id was changed."""
    rivals: list[Doubted] = []
    for item in list(day.items):
        row = next(
            (row for row in day.rows if row.source_format == source_format and _look_alike(item, row)), None
        )
        if row is None:
            continue
        is_equal = get_content(item.fingerprint) == get_content(row.fingerprint)
        if ids_are_stable and not is_equal and has_id(item.fingerprint) and has_id(row.fingerprint):
            continue  # where the file repeats ids of the ledger, another id is other money
        rivals.append(Doubted(item, row.id, "other_bank_ref" if is_equal else "text_changed"))
        day.items.remove(item)
        day.rows.remove(row)
    return rivals


def _look_alike(item: IncomingEntry, row: KnownEntry) -> bool:
    if (item.minor, item.currency) != (row.minor, row.currency):
        return False
    return item.account is None or row.account is None or item.account == row.account


def _read_texts(
    days: Collection[Day], texts: EntryTexts
) -> tuple[Mapping[int, PartyText], Mapping[int, PartyText]]:
    return (
        texts.read_items([item.position for day in days for item in day.items]),
        texts.read_rows([row.id for day in days for row in day.rows]),
    )
