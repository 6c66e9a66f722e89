"""Which columns of a table hold money: not those that count rows, and those that a balance proves.

It reads the first rows of a table as they are written; whether the whole table adds up is for ``proof``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Final

from importers.folding import fold_text
from importers.table.words import NOTHING, Role
from importers.text import Unreadable, parse_number

Cells = Sequence[Sequence[str]]  # of the first rows
Sums = list[Decimal | None]  # of one column; None for an empty cell
Roles = Mapping[int, Role]

_ROW_NUMBER: Final = re.compile(
    r"l p|lp|nr|no|num|nr rend|nr rendor|numri rendor|rb|r br|redni broj|lfd nr|pos"
)
_WHOLE: Final = re.compile(r"\d{1,7}\.?")
_FEWEST: Final = 3  # rows that show more than a coincidence
_MOST_COLUMNS: Final = 6


def counts_rows(name: str, cells: Sequence[str], *, is_money_by_name: bool = False) -> bool:
    """Return whether a column numbers the rows: whole numbers one by one, or under such a name.

    A column whose name is one of money counts only from 1, and in three rows or more.
    """
    texts = [cell.strip() for cell in cells]
    if not texts or not all(map(_WHOLE.fullmatch, texts)):
        return False
    numbers = [int(text.rstrip(".")) for text in texts]
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    is_counting = steps in ({1}, {-1}) and (len(numbers) >= _FEWEST or min(numbers) == 1)
    if is_money_by_name:
        return is_counting and len(numbers) >= _FEWEST and min(numbers) == 1
    is_named = bool(name.strip()) and (name.strip() == "#" or bool(_ROW_NUMBER.fullmatch(fold_text(name))))
    return is_counting or is_named


def sum_cells(cells: Sequence[str]) -> Decimal:
    """Return the sum of the cells that can be read, each by its own decimal sign."""
    return sum((number for cell in cells if (number := _read_number(cell, None)) is not None), Decimal())


def stand_apart(rows: Sequence[tuple[str, str]]) -> bool:
    """Return whether every fee of these amounts and fees is the amount of another row, taken there."""
    sums = [(_read_number(amount, None), _read_number(fee, None)) for amount, fee in rows]
    fees = Counter(abs(fee) for _, fee in sums if fee)
    charges = Counter(-amount for amount, fee in sums if amount and amount < 0 and not fee)
    return bool(fees) and fees <= charges


def find_proved_roles(rows: Cells, places: Sequence[int]) -> Roles:
    """Return which of these columns are amounts and balance where the balances prove it, else nothing.

    One way to read them must make every balance follow from the one before, and no other way.
    """
    if len(rows) < _FEWEST or len(places) > _MOST_COLUMNS:
        return {}
    proved_roles: list[dict[int, Role]] = []
    for decimal in (",", "."):
        columns = {at: _read_column([row[at] for row in rows], decimal) for at in places}
        proved_roles += [roles for roles in _list_proved(columns) if roles not in proved_roles]
    return proved_roles[0] if len(proved_roles) == 1 else {}


def _read_column(cells: Sequence[str], decimal: str) -> Sums | None:
    """Return the numbers of a column; None where a cell is filled with anything else."""
    sums: Sums = []
    for cell in cells:
        number = _read_number(cell, decimal)
        if number is None and cell.strip() and cell.strip() not in NOTHING:
            return None
        sums.append(number)
    return sums


def _read_number(cell: str, decimal: str | None) -> Decimal | None:
    try:
        return Decimal(parse_number(cell, decimal)[0])
    except Unreadable:
        return None


def _list_proved(columns: Mapping[int, Sums | None]) -> Iterator[dict[int, Role]]:
    readable = {at: sums for at, sums in columns.items() if sums is not None}
    for at, sums in readable.items():
        balances = [number for number in sums if number is not None]
        if len(balances) < len(sums):
            continue
        others = [other for other in readable if other != at]
        for amount in others:
            moves = readable[amount]
            if None not in moves and any(_is_running(balances, _turn_signs(moves, sign)) for sign in (1, -1)):
                yield {amount: "amount", at: "balance"}
        for credit, debit in permutations(others, 2):
            both = _join_sides(readable[credit], readable[debit])
            if both is not None and _is_running(balances, both):
                yield {credit: "credit", debit: "debit", at: "balance"}


def _turn_signs(moves: Sums, sign: int) -> list[Decimal]:
    return [sign * number for number in moves if number is not None]


def _join_sides(credits: Sums, debits: Sums) -> list[Decimal] | None:
    """Return the moves of two columns of which exactly one is filled in each row; None for others."""
    moves: list[Decimal] = []
    for credit, debit in zip(credits, debits, strict=True):
        if bool(credit) == bool(debit):
            return None
        moves.append(credit if credit else -abs(debit or Decimal()))
    has_both = any(credits) and any(debits)
    return moves if has_both else None


def _is_running(balances: Sequence[Decimal], moves: Sequence[Decimal]) -> bool:
    """Return whether each balance follows from the one above it, or from the one below it."""
    if not any(moves):
        return False
    rows = list(zip(balances, moves, strict=True))
    return all(before + move == after for (before, _), (after, move) in pairwise(rows)) or all(
        before + move == after for (after, move), (before, _) in pairwise(rows)
    )
