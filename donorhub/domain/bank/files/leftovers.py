"""What is left of the days of a file when all that is sure is paired: changed, moved, or other money.

Each entry that may be a row of the ledger becomes a doubt about that row; what is left then is new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from donorhub.domain.bank.files.corrections import (
    REACH,
    Doubted,
    EntryTexts,
    compare_parties,
    find_changed_sums,
)
from donorhub.domain.bank.files.day_pairs import Day, Pair, pair_contents, pair_equal_sums, pair_whole_day
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, get_content, has_id

_FEWEST_WITNESSES: Final = 2  # one entry alone may be an honest twin
_MOST_MOVED: Final = 200  # of what is left; with more, the file tells another account


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies in the ledger: its format, the days that one side tells whole, and statements that
    are other money for sure (``proved_ids``) or that balances put before or after it by chance
    (``refuted_ids``). ``covers`` says whether the file tells a day.
    """

    source_format: str
    covers: Callable[[date], bool]
    days_of_file: Container[date]
    days_of_ledger: Container[date]
    proved_ids: Container[int]
    refuted_ids: Container[int]


def is_proved(pair: Pair) -> bool:
    """Return whether an id of the bank agrees or a person said so, not only what the entry says."""
    return pair.how in ("bank_ref", "answered") or (
        pair.how == "fingerprint" and has_id(pair.item.fingerprint)
    )


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
            row = rows.pop(row_id)
            day.items.remove(item)
            day.pairs.append(Pair(item, row, "answered"))
            if row.day in days and row in days[row.day].rows:
                days[row.day].rows.remove(row)


def pair_told_days(
    days: Mapping[date, Day], ledger_rows: Iterable[KnownEntry], pair: Callable[[Day], None]
) -> None:
    """Pair entries with rows for which other files named this day."""
    if not any(day.items for day in days.values()):
        return
    paired_ids = {one.row.id for day in days.values() for one in day.pairs}
    for row in ledger_rows:
        for on in row.told_on:
            if row.id in paired_ids or on not in days or not days[on].items:
                continue
            alone = Day(days[on].items, [row])
            pair(alone)
            if alone.pairs:
                paired_ids.add(row.id)
                days[on].items = alone.items
                days[on].pairs += [one._replace(how="answered") for one in alone.pairs]
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
    doubts += _take_changed_sums(days, texts, place, with_words=True)
    doubts += _take_moves(days, ledger_rows, texts, place, is_told_again=True)
    doubts += _take_moves(days, ledger_rows, texts, place, is_told_again=False)
    for on, day in days.items():
        if on in place.days_of_file and on in place.days_of_ledger:
            pair_equal_sums(day)
    return doubts + _take_changed_sums(days, texts, place, with_words=False)


def _take_changed_sums(
    days: Mapping[date, Day], texts: EntryTexts, place: Place, *, with_words: bool
) -> list[Doubted]:
    unfinished_days = [
        day
        for on, day in days.items()
        if day.items
        and day.rows
        and (
            on in place.days_of_file
            or (with_words and not any(row.statement_id in place.refuted_ids for row in day.rows))
        )
    ]
    if not unfinished_days:
        return []
    item_texts, row_texts = _read_texts(unfinished_days, texts)
    return [
        doubt
        for day in unfinished_days
        for doubt in find_changed_sums(day, item_texts, row_texts, with_words=with_words)
    ]


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


def _take_moves(
    days: Mapping[date, Day],
    ledger_rows: Iterable[KnownEntry],
    texts: EntryTexts,
    place: Place,
    *,
    is_told_again: bool,
) -> list[Doubted]:
    """Return entries that the bank moved to another day, and take them out of the days.

    A row of one party and sum some days off is asked about where the file tells its day without it
    (``is_told_again``), or where the ledger had the entry's day whole already. In one format the words must
    agree, unless the file tells the row's day whole: then the row is certainly gone from it.
    """
    items = [
        item for on, day in days.items() for item in day.items if is_told_again or on in place.days_of_ledger
    ]
    sums = {(item.minor, item.currency) for item in items}
    paired_ids = {pair.row.id for day in days.values() for pair in day.pairs}
    left_ids = {row.id for day in days.values() for row in day.rows}
    rows = [
        row
        for row in ledger_rows
        if (row.minor, row.currency) in sums
        and row.id not in paired_ids
        and row.statement_id not in place.proved_ids
        and (row.id in left_ids if row.day in days else True)
        and place.covers(row.day) == is_told_again
    ]
    if not items or not rows or len(items) > _MOST_MOVED:
        return []
    item_texts = texts.read_items([item.position for item in items])
    row_texts = texts.read_rows([row.id for row in rows])

    def may_be(item: IncomingEntry, row: KnownEntry) -> bool:
        return (
            (row.minor, row.currency) == (item.minor, item.currency)
            and row.day != item.day
            and abs(row.day - item.day) <= REACH
            and _say_the_same(
                item_texts[item.position],
                row_texts[row.id],
                with_words=row.source_format == place.source_format and row.day not in place.days_of_file,
            )
        )

    doubts: list[Doubted] = []
    for item, row in _pair_nearest(items, rows, may_be):
        doubts.append(Doubted(item, row.id, "other_day"))
        days[item.day].items.remove(item)
        if row.day in days:
            days[row.day].rows.remove(row)
    return doubts


def _pair_nearest(
    items: Iterable[IncomingEntry],
    rows: Iterable[KnownEntry],
    may_be: Callable[[IncomingEntry, KnownEntry], bool],
) -> list[tuple[IncomingEntry, KnownEntry]]:
    """Return as many pairs as there can be, the fewest days apart in all; those of one payer do not cross."""
    free_rows = sorted(rows, key=lambda row: (row.day, row.id))
    waiting = sorted(items, key=lambda item: (item.day, item.position))
    pairs: list[tuple[IncomingEntry, KnownEntry]] = []
    while waiting:
        rows_of_first = [row for row in free_rows if may_be(waiting[0], row)]
        group = [item for item in waiting if any(may_be(item, row) for row in rows_of_first)] or waiting[:1]
        near_rows = [row for row in free_rows if any(may_be(item, row) for item in group)]
        near_pairs = _align_days(group, near_rows, may_be)
        pairs += near_pairs
        taken_ids = {row.id for _, row in near_pairs}
        free_rows = [row for row in free_rows if row.id not in taken_ids]
        waiting = [item for item in waiting if item not in group]
    return pairs


def _align_days(
    items: Sequence[IncomingEntry],
    rows: Sequence[KnownEntry],
    may_be: Callable[[IncomingEntry, KnownEntry], bool],
) -> list[tuple[IncomingEntry, KnownEntry]]:
    """Return the pairs of two lists in the order of days: the most of them, then the nearest."""
    best: list[list[tuple[int, int, list[tuple[IncomingEntry, KnownEntry]]]]] = [
        [(0, 0, [])] * (len(rows) + 1)
    ]
    for item in items:
        line = [best[-1][0]]
        for n, row in enumerate(rows):
            choices = [best[-1][n + 1], line[n]]
            if may_be(item, row):
                count, apart, pairs = best[-1][n]
                choices.append((count + 1, apart - abs((row.day - item.day).days), [*pairs, (item, row)]))
            line.append(max(choices, key=lambda choice: choice[:2]))
        best.append(line)
    return best[-1][-1][2]


def _say_the_same(one: PartyText, other: PartyText, *, with_words: bool) -> bool:
    if compare_parties(one, other) != "same":
        return False
    return one.words == other.words if with_words else bool(one.account or one.name)


def _read_texts(
    days: Collection[Day], texts: EntryTexts
) -> tuple[Mapping[int, PartyText], Mapping[int, PartyText]]:
    return (
        texts.read_items([item.position for day in days for item in day.items]),
        texts.read_rows([row.id for day in days for row in day.rows]),
    )
