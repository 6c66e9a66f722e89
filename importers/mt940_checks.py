"""Checks that nothing of an MT940 or MT942 file was lost: balances, control totals, ends, gaps.

Each answers with problems and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from importers.mt940_blocks import Block
from importers.mt940_head import NO_CURRENCY, Head
from importers.statement import Balance, Entry, Integrity, Problem, Statement, proved_by_balances

Verdict = tuple[Integrity, list[Problem]]
_AGAIN = "Export the statement again."


def missing(block: Block, head: Head, entries: Sequence[Entry]) -> list[Problem]:
    """What a statement must have and has not; and lines of its texts that look like entries."""
    said: list[Problem] = []
    if entries and head.currency == NO_CURRENCY:
        said.append(_error(block, "no_currency", "No balance tells the currency of these entries."))
    if not head.is_advice and not block.has("62F", "62M"):
        message = f"The statement has no closing balance: the file is cut, or a piece of one. {_AGAIN}"
        said.append(_error(block, "statement_cut", message))
    elif not head.is_advice and not block.has("60F", "60M"):
        message = "The statement has no opening balance, so its entries cannot be checked against its sums."
        said.append(Problem("warning", "no_opening_balance", message, _last_line(block)))
    if head.is_advice and any(_wants_total(head, entry) for entry in entries):
        message = "The report has no control total :90C: or :90D: for its entries: it may be cut."
        said.append(Problem("warning", "no_control_total", message, _last_line(block)))
    message = "A payer's text has a line that begins with :61:. It was read as text, not as an entry."
    said.extend(Problem("warning", "tag_in_text", message, f"line {line}") for line in block.tag_like)
    return said


def _wants_total(head: Head, entry: Entry) -> bool:
    return ("C" if entry.amount.minor >= 0 else "D") not in head.totals and not entry.reversal


def balances_hold(statement: Statement, head: Head, block: Block) -> Verdict:
    """Whether opening + entries is closing, in one currency."""
    if any(
        balance.amount.currency != statement.currency for balance in (head.opening, head.closing) if balance
    ):
        message = f"The opening and the closing balance are in different currencies. {_AGAIN}"
        return "mismatch", [_error(block, "currency_mixed", message)]
    integrity = proved_by_balances(statement)
    if integrity != "mismatch" or not (statement.opening and statement.closing):
        return integrity, []
    booked = sum(entry.amount.minor for entry in statement.entries if entry.status == "booked")
    missing_minor = statement.closing.amount.minor - statement.opening.amount.minor - booked
    message = (
        f"Opening balance and entries differ from the closing balance by {missing_minor} minor units of "
        f"{statement.currency}: an entry is missing or wrong. {_AGAIN}"
    )
    return "mismatch", [_error(block, "balance_mismatch", message)]


def totals_hold(statement: Statement, head: Head, block: Block) -> Verdict:
    """Whether the control totals of an MT942 are those of its entries.

    Banks differ in whether reversals and expected entries count, so any of these readings will do.
    """
    wrong = [mark for mark in head.totals if not _total_holds(statement, head, mark)]
    if wrong:
        tags = " and ".join(f":90{mark}:" for mark in wrong)
        message = f"The number or sum of entries is not that of the control total {tags}. {_AGAIN}"
        return "mismatch", [_error(block, "total_mismatch", message)]
    told = head.totals and not any(_wants_total(head, entry) for entry in statement.entries)
    return ("proved" if told else "unverifiable"), []


def _total_holds(statement: Statement, head: Head, mark: str) -> bool:
    count, amount = head.totals[mark]
    ours = [entry for entry in statement.entries if (entry.amount.minor >= 0) == (mark == "C")]
    ways = (
        ours,
        [entry for entry in ours if entry.status == "booked"],
        [entry for entry in ours if not entry.reversal],
    )
    sums = {(len(way), abs(sum(entry.amount.minor for entry in way))) for way in ways}
    return amount.currency == statement.currency and (count, abs(amount.minor)) in sums


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
    return f"line {min([line for _, _, line in block.fields] + [line for line, _ in block.rows[:1]])}"


def _last_line(block: Block) -> str:
    return f"line {max([line for _, _, line in block.fields] + [line for line, _ in block.rows[-1:]])}"


def _error(block: Block, code: str, message: str) -> Problem:
    return Problem("error", code, message, _last_line(block))
