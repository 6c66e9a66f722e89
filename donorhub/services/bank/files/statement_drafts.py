"""A bank file's statements made ready to be stored: keys reckoned, columns laid out, nothing written.

It runs outside any transaction, as reading takes the longest. Entries that are not
booked are counted and left out. What is new in them, :mod:`donorhub.services.bank.files.statements` finds.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

import importers
from donorhub.domain.bank.files.entry_keys import IncomingEntry, key_entries
from donorhub.domain.payer_text import normalise_account
from donorhub.services.bank.files.packed_rows import Row, Rows
from importers.camt.reader import REFUSALS
from importers.codes import Reason
from importers.sniff import find_format
from importers.statement import (
    Begin,
    Detail,
    End,
    Entry,
    Part,
    Problem,
    Statement,
    find_payment,
    make_problem,
)
from importers.tabular import RowChanges

Progress = Callable[[str, int], None]  # what is being done, and how many entries are

# The columns that a payment fills, in an entry and in a detail alike.
PAYMENT_COLUMNS: Final = (
    "amount_minor",
    "counterparty_name",
    "counterparty_account",
    "remittance",
    "end_to_end_id",
    "mandate_id",
    "return_code",
    "virtual_account",
    "more",
)
ENTRY_COLUMNS: Final = ("booked_on", "value_on", "bank_ref", "is_reversal", "has_details", *PAYMENT_COLUMNS)
STEP: Final = 5000  # entries between two reports of progress
# Entries laid out together: few enough to be in the processor's cache still, which saves a tenth of reading.
_TOGETHER: Final = 250
# Ten years of daily statements. Each is some rows of one transaction, in which nobody else writes to SQLite.
MOST_STATEMENTS: Final = 4000
TOO_MANY: Final = make_problem("error", Reason("too_many_statements", {"most": MOST_STATEMENTS}))


@dataclass(slots=True)
class Draft:
    """One statement of a file; ``rows`` and ``items`` run in parallel, a position is the place in both."""

    header: Statement  # as the file tells it, without entries
    account: str  # canonical; "" where the file names none
    items: list[IncomingEntry] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)  # in the order of ENTRY_COLUMNS
    details: dict[int, list[Row]] = field(default_factory=dict)  # by position, in that of PAYMENT_COLUMNS
    day_sums: dict[date, int] = field(default_factory=dict)
    sum_in: int = 0
    skipped_count: int = 0

    @property
    def sum_minor(self) -> int:
        """Return the sum of all entries in minor units."""
        return sum(self.day_sums.values())

    @property
    def plain_day_sums(self) -> dict[str, int]:
        """Return the sum of each day in minor units, as a column keeps it."""
        return {day.isoformat(): minor for day, minor in sorted(self.day_sums.items())}

    @property
    def days(self) -> tuple[date, date] | None:
        """Return the first and last day that it covers, its period widened by its entries; None without
        any day.
        """
        balances = [b.on for b in (self.header.opening, self.header.closing) if b is not None and b.on]
        days_named = [day for day in (*self.header.period, *self.day_sums) if day is not None] or balances
        return (min(days_named), max(days_named)) if days_named else None


@dataclass(frozen=True, slots=True)
class Drafts:
    """All that a file says, ready to be stored; without statements it could not be read."""

    statements: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    format: str


def _report_nothing(_doing: str, _count: int) -> None:
    pass


def draft_statements(
    content: bytes,
    filename: str,
    *,
    profile: object = None,
    currency: str = "",
    account: str = "",
    change: Problem | None = None,
    row_changes: RowChanges | None = None,
    progress: Progress = _report_nothing,
) -> Drafts:
    """Read a file. ``account`` is the number for statements that name none, ``profile`` and ``currency``
    are what :func:`importers.read` takes, ``change`` says what the bank changed of a table that nobody
    knows, ``row_changes`` what a person said of its rows. Raises nothing for the file's fault."""
    sniffed_format = find_format(content)
    gathering = _Gathering(normalise_account(account) or "", progress)
    for part in importers.stream(
        io.BytesIO(content), filename, profile, currency=currency, changes=row_changes
    ):
        gathering.take_part(part)
        if len(gathering.drafts) > MOST_STATEMENTS:
            return Drafts((), (TOO_MANY,), sniffed_format)
    if any(problem.code in REFUSALS for problem in gathering.problems):
        gathering.drafts.clear()  # what came before the fault may not be kept
    drafts = tuple(gathering.drafts)
    source_format = drafts[0].header.source_format if drafts else sniffed_format
    problems = (
        replace(change, where=problem.where) if change and problem.code == "layout_unknown" else problem
        for problem in gathering.problems
    )
    return Drafts(drafts, tuple(problems), source_format)


class _Gathering:
    """Takes the parts of a file in order."""

    def __init__(self, fallback: str, progress: Progress) -> None:
        self.drafts: list[Draft] = []
        self.problems: list[Problem] = []
        self._fallback = fallback
        self._progress = progress
        self._open: Draft | None = None
        self._waiting: list[Entry] = []
        self._positions: list[int] = []
        self._count = 0

    def take_part(self, part: Part) -> None:
        if isinstance(part, Entry):
            self._waiting.append(part)
            if len(self._waiting) == _TOGETHER:
                self._add_waiting()
        elif isinstance(part, Begin):
            self._open = Draft(part.statement, normalise_account(part.statement.account) or "")
            self._positions = []
            self._waiting = []  # of a statement that was given up
        elif isinstance(part, End):
            self._end_statement(part.statement)
        else:
            self.problems.append(part)

    def _add_waiting(self) -> None:
        """Lay out the entries that wait."""
        entries, self._waiting = self._waiting, []
        draft = self._open
        if draft is None:
            raise ValueError("an entry came before its statement began")
        if not draft.header.advice:
            booked_entries = [entry for entry in entries if _moves_money(entry)]
            draft.skipped_count += len(entries) - len(booked_entries)
            entries = booked_entries
        self._positions += [entry.position for entry in entries]
        _add_entries(draft, entries, draft.account or self._fallback)
        before, self._count = self._count, self._count + len(entries)
        if before // STEP < self._count // STEP:
            self._progress("reading", self._count)

    def _end_statement(self, header: Statement) -> None:
        if self._open is None:
            return
        self._add_waiting()
        self._progress("reading", self._count)
        self._open.header = header
        if any(a > b for a, b in pairwise(self._positions)):
            _sort_entries(self._open, self._positions)
        self.drafts.append(self._open)
        self._open = None


def _moves_money(entry: Entry) -> bool:
    """Return whether an entry belongs in the ledger: one of zero only informs, such as of a day's balance."""
    return entry.status == "booked" and (entry.amount.minor != 0 or len(entry.details) > 1)


def _add_entries(draft: Draft, entries: list[Entry], account_key: str) -> None:
    start, sums = len(draft.items), draft.day_sums
    items = key_entries(account_key, entries, first=start)
    rows: list[Row] = []
    for position, (entry, item) in enumerate(zip(entries, items, strict=True), start):
        minor = item.minor
        sums[item.day] = sums.get(item.day, 0) + minor
        if minor > 0:
            draft.sum_in += minor
        details = entry.details
        is_batch = len(details) > 1 and sum(d.amount.minor for d in details) == minor
        rows.append(_make_row(entry, find_payment(entry), item, is_batch=is_batch))
        if is_batch:
            draft.details[position] = [_make_payment_row(detail, detail.amount.minor) for detail in details]
    draft.items += items
    draft.rows.add_rows(rows)


def _sort_entries(draft: Draft, positions: list[int]) -> None:
    """Bring entries that came late to their place in the file."""
    order = sorted(range(len(positions)), key=positions.__getitem__)
    draft.items = [draft.items[at]._replace(position=new) for new, at in enumerate(order)]
    rows = list(draft.rows)
    draft.rows = Rows()
    for first in range(0, len(order), STEP):
        draft.rows.add_rows([rows[at] for at in order[first : first + STEP]])
    draft.details = {new: draft.details[at] for new, at in enumerate(order) if at in draft.details}


# ---------------------------------------------------------------- columns


@lru_cache(maxsize=4096)
def _format_day(day: date) -> str:
    return day.isoformat()


def _make_row(entry: Entry, payment: Detail | None, item: IncomingEntry, *, is_batch: bool) -> Row:
    day, minor, account = _format_day(item.day), item.minor, item.account
    value_on = (
        day if entry.value_on == entry.booked_on else _format_day(entry.value_on) if entry.value_on else None
    )
    is_reversal = int(entry.reversal)
    if payment is None:
        head = (day, value_on, entry.bank_ref, is_reversal, int(is_batch), minor)
        return (*head, "", "", entry.info or "", None, None, None, None, _dump_extras(entry, None))
    return (
        day,
        value_on,
        entry.bank_ref,
        is_reversal,
        int(is_batch),
        minor,
        payment.counterparty.name or "",
        account or "",
        payment.remittance,
        payment.end_to_end_id,
        payment.mandate_id,
        payment.return_code,
        payment.virtual_account,
        _dump_extras(entry, payment),
    )


def _make_payment_row(detail: Detail, minor: int) -> Row:
    party = detail.counterparty
    return (
        minor,
        party.name or "",
        normalise_account(party.account) or "",
        detail.remittance,
        detail.end_to_end_id,
        detail.mandate_id,
        detail.return_code,
        detail.virtual_account,
        _dump_extras(None, detail),
    )


_TEXTS: Final = (
    "tx_id",
    "uetr",
    "instruction_id",
    "creditor_id",
    "batch_id",
    "cheque_no",
    "purpose",
    "return_info",
)
_PARTY: Final = ("bic", "ultimate", "address")
_OTHERS: Final = attrgetter(*_TEXTS, "references", "extra", "charges", "original")
_OF_PARTY: Final = attrgetter(*_PARTY)


def _dump_extras(entry: Entry | None, payment: Detail | None) -> str | None:
    """Return the further fields that are filled, as JSON by their names in importers.statement."""
    bank_code = entry.bank_code if entry else None
    info = entry.info if entry and payment else None
    rest = _list_extras(payment) if payment else {}
    if entry and entry.entry_ref and entry.entry_ref != entry.bank_ref:
        rest["entry_ref"] = entry.entry_ref
    if not rest:
        return _dump_short_extras(bank_code, info)
    if bank_code:
        rest["bank_code"] = bank_code
    if info:
        rest["info"] = info
    return json.dumps(rest, ensure_ascii=False)


@lru_cache(maxsize=4096)
def _dump_short_extras(bank_code: str | None, info: str | None) -> str | None:
    fields_filled = {name: value for name, value in (("bank_code", bank_code), ("info", info)) if value}
    return json.dumps(fields_filled, ensure_ascii=False) if fields_filled else None


def _list_extras(payment: Detail) -> dict[str, Any]:
    party, others = _OF_PARTY(payment.counterparty), _OTHERS(payment)
    if not any(others) and not any(party):
        return {}
    rest: dict[str, Any] = {name: value for name, value in zip(_PARTY, party, strict=True) if value}
    rest |= {name: value for name, value in zip(_TEXTS, others[: len(_TEXTS)], strict=True) if value}
    if payment.references:
        rest["references"] = [list(pair) for pair in payment.references]
    if payment.extra:
        rest["extra"] = [list(pair) for pair in payment.extra]
    for name, money in (("charges", payment.charges), ("original", payment.original)):
        if money is not None:
            rest[name] = [money.minor, money.currency]
    return rest


def summarise_draft(draft: Draft) -> dict[str, Any]:
    """Return what a page or the command line shows of a statement, as plain values."""
    header, days = draft.header, draft.days
    return {
        "account": draft.account,
        "currency": header.currency,
        "format": header.source_format,
        "is_advice": header.advice,
        "from_on": days[0].isoformat() if days else None,
        "to_on": days[1].isoformat() if days else None,
        "opening_minor": header.opening.amount.minor if header.opening else None,
        "closing_minor": header.closing.amount.minor if header.closing else None,
        "in_minor": draft.sum_in,
        "out_minor": draft.sum_minor - draft.sum_in,
        "entries": len(draft.items),
        "skipped": draft.skipped_count,
        "integrity": header.integrity,
    }


def make_plain_problems(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """Return problems as they are kept with the file."""
    return [
        {"level": p.level, "code": p.code, "message": p.message, "where": p.where, "params": dict(p.params)}
        for p in problems
    ]
