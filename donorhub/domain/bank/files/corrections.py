"""What the bank changed of an entry that it told before: its sum, its day, or that it is there at all.

It points at the entry and gives the reason; a person decides. Ids alone prove nothing: one that stands on
another party's money, or on money that balances prove to be other, ceases to count.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, Protocol

from donorhub.domain.bank.files.day_pairs import Day, Pair
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry, PartyText, do_words_agree

REACH: Final = timedelta(days=5)  # what lies between the days of two formats: a long weekend and a holiday
_MOST_COMPARISONS: Final = 1_000_000  # of what is left of a day; with more, the file tells another account
Doubt = Literal[
    "other_bank_ref", "text_changed", "part_of_a_day", "unsure_order", "other_day", "amount_changed"
]
Verdict = Literal["known", "other_day", "amount_changed"]
Party = Literal["same", "other", "unknown"]


class EntryTexts(Protocol):
    """Reads who is behind entries and what they say, of the few for which it matters."""

    def read_items(self, positions: Collection[int]) -> Mapping[int, PartyText]:
        """Return what entries of the file say, by their positions."""

    def read_rows(self, entry_ids: Collection[int]) -> Mapping[int, PartyText]:
        """Return what rows of the ledger say, by their ids."""


class Doubted(NamedTuple):
    """An entry of the file that may be a row of the ledger, and why."""

    item: IncomingEntry
    entry_id: int
    doubt: Doubt


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies in the ledger: its format, the days that one side tells whole, and statements that
    are other money for sure (``proved_ids``) or that balances put before or after it by chance
    (``refuted_ids``). ``covers`` says whether the file tells a day; ``shifts`` are by what sums the balances
    before and after it miss, and so what the bank may have moved in or out of it.
    """

    source_format: str
    covers: Callable[[date], bool]
    days_of_file: Container[date]
    days_of_ledger: Container[date]
    proved_ids: Container[int]
    refuted_ids: Container[int]
    shifts: Container[int] = ()


@dataclass(slots=True)
class Corrections:
    """What the entries of a file are of which the ledger has the bank's id."""

    pairs: list[Pair] = field(default_factory=list)
    doubts: list[Doubted] = field(default_factory=list)
    weak_refs: set[str] = field(default_factory=set)


def compare_parties(one: PartyText, other: PartyText) -> Party:
    """Return whether two entries are of one party, by account, else by name."""
    if one.account and other.account:
        return "same" if one.account == other.account else "other"
    if one.name and other.name:
        return "same" if one.name == other.name else "other"
    if not any((one.account, one.name, other.account, other.name)):
        return "same" if do_words_agree(one, other) else "unknown"
    return "unknown"


def find_corrections(
    days: Collection[Day],
    ledger_rows: Iterable[KnownEntry],
    texts: EntryTexts,
    *,
    source_format: str,
    proved_ids: Container[int],
    covers: Callable[[date], bool],
) -> Corrections:
    """Return what the unpaired entries are whose id of the bank an unpaired row has, and take them out of
    ``days``.

    Of ``proved_ids`` statements, a row is other money; ``covers`` says whether the file tells a day.
    """
    corrections = Corrections()
    items = [item for day in days for item in day.items if item.refs]
    if not items:
        return corrections
    candidates = _list_candidates(items, _index_unpaired_rows(days, ledger_rows))
    if not candidates:
        return corrections
    item_texts = texts.read_items([item.position for item, _ in candidates])
    row_texts = texts.read_rows([row.id for _, row in candidates])
    taken_ids: set[int] = set()
    for item, row in candidates:
        if row.id in taken_ids:
            continue
        verdict: Verdict | None = None
        if row.statement_id not in proved_ids and (item.minor > 0) == (row.minor > 0):
            party = compare_parties(item_texts[item.position], row_texts[row.id])
            verdict = _judge_shared_id(
                item,
                row,
                party,
                other_format=row.source_format != source_format,
                is_told_again=covers(row.day),
            )
        if verdict is None:
            corrections.weak_refs |= set(item.refs) & set(row.refs)
            continue
        taken_ids.add(row.id)
        if verdict == "known":
            corrections.pairs.append(Pair(item, row, "other_day"))
        else:
            corrections.doubts.append(Doubted(item, row.id, verdict))
    _take_out(days, corrections, taken_ids)
    return corrections


def _index_unpaired_rows(
    days: Collection[Day], ledger_rows: Iterable[KnownEntry]
) -> dict[str, list[KnownEntry]]:
    """Return the rows that no entry of the file is, by their ids of the bank."""
    paired_ids = {pair.row.id for day in days for pair in day.pairs}
    holders: dict[str, list[KnownEntry]] = {}
    for row in ledger_rows:
        if row.id not in paired_ids:
            for ref in row.refs:
                holders.setdefault(ref, []).append(row)
    return holders


def _list_candidates(
    items: Iterable[IncomingEntry], holders: Mapping[str, list[KnownEntry]]
) -> list[tuple[IncomingEntry, KnownEntry]]:
    pairs = ((item, _find_holder(item, holders)) for item in items)
    return [(item, row) for item, row in pairs if row is not None]


def _find_holder(item: IncomingEntry, holders: Mapping[str, list[KnownEntry]]) -> KnownEntry | None:
    """Return the row with an id of this entry nearby: one of the same sum first, then the nearest day."""
    rows = [
        row
        for ref in item.refs
        for row in holders.get(ref, ())
        if abs(row.day - item.day) <= REACH and row.currency == item.currency
    ]
    return min(rows, key=lambda row: (row.minor != item.minor, abs(row.day - item.day), row.id), default=None)


def _judge_shared_id(
    item: IncomingEntry, row: KnownEntry, party: Party, *, other_format: bool, is_told_again: bool
) -> Verdict | None:
    """Return what two entries with one id are to each other; None where the id says nothing."""
    if item.minor == row.minor:
        if other_format:
            return "known" if party == "same" else "other_day"
        return None if party == "other" else "other_day"
    if party == "other" or not (is_told_again or row.day == item.day):
        return None
    return "amount_changed"


def find_changed_sums(
    day: Day, item_texts: Mapping[int, PartyText], row_texts: Mapping[int, PartyText], *, with_words: bool
) -> list[Doubted]:
    """Return entries of a day that are rows with another sum, by party and words, else by party alone, and
    take both out of the day: the bank changed the sum, and may have changed the id with it.

    ``with_words`` takes both, for a day that is not told whole.
    """
    doubts: list[Doubted] = []
    if len(day.items) * len(day.rows) > _MOST_COMPARISONS:
        return doubts
    for is_sure in (True,) if with_words else (True, False):
        for item in list(day.items):
            rows = [
                row
                for row in day.rows
                if (row.minor > 0) == (item.minor > 0)
                and row.minor != item.minor
                and row.currency == item.currency
                and _is_likely(item_texts[item.position], row_texts[row.id], with_words=is_sure)
            ]
            if len(rows) == 1 or (rows and is_sure):
                row = min(rows, key=lambda row: (abs(row.minor - item.minor), row.id))
                doubts.append(Doubted(item, row.id, "amount_changed"))
                day.items.remove(item)
                day.rows.remove(row)
    return doubts


def _is_likely(one: PartyText, other: PartyText, *, with_words: bool) -> bool:
    has_party = bool((one.account or one.name) and (other.account or other.name))
    if compare_parties(one, other) != "same":
        return False
    return do_words_agree(one, other) if with_words else has_party


def _take_out(days: Collection[Day], corrections: Corrections, row_ids: Container[int]) -> None:
    positions = {pair.item.position for pair in corrections.pairs} | {
        one.item.position for one in corrections.doubts
    }
    for day in days:
        if positions:
            day.items = [item for item in day.items if item.position not in positions]
            day.rows = [row for row in day.rows if row.id not in row_ids]
