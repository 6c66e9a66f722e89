"""Read MT940 statements and MT942 interim reports, whatever dialect the bank writes them in.

Every :61: line of a file becomes an entry or a problem that names its line. Pages of one
statement stay statements of their own with a page number; their balances chain. MT942 is
advice: it never adds money. What a :86: text means is read by ``text.py`` and ``labels.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from msgspec.structs import replace

from importers import iban
from importers.mt940.blocks import Block, split_blocks
from importers.mt940.checks import (
    Tally,
    check_balances,
    check_completeness,
    check_end,
    check_gap,
    check_totals,
)
from importers.mt940.entry import Doubt, read_entry
from importers.mt940.head import Head, read_head
from importers.statement import (
    BadRows,
    Balance,
    Begin,
    End,
    Entry,
    Part,
    Problem,
    Reading,
    Statement,
    UnreadableEntry,
    explain_fault,
    gather_parts,
    refuse_file,
)
from importers.text import Undecodable, decode_text

_LONGEST_ROW: Final = 100_000  # characters of :61: and :86:; SWIFT allows some 500, banks write up to 2,000
_DOUBTS: Final[dict[Doubt, str]] = {
    "date_moved": "The bank wrote 30 February; the entry has the last day of that month.",
    "entry_in_text": "The text of this entry holds what looks like another entry whose :61: is damaged. "
    "Compare it with the bank, and export the statement again.",
}


def read(data: bytes, *, currency: str = "") -> Reading:
    """Return all that :func:`stream` gives in one Reading; of a file that is no text only the reason."""
    try:
        text, encoding = decode_text(data)
    except Undecodable as e:
        return refuse_file(e.reason)
    return gather_parts(_read_parts(text, currency), "mt940", {"encoding": encoding})


def stream(data: bytes, *, currency: str = "") -> Iterator[Part]:
    """Return the statements of an MT940 or MT942 file with their problems; raise nothing for a file's fault.

    ``currency`` is the account's, for a report without balances or totals, which names none.
    Where opening + entries is not closing, where a statement has no end and where a page or a
    control total is missing, a problem says so and names the line.
    """
    try:
        text, _ = decode_text(data)
    except Undecodable as e:
        return iter(refuse_file(e.reason).problems)
    return _read_parts(text, currency)


def _read_parts(text: str, currency: str) -> Iterator[Part]:
    others_have_end_mark = _has_end_marks(text)
    blocks = split_blocks(text.replace("\r\n", "\n").replace("\r", "\n"))
    del text
    closings: dict[str | None, Balance] = {}  # of the last statement of each account
    block: Block | None = None
    last: Statement | None = None
    is_silent = True
    for block in blocks:
        statement = None
        for part in _read_statement(block, currency):
            if isinstance(part, End):
                statement = part.statement
            is_silent = False
            yield part
        if statement:
            yield from check_gap(closings.get(statement.account), statement, block)
            last = statement
            if statement.closing:
                closings[statement.account] = statement.closing
    if block is not None and last is not None:
        yield from check_end(last, block, others_have_end_mark=others_have_end_mark)
    elif is_silent:
        message = (
            "No statement was found: MT940 and MT942 have lines such as :20:, :25:, :60F: and :61:. "
            "Export the statement again, or choose another format."
        )
        yield Problem("error", "not_mt940", message)


def _has_end_marks(text: str) -> bool:
    return "\n-\r" in text or "\n-\n" in text or "\n-}" in text


def _read_statement(block: Block, currency: str) -> Iterator[Part]:
    """Return the statement of a block and, before its end, the problems; no statement when nothing
    of it can be read."""
    head = read_head(block, currency)
    header, tally, bad_rows = _make_header(head), Tally(), _Doubts()
    for entry in _read_entries(block, head.currency, bad_rows):
        if not tally.kinds:
            yield Begin(header)
        tally.add_entry(entry)
        yield entry
    problems = [*head.problems, *bad_rows.list_problems(), *check_completeness(block, head, tally)]
    if not (tally.kinds or head.balances or head.totals):
        yield from problems
        return
    if not tally.kinds:
        yield Begin(header)
    holds = check_totals if head.is_advice else check_balances
    integrity, doubts = holds(header, head, tally, block)
    yield from problems + doubts
    yield End(replace(header, period=_find_period(head, tally), integrity=integrity))


def _make_header(head: Head) -> Statement:
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
        created_at=head.created_at,
        opening=head.opening,
        closing=head.closing,
        balances=tuple(head.balances),
        advice=head.is_advice,
    )


def _find_period(head: Head, tally: Tally) -> tuple[date | None, date | None]:
    """Return the first and last day of the statement; its closing balance is of the last."""
    closing_on = head.closing.on if head.closing else None
    days = tally.days | {closing_on} if closing_on else tally.days
    return (min(days), max(days)) if days else (None, None)


class _Doubts(BadRows):
    """The rows of a statement that cannot be read, and after them what is doubtful of others."""

    def __init__(self) -> None:
        super().__init__()
        self._doubts: list[Problem] = []

    def add_doubt(self, code: Doubt, line: int) -> None:
        """Note a row that was read but may be wrong."""
        self._doubts.append(Problem("warning", code, _DOUBTS[code], f"line {line}"))

    def list_problems(self) -> list[Problem]:
        return super().list_problems() + self._doubts


def _read_entries(block: Block, currency: str, bad_rows: _Doubts) -> Iterator[Entry]:
    position = 0
    for line, raw in block.cut_rows():
        try:
            if len(raw) > _LONGEST_ROW:
                raise UnreadableEntry("too_long", count=len(raw))
            entry, doubts = read_entry(raw, position, currency)
        except ValueError as e:
            bad_rows.add_row(explain_fault("unreadable_entry.tag", e), line)
            continue
        position += 1
        for code in doubts:
            bad_rows.add_doubt(code, line)
        yield entry
