"""One row of a bank's table becomes an entry, is skipped for a reason, or fails with one.

It reads cells by a layout and keeps the entries by account and currency; whether they add
up to the balances is for ``checks``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from donorhub.money import Money
from importers.codes import Reason, RowFault, Skip
from importers.sheet import Row
from importers.statement import NOBODY, Detail, Entry, Party
from importers.table.layout import Layout
from importers.table.placing import Facts, Places, parse_account
from importers.table.words import NOTHING, ROLES, SUMS, Role, fold, fold_word
from importers.table.workbook import from_serial
from importers.text import DateOrder, Unreadable, parse_amount, parse_date, plain_number

_IDS: Final[tuple[Role, ...]] = ("end_to_end_id", "mandate_id", "virtual_account")
_KEPT: Final = 20_000
_CODE: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_SUMS_AND_MORE: Final = tuple(f"{word} " for word in SUMS)
_WIDE_GAP: Final = re.compile(r" {2,}")


class Fault(ValueError):
    """A row that cannot be read; ``reason`` says why."""

    def __init__(self, reason: Reason[RowFault]) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(slots=True)
class Group:
    """The entries of one account in one currency, and the line of the file that each came from."""

    entries: list[Entry] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sides:
    """Where the other side's name and account stand, and our account, for money in or for money out."""

    name: tuple[int, ...]
    account: tuple[int, ...]
    own: tuple[int, ...]


@dataclass(slots=True)
class EntryReader:
    """Reads the rows of one file. ``order`` and ``decimal`` are settled: the layout's or the file's.

    ``currency`` is the account's, "" when only the rows can tell; ``epoch`` is set for workbooks,
    where a date may be a serial number.
    """

    layout: Layout
    places: Places
    facts: Facts
    order: DateOrder
    decimal: str
    currency: str
    epoch: date | None = None
    header: tuple[str, ...] = ()
    groups: dict[tuple[str | None, str], Group] = field(default_factory=dict)
    unread_balances: int = 0
    _accounts: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    _amount: Callable[[EntryReader, list[str]], Money | None] = field(init=False)
    _signs: dict[str, int] = field(init=False)
    _pending: frozenset[str] = field(init=False)
    _skip: tuple[str, ...] = field(init=False)
    _in: Sides = field(init=False)
    _out: Sides = field(init=False)
    _at: dict[Role, tuple[int, ...]] = field(init=False)
    _has_ids: bool = field(init=False)
    _has_address: bool = field(init=False)
    _codes: set[str] = field(default_factory=set)  # currencies that were seen
    _amounts: dict[tuple[str, str], Money] = field(default_factory=dict)
    _keys: dict[str, Role] = field(init=False)

    def __post_init__(self) -> None:
        self._pending = frozenset(map(fold, self.layout.pending_words))
        self._skip = tuple(map(fold, self.layout.skip))
        self._signs = {fold_word(word): 1 for word in self.layout.money_in}
        self._signs |= {fold_word(word): -1 for word in self.layout.money_out}
        self._at = {role: self.places.roles.get(role, ()) for role in ROLES}
        at = self._at
        self._in = Sides(
            at["name"] + at["name_from"],
            at["account"] + at["account_from"],
            at["own_account"] + at["account_to"],
        )
        self._out = Sides(
            at["name"] + at["name_to"],
            at["account"] + at["account_to"],
            at["own_account"] + at["account_from"],
        )
        self._has_ids = any(at[role] for role in _IDS)
        self._has_address = bool(at["address"] or at["bic"])
        self._keys = {fold(key): role for key, role in self.layout.keys}
        # Functions, not methods of ours: a circle would keep all entries until the collector finds it.
        self._amount = EntryReader._in_or_out
        if "amount" in self.places.roles:
            self._amount = EntryReader._directed if "direction" in self.places.roles else EntryReader._signed

    def read(self, row: Row) -> Entry | Skip:
        """The entry of a row, kept in its group, or why it is none. Raises Fault."""
        if row.fault:
            raise Fault(row.fault)
        booked = self._booked_on(row.cells)
        if isinstance(booked, str):
            return booked
        cells = self._fitted(row.cells)
        if self.places.derived:
            self._derive(cells)
        is_pending = bool(self._pending) and self._is_pending(cells)
        if is_pending and self.layout.pending == "skip":
            return "pending"
        amount = self._amount(self, cells)
        if amount is None or not amount.minor:
            return self._without_amount(amount)
        return self._kept(row, cells, booked, amount, "pending" if is_pending else "booked")

    def _is_pending(self, cells: list[str]) -> bool:
        return any(at < len(cells) and fold(cells[at]) in self._pending for at in self._at["status"])

    # ------------------------------------------------------------ the entry

    def _kept(
        self, row: Row, cells: list[str], booked: date, amount: Money, status: Literal["booked", "pending"]
    ) -> Entry:
        at = self._at
        party, own = self._parties(cells, is_in=amount.minor > 0)
        group = self.groups.get((own, amount.currency)) or Group()
        end_to_end_id, mandate_id, virtual_account = self._ids(cells)
        detail = Detail(
            0,
            amount,
            counterparty=party,
            end_to_end_id=end_to_end_id,
            mandate_id=mandate_id,
            virtual_account=virtual_account,
            remittance=self._joined(cells, "remittance"),
        )
        value_on = _first(cells, at["value_on"])
        entry = Entry(
            len(group.entries),
            booked,
            amount,
            value_on=self._date(value_on) if value_on else None,
            status=status,
            bank_ref=_first(cells, at["bank_ref"]).strip("'") or None,
            bank_code=_first(cells, at["bank_code"]) or None,
            info=self._joined(cells, "info") or None,
            balance_after=self._balance(cells, amount.currency) if at["balance"] else None,
            details=(detail,),
            raw=row.raw,
        )
        group.entries.append(entry)
        group.lines.append(row.line)
        self.groups[own, amount.currency] = group
        return entry

    def _ids(self, cells: list[str]) -> tuple[str | None, str | None, str | None]:
        if not self._has_ids:
            return None, None, None
        end_to_end_id, mandate_id, virtual_account = (_first(cells, self._at[role]) or None for role in _IDS)
        return end_to_end_id, mandate_id, virtual_account

    def _parties(self, cells: list[str], *, is_in: bool) -> tuple[Party, str | None]:
        """The other side, and the own account where the row tells it."""
        sides = self._in if is_in else self._out
        name = _first(cells, sides.name) or None
        account, scheme = self._account(_first(cells, sides.account))
        address = bic = own = None
        if self._has_address:
            address, bic = _first(cells, self._at["address"]) or None, _first(cells, self._at["bic"]) or None
        if sides.own:
            written = _first(cells, sides.own)
            own = self.facts.own_account(written) if written else None
        if not (name or account or address or bic):
            return NOBODY, own
        return Party(name=name, account=account, account_scheme=scheme, bic=bic, address=address), own

    def _account(self, cell: str) -> tuple[str | None, str | None]:
        """As ``parse_account``; a donor who gives often is reckoned, and kept in memory, once."""
        account = self._accounts.get(cell)
        if account is None:
            account = parse_account(cell)
            if len(self._accounts) < _KEPT:
                self._accounts[cell] = account
        return account

    def _balance(self, cells: list[str], currency: str) -> Money | None:
        written = _first(cells, self._at["balance"])
        if not written:
            return None
        try:
            return parse_amount(written, currency, self.decimal)
        except Unreadable:
            self.unread_balances += 1
            return None

    # ------------------------------------------------------------ cells

    def _joined(self, cells: list[str], role: Role) -> str:
        places = self._at[role]
        text = " ".join(text for at in places if (text := cells[at].strip()))
        return " ".join(text.split()) if "\n" in text else text

    def _fitted(self, cells: list[str]) -> list[str]:
        """The cells, as many as the header has, with room for what pieces of cells will fill."""
        width, count = self.places.width, len(cells)
        if count < width:
            if not self.layout.ragged:
                raise Fault(Reason("row_cut", {"cells": count, "names": width}))
            cells = cells + [""] * (width - count)
        if count > width and not self.places.unnamed_keyed and any(cell.strip() for cell in cells[width:]):
            raise Fault(Reason("row_shifted", {"cells": count, "names": width}))
        if self.places.derived:
            beyond = cells[width:] if self.places.unnamed_keyed else []
            return cells[:width] + [""] * len(self.places.derived) + beyond
        return cells

    def _derive(self, cells: list[str]) -> None:
        """Fill the derived places from split and keyed cells."""
        for at, column in self.places.splits:
            split = _WIDE_GAP.split if column.split.isspace() else None
            text = cells[at].strip()
            pieces = split(text) if split else [piece.strip() for piece in text.split(column.split)]
            pieces = [piece for piece in pieces if piece]
            if len(pieces) != len(column.parts):
                self._fill(cells, column.role, " ".join(pieces))
                continue
            for part, piece in zip(column.parts, pieces, strict=True):
                self._fill(cells, part, piece)
        beyond = range(self.places.width + len(self.places.derived), len(cells))
        for at in (*self.places.keyed, *beyond):
            if not cells[at]:
                continue
            key, colon, value = cells[at].partition(":")
            role = self._keys.get(fold(key)) if colon else None
            self._fill(cells, role or "info", value if role else cells[at])

    def _fill(self, cells: list[str], role: Role, text: str) -> None:
        at = self.places.width + self.places.derived.index(role)
        cells[at] = f"{cells[at]} {text.strip()}".strip()

    # ------------------------------------------------------------ dates

    def _date(self, text: str) -> date:
        try:
            return parse_date(text, self.order)
        except Unreadable as e:
            serial = from_serial(text.strip(), self.epoch) if self.epoch else None
            if serial is None:
                raise Fault(e.reason) from e
            return serial

    def _booked_on(self, cells: list[str]) -> date | Skip:
        place = self.places.roles["booked_on"][0]
        text = cells[place] if place < len(cells) else ""
        if not cells:
            return "blank"
        try:
            return self._date(text)
        except Fault:
            skip = self._find_skip(cells, text)
            if skip:
                return skip
            raise

    def _find_skip(self, cells: list[str], date_text: str) -> Skip | None:
        """Why a row without a date is none of the entries; None when it should have had one."""
        filled = [cell for cell in cells if cell.strip()]
        if not filled:
            return "blank"
        if self.header and tuple(map(fold, cells)) == self.header:
            return "header"
        if self._is_footer(cells, filled, date_text):
            return "footer"
        if date_text.strip():
            return None
        is_waiting = self.layout.empty_date == "pending" and len(cells) >= self.places.width
        return "pending" if is_waiting or (self._pending and self._is_pending(cells)) else None

    def _is_footer(self, cells: list[str], filled: list[str], date_text: str) -> bool:
        first = fold(filled[0])
        if self.facts.look(0, cells) or any(first.startswith(word) for word in self._skip if word):
            return True
        if first in SUMS or fold(date_text).startswith(_SUMS_AND_MORE):
            return True
        return len(filled) == 1 and filled[0].strip()[0].isalpha() and not date_text[:1].isdigit()

    # ------------------------------------------------------------ amounts

    def _currency(self, cells: list[str], written: str) -> str:
        code = _first(cells, self._at["currency"])
        if code in self._codes:
            return code
        code = code.upper() or self.currency or self._unit(written)
        if not code:
            raise Fault(Reason("unknown_currency.none"))
        if not _CODE.fullmatch(code):
            raise Fault(Reason("unknown_currency", {"text": repr(code[:20])}))
        self._codes.add(code)
        return code

    def _unit(self, written: str) -> str:
        try:
            return plain_number(written, self.decimal)[1]
        except Unreadable as e:
            raise Fault(e.reason) from e

    def _parsed(self, cells: list[str], role: Role) -> Money | None:
        written = _first(cells, self._at[role])
        if not written or written in NOTHING:
            return None
        currency = self._currency(cells, written)
        amount = self._amounts.get((written, currency))
        if amount is None:
            try:
                amount = parse_amount(written, currency, self.decimal)
            except Unreadable as e:
                raise Fault(e.reason) from e
            if len(self._amounts) < _KEPT:
                self._amounts[written, currency] = amount  # gifts come in round sums
        return amount

    def _signed(self, cells: list[str]) -> Money | None:
        amount = self._parsed(cells, "amount")
        return -amount if amount and self.layout.amounts == "inverse" else amount

    def _directed(self, cells: list[str]) -> Money | None:
        amount = self._parsed(cells, "amount")
        if amount is None:
            return None
        word = fold_word(_first(cells, self._at["direction"]))
        sign = self._signs.get(word)
        if sign is None or amount.minor < 0:
            raise Fault(Reason("unreadable_direction", {"text": repr(word[:40]), "amount": str(amount)}))
        return amount if sign > 0 else -amount

    def _in_or_out(self, cells: list[str]) -> Money | None:
        debit, credit = self._parsed(cells, "debit"), self._parsed(cells, "credit")
        if debit and debit.minor and credit and credit.minor:
            raise Fault(Reason("two_amounts", {"debit": str(debit), "credit": str(credit)}))
        if credit and (credit.minor or not debit):
            return credit
        return -debit if debit and self.layout.debits == "positive" else debit

    def _without_amount(self, amount: Money | None) -> Skip:
        if amount is not None:
            return "zero"
        if self.layout.empty_amount == "skip":
            return "no_amount"
        raise Fault(Reason("unreadable_amount.empty"))


def _first(cells: list[str], places: tuple[int, ...]) -> str:
    """The first filled cell of those that may hold the same."""
    for at in places:
        if text := cells[at].strip():
            return text
    return ""


def fold_header(row: Row | None) -> tuple[str, ...]:
    """The fold names, to know the header when a page repeats it."""
    return tuple(map(fold, row.cells)) if row else ()
