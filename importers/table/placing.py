"""Where things stand in one file: the header row, the columns of each role, the facts around the rows.

It compares names and counts columns; the rows themselves are read by ``entries``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from importers.iban import from_nrb, is_iban, without_blanks
from importers.sheet import Row, Unsheetable
from importers.table.layout import Column, Found, Layout
from importers.table.words import Role, folded

_HALF: Final = 0.5
_FEWEST_DIGITS: Final = 6
_LONGEST_ACCOUNT: Final = 34  # ISO 13616


@dataclass(frozen=True, slots=True)
class Places:
    """The header's row and the columns of each role; places at ``width`` and beyond are filled by us."""

    header_line: int  # 0: the table has none, and begins at the layout's first row
    width: int
    roles: Mapping[Role, tuple[int, ...]]
    splits: tuple[tuple[int, Column], ...]
    keyed: tuple[int, ...]
    unnamed_keyed: bool
    derived: tuple[Role, ...]  # of the places from ``width`` on


def header_at(rows: Sequence[Row], layout: Layout) -> Row | None:
    """The row that has the layout's column names, all of them and no other where it is ``exact``."""
    wanted = Counter(filter(None, map(folded, layout.header)))
    needed = Counter({folded(column.name): 1 for column in layout.columns if _is_needed(column)})
    for column in layout.columns:  # of several columns of one name, as many as there were
        if wanted[folded(column.name)] > 1:
            needed[folded(column.name)] = wanted[folded(column.name)]
    for row in rows:
        names = Counter(filter(None, map(folded, row.cells)))
        if names == wanted or (not layout.exact and needed and needed <= names):
            return row
    return None


def _is_needed(column: Column) -> bool:
    return bool(column.name) and not column.optional


def changed_header(rows: Sequence[Row], layout: Layout) -> str:
    """What is different in the row most like the layout's header: a sentence, or "" when none is like it."""
    wanted = Counter(filter(None, map(folded, layout.header)))
    best = max(rows, key=lambda row: (Counter(map(folded, row.cells)) & wanted).total(), default=None)
    if best is None:
        return ""
    names = Counter(filter(None, map(folded, best.cells)))
    if (names & wanted).total() < wanted.total() * _HALF:
        return ""
    gone = [name for name in layout.header if folded(name) in wanted - names]
    new = [cell for cell in best.cells if folded(cell) in names - wanted]
    return f"In line {best.line} missing: {_listed(gone)}; new: {_listed(new)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name.strip()[:60] for name in names[:10]) or "none"


def places_of(layout: Layout, header: Row | None, width: int) -> Places:
    """The columns of each role; raises Unsheetable when a name of the layout is not there."""
    names = [folded(cell) for cell in header.cells] if header else [""] * width
    while names and header and not names[-1]:
        names.pop()  # an empty cell at the end is the bank's last separator
    roles: dict[Role, list[int]] = {}
    splits: list[tuple[int, Column]] = []
    keyed: list[int] = []
    for column in layout.columns:
        if column.role == "keyed":
            keyed += [at for at, name in enumerate(names) if name == folded(column.name)]
            continue
        at = _position(column, names)
        if at is None:
            continue
        if column.split:
            splits.append((at, column))
        else:
            roles.setdefault(column.role, []).append(at)
    derived = _derived(layout)
    for offset, role in enumerate(derived):
        roles.setdefault(role, []).append(len(names) + offset)
    return Places(
        header_line=header.line if header else 0,
        width=len(names),
        roles={role: tuple(at) for role, at in roles.items()},
        splits=tuple(splits),
        keyed=tuple(keyed),
        unnamed_keyed=any(column.role == "keyed" and not column.name for column in layout.columns),
        derived=derived,
    )


def _derived(layout: Layout) -> tuple[Role, ...]:
    """The roles that pieces of cells fill; also what a keyed or split cell holds when it stays whole."""
    roles: dict[Role, None] = {role: None for _, role in layout.keys}
    for column in layout.columns:
        roles.update(dict.fromkeys(column.parts))
        if column.split:
            roles[column.role] = None
    if any(column.role == "keyed" for column in layout.columns):
        roles["info"] = None
    return tuple(roles)


def _position(column: Column, names: Sequence[str]) -> int | None:
    if not column.name:
        at = column.position
        if at is not None and (at < len(names) or column.optional):
            return at if at < len(names) else None
        raise Unsheetable(
            "layout_does_not_fit", f"The table has {len(names)} columns, the layout needs more."
        )
    wanted = folded(column.name)
    found = [at for at, name in enumerate(names) if name == wanted]
    if len(found) > column.nth:
        return found[column.nth]
    if column.optional:
        return None
    raise Unsheetable("header_changed", f"The column {column.name!r} is not there any more.")


class Facts:
    """Collects what stands above and below the rows, such as the account and its balances."""

    def __init__(self, wanted: Sequence[Found]) -> None:
        self.texts: dict[str, str] = {}
        self.accounts: dict[str, str] = {}  # where several are listed: the bank's name for one, its number
        self._labels = [
            (folded(label), label.endswith("*"), found) for found in wanted for label in found.labels
        ]
        self._placed = [found for found in wanted if found.row]
        self._below: dict[int, Found] = {}

    def look(self, number: int, cells: Sequence[str]) -> bool:
        """Take what this row tells, ``number`` counted from 1 (0: unknown); whether it told anything."""
        told = self._take_below(cells)
        for found in self._placed:
            if found.row == number:
                told |= self._keep(found, _placed_text(found, cells))
        for at, cell in enumerate(cells):
            if self._labels and cell and not cell.isspace():
                told |= self._labelled(at, cells)
        return told

    def _take_below(self, cells: Sequence[str]) -> bool:
        told = False
        still = {}
        for at, found in self._below.items():
            place = found.column - 1 if found.column else at
            text = cells[place] if place < len(cells) else ""
            if found.fact == "account" and account_of(text)[0]:
                self.accounts[folded(cells[0])] = text
                still[at] = found  # the accounts may be listed, one a row
            told |= self._keep(found, text)
        self._below = still
        return told

    def own_account(self, cell: str) -> str | None:
        """The own account that a cell names, by its number or by the bank's name for it."""
        name = folded(cell)
        listed = (number for known, number in self.accounts.items() if known == name or known[:-4] == name)
        return account_of(next(listed, cell))[0]

    def _labelled(self, at: int, cells: Sequence[str]) -> bool:
        cell = cells[at]
        name = folded(cell)
        told = False
        for label, is_beginning, found in self._labels:
            inside = name.startswith(f"{label} ") and ":" in cell and folded(cell.partition(":")[0]) == label
            if name != label and not inside and not (is_beginning and name.startswith(label)):
                continue
            told = True
            if found.where == "below":
                self._below[at] = found
            else:
                texts = [cell.partition(":")[2]] if inside else list(cells[at + 1 :])
                self._keep(found, next((text for text in texts if text.strip()), ""))
        return told

    def _keep(self, found: Found, text: str) -> bool:
        text = text.strip()
        if not text or found.fact in self.texts:
            return False
        self.texts[found.fact] = text
        return True


def _placed_text(found: Found, cells: Sequence[str]) -> str:
    if found.column:
        return cells[found.column - 1] if found.column <= len(cells) else ""
    return next((cell for cell in cells if account_of(cell)[1] == "iban"), "")


def account_of(cell: str) -> tuple[str | None, str | None]:
    """An account as we keep it and its scheme, or nothing where the cell holds no account number."""
    if not cell:
        return None, None
    account = without_blanks(cell.removeprefix("=")).upper()  # ="0123" keeps a spreadsheet from rounding
    if not account.isalnum():
        account = account.replace("-", "")
    if account.isdigit():
        account = from_nrb(account)
    if is_iban(account):
        return account, "iban"
    is_number = account.isascii() and account.isalnum() and sum(map(str.isdigit, account)) >= _FEWEST_DIGITS
    if is_number and len(account) <= _LONGEST_ACCOUNT:
        return account, "other"
    return None, None
