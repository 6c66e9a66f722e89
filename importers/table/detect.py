"""Tell what the columns of a table that nobody knows seem to hold: which row is the header, which role fits.

It looks at names and cells only. What a layout is made of them, and what stays open, is for ``draft``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from donorhub.money import is_currency
from importers.codes import Ground, Reason
from importers.folding import fold_text, fold_word
from importers.sheet import Row, UnreadableTable
from importers.table.money_columns import counts_rows
from importers.table.placing import parse_account
from importers.table.reading import AnySheet
from importers.table.words import (
    BESIDE,
    MONEY_IN,
    MONEY_OUT,
    NOT_BOOKED,
    NOTHING,
    VOCABULARY,
    Role,
    find_role,
)
from importers.text import find_date_orders, find_decimal_signs

Kind = Literal["date", "amount", "account", "currency", "text", "empty"]
LOOKED_AT: Final = 200  # rows
_MOSTLY: Final = 0.8
_SAMPLES: Final = 3
_LONG_NUMBER: Final = 8  # digits without a sign from which a number is rather a reference than an amount
_FITTING: Final[dict[Kind, frozenset[Role]]] = {
    "date": frozenset[Role](("booked_on", "value_on")),
    "amount": frozenset[Role](("amount", "debit", "credit", "fee", "balance")),
    "account": frozenset[Role](
        ("account", "account_from", "account_to", "own_account", "bank_ref", "virtual_account")
    ),
    "currency": frozenset[Role](("currency",)),
}
_VALUE_ROLES: Final[frozenset[Role]] = frozenset(
    ("booked_on", "value_on", "amount", "debit", "credit", "fee", "balance", "currency")
)
MONEY_ROLES: Final = frozenset[Role](("amount", "debit", "credit"))
ONE_COLUMN: Final[frozenset[Role]] = _VALUE_ROLES | {
    "direction"
}  # roles that a table gives to one column only
_NO_ROLE: Final[Reason[Ground]] = Reason("name_silent")


@dataclass(frozen=True, slots=True)
class Guess:
    """One column: the role it seems to have, and why, or why none; with a few of its cells."""

    position: int
    header: str
    role: Role | None
    reason: Reason[Ground]
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """The header of a table, None for one without; its first entries; and what each column seems to be."""

    header: Row | None
    body: tuple[Row, ...]
    columns: tuple[Guess, ...]

    @property
    def header_line(self) -> int:
        """Where the header stands; 0 for a table without."""
        return self.header.line if self.header else 0


def detect_columns(sheet: AnySheet) -> Detection:
    """Return what the first rows of a sheet show; raise UnreadableTable when no row looks like an entry."""
    head = sheet.read_head(LOOKED_AT)
    body = [row for row in head if _is_entry(row.cells)]
    if not body:
        raise UnreadableTable("no_rows.nothing_like_an_entry")
    width = Counter(len(row.cells) for row in body).most_common(1)[0][0]
    body = [row for row in body if len(row.cells) == width]
    header = _find_header(head, body[0].line, width)
    columns = _guess_columns(header, [row.cells for row in body], width)
    return Detection(header, tuple(body), tuple(columns))


def guess_by_names(header: Row, width: int) -> dict[int, tuple[Role, Reason[Ground]]]:
    """Return the roles that the names of a header tell, each role of one column once."""
    prior_roles: set[Role] = set()
    roles: dict[int, tuple[Role, Reason[Ground]]] = {}
    for at, cell in enumerate(header.cells[:width]):
        role_and_word = find_role(cell) if cell.strip() else None
        if role_and_word and (role_and_word[0] not in prior_roles or role_and_word[0] not in ONE_COLUMN):
            prior_roles.add(role_and_word[0])
            roles[at] = role_and_word[0], Reason("name")
    return roles


# ---------------------------------------------------------------- rows and columns


def _is_entry(cells: Sequence[str]) -> bool:
    kinds = [_tell_kind(cell) for cell in cells]
    return "date" in kinds and "amount" in kinds


def _tell_kind(cell: str) -> Kind:
    cell = cell.strip()
    if not cell or cell in NOTHING:
        return "empty"
    if find_date_orders((cell,)):
        return "date"
    if find_decimal_signs((cell,)) and (any(sign in cell for sign in ".,") or len(cell) < _LONG_NUMBER):
        return "amount"
    if parse_account(cell)[1] == "iban":
        return "account"
    return "currency" if is_currency(cell) else "text"


def _find_header(head: Sequence[Row], before: int, width: int) -> Row | None:
    """Return the nearest row above the entries whose cells are names, for at least half of the columns."""
    above = [row for row in head if row.line < before and row.cells]
    for row in reversed(above):
        names = [cell for cell in row.cells if cell.strip()]
        if len(names) * 2 >= width and len(names) > 1 and all(_tell_kind(name) == "text" for name in names):
            return row
    return None


def _guess_columns(header: Row | None, body: Sequence[Sequence[str]], width: int) -> list[Guess]:
    prior_roles: set[Role] = set()
    guesses = _choose_booking(
        [_guess_by_name(at, header, body, prior_roles) for at in range(width)], prior_roles
    )
    for at, guess in enumerate(guesses):
        if guess.role is None and guess.reason.code != "row_number":
            guesses[at] = _guess_by_cells(guess, body, prior_roles)
    return _choose_amount(guesses, body, prior_roles)


def _choose_amount(
    guesses: list[Guess], body: Sequence[Sequence[str]], prior_roles: set[Role]
) -> list[Guess]:
    """Return the guesses with the only column that could be the amount; of several none is taken."""
    if prior_roles & MONEY_ROLES:
        return guesses
    places = [guess.position for guess in guesses if _may_be_amount(guess, body)]
    for at in places:
        if len(places) == 1:
            guesses[at] = replace(guesses[at], role="amount", reason=Reason("cells"))
        else:
            guesses[at] = replace(guesses[at], reason=Reason("maybe_amount"))
    return guesses


def _may_be_amount(guess: Guess, body: Sequence[Sequence[str]]) -> bool:
    return (
        guess.role is None
        and guess.reason.code != "row_number"
        and _tell_column_kind(guess.position, body) == "amount"
        and not BESIDE.search(fold_text(guess.header))
    )


def list_money_places(guesses: Sequence[Guess], body: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns of money by their cells, whatever their names say, but for what numbers the rows."""
    return [
        guess.position
        for guess in guesses
        if guess.reason.code != "row_number" and _tell_column_kind(guess.position, body) == "amount"
    ]


def _choose_booking(guesses: list[Guess], prior_roles: set[Role]) -> list[Guess]:
    """Return the guesses with the likelier name as booking date, where several columns could be it."""
    likelier = VOCABULARY["booked_on"].split("|")
    names = {guess.position: find_role(guess.header) for guess in guesses if guess.header}
    ranks = [(likelier.index(name[1]), at) for at, name in names.items() if name and name[0] == "booked_on"]
    choice = next((guess.position for guess in guesses if guess.role == "booked_on"), None)
    if choice is None or min(ranks)[1] == choice:
        return guesses
    better = min(ranks)[1]
    other: Role | None = None if "value_on" in prior_roles else "value_on"
    prior_roles.add("value_on")
    guesses[better] = replace(guesses[better], role="booked_on", reason=Reason("name_of_booking"))
    guesses[choice] = replace(guesses[choice], role=other, reason=Reason("not_booking"))
    return guesses


def _guess_by_name(
    at: int, header: Row | None, body: Sequence[Sequence[str]], prior_roles: set[Role]
) -> Guess:
    name = header.cells[at].strip() if header and at < len(header.cells) else ""
    kind = _tell_column_kind(at, body)
    samples = tuple(dict.fromkeys(row[at].strip() for row in body if row[at].strip()))[:_SAMPLES]
    silent = Guess(at, name, None, _NO_ROLE, samples)
    role_and_word = find_role(name) if name else None
    is_money_by_name = role_and_word is not None and role_and_word[0] in _VALUE_ROLES
    if counts_rows(name, [row[at] for row in body], is_money_by_name=is_money_by_name):
        return replace(silent, reason=Reason("row_number"))
    if role_and_word is None:
        return silent
    role = _correct_by_cells(role_and_word[0], kind, body, at)
    if role in ("amount", "currency") and BESIDE.search(fold_text(name)):
        return replace(silent, reason=Reason("beside", {"role": role}))
    if role in ONE_COLUMN and role in prior_roles:
        return replace(silent, reason=Reason("taken", {"role": role}))
    is_other_kind = kind not in ("empty", "text") and role not in _FITTING[kind]
    if (is_other_kind and (kind != "amount" or role in _VALUE_ROLES)) or (
        kind == "text" and role in _VALUE_ROLES
    ):
        return replace(silent, reason=Reason("cells_differ", {"role": role, "kind": kind}))
    prior_roles.add(role)
    return replace(silent, role=role, reason=Reason("name"))


def _correct_by_cells(role: Role, kind: Kind, body: Sequence[Sequence[str]], at: int) -> Role:
    """Return the role of a name that means two things.

    ``valuta`` is a currency or a date, ``type`` may tell the direction.
    """
    if role == "currency" and kind == "date":
        return "value_on"
    if role == "value_on" and kind == "currency":
        return "currency"
    words = {fold_word(row[at]) for row in body if row[at].strip()}
    if role in ("direction", "bank_code") and words <= {*MONEY_IN, *MONEY_OUT}:
        return "direction"
    if role == "info" and not words.isdisjoint(map(fold_text, NOT_BOOKED)):
        return "status"
    return "bank_code" if role == "direction" else role


def _tell_column_kind(at: int, body: Sequence[Sequence[str]]) -> Kind:
    kinds = Counter(_tell_kind(row[at]) for row in body if _tell_kind(row[at]) != "empty")
    if not kinds:
        return "empty"
    kind, count = kinds.most_common(1)[0]
    return kind if count >= kinds.total() * _MOSTLY else "text"


def _guess_by_cells(guess: Guess, body: Sequence[Sequence[str]], prior_roles: set[Role]) -> Guess:
    kind = _tell_column_kind(guess.position, body)
    if kind in ("amount", "currency") and BESIDE.search(fold_text(guess.header)):
        return guess
    if "direction" not in prior_roles and _tells_direction(guess.position, body):
        prior_roles.add("direction")
        return replace(guess, role="direction", reason=Reason("cells_of_direction"))
    by_kind: dict[Kind, tuple[Role, ...]] = {
        "date": ("booked_on", "value_on"),
        "account": ("account",),
        "currency": ("currency",),
        "text": () if guess.header else ("remittance",),
    }
    role = next((role for role in by_kind.get(kind, ()) if role not in prior_roles), None)
    if role is None:
        return guess
    prior_roles.add(role)
    return replace(guess, role=role, reason=Reason("cells"))


def _tells_direction(at: int, body: Sequence[Sequence[str]]) -> bool:
    words = {fold_word(row[at]) for row in body}
    return words <= {*MONEY_IN, *MONEY_OUT} and not (words <= {*MONEY_IN} or words <= {*MONEY_OUT})
