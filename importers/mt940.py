"""Read MT940 statements and MT942 interim reports, whatever dialect the bank writes them in.

Every :61: line of a file becomes an entry or a problem that names its line. Pages of one
statement stay statements of their own with a page number; their balances chain. MT942 is
advice: it never adds money. Meaning that is in a :86: text is found by ``mt940_text``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from importers import iban
from importers.mt940_blocks import Block, blocks
from importers.mt940_checks import balances_hold, gap, missing, totals_hold, unfinished
from importers.mt940_entry import Doubt, read_entry
from importers.mt940_head import Head, read_head
from importers.statement import BadRows, Balance, Entry, Problem, Reading, Statement, refused
from importers.text import Undecodable, decode

_LONGEST_ROW: Final = 100_000  # characters of :61: and :86:; SWIFT allows some 500, banks write up to 2,000
_DOUBTS: Final[dict[Doubt, str]] = {
    "date_moved": "The bank wrote 30 February; the entry has the last day of that month.",
    "entry_in_text": "The text of this entry holds what looks like another entry whose :61: is damaged. "
    "Compare it with the bank, and export the statement again.",
}


def read(data: bytes, *, currency: str = "") -> Reading:
    """All statements of an MT940 or MT942 file. Raises nothing for the file's fault.

    ``currency`` is the account's, for a report without balances or totals, which tells none.
    Where opening + entries is not closing, where a statement has no end and where a page or a
    control total is missing, a problem says so and names the line.
    """
    try:
        text, encoding = decode(data)
    except Undecodable as e:
        return refused("undecodable", f"The file cannot be read as text: {e}.")
    statements: list[Statement] = []
    problems: list[Problem] = []
    closings: dict[str | None, Balance] = {}  # of the last statement of each account
    last: Block | None = None
    for last in blocks(text.replace("\r\n", "\n").replace("\r", "\n")):
        statement, said = _statement(last, currency)
        problems += said
        if statement:
            problems += gap(closings.get(statement.account), statement, last)
            statements.append(statement)
            if statement.closing:
                closings[statement.account] = statement.closing
    if last is None or not statements:
        return _nothing_found(problems)
    problems += unfinished(statements[-1], last, others_ended=_others_ended(text))
    return Reading(tuple(statements), tuple(problems), format="mt940", facts={"encoding": encoding})


def _others_ended(text: str) -> bool:
    return "\n-\r" in text or "\n-\n" in text or "\n-}" in text


def _nothing_found(problems: list[Problem]) -> Reading:
    if problems:
        return Reading(problems=tuple(problems))
    return refused(
        "not_mt940",
        "No statement was found: MT940 and MT942 have lines such as :20:, :25:, :60F: and :61:. "
        "Export the statement again, or choose another format.",
    )


def _statement(block: Block, currency: str) -> tuple[Statement | None, list[Problem]]:
    """The statement of a block, and what is doubtful about it; None when nothing of it can be read."""
    head = read_head(block, currency)
    entries, problems = _entries(block, head.currency)
    problems = [*head.problems, *problems, *missing(block, head, entries)]
    if not (entries or head.balances or head.totals):
        return None, problems
    statement = _built(head, entries)
    holds = totals_hold if head.is_advice else balances_hold
    integrity, doubts = holds(statement, head, block)
    return replace(statement, integrity=integrity), problems + doubts


def _built(head: Head, entries: tuple[Entry, ...]) -> Statement:
    scheme = ("iban" if iban.is_iban(head.account) else "other") if head.account else None
    return Statement(
        source_format="mt942" if head.is_advice else "mt940",
        currency=head.currency,
        account=head.account,
        account_scheme=scheme,
        statement_id=head.statement_id,
        sequence_no=head.sequence_no,
        page=head.page,
        bank_bic=head.bank_bic,
        period=_period(head, entries),
        created_at=head.created_at,
        opening=head.opening,
        closing=head.closing,
        balances=tuple(head.balances),
        entries=entries,
        advice=head.is_advice,
    )


def _period(head: Head, entries: tuple[Entry, ...]) -> tuple[date | None, date | None]:
    """First and last day that the statement tells of; its closing balance is of the last."""
    days = [entry.booked_on for entry in entries]
    if head.closing and head.closing.on:
        days.append(head.closing.on)
    return (min(days), max(days)) if days else (None, None)


def _entries(block: Block, currency: str) -> tuple[tuple[Entry, ...], list[Problem]]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    bad = BadRows()
    for line, raw in block.rows:
        try:
            if len(raw) > _LONGEST_ROW:
                raise ValueError(f"it has {len(raw):,} characters, and banks write some hundred")  # noqa: TRY301
            entry, doubts = read_entry(raw, len(entries), currency)
        except ValueError as e:
            message = f"This :61: line is no entry: {e}. Correct it, or enter its payment by hand."
            bad.add("unreadable_entry", message, f"line {line}")
            continue
        entries.append(entry)
        problems.extend(Problem("warning", code, _DOUBTS[code], f"line {line}") for code in doubts)
    return tuple(entries), bad.problems() + problems
