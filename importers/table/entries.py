"""One row of a bank's table becomes an entry, is skipped for a reason, or fails with one.

It reads cells by a layout and keeps the entries by account and currency; whether they add
up to the balances is for ``checks``.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from msgspec.structs import replace

from donorhub.money import Money
from importers.codes import Reason, Skip
from importers.folding import fold_text
from importers.sheet import Row
from importers.statement import FEE, NOBODY, Detail, Entry, Party
from importers.table.amounts import MOST_VALUES, AmountReader, UnreadableRow, get_first_text
from importers.table.layout import Layout
from importers.table.placing import Facts, Places, parse_account
from importers.table.words import ROLES, SUMS, Role
from importers.table.workbook import parse_serial
from importers.text import DateOrder, Unreadable, parse_amount, parse_date

_IDS: Final[tuple[Role, ...]] = ("end_to_end_id", "mandate_id", "virtual_account")
_SUMS_AND_MORE: Final = tuple(f"{word} " for word in SUMS)
_WIDE_GAP: Final = re.compile(r" {2,}")


@dataclass(slots=True)
class Group:
    """The entries of one account in one currency, and the line of the file that each came from."""

    entries: list[Entry] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("L"))


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
    _parties: dict[str, Party] = field(default_factory=dict)  # by the cell of the account
    _texts: dict[str, str] = field(default_factory=dict)
    _amounts: AmountReader = field(init=False)
    _pending_words: frozenset[str] = field(init=False)
    _skip_words: tuple[str, ...] = field(init=False)
    _in: Sides = field(init=False)
    _out: Sides = field(init=False)
    _places_of: dict[Role, tuple[int, ...]] = field(init=False)
    _has_ids: bool = field(init=False)
    _has_address: bool = field(init=False)
    _keys: dict[str, Role] = field(init=False)
    _has_fee: bool = field(init=False)
    _fee_name: str = field(init=False)
    _holds: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._pending_words = frozenset(map(fold_text, self.layout.pending_words))
        self._skip_words = tuple(map(fold_text, self.layout.skip))
        self._places_of = {role: self.places.roles.get(role, ()) for role in ROLES}
        at = self._places_of
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
        self._keys = {fold_text(key): role for key, role in self.layout.keys}
        self._has_fee = bool(at["fee"])
        self._fee_name = (
            next((column.name for column in self.layout.columns if column.role == "fee"), "") or FEE
        )
        self._holds = frozenset(map(fold_text, self.layout.holds))
        self._amounts = AmountReader(self.layout, at, self.decimal, self.currency)

    def read_row(self, row: Row) -> Entry | Skip:
        """Return the entry of a row, which joins its group, or why it is none; raise UnreadableRow."""
        if row.fault:
            raise UnreadableRow(row.fault)
        day = self._read_day(row.cells)
        if isinstance(day, str):
            return day
        cells = self._fit_cells(row.cells)
        if self.places.derived_roles:
            self._derive_cells(cells)
        is_pending = bool(self._pending_words) and self._is_pending(cells)
        if is_pending and self.layout.pending == "skip":
            return "pending"
        amount = self._amounts.read_amount(cells)
        fee = self._amounts.read_fee(cells, amount.currency) if self._has_fee and amount is not None else None
        if amount is None or not (amount.minor or fee):
            return self._skip_empty(amount)
        if self._holds and fold_text(get_first_text(cells, self._places_of["bank_code"])) in self._holds:
            self._add_entry(row, cells, day, amount, "info", fee)
            return "hold"
        return self._add_entry(row, cells, day, amount, "pending" if is_pending else "booked", fee)

    def _is_pending(self, cells: list[str]) -> bool:
        return any(
            at < len(cells) and fold_text(cells[at]) in self._pending_words
            for at in self._places_of["status"]
        )

    # ------------------------------------------------------------ the entry

    def _add_entry(
        self,
        row: Row,
        cells: list[str],
        day: date,
        amount: Money,
        status: Literal["booked", "pending", "info"],
        fee: Money | None,
    ) -> Entry:
        at = self._places_of
        party, own = self._find_parties(cells, is_in=amount.minor > 0)
        group = self.groups.get((own, amount.currency)) or Group()
        end_to_end_id, mandate_id, virtual_account = self._find_ids(cells)
        remittance = self._join_cells(cells, "remittance")
        if self.layout.name_after and party is NOBODY:
            party = self._find_named_party(remittance)
        detail = Detail(
            0,
            amount,
            counterparty=party,
            end_to_end_id=end_to_end_id,
            mandate_id=mandate_id,
            virtual_account=virtual_account,
            remittance=remittance,
        )
        value_on = get_first_text(cells, at["value_on"])
        entry = Entry(
            len(group.entries),
            day,
            amount,
            value_on=self._parse_day(value_on) if value_on else None,
            status=status,
            bank_ref=get_first_text(cells, at["bank_ref"]).strip("'") or None,
            bank_code=get_first_text(cells, at["bank_code"]) or None,
            info=self._join_cells(cells, "info") or None,
            balance_after=self._parse_balance(cells, amount.currency) if at["balance"] else None,
            details=(detail,),
            raw=row.raw,
        )
        if fee is not None:
            entry = self._take_fee(entry, detail, fee)
        group.entries.append(entry)
        group.lines.append(row.line)
        self.groups[own, amount.currency] = group
        return entry

    def _find_named_party(self, text: str) -> Party:
        """Return whom a text names behind one of the layout's beginnings, as in "Payment from Anna"."""
        beginning = next((words for words in self.layout.name_after if text.startswith(words)), text)
        name = text[len(beginning) :].strip()
        return Party(name=name) if name else NOBODY

    def _take_fee(self, entry: Entry, detail: Detail, fee: Money) -> Entry:
        """Return the entry as what moved the account, with the payment and its fee in it; a fee without a
        payment is the whole entry.
        """
        total = entry.amount + fee if self.layout.fees == "beside" else entry.amount
        payment = total - fee
        if not payment.minor:
            return replace(entry, amount=total, details=(replace(detail, amount=total),))
        fee_detail = Detail(1, fee, remittance=self._fee_name, purpose=FEE)
        return replace(entry, amount=total, details=(replace(detail, amount=payment), fee_detail))

    def _find_ids(self, cells: list[str]) -> tuple[str | None, str | None, str | None]:
        if not self._has_ids:
            return None, None, None
        end_to_end_id, mandate_id, virtual_account = (
            get_first_text(cells, self._places_of[role]) or None for role in _IDS
        )
        return end_to_end_id, mandate_id, virtual_account

    def _find_parties(self, cells: list[str], *, is_in: bool) -> tuple[Party, str | None]:
        """Return the other side, and the own account where the row tells it."""
        sides = self._in if is_in else self._out
        name = get_first_text(cells, sides.name) or None
        address = bic = own = None
        if self._has_address:
            address, bic = (
                get_first_text(cells, self._places_of["address"]) or None,
                get_first_text(cells, self._places_of["bic"]) or None,
            )
        if sides.own:
            text = get_first_text(cells, sides.own)
            own = self.facts.find_own_account(text) if text else None
            if own is None and text and self.layout.account:
                own = f"{self.layout.account} {text}".upper()
        return self._make_party(name, get_first_text(cells, sides.account), address, bic), own

    def _make_party(self, name: str | None, account_cell: str, address: str | None, bic: str | None) -> Party:
        """Return the party of a row; one who gives often is worked out, and held in memory, once."""
        earlier_party = self._parties.get(account_cell)
        if earlier_party is None:
            account, scheme = parse_account(account_cell)
        elif (earlier_party.name, earlier_party.address, earlier_party.bic) == (name, address, bic):
            return earlier_party
        else:
            account, scheme = earlier_party.account, earlier_party.account_scheme
        if not (name or account or address or bic):
            return NOBODY
        party = Party(name=name, account=account, account_scheme=scheme, bic=bic, address=address)
        if earlier_party is None and len(self._parties) < MOST_VALUES:
            self._parties[account_cell] = party
        return party

    def _parse_balance(self, cells: list[str], currency: str) -> Money | None:
        text = get_first_text(cells, self._places_of["balance"])
        if not text:
            return None
        try:
            return parse_amount(text, currency, self.decimal)
        except Unreadable:
            self.unread_balances += 1
            return None

    # ------------------------------------------------------------ cells

    def _join_cells(self, cells: list[str], role: Role) -> str:
        places = self._places_of[role]
        text = " ".join(text for at in places if (text := cells[at].strip()))
        return self._share_text(" ".join(text.split()) if "\n" in text else text)

    def _share_text(self, text: str) -> str:
        """Return an equal text of an earlier row: a purpose that comes often is held in memory once."""
        if len(self._texts) < MOST_VALUES:
            return self._texts.setdefault(text, text)
        return self._texts.get(text, text)

    def _fit_cells(self, cells: list[str]) -> list[str]:
        """Return the cells, as many as the header has, with room for what pieces of cells will fill."""
        width, count = self.places.width, len(cells)
        if count < width:
            if not self.layout.ragged:
                raise UnreadableRow(Reason("row_cut", {"cells": count, "names": width}))
            cells = cells + [""] * (width - count)
        if (
            count > width
            and not self.places.takes_unnamed_keys
            and any(cell.strip() for cell in cells[width:])
        ):
            raise UnreadableRow(Reason("row_shifted", {"cells": count, "names": width}))
        if self.places.derived_roles:
            beyond = cells[width:] if self.places.takes_unnamed_keys else []
            return cells[:width] + [""] * len(self.places.derived_roles) + beyond
        return cells

    def _derive_cells(self, cells: list[str]) -> None:
        """Fill the derived places from split and keyed cells."""
        for at, column in self.places.splits:
            split = _WIDE_GAP.split if column.split.isspace() else None
            text = cells[at].strip()
            pieces = split(text) if split else [piece.strip() for piece in text.split(column.split)]
            pieces = [piece for piece in pieces if piece]
            if len(pieces) != len(column.parts):
                self._fill_cell(cells, column.role, " ".join(pieces))
                continue
            for part, piece in zip(column.parts, pieces, strict=True):
                self._fill_cell(cells, part, piece)
        beyond = range(self.places.width + len(self.places.derived_roles), len(cells))
        for at in (*self.places.keyed_places, *beyond):
            if not cells[at]:
                continue
            key, colon, value = cells[at].partition(":")
            role = self._keys.get(fold_text(key)) if colon else None
            self._fill_cell(cells, role or "info", value if role else cells[at])

    def _fill_cell(self, cells: list[str], role: Role, text: str) -> None:
        at = self.places.width + self.places.derived_roles.index(role)
        cells[at] = f"{cells[at]} {text.strip()}".strip()

    # ------------------------------------------------------------ dates

    def _parse_day(self, text: str) -> date:
        try:
            return parse_date(text, self.order)
        except Unreadable as e:
            serial = parse_serial(text.strip(), self.epoch) if self.epoch else None
            if serial is None:
                raise UnreadableRow(e.reason) from e
            return serial

    def _read_day(self, cells: list[str]) -> date | Skip:
        place = self.places.roles["booked_on"][0]
        text = cells[place] if place < len(cells) else ""
        if not cells:
            return "blank"
        try:
            return self._parse_day(text)
        except UnreadableRow:
            skip = self._find_skip(cells, text)
            if skip:
                return skip
            raise

    def _find_skip(self, cells: list[str], date_text: str) -> Skip | None:
        """Return why a row without a date is none of the entries; None when it should have had one."""
        texts = [cell for cell in cells if cell.strip()]
        if not texts:
            return "blank"
        if self.header and tuple(map(fold_text, cells)) == self.header:
            return "header"
        if self._is_footer(cells, texts, date_text):
            return "footer"
        if date_text.strip():
            return None
        is_waiting = self.layout.empty_date == "pending" and len(cells) >= self.places.width
        return "pending" if is_waiting or (self._pending_words and self._is_pending(cells)) else None

    def _is_footer(self, cells: list[str], texts: list[str], date_text: str) -> bool:
        first = fold_text(texts[0])
        if self.facts.take_row(0, cells) or any(first.startswith(word) for word in self._skip_words if word):
            return True
        if first in SUMS or fold_text(date_text).startswith(_SUMS_AND_MORE):
            return True
        return len(texts) == 1 and texts[0].strip()[0].isalpha() and not date_text[:1].isdigit()

    def _skip_empty(self, amount: Money | None) -> Skip:
        if amount is not None:
            return "zero"
        if self.layout.empty_amount == "skip":
            return "no_amount"
        raise UnreadableRow(Reason("unreadable_amount.empty"))


def fold_header(row: Row | None) -> tuple[str, ...]:
    """Return the folded names, to know the header when a page repeats it."""
    return tuple(map(fold_text, row.cells)) if row else ()
