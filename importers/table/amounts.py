"""The amount of a row: with a sign, with a word for its direction, or in columns for money in and out.

It reads the cells of one file; what a row without an amount is, is for ``entries``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from donorhub.money import Money, is_currency
from importers.codes import Reason, RowFault
from importers.folding import fold_word
from importers.table.layout import Layout
from importers.table.words import NOTHING, Role
from importers.text import Unreadable, parse_amount, parse_number

_SOME: Final = re.compile(r"[1-9]")
MOST_VALUES: Final = 20_000  # values that are remembered of a file


class UnreadableRow(ValueError):
    """A row that cannot be read; ``reason`` says why."""

    def __init__(self, reason: Reason[RowFault]) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(slots=True)
class AmountReader:
    """Reads the amounts of one file; ``currency`` is the account's, "" when only the rows can tell."""

    layout: Layout
    places: Mapping[Role, tuple[int, ...]]
    decimal: str
    currency: str
    _read_by_kind: Callable[[AmountReader, list[str]], Money | None] = field(init=False)
    _signs: dict[str, int] = field(init=False)
    _codes: set[str] = field(default_factory=set)  # currencies that were seen
    _amounts: dict[tuple[str, str], Money] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._signs = {fold_word(word): 1 for word in self.layout.money_in}
        self._signs |= {fold_word(word): -1 for word in self.layout.money_out}
        # Functions, not methods of ours: a circle would keep all amounts until the collector finds it.
        self._read_by_kind = AmountReader._read_sides
        if self.places["amount"]:
            is_directed = bool(self.places["direction"])
            self._read_by_kind = AmountReader._read_directed if is_directed else AmountReader._read_signed

    def read_amount(self, cells: list[str]) -> Money | None:
        """Return the amount as the account sees it, or None where its cells are empty; raise
        UnreadableRow.
        """
        return self._read_by_kind(self, cells)

    def read_fee(self, cells: list[str], currency: str) -> Money | None:
        """Return the fee as the account sees it, negative where it is taken; None for none.

        Raise UnreadableRow.
        """
        text = get_first_text(cells, self.places["fee"])
        if not text or text in NOTHING:
            return None
        try:
            fee = parse_amount(text, currency, self.decimal)
        except Unreadable as e:
            raise UnreadableRow(e.reason) from e
        if not fee.minor:
            return None
        if not self.layout.fees:
            raise UnreadableRow(Reason("unclear_fee", {"text": repr(text[:20])}))
        return -fee if self.layout.fee_sign == "positive" else fee

    def _find_currency(self, cells: list[str], text: str) -> str:
        code = get_first_text(cells, self.places["currency"])
        if code in self._codes:
            return code
        code = code.upper() or self.currency or self._find_unit(text)
        if not code:
            raise UnreadableRow(Reason("unknown_currency.none"))
        if not is_currency(code):
            raise UnreadableRow(Reason("unknown_currency", {"text": repr(code[:20])}))
        self._codes.add(code)
        return code

    def _find_unit(self, text: str) -> str:
        try:
            return parse_number(text, self.decimal)[1]
        except Unreadable as e:
            raise UnreadableRow(e.reason) from e

    def _parse_cell(self, cells: list[str], role: Role) -> Money | None:
        text = get_first_text(cells, self.places[role])
        if not text or text in NOTHING:
            return None
        currency = self._find_currency(cells, text)
        amount = self._amounts.get((text, currency))
        if amount is None:
            try:
                amount = parse_amount(text, currency, self.decimal)
            except Unreadable as e:
                raise UnreadableRow(e.reason) from e
            if len(self._amounts) < MOST_VALUES:
                self._amounts[text, currency] = amount  # gifts come in round sums
        return amount

    def _read_signed(self, cells: list[str]) -> Money | None:
        amount = self._parse_cell(cells, "amount")
        return -amount if amount and self.layout.amounts == "inverse" else amount

    def _read_directed(self, cells: list[str]) -> Money | None:
        amount = self._parse_cell(cells, "amount")
        if amount is None:
            return None
        word = fold_word(get_first_text(cells, self.places["direction"]))
        sign = self._signs.get(word)
        if sign is None or amount.minor < 0:
            raise UnreadableRow(
                Reason("unreadable_direction", {"text": repr(word[:40]), "amount": str(amount)})
            )
        return amount if sign > 0 else -amount

    def _read_sides(self, cells: list[str]) -> Money | None:
        debit, credit = self._parse_cell(cells, "debit"), self._parse_cell(cells, "credit")
        if debit and debit.minor and credit and credit.minor:
            raise UnreadableRow(Reason("two_amounts", {"debit": str(debit), "credit": str(credit)}))
        if credit and (credit.minor or not debit):
            return credit
        return -debit if debit and self.layout.debits == "positive" else debit


def has_fees(texts: Iterable[str]) -> bool:
    """Return whether any cell of a fee column holds more than nothing."""
    return any(_SOME.search(text) for text in texts)


def get_first_text(cells: list[str], places: tuple[int, ...]) -> str:
    """Return the first filled cell of those that may hold the same."""
    for at in places:
        if text := cells[at].strip():
            return text
    return ""
