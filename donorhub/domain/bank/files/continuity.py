"""How the statements of one account lie to each other: apart, overlapping, or unsure.

A statement that opens with the balance another closed with, where dates or numbers
follow, holds different money. It compares spans and balances only; entries are
compared in :mod:`donorhub.domain.bank.files.entry_plan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Span:
    """One statement of an account: its days, balances in minor units and number, as far as it has them.

    ``first_day_minor`` and ``last_day_minor`` are the sums of its booked entries on
    its first and last day; a sum of zero proves no order. ``page`` counts the pages of
    one statement named ``name``.
    """

    statement_id: int
    first_on: date
    last_on: date
    opening: int | None = None
    closing: int | None = None
    first_day_minor: int = 0
    last_day_minor: int = 0
    sequence: int | None = None
    name: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class BorderGap:
    """A day that two statements share, and by how much their balances miss that both have all of it."""

    on: date
    minor: int


class BorderShift(NamedTuple):
    """By what sum the balances of two neighbours miss, the one before a statement or the one after it."""

    minor: int
    is_before: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the statements in the ledger lie to a new one.

    ``apart``: they share no entry with it. ``chained_ids``: those of them of which balances
    alone say so, on a day that both have; what the entries sum up to may still refute it.
    ``unsure``: balances would allow both; ``gaps``: of those that share a day with it and neither have it
    whole nor follow each other, what is between. ``proved_ids``: those that balances or numbers prove to be
    other money, wherever they lie. ``days_of_file`` and ``days_of_ledger``: days of which the new
    statement, or one in the ledger, has every entry. ``shifts``: by what sums the balances of the statements
    before and after miss this one. ``is_reissue``: it is one of the ledger once more.
    """

    apart: frozenset[int] = frozenset()
    unsure: frozenset[int] = frozenset()
    gaps: Mapping[int, BorderGap] = field(default_factory=dict)
    chained_ids: frozenset[int] = frozenset()
    proved_ids: frozenset[int] = frozenset()
    days_of_file: frozenset[date] = frozenset()
    days_of_ledger: frozenset[date] = frozenset()
    shifts: frozenset[BorderShift] = frozenset()
    is_reissue: bool = False


_Order = Callable[[Span, Span], bool]


def compare_spans(incoming: Span, ledger_spans: Sequence[Span]) -> Comparison:
    """Return how an incoming statement lies to those that the ledger has of the same account."""
    near = [
        span
        for span in ledger_spans
        if span.first_on <= incoming.last_on and span.last_on >= incoming.first_on
    ]
    far = {span.statement_id for span in ledger_spans} - {span.statement_id for span in near}
    linked_ids = _find_linked_ids(incoming, near, is_followed_by)
    numbered_ids = _find_linked_ids(incoming, near, _is_followed_by_number)
    # Where another statement of these days opens or closes with the same balance, the new one
    # may be that one again, and a chain of balances proves nothing.
    sure = numbered_ids if _is_repeat(incoming, near) else linked_ids
    gapped_ids = {span.statement_id for span in near if _leaves_gap(incoming, span)}
    gaps = {
        span.statement_id: gap
        for span in near
        if span.statement_id in gapped_ids - linked_ids and not _skips_number(incoming, span)
        for gap in (_find_border_gap(incoming, span),)
        if gap is not None and not incoming.first_on == incoming.last_on == span.first_on == span.last_on
    }
    earlier_issues = [span for span in near if _is_same_statement(incoming, span)]
    return Comparison(
        apart=frozenset(far | sure),
        unsure=frozenset((linked_ids | gapped_ids) - sure),
        gaps={id_: gap for id_, gap in gaps.items() if id_ not in sure},
        chained_ids=frozenset(sure - numbered_ids),
        proved_ids=frozenset(sure | (far & _find_linked_ids(incoming, ledger_spans, is_followed_by))),
        days_of_file=_list_whole_days(incoming, ledger_spans, is_whole=bool(earlier_issues)),
        days_of_ledger=frozenset().union(
            *(_list_whole_days(span, ledger_spans, is_whole=span in earlier_issues) for span in near)
        ),
        shifts=_list_shifts(incoming, ledger_spans, gaps),
        is_reissue=bool(earlier_issues),
    )


def is_followed_by(earlier: Span, later: Span) -> bool:
    """Return whether ``later`` certainly starts where ``earlier`` ended."""
    if earlier.name and earlier.name == later.name and earlier.page and later.page:
        return later.page == earlier.page + 1
    if earlier.closing is None or earlier.closing != later.opening or later.first_on < earlier.last_on:
        return False
    if later.first_on > earlier.last_on:
        return True
    if earlier.sequence is not None and later.sequence is not None:
        return later.sequence == earlier.sequence + 1
    # Both have the same day: were its entries in both, the balances could only agree if
    # the day came to nothing.
    return earlier.last_day_minor != 0 and later.first_day_minor != 0


def _find_linked_ids(incoming: Span, near: Sequence[Span], is_next: _Order) -> set[int]:
    """Return statements reached over a chain of neighbours, backwards or forwards, never both."""
    return _walk_chain(incoming, near, is_next) | _walk_chain(incoming, near, lambda a, b: is_next(b, a))


def _walk_chain(start: Span, near: Sequence[Span], is_next: _Order) -> set[int]:
    reached_ids: set[int] = set()
    edge = [start]
    while edge:
        here = edge.pop()
        for span in near:
            if span.statement_id not in reached_ids and is_next(here, span):
                reached_ids.add(span.statement_id)
                edge.append(span)
    return reached_ids


def _is_followed_by_number(earlier: Span, later: Span) -> bool:
    have_numbers = earlier.sequence is not None and later.sequence is not None
    return (have_numbers or earlier.page is not None) and is_followed_by(earlier, later)


def _leaves_gap(one: Span, other: Span) -> bool:
    """Return whether they share one day, and by balances neither have all of it nor follow each other."""
    if one.first_on == one.last_on == other.first_on == other.last_on:
        both_open = None not in (one.opening, other.opening)
        return (
            both_open
            and one.opening != other.opening
            and not (is_followed_by(one, other) or is_followed_by(other, one))
        )
    gap = _find_border_gap(one, other)
    return gap is not None and gap.minor != 0


def _find_border_gap(one: Span, other: Span) -> BorderGap | None:
    """Return the day that one ends and the other begins with, unless their balances say that they follow."""
    earlier, later = (one, other) if one.last_on <= other.first_on else (other, one)
    if earlier.last_on != later.first_on or earlier.closing is None or later.opening is None:
        return None
    if is_followed_by(one, other) or is_followed_by(other, one):
        return None
    return BorderGap(earlier.last_on, later.opening - (earlier.closing - earlier.last_day_minor))


def _list_shifts(
    incoming: Span, ledger_spans: Sequence[Span], gaps: Mapping[int, BorderGap]
) -> frozenset[BorderShift]:
    """Return by what sums the balances of the nearest statements before and after miss this one. Those that
    open or close as it does are no neighbours, nor is one that a statement over the border lies between.
    """
    shifts = {
        BorderShift(gaps[span.statement_id].minor, span.last_on <= incoming.first_on)
        for span in ledger_spans
        if span.statement_id in gaps
    }
    earlier = [span for span in ledger_spans if span.last_on < incoming.first_on and span.closing is not None]
    later = [span for span in ledger_spans if span.first_on > incoming.last_on and span.opening is not None]
    is_reached_before = any(span.first_on < incoming.first_on <= span.last_on for span in ledger_spans)
    is_reached_after = any(span.first_on <= incoming.last_on < span.last_on for span in ledger_spans)
    if incoming.opening is not None and earlier and not is_reached_before:
        last_on = max(span.last_on for span in earlier)
        near = [span for span in earlier if span.last_on == last_on and span.opening != incoming.opening]
        differences = {incoming.opening - (span.closing or 0) for span in near}
        shifts |= {BorderShift(minor, is_before=True) for minor in differences if 0 not in differences}
    if incoming.closing is not None and later and not is_reached_after:
        first_on = min(span.first_on for span in later)
        near = [span for span in later if span.first_on == first_on and span.closing != incoming.closing]
        differences = {(span.opening or 0) - incoming.closing for span in near}
        shifts |= {BorderShift(minor, is_before=False) for minor in differences if 0 not in differences}
    return frozenset(shift for shift in shifts if shift.minor)


def _skips_number(one: Span, other: Span) -> bool:
    """Return whether their numbers say that there is another statement between them."""
    if one.sequence is None or other.sequence is None:
        return False
    return abs(one.sequence - other.sequence) > 1


def _is_repeat(incoming: Span, near: Sequence[Span]) -> bool:
    return any(
        (
            incoming.opening is not None
            and incoming.opening == span.opening
            and incoming.first_on == span.first_on
        )
        or (
            incoming.closing is not None
            and incoming.closing == span.closing
            and incoming.last_on == span.last_on
        )
        for span in near
    )


def _is_same_statement(one: Span, other: Span) -> bool:
    """Return whether both are issues of one statement: its number or name, its days, what it opens with."""
    if one.opening is None or one.opening != other.opening or one.page != other.page:
        return False
    if (one.first_on, one.last_on) != (other.first_on, other.last_on):
        return False
    if one.sequence is not None and other.sequence is not None:
        return one.sequence == other.sequence
    return one.name is not None and one.name == other.name


def _list_whole_days(span: Span, others: Sequence[Span], *, is_whole: bool) -> frozenset[date]:
    """Return the days of which a statement has every entry: those inside, and the first and last where
    another one ends before or begins after with its balance, or ``is_whole``.
    """
    days = {span.first_on + timedelta(days=n) for n in range(1, (span.last_on - span.first_on).days)}
    begins = is_whole or any(
        other.closing == span.opening is not None and other.last_on < span.first_on for other in others
    )
    ends = is_whole or any(
        other.opening == span.closing is not None and other.first_on > span.last_on for other in others
    )
    if span.first_on == span.last_on:
        return frozenset(days | ({span.first_on} if begins and ends else set()))
    return frozenset(days | ({span.first_on} if begins else set()) | ({span.last_on} if ends else set()))
