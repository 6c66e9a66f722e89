"""Read camt.052, camt.053 and camt.054 files of every version, in one pass and in constant memory.

Each ``Ntry`` becomes an entry or a problem that names it. camt.052 and camt.054 are advice: they
never add money. What the file says is not compared with what other files said.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

from msgspec.structs import replace

from donorhub.money import Money
from importers.camt.entry import EntryRefused, invert_entry, read_entry
from importers.camt.shape import TREE
from importers.camt.statement import Head, Tally, check_summary, read_head
from importers.camt.tree import Row, UntrustedFile, Walk
from importers.codes import FormatProblem, Reason
from importers.statement import (
    Begin,
    End,
    Entry,
    Integrity,
    Level,
    Part,
    Problem,
    Reading,
    Statement,
    compute_missing_minor,
    explain_difference,
    make_problem,
    make_refusal,
)

# A stream that ends with a problem of one of these codes is of a file that cannot be trusted:
# nothing that came before may be kept.
REFUSALS: Final = frozenset(
    (
        "damaged_xml",
        "doctype_refused",
        "mixed_content",
        "nested_too_deep",
        "no_statement",
        "text_too_long",
        "truncated",
        "unknown_encoding",
    )
)
_PIECE: Final = 65_536  # bytes
_MOST_REVERSALS: Final = 10_000  # reversals kept back in memory


def stream(file: BinaryIO) -> Iterator[Part]:
    """Return what a camt file says, in the order of the file but for reversals, which end their statement.

    Whether a bank wrote its reversals (``RvslInd``) with the sign of the money or with that of
    the payment taken back shows only in the closing balance, so booked reversals are kept back
    until it is known and then come with the sign that makes opening + entries = closing; where
    neither does, ``CdtDbtInd`` holds, as ISO 20022 says. ``position`` tells the order.

    ``Entry.raw`` is ``bytes 120-968``: where the ``Ntry`` begins in the file, and where its end
    tag does. A file that cannot be trusted ends with a problem of one of :data:`REFUSALS`,
    perhaps after parts that must then be forgotten.
    """
    reader = _Reader()
    try:
        while piece := file.read(_PIECE):
            reader.walk.feed_piece(piece)
            yield from reader.take_parts()
        reader.walk.finish_file()
    except UntrustedFile as fault:
        yield from reader.take_parts()
        yield Problem("error", fault.code, f"{fault}.", f"line {reader.walk.line}")
        return
    yield from reader.take_parts()
    if not reader.statements:
        yield Problem(
            "error",
            "no_statement",
            "The file holds no statement (Stmt), report (Rpt) or notification (Ntfctn): export camt.053.",
        )


def read(data: bytes) -> Reading:
    """Return all that :func:`stream` gives, gathered; a file that cannot be trusted gives only the reason."""
    statements: list[Statement] = []
    problems: list[Problem] = []
    entries: list[Entry] = []
    for part in stream(io.BytesIO(data)):
        match part:
            case Entry():
                entries.append(part)
            case End(statement):
                entries.sort(key=lambda entry: entry.position)
                statements.append(replace(statement, entries=tuple(entries)))
                entries = []
            case Problem(code=code) if code in REFUSALS:
                return make_refusal(part.code, part.message, part.where)
            case Problem():
                problems.append(part)
    return Reading(tuple(statements), tuple(problems), format="camt")


class _Reader:
    """Listens to the walk through a file and makes its parts."""

    def __init__(self) -> None:
        self.walk = Walk(TREE, self)
        self.statements = 0
        self._parts: list[Part] = []
        self._message: tuple[str, Row] = ("", {})
        self._report: _Report | None = None

    def take_parts(self) -> list[Part]:
        """Return the parts that are ready, once."""
        parts, self._parts[:] = self._parts[:], ()
        return parts

    def begin_group(self, group: str, row: Row) -> None:
        if group == "entry":
            self._began_at = self.walk.byte
        elif group == "statement":
            self.statements += 1
            self._report = _Report(self.statements, self._message, row, self._parts)
        else:
            self._message = (group, row)

    def end_group(self, group: str, row: Row) -> None:
        if self._report is None:
            return
        if group == "entry":
            self._report.add_entry(row, f"bytes {self._began_at}-{self.walk.byte}", self.walk)
        elif group == "statement":
            self._report.end_statement(self.walk)
            self._report = None


class _Report:
    """One statement while its entries come: what it adds up to, and the reversals kept back."""

    def __init__(self, number: int, message: tuple[str, Row], row: Row, parts: list[Part]) -> None:
        self._number = number
        self._format, self._message = message
        self._row = row
        self._parts = parts
        self._head: Head | None = None
        self._tally = Tally()
        self._reversals: list[Entry] = []
        self._position = 0

    def add_entry(self, row: Row, raw: str, walk: Walk) -> None:
        head = self._head or self._begin_statement(row.get("amount currency", ""))
        position, self._position = self._position, self._position + 1
        try:
            entry, doubts = read_entry(row, head.statement.account, head.day, position, raw)
        except EntryRefused as e:
            self._tally.odd += 1
            self._add_reason("error", e.reason, walk, position)
            return
        for doubt in doubts:
            self._add_reason("warning", doubt, walk, position)
        self._tally_entry(entry, head.statement.currency, walk)
        if entry.reversal and entry.status == "booked" and len(self._reversals) < _MOST_REVERSALS:
            self._reversals.append(entry)
        else:
            self._parts.append(entry)

    def end_statement(self, walk: Walk) -> None:
        first_head = self._head or self._begin_statement("")
        head = read_head(self._row, self._message, self._format, first_head.statement.currency)
        integrity = self._release_reversals(head.statement, walk)
        for doubt in head.doubts:
            self._add_reason("warning", doubt, walk)
        for reason in check_summary(self._row, self._tally, head.statement.currency):
            self._add_reason("error", reason, walk)
        self._parts.append(End(replace(head.statement, integrity=integrity)))

    def _begin_statement(self, currency: str) -> Head:
        self._head = read_head(self._row, self._message, self._format, currency)
        self._parts.append(Begin(self._head.statement))
        return self._head

    def _tally_entry(self, entry: Entry, currency: str, walk: Walk) -> None:
        if entry.amount.currency == currency:
            self._tally.add_entry(entry)
            return
        self._tally.odd += 1
        reason: Reason[FormatProblem] = Reason(
            "other_currency", {"currency": entry.amount.currency, "other": currency}
        )
        self._add_reason("error", reason, walk, entry.position)

    def _release_reversals(self, statement: Statement, walk: Walk) -> Integrity:
        """Give out the reversals with the sign that the balances want, and say whether they hold."""
        missing = compute_missing_minor(statement, self._tally.booked_minor)
        reversal_minor = sum(
            entry.amount.minor for entry in self._reversals if entry.amount.currency == statement.currency
        )
        if missing and missing == -2 * reversal_minor:
            self._reversals = [invert_entry(entry) for entry in self._reversals]
            message = "The bank writes reversals with the other sign, as the balances show; they were turned."
            self._add_problem("warning", "reversal_signs_inverted", message, walk)
            missing = 0
        self._parts += self._reversals
        if missing is None:
            return "unverifiable"
        if missing:
            difference = explain_difference(Money(missing, statement.currency))
            self._parts.append(make_problem("error", difference, where=self._write_place(walk)))
        return "mismatch" if missing or self._tally.odd else "proved"

    def _add_problem(
        self,
        level: Literal["warning", "error"],
        code: str,
        message: str,
        walk: Walk,
        position: int | None = None,
    ) -> None:
        self._parts.append(Problem(level, code, message, self._write_place(walk, position)))

    def _add_reason(
        self, level: Level, reason: Reason[FormatProblem], walk: Walk, position: int | None = None
    ) -> None:
        self._parts.append(make_problem(level, reason, where=self._write_place(walk, position)))

    def _write_place(self, walk: Walk, position: int | None = None) -> str:
        """Return a place such as ``Stmt 2, Ntry 3, line 40``, counted from 1; the first statement's is
        left out.
        """
        places = [f"Stmt {self._number}"] if self._number > 1 else []
        places += [f"Ntry {position + 1}"] if position is not None else []
        return ", ".join([*places, f"line {walk.line}"])
