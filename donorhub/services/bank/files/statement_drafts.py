"""A bank file's statements made ready to be stored: keys reckoned, columns laid out, nothing written.

It runs outside any transaction, as reading takes the longest. Entries that are not
booked are counted and left out. What is new in them, :mod:`donorhub.services.bank.files.statements` finds.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

import importers
from donorhub.domain.bank.files.entry_keys import Incoming, key_entries
from donorhub.domain.payer_text import canonical_account
from donorhub.services.bank.files.packed_rows import Row, Rows
from importers.camt.reader import REFUSALS
from importers.codes import Reason
from importers.sniff import find_format
from importers.statement import Begin, Detail, End, Entry, Part, Problem, Statement, make_problem

Progress = Callable[[str, int], None]  # what is being done, and how many entries are

# The columns that a payment fills, in an entry and in a detail alike.
PAYMENT_COLUMNS: Final = (
    "amount_minor", "counterparty_name", "counterparty_account", "remittance", "end_to_end_id",
    "mandate_id", "return_code", "virtual_account", "more",
)  # fmt: skip
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
    items: list[Incoming] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)  # in the order of ENTRY_COLUMNS
    details: dict[int, list[Row]] = field(default_factory=dict)  # by position, in that of PAYMENT_COLUMNS
    day_sums: dict[date, int] = field(default_factory=dict)
    sum_in: int = 0
    skipped: int = 0

    @property
    def sum_minor(self) -> int:
        return sum(self.day_sums.values())

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day that it covers: its period, widened by its entries; None when nothing tells."""
        balances = [b.on for b in (self.header.opening, self.header.closing) if b is not None and b.on]
        told = [day for day in (*self.header.period, *self.day_sums) if day is not None] or balances
        return (min(told), max(told)) if told else None


@dataclass(frozen=True, slots=True)
class Drafts:
    """All that a file says, ready to be stored; without statements it could not be read."""

    statements: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    format: str


def _silent(_doing: str, _count: int) -> None:
    pass


def draft(
    content: bytes,
    filename: str,
    *,
    profile: object = None,
    currency: str = "",
    account: str = "",
    change: Problem | None = None,
    progress: Progress = _silent,
) -> Drafts:
    """Read a file. ``account`` is the number for statements that name none, ``profile`` and ``currency``
    are what :func:`importers.read` takes, ``change`` says what the bank changed of a table that nobody
    knows. Raises nothing for the file's fault."""
    told = find_format(content)
    gathering = _Gathering(canonical_account(account) or "", progress)
    with importers.pause_collector():
        for part in importers.stream(io.BytesIO(content), filename, profile, currency=currency):
            gathering.take(part)
            if len(gathering.drafts) > MOST_STATEMENTS:
                return Drafts((), (TOO_MANY,), told)
    if any(problem.code in REFUSALS for problem in gathering.problems):
        gathering.drafts.clear()  # what came before the fault may not be kept
    found = tuple(gathering.drafts)
    said = found[0].header.source_format if found else told
    problems = (
        replace(change, where=problem.where) if change and problem.code == "layout_unknown" else problem
        for problem in gathering.problems
    )
    return Drafts(found, tuple(problems), said)


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

    def take(self, part: Part) -> None:
        if isinstance(part, Entry):
            self._waiting.append(part)
            if len(self._waiting) == _TOGETHER:
                self._add()
        elif isinstance(part, Begin):
            self._open = Draft(part.statement, canonical_account(part.statement.account) or "")
            self._positions = []
            self._waiting = []  # of a statement that was given up
        elif isinstance(part, End):
            self._end(part.statement)
        else:
            self.problems.append(part)

    def _add(self) -> None:
        """Lay out the entries that wait."""
        entries, self._waiting = self._waiting, []
        draft_ = self._open
        if draft_ is None:
            raise ValueError("an entry came before its statement began")
        if not draft_.header.advice:
            booked = [entry for entry in entries if _moves_money(entry)]
            draft_.skipped += len(entries) - len(booked)
            entries = booked
        self._positions += [entry.position for entry in entries]
        _add(draft_, entries, draft_.account or self._fallback)
        before, self._count = self._count, self._count + len(entries)
        if before // STEP < self._count // STEP:
            self._progress("reading", self._count)

    def _end(self, header: Statement) -> None:
        if self._open is None:
            return
        self._add()
        self._progress("reading", self._count)
        self._open.header = header
        if any(a > b for a, b in pairwise(self._positions)):
            _sort(self._open, self._positions)
        self.drafts.append(self._open)
        self._open = None


def _moves_money(entry: Entry) -> bool:
    """Whether an entry belongs in the ledger: one of zero only tells something, such as a day's balance."""
    return entry.status == "booked" and (entry.amount.minor != 0 or len(entry.details) > 1)


def _add(draft_: Draft, entries: list[Entry], account_key: str) -> None:
    start, sums = len(draft_.items), draft_.day_sums
    items = key_entries(account_key, entries, first=start)
    rows: list[Row] = []
    for position, (entry, item) in enumerate(zip(entries, items, strict=True), start):
        minor = item.minor
        sums[item.day] = sums.get(item.day, 0) + minor
        if minor > 0:
            draft_.sum_in += minor
        details = entry.details
        is_batch = len(details) > 1 and sum(d.amount.minor for d in details) == minor
        rows.append(_row(entry, details[0] if len(details) == 1 else None, item, is_batch=is_batch))
        if is_batch:
            draft_.details[position] = [_payment(detail, detail.amount.minor) for detail in details]
    draft_.items += items
    draft_.rows.extend(rows)


def _sort(draft_: Draft, positions: list[int]) -> None:
    """Bring entries that came late to their place in the file."""
    order = sorted(range(len(positions)), key=positions.__getitem__)
    draft_.items = [draft_.items[at]._replace(position=new) for new, at in enumerate(order)]
    rows = list(draft_.rows)
    draft_.rows = Rows()
    for first in range(0, len(order), STEP):
        draft_.rows.extend([rows[at] for at in order[first : first + STEP]])
    draft_.details = {new: draft_.details[at] for new, at in enumerate(order) if at in draft_.details}


# ---------------------------------------------------------------- columns


@lru_cache(maxsize=4096)
def _iso(day: date) -> str:
    return day.isoformat()


def _row(entry: Entry, payment: Detail | None, item: Incoming, *, is_batch: bool) -> Row:
    day, minor, account = _iso(item.day), item.minor, item.account
    value_on = day if entry.value_on == entry.booked_on else _iso(entry.value_on) if entry.value_on else None
    is_reversal = int(entry.reversal)
    if payment is None:
        head = (day, value_on, entry.bank_ref, is_reversal, int(is_batch), minor)
        return (*head, "", "", entry.info or "", None, None, None, None, _more(entry, None))
    return (
        day, value_on, entry.bank_ref, is_reversal, int(is_batch), minor,
        payment.counterparty.name or "", account or "", payment.remittance, payment.end_to_end_id,
        payment.mandate_id, payment.return_code, payment.virtual_account, _more(entry, payment),
    )  # fmt: skip


def _payment(detail: Detail, minor: int) -> Row:
    party = detail.counterparty
    return (
        minor,
        party.name or "",
        canonical_account(party.account) or "",
        detail.remittance,
        detail.end_to_end_id,
        detail.mandate_id,
        detail.return_code,
        detail.virtual_account,
        _more(None, detail),
    )


_TEXTS: Final = (
    "tx_id", "uetr", "instruction_id", "creditor_id", "batch_id", "cheque_no", "purpose", "return_info",
)  # fmt: skip
_PARTY: Final = ("bic", "ultimate", "address")
_OTHERS: Final = attrgetter(*_TEXTS, "references", "extra", "charges", "original")
_OF_PARTY: Final = attrgetter(*_PARTY)


def _more(entry: Entry | None, payment: Detail | None) -> str | None:
    """The further fields that are filled, as JSON by their names in importers.statement."""
    bank_code = entry.bank_code if entry else None
    info = entry.info if entry and payment else None
    rest = _rest(payment) if payment else {}
    if entry and entry.entry_ref and entry.entry_ref != entry.bank_ref:
        rest["entry_ref"] = entry.entry_ref
    if not rest:
        return _small(bank_code, info)
    if bank_code:
        rest["bank_code"] = bank_code
    if info:
        rest["info"] = info
    return json.dumps(rest, ensure_ascii=False)


@lru_cache(maxsize=4096)
def _small(bank_code: str | None, info: str | None) -> str | None:
    told = {name: value for name, value in (("bank_code", bank_code), ("info", info)) if value}
    return json.dumps(told, ensure_ascii=False) if told else None


def _rest(payment: Detail) -> dict[str, Any]:
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


def summarise_draft(draft_: Draft) -> dict[str, Any]:
    """What a page or the command line shows of a statement, as plain values."""
    header, days = draft_.header, draft_.days
    return {
        "account": draft_.account,
        "currency": header.currency,
        "format": header.source_format,
        "is_advice": header.advice,
        "from_on": days[0].isoformat() if days else None,
        "to_on": days[1].isoformat() if days else None,
        "opening_minor": header.opening.amount.minor if header.opening else None,
        "closing_minor": header.closing.amount.minor if header.closing else None,
        "in_minor": draft_.sum_in,
        "out_minor": draft_.sum_minor - draft_.sum_in,
        "entries": len(draft_.items),
        "skipped": draft_.skipped,
        "integrity": header.integrity,
    }


def as_plain(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """Problems as they are kept with the file."""
    return [
        {"level": p.level, "code": p.code, "message": p.message, "where": p.where, "params": dict(p.params)}
        for p in problems
    ]
