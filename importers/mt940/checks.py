"""Checks that nothing of an MT940 or MT942 file was lost: balances, control totals, ends, gaps.

Each check returns problems and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from donorhub.money import Money
from importers.codes import Reason, StatementFault
from importers.mt940.blocks import Block
from importers.mt940.head import NO_CURRENCY, Head
from importers.statement import (
    Balance,
    Entry,
    Integrity,
    Problem,
    Statement,
    compute_missing_minor,
    explain_difference,
    make_problem,
)

Verdict = tuple[Integrity, list[Problem]]
Kind = tuple[str, bool, bool]  # C or D, whether it is booked, whether it is a reversal


@dataclass(slots=True)
class Tally:
    """Number and sum of the entries read so far by kind, and their days."""

    kinds: dict[Kind, tuple[int, int]] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    def add_entry(self, entry: Entry) -> None:
        """Count one entry in."""
        minor = entry.amount.minor
        kind = ("C" if minor >= 0 else "D", entry.status == "booked", entry.reversal)
        count, sum_minor = self.kinds.get(kind, (0, 0))
        self.kinds[kind] = (count + 1, sum_minor + minor)
        self.days.add(entry.booked_on)

    def add_up_kinds(self, is_counted: Callable[[Kind], bool]) -> tuple[int, int]:
        """Return number and sum in minor units of the entries whose kind is counted."""
        figures_by_kind = [figures for kind, figures in self.kinds.items() if is_counted(kind)]
        return sum(count for count, _ in figures_by_kind), sum(minor for _, minor in figures_by_kind)


def check_completeness(block: Block, head: Head, tally: Tally) -> list[Problem]:
    """Return a problem for each part that the statement must have and lacks, and for texts like entries."""
    problems: list[Problem] = []
    if tally.kinds and head.currency == NO_CURRENCY:
        problems.append(_make_error(block, Reason("no_currency")))
    if not head.is_advice and not block.has_tag("62F", "62M"):
        problems.append(_make_error(block, Reason("statement_cut")))
    elif not head.is_advice and not block.has_tag("60F", "60M"):
        problems.append(_make_warning(block, Reason("no_opening_balance")))
    if head.is_advice and any(_wants_total(head, kind) for kind in tally.kinds):
        problems.append(_make_warning(block, Reason("no_control_total")))
    problems.extend(make_problem("warning", Reason("tag_in_text"), line) for line in block.tag_like)
    return problems


def _wants_total(head: Head, kind: Kind) -> bool:
    mark, _, is_reversal = kind
    return mark not in head.totals and not is_reversal


def check_balances(statement: Statement, head: Head, tally: Tally, block: Block) -> Verdict:
    """Return whether opening and entries make closing in one currency, with a problem where not."""
    if any(
        balance.amount.currency != statement.currency for balance in (head.opening, head.closing) if balance
    ):
        return "mismatch", [_make_error(block, Reason("currency_mixed"))]
    difference_minor = compute_missing_minor(statement, tally.add_up_kinds(lambda kind: kind[1])[1])
    if difference_minor is None or (not difference_minor and statement.currency == NO_CURRENCY):
        return "unverifiable", []
    if not difference_minor:
        return "proved", []
    return "mismatch", [_make_error(block, explain_difference(Money(difference_minor, statement.currency)))]


def check_totals(statement: Statement, head: Head, tally: Tally, block: Block) -> Verdict:
    """Return whether the control totals of an MT942 are those of its entries, with a problem where not.

    Banks count reversals and expected entries or leave them out, so a total may hold in either way.
    """
    wrong_marks = [mark for mark in head.totals if not _total_holds(statement, head, tally, mark)]
    if wrong_marks:
        tags = ", ".join(f":90{mark}:" for mark in wrong_marks)
        return "mismatch", [_make_error(block, Reason("total_mismatch.tags", {"tags": tags}))]
    has_all_totals = head.totals and not any(_wants_total(head, kind) for kind in tally.kinds)
    return ("proved" if has_all_totals else "unverifiable"), []


def _total_holds(statement: Statement, head: Head, tally: Tally, mark: str) -> bool:
    count, amount = head.totals[mark]
    readings = (
        tally.add_up_kinds(lambda kind: kind[0] == mark),
        tally.add_up_kinds(lambda kind: kind[0] == mark and kind[1]),
        tally.add_up_kinds(lambda kind: kind[0] == mark and not kind[2]),
    )
    figures = {(number, abs(sum_minor)) for number, sum_minor in readings}
    return amount.currency == statement.currency and (count, abs(amount.minor)) in figures


def check_gap(closing_before: Balance | None, statement: Statement, block: Block) -> list[Problem]:
    """Return a warning when a statement opens with another balance than its account closed with before."""
    if not (closing_before and statement.opening) or closing_before.amount == statement.opening.amount:
        return []
    return [make_problem("warning", Reason("balance_gap"), _find_first_line(block))]


def check_end(last: Statement, block: Block, *, others_have_end_mark: bool) -> list[Problem]:
    """Return warnings that the file may go on: another page follows, no end mark, a loose rest."""
    problems: list[Problem] = []
    if last.closing and last.closing.kind == "interim":
        problems.append(_make_warning(block, Reason("page_missing")))
    if not block.has_end_mark and (others_have_end_mark or "{4:" in block.header):
        problems.append(_make_warning(block, Reason("no_end_mark")))
    if block.rest.strip():
        problems.append(_make_warning(block, Reason("loose_rest")))
    return problems


def _find_first_line(block: Block) -> int:
    return min([line for _, _, line in block.fields] + [*block.lines[:1]])


def _find_last_line(block: Block) -> int:
    return max([line for _, _, line in block.fields] + [*block.lines[-1:]])


def _make_error(block: Block, reason: Reason[StatementFault]) -> Problem:
    return make_problem("error", reason, _find_last_line(block))


def _make_warning(block: Block, reason: Reason[StatementFault]) -> Problem:
    return make_problem("warning", reason, _find_last_line(block))
