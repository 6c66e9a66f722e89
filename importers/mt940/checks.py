"""Checks that nothing of an MT940 or MT942 file was lost: balances, control totals, ends, gaps.

Each answers with problems and changes nothing.
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
    explain_difference,
    make_problem,
    missing_minor,
)

Verdict = tuple[Integrity, list[Problem]]
Kind = tuple[str, bool, bool]  # C or D, whether it is booked, whether it is a reversal


@dataclass(slots=True)
class Tally:
    """What the entries that passed come to: number and sum by kind, and their days."""

    kinds: dict[Kind, tuple[int, int]] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        minor = entry.amount.minor
        kind = ("C" if minor >= 0 else "D", entry.status == "booked", entry.reversal)
        count, sum_minor = self.kinds.get(kind, (0, 0))
        self.kinds[kind] = (count + 1, sum_minor + minor)
        self.days.add(entry.booked_on)

    def of(self, wanted: Callable[[Kind], bool]) -> tuple[int, int]:
        """Number and sum in minor units of the entries of some kinds."""
        found = [figures for kind, figures in self.kinds.items() if wanted(kind)]
        return sum(count for count, _ in found), sum(minor for _, minor in found)


def missing(block: Block, head: Head, tally: Tally) -> list[Problem]:
    """What a statement must have and has not; and lines of its texts that look like entries."""
    problems: list[Problem] = []
    if tally.kinds and head.currency == NO_CURRENCY:
        problems.append(_error(block, Reason("no_currency")))
    if not head.is_advice and not block.has("62F", "62M"):
        problems.append(_error(block, Reason("statement_cut")))
    elif not head.is_advice and not block.has("60F", "60M"):
        problems.append(_warning(block, Reason("no_opening_balance")))
    if head.is_advice and any(_wants_total(head, kind) for kind in tally.kinds):
        problems.append(_warning(block, Reason("no_control_total")))
    problems.extend(make_problem("warning", Reason("tag_in_text"), line) for line in block.tag_like)
    return problems


def _wants_total(head: Head, kind: Kind) -> bool:
    mark, _, is_reversal = kind
    return mark not in head.totals and not is_reversal


def balances_hold(statement: Statement, head: Head, tally: Tally, block: Block) -> Verdict:
    """Whether opening + entries is closing, in one currency."""
    if any(
        balance.amount.currency != statement.currency for balance in (head.opening, head.closing) if balance
    ):
        return "mismatch", [_error(block, Reason("currency_mixed"))]
    missing = missing_minor(statement, tally.of(lambda kind: kind[1])[1])
    if missing is None:
        return "unverifiable", []
    if not missing:
        return "proved", []
    return "mismatch", [_error(block, explain_difference(Money(missing, statement.currency)))]


def totals_hold(statement: Statement, head: Head, tally: Tally, block: Block) -> Verdict:
    """Whether the control totals of an MT942 are those of its entries.

    Banks differ in whether reversals and expected entries count, so any of these readings will do.
    """
    wrong = [mark for mark in head.totals if not _total_holds(statement, head, tally, mark)]
    if wrong:
        tags = ", ".join(f":90{mark}:" for mark in wrong)
        return "mismatch", [_error(block, Reason("total_mismatch.tags", {"tags": tags}))]
    told = head.totals and not any(_wants_total(head, kind) for kind in tally.kinds)
    return ("proved" if told else "unverifiable"), []


def _total_holds(statement: Statement, head: Head, tally: Tally, mark: str) -> bool:
    count, amount = head.totals[mark]
    ways = (
        tally.of(lambda kind: kind[0] == mark),
        tally.of(lambda kind: kind[0] == mark and kind[1]),
        tally.of(lambda kind: kind[0] == mark and not kind[2]),
    )
    figures = {(number, abs(sum_minor)) for number, sum_minor in ways}
    return amount.currency == statement.currency and (count, abs(amount.minor)) in figures


def gap(closing_before: Balance | None, statement: Statement, block: Block) -> list[Problem]:
    """A warning when a statement does not open with what the one before it of its account closed with."""
    if not (closing_before and statement.opening) or closing_before.amount == statement.opening.amount:
        return []
    return [make_problem("warning", Reason("balance_gap"), _first_line(block))]


def unfinished(last: Statement, block: Block, *, others_ended: bool) -> list[Problem]:
    """Signs that a file goes on behind its last statement: a page to follow, no end mark, a loose rest."""
    problems: list[Problem] = []
    if last.closing and last.closing.kind == "interim":
        problems.append(_warning(block, Reason("page_missing")))
    if not block.ended and (others_ended or "{4:" in block.header):
        problems.append(_warning(block, Reason("no_end_mark")))
    if block.rest.strip():
        problems.append(_warning(block, Reason("loose_rest")))
    return problems


def _first_line(block: Block) -> int:
    return min([line for _, _, line in block.fields] + [*block.lines[:1]])


def _last_line(block: Block) -> int:
    return max([line for _, _, line in block.fields] + [*block.lines[-1:]])


def _error(block: Block, reason: Reason[StatementFault]) -> Problem:
    return make_problem("error", reason, _last_line(block))


def _warning(block: Block, reason: Reason[StatementFault]) -> Problem:
    return make_problem("warning", reason, _last_line(block))
