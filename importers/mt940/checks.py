"""Checks that nothing of an MT940 or MT942 file was lost: balances, control totals, ends, gaps.

Each answers with problems and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from donorhub.money import Money
from importers.mt940.blocks import Block
from importers.mt940.head import NO_CURRENCY, Head
from importers.statement import Balance, Entry, Integrity, Problem, Statement, balances_differ, missing_minor

Verdict = tuple[Integrity, list[Problem]]
Kind = tuple[str, bool, bool]  # C or D, whether it is booked, whether it is a reversal
_AGAIN = "Export the statement again."


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
    said: list[Problem] = []
    if tally.kinds and head.currency == NO_CURRENCY:
        said.append(_error(block, "no_currency", "No balance tells the currency of these entries."))
    if not head.is_advice and not block.has("62F", "62M"):
        message = f"The statement has no closing balance: the file is cut, or a piece of one. {_AGAIN}"
        said.append(_error(block, "statement_cut", message))
    elif not head.is_advice and not block.has("60F", "60M"):
        message = "The statement has no opening balance, so its entries cannot be checked against its sums."
        said.append(Problem("warning", "no_opening_balance", message, _last_line(block)))
    if head.is_advice and any(_wants_total(head, kind) for kind in tally.kinds):
        message = "The report has no control total :90C: or :90D: for its entries: it may be cut."
        said.append(Problem("warning", "no_control_total", message, _last_line(block)))
    message = "A payer's text has a line that begins with :61:. It was read as text, not as an entry."
    said.extend(Problem("warning", "tag_in_text", message, f"line {line}") for line in block.tag_like)
    return said


def _wants_total(head: Head, kind: Kind) -> bool:
    mark, _, is_reversal = kind
    return mark not in head.totals and not is_reversal


def balances_hold(statement: Statement, head: Head, tally: Tally, block: Block) -> Verdict:
    """Whether opening + entries is closing, in one currency."""
    if any(
        balance.amount.currency != statement.currency for balance in (head.opening, head.closing) if balance
    ):
        message = f"The opening and the closing balance are in different currencies. {_AGAIN}"
        return "mismatch", [_error(block, "currency_mixed", message)]
    missing = missing_minor(statement, tally.of(lambda kind: kind[1])[1])
    if missing is None:
        return "unverifiable", []
    if not missing:
        return "proved", []
    message = balances_differ(Money(missing, statement.currency))
    return "mismatch", [_error(block, "balance_mismatch", message)]


def totals_hold(statement: Statement, head: Head, tally: Tally, block: Block) -> Verdict:
    """Whether the control totals of an MT942 are those of its entries.

    Banks differ in whether reversals and expected entries count, so any of these readings will do.
    """
    wrong = [mark for mark in head.totals if not _total_holds(statement, head, tally, mark)]
    if wrong:
        tags = " and ".join(f":90{mark}:" for mark in wrong)
        message = f"The number or sum of entries is not that of the control total {tags}. {_AGAIN}"
        return "mismatch", [_error(block, "total_mismatch", message)]
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
    message = (
        "It does not open with what the statement before it closed with: one between them may be missing."
    )
    return [Problem("warning", "balance_gap", message, _first_line(block))]


def unfinished(last: Statement, block: Block, *, others_ended: bool) -> list[Problem]:
    """Signs that a file goes on behind its last statement: a page to follow, no end mark, a loose rest."""
    said: list[Problem] = []
    if last.closing and last.closing.kind == "interim":
        message = (
            "The last statement closes with an interim balance (:62M:): its next page is not in this file."
        )
        said.append(Problem("warning", "page_missing", message, _last_line(block)))
    if not block.ended and (others_ended or "{4:" in block.header):
        message = "The last statement has no end mark (a line with -), as others have: the file may be cut."
        said.append(Problem("warning", "no_end_mark", message, _last_line(block)))
    if block.rest.strip():
        message = f"Behind the last statement stands something that is none: the file may be cut. {_AGAIN}"
        said.append(Problem("warning", "loose_rest", message, _last_line(block)))
    return said


def _first_line(block: Block) -> str:
    return f"line {min([line for _, _, line in block.fields] + [*block.lines[:1]])}"


def _last_line(block: Block) -> str:
    return f"line {max([line for _, _, line in block.fields] + [*block.lines[-1:]])}"


def _error(block: Block, code: str, message: str) -> Problem:
    return Problem("error", code, message, _last_line(block))
