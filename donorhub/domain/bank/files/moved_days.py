"""Entries that the bank told before on another day: each is a doubt about the row that it may be.

Several rows of one payer may be meant; the pairs are those that explain the most, by words before days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from donorhub.domain.bank.files.corrections import REACH, Doubted, EntryTexts, Place, compare_parties
from donorhub.domain.bank.files.day_pairs import Day, Pair
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, do_words_agree

MOST_MOVED: Final = 200  # of what is left; with more, the file tells another account
Days = tuple[date, date]  # the first and the last
Weight = tuple[int, ...]  # how well a pair explains both, the more telling number first
_Weigh = Callable[[IncomingEntry, KnownEntry], Weight | None]
_Pairs = list[tuple[IncomingEntry, KnownEntry]]
_NOTHING: Final[Weight] = (0, 0, 0, 0)


def take_moves(
    days: Mapping[date, Day],
    ledger_rows: Iterable[KnownEntry],
    texts: EntryTexts,
    place: Place,
    *,
    is_told_again: bool,
) -> list[Doubted]:
    """Return entries that the bank moved to another day, and take them out of the days.

    A row of one party and sum some days off is asked about where the file tells its day without it
    (``is_told_again``), where the ledger had the entry's day whole already, or where the balances of the
    statements around miss just that sum. In one format the words must agree, unless the file tells the row's
    day whole: then the row is certainly gone from it.
    """
    items = [
        item
        for on, day in days.items()
        for item in day.items
        if is_told_again or on in place.days_of_ledger or -item.minor in place.shifts
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
    if not items or not rows or len(items) > MOST_MOVED:
        return []
    weigh = _make_scales(texts.read_items([item.position for item in items]), texts, rows, place)
    doubts: list[Doubted] = []
    for item, row in _pair_best(items, rows, weigh):
        doubts.append(Doubted(item, row.id, "other_day"))
        days[item.day].items.remove(item)
        if row.day in days:
            days[row.day].rows.remove(row)
    return doubts


def pair_kept_rows(
    days: Mapping[date, Day], kept_spans: Mapping[int, Days], texts: EntryTexts, place: Place, span: Days
) -> None:
    """Pair rows of which a person said that they stay, although a file no longer told them, with what a later
    file tells of them on another day.

    ``kept_spans`` are the days of that file. The payment is at the bank, and not on its old day, so that the
    only entry like it is it: one of its party, sum and words, where both files leave no earlier day on which
    it could be. One on a later day would come as new, and count once as well.
    """
    rows = [row for on, day in days.items() if on in place.days_of_file for row in day.rows]
    rows = [
        row for row in rows if row.id in kept_spans and min(span[0], kept_spans[row.id][0]) <= row.day - REACH
    ]
    sums = {(row.minor, row.currency) for row in rows}
    items = [item for day in days.values() for item in day.items if (item.minor, item.currency) in sums]
    if not items or len(items) > MOST_MOVED:
        return
    item_texts = texts.read_items([item.position for item in items])
    row_texts = texts.read_rows([row.id for row in rows])
    alike = [
        Pair(item, row, "other_day")
        for row in rows
        for item in items
        if (item.minor, item.currency) == (row.minor, row.currency)
        and not (item.refs and row.refs)  # the bank's ids say that they are two
        and item.day != row.day
        and abs(row.day - item.day) <= REACH
        and _say_the_same(item_texts[item.position], row_texts[row.id], with_words=True)
    ]
    times_of_items = Counter(pair.item.position for pair in alike)
    times_of_rows = Counter(pair.row.id for pair in alike)
    for pair in alike:
        if times_of_items[pair.item.position] == times_of_rows[pair.row.id] == 1:
            days[pair.item.day].items.remove(pair.item)
            days[pair.item.day].pairs.append(pair)
            days[pair.row.day].rows.remove(pair.row)


def _make_scales(
    item_texts: Mapping[int, PartyText], texts: EntryTexts, rows: Sequence[KnownEntry], place: Place
) -> _Weigh:
    """Return what weighs a pair: that there is one more, that the ledger would have had the entry, its words,
    its day.
    """
    row_texts = texts.read_rows([row.id for row in rows])

    def weigh_pair(item: IncomingEntry, row: KnownEntry) -> Weight | None:
        apart = abs(row.day - item.day)
        if (row.minor, row.currency) != (item.minor, item.currency) or row.day == item.day or apart > REACH:
            return None
        item_text, row_text = item_texts[item.position], row_texts[row.id]
        needs_words = row.source_format == place.source_format and row.day not in place.days_of_file
        if not _say_the_same(item_text, row_text, with_words=needs_words):
            return None
        is_late = item.day in place.days_of_ledger
        return 1, int(is_late), int(do_words_agree(item_text, row_text)), -apart.days

    return weigh_pair


def _pair_best(items: Iterable[IncomingEntry], rows: Iterable[KnownEntry], weigh: _Weigh) -> _Pairs:
    """Return the pairs that weigh the most in all; those of one payer do not cross."""
    free_rows = sorted(rows, key=lambda row: (row.day, row.id))
    waiting = sorted(items, key=lambda item: (item.day, item.position))
    pairs: _Pairs = []
    while waiting:
        rows_of_first = [row for row in free_rows if weigh(waiting[0], row)]
        group = [item for item in waiting if any(weigh(item, row) for row in rows_of_first)] or waiting[:1]
        near_rows = [row for row in free_rows if any(weigh(item, row) for item in group)]
        best_pairs = _align_days(group, near_rows, weigh)
        pairs += best_pairs
        taken_ids = {row.id for _, row in best_pairs}
        free_rows = [row for row in free_rows if row.id not in taken_ids]
        waiting = [item for item in waiting if item not in group]
    return pairs


def _align_days(items: Sequence[IncomingEntry], rows: Sequence[KnownEntry], weigh: _Weigh) -> _Pairs:
    """Return the pairs of two lists in the order of days that weigh the most."""
    best: list[list[tuple[Weight, _Pairs]]] = [[(_NOTHING, [])] * (len(rows) + 1)]
    for item in items:
        line = [best[-1][0]]
        for n, row in enumerate(rows):
            choices = [best[-1][n + 1], line[n]]
            weight = weigh(item, row)
            if weight is not None:
                before, pairs = best[-1][n]
                total = tuple(a + b for a, b in zip(before, weight, strict=True))
                choices.append((total, [*pairs, (item, row)]))
            line.append(max(choices, key=lambda choice: choice[0]))
        best.append(line)
    return best[-1][-1][1]


def _say_the_same(one: PartyText, other: PartyText, *, with_words: bool) -> bool:
    if compare_parties(one, other) != "same":
        return False
    return do_words_agree(one, other) if with_words else bool(one.account or one.name)
