"""Several changes of one payer within days, taken apart: what looks like a row that was changed in two ways
may be two rows that were changed in one.

An entry that the bank moved finds the row of another payment on its new day, and the row that is left there
seems to have changed in two ways. It looks at entries of one party only, and at none that an id of the
bank proves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from donorhub.domain.bank.files.corrections import REACH, Doubt, Doubted, EntryTexts, Place, compare_parties
from donorhub.domain.bank.files.day_pairs import Day, How, Pair, is_proved
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, do_words_agree

# How much speaks against one entry being another: whole numbers, so that equal is equal.
_OTHER_DAY: Final = 20  # and one more for each day
_OTHER_SUM: Final = 25
_OTHER_WORDS: Final = 15
_DAY_AND_SUM: Final = 10  # more, for a bank seldom changes both at once
_MOST_PAIRS: Final = 200  # of days around; with more, one payer is a collector whose entries say nothing


@dataclass(frozen=True, slots=True)
class _Scales:
    """Weighs what speaks against an entry of the file being a row of the ledger."""

    item_texts: Mapping[int, PartyText]
    row_texts: Mapping[int, PartyText]
    source_format: str

    def weigh_pair(self, item: IncomingEntry, row: KnownEntry) -> int | None:
        """Return None for another party's, and for days too far apart."""
        one, other = self.item_texts[item.position], self.row_texts[row.id]
        apart = abs(item.day - row.day)
        is_other_way = (item.minor > 0) != (row.minor > 0) or item.currency != row.currency
        if is_other_way or apart > REACH or compare_parties(one, other) != "same":
            return None
        has_day, has_sum = item.day == row.day or item.day in row.told_on, item.minor == row.minor
        has_words = row.source_format != self.source_format or do_words_agree(one, other)
        weight = 0 if has_day else _OTHER_DAY + apart.days
        weight += 0 if has_sum else _OTHER_SUM
        weight += 0 if has_words else _OTHER_WORDS
        return weight if has_day or has_sum else weight + _DAY_AND_SUM


def find_day_and_sum(days: Mapping[date, Day], texts: EntryTexts, place: Place) -> list[Doubted]:
    """Return entries that are rows with another sum on another day, and take both out of the days: the ledger
    had the entry's day without it, whole or at least what else the file tells of it, and the file tells the
    row's day whole without that.
    """
    items = [
        item for on, day in days.items() if on in place.days_of_ledger or day.pairs for item in day.items
    ]
    rows = [row for on, day in days.items() if on in place.days_of_file for row in day.rows]
    if not items or not rows or len(items) * len(rows) > _MOST_PAIRS * _MOST_PAIRS:
        return []
    scales = _Scales(
        texts.read_items([item.position for item in items]),
        texts.read_rows([row.id for row in rows]),
        place.source_format,
    )
    choices = sorted(
        (weight, item.position, row.id, item, row)
        for item in items
        for row in rows
        if row.statement_id not in place.proved_ids
        for weight in (scales.weigh_pair(item, row),)
        if weight is not None and weight >= _OTHER_DAY + _OTHER_SUM
    )
    doubts: list[Doubted] = []
    for _weight, _position, _id, item, row in choices:
        if item in days[item.day].items and row in days[row.day].rows:
            doubts.append(Doubted(item, row.id, "amount_changed"))
            days[item.day].items.remove(item)
            days[row.day].rows.remove(row)
    return doubts


@dataclass(slots=True)
class _Link:
    """An entry and the row that it is or may be; ``doubt`` is None where nobody is asked."""

    item: IncomingEntry
    row: KnownEntry
    doubt: Doubt | None
    is_changed: bool = False


def untangle_changes(
    days: Mapping[date, Day],
    doubts: Collection[Doubted],
    ledger_rows: Iterable[KnownEntry],
    texts: EntryTexts,
    place: Place,
) -> list[Doubted]:
    """Return the doubts, exchanged with pairs of their party where less speaks against that; the pairs of the
    days are changed with them.
    """
    tangled_doubts = [one for one in doubts if one.doubt in ("other_day", "amount_changed")]
    if not tangled_doubts:
        return list(doubts)
    rows = {row.id: row for row in ledger_rows}
    tangled_links = [_Link(one.item, rows[one.entry_id], one.doubt) for one in tangled_doubts]
    loose_pairs = _list_loose_pairs(days, tangled_links)
    if len(tangled_links) + len(loose_pairs) > _MOST_PAIRS:
        return list(doubts)
    links = [*tangled_links, *(_Link(pair.item, pair.row, None) for pair in loose_pairs)]
    scales = _Scales(
        texts.read_items([one.item.position for one in links]),
        texts.read_rows([one.row.id for one in links]),
        place.source_format,
    )
    _exchange_rows(links, len(tangled_links), scales)
    changed_links = [one for one in links if one.is_changed]
    positions = {one.item.position for one in changed_links}
    for on in {one.item.day for one in changed_links}:
        days[on].pairs = [pair for pair in days[on].pairs if pair.item.position not in positions]
    plain_doubts = [one for one in doubts if one.item.position not in positions]
    for link in changed_links:
        doubt = _find_doubt(link.item, link.row)
        if doubt is None:
            how: How = "whole_day" if link.row.source_format == place.source_format else "other_format"
            days[link.item.day].pairs.append(Pair(link.item, link.row, how))
        else:
            plain_doubts.append(Doubted(link.item, link.row.id, doubt))
    return plain_doubts


def _exchange_rows(links: Sequence[_Link], tangled_count: int, scales: _Scales) -> None:
    """Exchange the rows of two of these, one of them among the first, as long as less speaks against it."""
    for _round in range(len(links)):
        is_better = False
        for n, one in enumerate(links[:tangled_count]):
            for other in (*links[:n], *links[n + 1 :]):
                now = scales.weigh_pair(one.item, one.row), scales.weigh_pair(other.item, other.row)
                then = scales.weigh_pair(one.item, other.row), scales.weigh_pair(other.item, one.row)
                if None not in now and None not in then and sum(filter(None, then)) < sum(filter(None, now)):
                    one.row, other.row = other.row, one.row
                    one.is_changed = other.is_changed = is_better = True
        if not is_better:
            return


def _list_loose_pairs(days: Mapping[date, Day], links: Sequence[_Link]) -> list[Pair]:
    """Return the pairs that nothing proves, around these and perhaps of their party."""
    accounts = {entry.account for link in links for entry in (link.item, link.row)}
    days_near = {
        link.item.day + timedelta(days=n) for link in links for n in range(-REACH.days, REACH.days + 1)
    }
    return [
        pair
        for on in sorted(days_near & days.keys())
        for pair in days[on].pairs
        if not is_proved(pair)
        and (None in accounts or pair.item.account is None or pair.item.account in accounts)
    ]


def _find_doubt(item: IncomingEntry, row: KnownEntry) -> Doubt | None:
    if item.minor != row.minor:
        return "amount_changed"
    return None if item.day == row.day or item.day in row.told_on else "other_day"
