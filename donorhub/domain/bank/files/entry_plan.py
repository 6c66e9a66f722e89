"""Which entries of a bank file are new money, and which the ledger has already.

Equal fingerprints of one day are counted, and a file adds what it has more of than
the ledger (the maximum of two multisets). Nothing is dropped without proof: what may
be either is doubtful. How the days of two statements lie to each other,
:mod:`donorhub.domain.bank.files.continuity` finds out; what the bank changed,
:mod:`donorhub.domain.bank.files.corrections`.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, NamedTuple

from donorhub.domain.bank.files import corrections, leftovers
from donorhub.domain.bank.files.chain_doubts import find_overlaps, list_sums
from donorhub.domain.bank.files.continuity import BorderShift, Comparison
from donorhub.domain.bank.files.corrections import (
    REACH,
    Corrections,
    Doubt,
    Doubted,
    EntryTexts,
    Place,
)
from donorhub.domain.bank.files.day_pairs import Day, How, Pair, is_proved, pair_day, pair_fingerprints
from donorhub.domain.bank.files.entry_keys import IncomingEntry, KnownEntry
from donorhub.domain.bank.files.leftovers import OlderWord
from donorhub.domain.bank.files.moved_days import pair_kept_rows

_FEWEST_REPEATS: Final = 2  # one entry alone may be an honest twin


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
    ``answered_twins`` are rows by the fingerprint of what a person said they are, ``older_words`` what the
    bank told of some before it corrected them; ``changed_minors`` are by how much it changed sums, and
    ``asked_twins`` rows by the doubtful one that asks whether it is that row; ``kept_spans`` are the days of
    the file that told a row no longer of which a person said that it stays.
    """

    rows: Collection[KnownEntry]
    texts: EntryTexts
    comparison: Comparison = field(default_factory=Comparison)
    answered_twins: Mapping[str, Collection[int]] = field(default_factory=dict)
    older_words: Collection[OlderWord] = ()
    changed_minors: Collection[int] = ()
    asked_twins: Mapping[int, int] = field(default_factory=dict)
    kept_spans: Mapping[int, tuple[date, date]] = field(default_factory=dict)


def plan_entries(
    ledger: Ledger, incoming: Sequence[IncomingEntry], *, source_format: str, first_on: date, last_on: date
) -> Plan:
    """Return for each entry of one statement, from one day to another, whether it is new money.

    Rows of statements that are apart (an intraday statement that follows another) are different money for
    sure: occurrences count on. Rows of unsure ones may be either, and so may those of chained ones, which are
    apart by balances alone, where the entries allow that they overlap.
    """
    span = first_on, last_on
    refuted_ids = _find_overlaps(ledger, incoming, source_format, ())
    plan = _plan_with(ledger, incoming, source_format, span, refuted_ids)
    if not ledger.comparison.chained_ids:
        return plan
    more_ids = _find_overlaps(ledger, incoming, source_format, _list_changed_minors(ledger, incoming, plan))
    return plan if more_ids <= refuted_ids else _plan_with(ledger, incoming, source_format, span, more_ids)


def _find_overlaps(
    ledger: Ledger, incoming: Sequence[IncomingEntry], source_format: str, minors: Iterable[int]
) -> frozenset[int]:
    return find_overlaps(
        ledger.rows,
        incoming,
        ledger.comparison.chained_ids,
        source_format,
        [*ledger.changed_minors, *minors],
    )


def _list_changed_minors(ledger: Ledger, incoming: Sequence[IncomingEntry], plan: Plan) -> list[int]:
    """Return by how much the bank changed sums of days, by what a plan asks."""
    rows = {row.id: row for row in ledger.rows}
    items = {item.position: item for item in incoming}
    doubts = [Doubted(items[one.position], one.entry_id, one.doubt) for one in plan.doubtful]
    return [*_list_changes(doubts, rows), *(-rows[id_].minor for id_ in plan.missing_ids)]


def _list_changes(doubts: Iterable[Doubted], rows: Mapping[int, KnownEntry]) -> list[int]:
    return [
        item.minor - (0 if doubt == "other_day" else rows[entry_id].minor)
        for item, entry_id, doubt in doubts
        if doubt in ("amount_changed", "other_day")
    ]


def _plan_with(
    ledger: Ledger,
    incoming: Sequence[IncomingEntry],
    source_format: str,
    span: tuple[date, date],
    refuted_ids: frozenset[int],
) -> Plan:
    comparison = ledger.comparison
    place = Place(
        source_format,
        lambda day: span[0] <= day <= span[1],
        comparison.days_of_file,
        comparison.days_of_ledger,
        comparison.proved_ids - refuted_ids,
        refuted_ids,
    )
    rows_of, occurrences = _sort_by_day(ledger.rows, comparison.apart - refuted_ids)
    days = _gather_days(rows_of, incoming, comparison.days_of_file)
    _pair_sure(days, ledger, place)
    rows = _leave_out_explained(days, ledger)
    by_id = corrections.find_corrections(
        days.values(),
        rows,
        ledger.texts,
        source_format=source_format,
        proved_ids=place.proved_ids,
        covers=place.covers,
    )
    if ledger.kept_spans:
        pair_kept_rows(days, ledger.kept_spans, ledger.texts, place, span)
    place = replace(place, shifts=_list_open_shifts(days, by_id, ledger, place))
    doubts = [*by_id.doubts, *leftovers.find_changes(days, rows, ledger.texts, place)]
    doubts = _point_at_bases(doubts, ledger)
    same = [_make_same_entry(pair) for pair in by_id.pairs]
    unsure_ids = (comparison.unsure | refuted_ids) - _find_repeats(days, ledger, doubts)
    whole_days = comparison.days_of_file | comparison.days_of_ledger
    for on, day in days.items():
        formats = day.list_unpaired_formats() if on not in whole_days and day.items else frozenset()
        for pair in day.pairs:
            is_unsure = pair.row.statement_id in unsure_ids
            doubt = _find_doubt(pair, partial=pair.row.source_format in formats, unsure=is_unsure)
            if doubt:
                doubts.append(Doubted(pair.item, pair.row.id, doubt))
            else:
                same.append(_make_same_entry(pair))
    return _number_entries(
        [item for day in days.values() for item in day.items],
        same,
        doubts,
        occurrences,
        missing_ids=_list_missing_ids(days, place, doubts, span),
        weak_refs=frozenset(by_id.weak_refs),
    )


def _list_open_shifts(
    days: Mapping[date, Day], by_id: Corrections, ledger: Ledger, place: Place
) -> frozenset[int]:
    """Return by what sums the balances around the file miss without an entry that surely was moved over its
    first or last day.
    """
    if not ledger.comparison.shifts:
        return frozenset()
    rows = {row.id: row for row in ledger.rows}
    links = [(one.item, rows[one.entry_id]) for one in by_id.doubts if one.doubt == "other_day"]
    links += [(pair.item, pair.row) for day in days.values() for pair in day.pairs]
    links += [(pair.item, pair.row) for pair in by_id.pairs]
    explained_shifts = {
        BorderShift(-item.minor, is_before=row.day < item.day)
        for item, row in links
        if not place.covers(row.day)
    }
    return frozenset(shift.minor for shift in ledger.comparison.shifts - explained_shifts)


def _leave_out_explained(days: Mapping[date, Day], ledger: Ledger) -> list[KnownEntry]:
    """Return the rows that something of the file may still be, and leave the others out of the days: of a
    doubtful row and the one that it asks about, the file tells one.
    """
    if not ledger.asked_twins:
        return list(ledger.rows)
    paired_ids = {pair.row.id for day in days.values() for pair in day.pairs}
    told_ids = {twin_id for id_, twin_id in ledger.asked_twins.items() if id_ in paired_ids} | {
        id_ for id_, twin_id in ledger.asked_twins.items() if twin_id in paired_ids
    }
    explained_ids = told_ids - paired_ids
    if explained_ids:
        for day in days.values():
            day.rows = [row for row in day.rows if row.id not in explained_ids]
    return [row for row in ledger.rows if row.id not in explained_ids]


def _point_at_bases(doubts: Iterable[Doubted], ledger: Ledger) -> list[Doubted]:
    """Return doubts about rows that are in doubt themselves as those about the rows that count."""
    if not ledger.asked_twins:
        return list(doubts)
    rows = {row.id: row for row in ledger.rows}
    doubts_at_bases: list[Doubted] = []
    for doubt in doubts:
        row_id = doubt.entry_id
        while row_id in ledger.asked_twins:
            row_id = ledger.asked_twins[row_id]
        row, kind = rows.get(row_id), doubt.doubt
        if row is None or row_id == doubt.entry_id:
            doubts_at_bases.append(doubt)
            continue
        if row.minor != doubt.item.minor:
            kind = "amount_changed"
        elif row.day != doubt.item.day:
            kind = "other_day"
        doubts_at_bases.append(Doubted(doubt.item, row_id, kind))
    return doubts_at_bases


def _pair_sure(days: Mapping[date, Day], ledger: Ledger, place: Place) -> None:
    """Pair what is surely the same, from the bank's ids and a person's word to days that are told whole."""
    for day in days.values():
        pair_fingerprints(day)
    leftovers.pair_answered(days, ledger.rows, ledger.answered_twins)
    for day in days.values():
        pair_day(day, place.source_format)
    leftovers.pair_told_days(days, ledger.rows, place.source_format)
    leftovers.pair_whole_days(days, ledger.texts, place)
    leftovers.pair_older(days, ledger.rows, ledger.older_words, place.source_format)


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


def _find_repeats(days: Mapping[date, Day], ledger: Ledger, doubts: Iterable[Doubted]) -> set[int]:
    """Return the statements whose balances do not fit this one's on a day that both have, although both tell
    the same of it: the bank has corrected something before that day.

    More than one entry of it agrees, or the balances differ by sums that the bank is known to have changed.
    """
    gaps = ledger.comparison.gaps
    if not gaps:
        return set()
    rows = {row.id: row for row in ledger.rows}
    sums = list_sums([*_list_changes(doubts, rows), *ledger.changed_minors])
    repeats = set()
    for statement_id, gap in gaps.items():
        day = days.get(gap.on)
        if day is None or day.items or not all(row.told_on for row in day.rows):
            continue
        is_explained = sums is not None and (gap.minor in sums or -gap.minor in sums)
        if is_explained or len(day.pairs) >= _FEWEST_REPEATS:
            repeats.add(statement_id)
    return repeats


def _list_missing_ids(
    days: Mapping[date, Day], place: Place, doubts: Iterable[Doubted], span: tuple[date, date]
) -> tuple[int, ...]:
    """Return the rows that the file does not tell on a day that it tells whole.

    What another format told may stand some days off in this one: of that, those alone whose sum the file has
    no new entry of, and that lie within it by more than that.
    """
    doubted_ids = {doubt.entry_id for doubt in doubts}
    new_sums = {item.minor for day in days.values() for item in day.items}
    return tuple(
        row.id
        for on, day in days.items()
        if on in place.days_of_file
        for row in day.rows
        if row.id not in doubted_ids
        and (
            row.source_format == place.source_format
            or (row.minor not in new_sums and span[0] + REACH < on < span[1] - REACH)
        )
    )


def _sort_by_day(
    ledger_rows: Iterable[KnownEntry], apart: Container[int]
) -> tuple[dict[date, list[KnownEntry]], dict[str, int]]:
    """Return the rows that may be the file's entries, and each fingerprint's next free occurrence."""
    rows_of: dict[date, list[KnownEntry]] = {}
    occurrences: dict[str, int] = {}
    for row in ledger_rows:
        free = occurrences.get(row.fingerprint, 0)
        occurrences[row.fingerprint] = max(free, row.occurrence + 1)
        if row.statement_id not in apart:
            rows_of.setdefault(row.day, []).append(row)
    return rows_of, occurrences


def _find_doubt(pair: Pair, *, partial: bool, unsure: bool) -> Doubt | None:
    if is_proved(pair):
        return None
    if unsure:
        return "unsure_order"
    # Each side has entries the other lacks: both hold a part of the day, and the parts
    # may be different ones.
    return "part_of_a_day" if partial else None


def _make_same_entry(pair: Pair) -> SameEntry:
    refs = tuple(ref for ref in pair.item.refs if ref not in pair.row.refs)
    return SameEntry(pair.item.position, pair.row.id, pair.how, refs)


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
