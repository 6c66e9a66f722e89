"""Propose a layout for a table that nobody knows: which row is the header, which column is which, and why.

It decides only what the file proves. What can be read in two ways becomes a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from importers.sheet import Row, Unsheetable
from importers.statement import Problem
from importers.table.layout import Column, Layout
from importers.table.placing import account_of
from importers.table.proof import Question, settled
from importers.table.reading import AnySheet
from importers.table.words import (
    BESIDE,
    MONEY_IN,
    MONEY_OUT,
    NOT_BOOKED,
    NOTHING,
    VOCABULARY,
    Role,
    folded,
    role_named,
)
from importers.text import date_orders, decimal_signs

Kind = Literal["date", "amount", "account", "currency", "text", "empty"]
_MOSTLY: Final = 0.8
_SAMPLES: Final = 3
_LOOKED_AT: Final = 200
_LONG_NUMBER: Final = 8  # digits without a sign from which a number is rather a reference than an amount
_CODE: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_FITTING: Final[dict[Kind, frozenset[str]]] = {
    "date": frozenset(("booked_on", "value_on")),
    "amount": frozenset(("amount", "debit", "credit", "balance")),
    "account": frozenset(
        ("account", "account_from", "account_to", "own_account", "bank_ref", "virtual_account")
    ),
    "currency": frozenset(("currency",)),
}
_ONLY_ONE: Final = frozenset(
    ("booked_on", "value_on", "amount", "debit", "credit", "balance", "currency", "direction")
)


@dataclass(frozen=True, slots=True)
class Guess:
    """One column: what it seems to hold and the reason, with a few of its cells. ``role`` None: not used."""

    position: int
    header: str
    role: Role | None
    reason: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found out: ``layout`` is a draft with all that is certain, ``known`` a layout that fits."""

    layout: Layout | None = None
    known: Layout | None = None
    header_line: int = 0
    columns: tuple[Guess, ...] = ()
    questions: tuple[Question, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    proved_by_balance: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def detected(sheet: AnySheet, *, known: Layout | None) -> Detection:
    """Look at the first rows of a sheet. Raises Unsheetable when no row looks like an entry."""
    head = sheet.head(_LOOKED_AT)
    body = [row for row in head if _is_entry(row.cells)]
    if not body:
        raise Unsheetable("no_rows", "No row of the file has both a date and an amount.")
    width = Counter(len(row.cells) for row in body).most_common(1)[0][0]
    body = [row for row in body if len(row.cells) == width]
    header = _header(head, body[0].line, width)
    guesses = _guesses(header, [row.cells for row in body], width)
    draft = _draft(sheet, guesses, header, body)
    places = [(guess.position, guess.role) for guess in guesses]
    draft, questions, proved = settled(sheet, draft, places, body[0].line)
    return Detection(
        layout=draft,
        known=known,
        header_line=header.line if header else 0,
        columns=tuple(guesses),
        questions=tuple(questions),
        sample=tuple(tuple(row.cells) for row in body[:5]),
        proved_by_balance=proved,
        facts={**sheet.facts(), "header_line": str(header.line if header else 0)},
    )


# ---------------------------------------------------------------- rows and columns


def _is_entry(cells: Sequence[str]) -> bool:
    kinds = [_kind_of(cell) for cell in cells]
    return "date" in kinds and "amount" in kinds


def _kind_of(cell: str) -> Kind:
    cell = cell.strip()
    if not cell or cell in NOTHING:
        return "empty"
    if date_orders((cell,)):
        return "date"
    if decimal_signs((cell,)) and (any(sign in cell for sign in ".,") or len(cell) < _LONG_NUMBER):
        return "amount"
    if account_of(cell)[1] == "iban":
        return "account"
    return "currency" if _CODE.fullmatch(cell) else "text"


def _header(head: Sequence[Row], before: int, width: int) -> Row | None:
    """The nearest row above the entries whose cells are names, for at least half of the columns."""
    above = [row for row in head if row.line < before and row.cells]
    for row in reversed(above):
        names = [cell for cell in row.cells if cell.strip()]
        if len(names) * 2 >= width and len(names) > 1 and all(_kind_of(name) == "text" for name in names):
            return row
    return None


def _guesses(header: Row | None, body: Sequence[Sequence[str]], width: int) -> list[Guess]:
    taken: set[str] = set()
    guesses = _booked_first([_by_name(at, header, body, taken) for at in range(width)], taken)
    for at, guess in enumerate(guesses):
        if guess.role is None:
            guesses[at] = _by_cells(guess, body, taken)
    return guesses


def _booked_first(guesses: list[Guess], taken: set[str]) -> list[Guess]:
    """Of several columns that could be the booking date, the one whose name is likelier."""
    likelier = VOCABULARY["booked_on"].split("|")
    told = {g.position: role_named(g.header) for g in guesses if g.header}
    ranked = [(likelier.index(t[1]), at) for at, t in told.items() if t and t[0] == "booked_on"]
    chosen = next((g.position for g in guesses if g.role == "booked_on"), None)
    if chosen is None or min(ranked)[1] == chosen:
        return guesses
    better = min(ranked)[1]
    other: Role | None = None if "value_on" in taken else "value_on"
    taken.add("value_on")
    guesses[better] = replace(
        guesses[better], role="booked_on", reason="Its name is that of the booking date."
    )
    guesses[chosen] = replace(
        guesses[chosen], role=other, reason="Another column is rather the booking date."
    )
    return guesses


def _by_name(at: int, header: Row | None, body: Sequence[Sequence[str]], taken: set[str]) -> Guess:
    name = header.cells[at].strip() if header and at < len(header.cells) else ""
    kind = _kind(at, body)
    samples = tuple(dict.fromkeys(row[at].strip() for row in body if row[at].strip()))[:_SAMPLES]
    told = role_named(name) if name else None
    if told is None:
        return Guess(at, name, None, f"The name tells nothing; the cells look like {kind}.", samples)
    role, word = told
    role = _by_neighbour(role, kind, body, at)
    if role in ("amount", "currency") and BESIDE.search(folded(name)):
        return Guess(at, name, None, f"{name!r} stands beside the entry's own {role}.", samples)
    if role in _ONLY_ONE and role in taken:
        return Guess(at, name, None, f"{word!r} tells {role}, but another column has it already.", samples)
    if kind not in ("empty", "text") and role not in _FITTING[kind] and (kind != "amount" or role in _TYPED):
        return Guess(at, name, None, f"{word!r} tells {role}, but the cells look like {kind}.", samples)
    if kind == "text" and role in _TYPED:
        return Guess(at, name, None, f"{word!r} tells {role}, but the cells are text.", samples)
    taken.add(role)
    return Guess(at, name, role, f"The name has {word!r}; the cells look like {kind}.", samples)


_TYPED: Final = frozenset(("booked_on", "value_on", "amount", "debit", "credit", "balance", "currency"))


def _by_neighbour(role: Role, kind: Kind, body: Sequence[Sequence[str]], at: int) -> Role:
    """Names that mean two things: ``valuta`` is a currency or a date, ``type`` may tell the direction."""
    if role == "currency" and kind == "date":
        return "value_on"
    if role == "value_on" and kind == "currency":
        return "currency"
    words = {folded(row[at]) or row[at].strip() for row in body if row[at].strip()}
    if role in ("direction", "bank_code") and words <= {*MONEY_IN, *MONEY_OUT}:
        return "direction"
    if role == "info" and not words.isdisjoint(map(folded, NOT_BOOKED)):
        return "status"
    return "bank_code" if role == "direction" else role


def _kind(at: int, body: Sequence[Sequence[str]]) -> Kind:
    kinds = Counter(_kind_of(row[at]) for row in body if _kind_of(row[at]) != "empty")
    if not kinds:
        return "empty"
    kind, count = kinds.most_common(1)[0]
    return kind if count >= kinds.total() * _MOSTLY else "text"


def _by_cells(guess: Guess, body: Sequence[Sequence[str]], taken: set[str]) -> Guess:
    kind = _kind(guess.position, body)
    if kind in ("amount", "currency") and BESIDE.search(folded(guess.header)):
        return guess
    if "direction" not in taken and _tells_direction(guess.position, body):
        taken.add("direction")
        return replace(guess, role="direction", reason="The cells tell money in from money out.")
    by_kind: dict[Kind, tuple[Role, ...]] = {
        "date": ("booked_on", "value_on"),
        "amount": () if taken & {"debit", "credit"} else ("amount",),
        "account": ("account",),
        "currency": ("currency",),
        "text": () if guess.header else ("remittance",),
    }
    role = next((role for role in by_kind.get(kind, ()) if role not in taken), None)
    if role is None:
        return guess
    taken.add(role)
    return replace(guess, role=role, reason=f"The cells look like {kind}, and no other column is {role}.")


def _tells_direction(at: int, body: Sequence[Sequence[str]]) -> bool:
    words = {folded(row[at]) or row[at].strip() for row in body}
    return words <= {*MONEY_IN, *MONEY_OUT} and not (words <= {*MONEY_IN} or words <= {*MONEY_OUT})


# ---------------------------------------------------------------- the draft


def _draft(sheet: AnySheet, guesses: Sequence[Guess], header: Row | None, body: Sequence[Row]) -> Layout:
    columns = []
    seen: Counter[str] = Counter()
    for guess in guesses:
        name = folded(guess.header)
        if guess.role:
            by_name = header is not None and bool(name)
            columns.append(
                Column(
                    guess.role,
                    name=guess.header if by_name else "",
                    position=None if by_name else guess.position,
                    nth=seen[name] if by_name else 0,
                )
            )
        seen[name] += 1
    names = tuple(cell.strip() for cell in header.cells if folded(cell)) if header else ()
    return Layout(
        name="",
        columns=tuple(columns),
        header=names,
        exact=True,
        delimiter=sheet.delimiter,
        first_row=1 if names else body[0].line,
        amounts="" if {guess.role for guess in guesses} & {"amount", "direction"} == {"amount"} else "signed",
        money_in=_words(guesses, body, MONEY_IN),
        money_out=_words(guesses, body, MONEY_OUT),
        debits="negative" if _mostly_negative(guesses, body) else "positive",
        pending_words=NOT_BOOKED if any(guess.role == "status" for guess in guesses) else (),
    )


def _words(guesses: Sequence[Guess], body: Sequence[Row], known: Sequence[str]) -> tuple[str, ...]:
    at = next((guess.position for guess in guesses if guess.role == "direction"), None)
    if at is None:
        return ()
    written = dict.fromkeys(row.cells[at].strip() for row in body if row.cells[at].strip())
    return tuple(word for word in written if (folded(word) or word) in known)


def _mostly_negative(guesses: Sequence[Guess], body: Sequence[Row]) -> bool:
    at = next((guess.position for guess in guesses if guess.role == "debit"), None)
    cells = [row.cells[at].strip() for row in body if row.cells[at].strip()] if at is not None else []
    return sum("-" in cell for cell in cells) * 2 > len(cells)
