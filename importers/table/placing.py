"""Where things stand in one file: the header row, the columns of each role, the facts around the rows.

It compares names and counts columns; the rows themselves are read by ``entries``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from importers.folding import fold_text
from importers.iban import complete_nrb, is_iban, remove_blanks
from importers.sheet import Row, UnreadableTable
from importers.table.layout import Column, FactPlace, Layout
from importers.table.words import Role

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
    keyed_places: tuple[int, ...]
    takes_unnamed_keys: bool
    derived_roles: tuple[Role, ...]  # of the places from ``width`` on


def find_header(rows: Sequence[Row], layout: Layout) -> Row | None:
    """Return the row that has the layout's column names, all of them and no other where it is ``exact``."""
    targets = Counter(filter(None, map(fold_text, layout.header)))
    must_have = Counter({fold_text(column.name): 1 for column in layout.columns if _is_needed(column)})
    for column in layout.columns:  # of several columns of one name, as many as there were
        if targets[fold_text(column.name)] > 1:
            must_have[fold_text(column.name)] = targets[fold_text(column.name)]
    for row in rows:
        names = Counter(filter(None, map(fold_text, row.cells)))
        if names == targets or (not layout.exact and must_have and must_have <= names):
            return row
    return None


def _is_needed(column: Column) -> bool:
    return bool(column.name) and not column.optional


@dataclass(frozen=True, slots=True)
class OtherHeader:
    """A row that is like a layout's header, and the names that are gone and new in it."""

    line: int
    missing_names: str
    new_names: str


def find_other_header(rows: Sequence[Row], layout: Layout) -> OtherHeader | None:
    """Return the row most like the layout's header; None when no row has half of the names."""
    targets = Counter(filter(None, map(fold_text, layout.header)))
    best = max(rows, key=lambda row: (Counter(map(fold_text, row.cells)) & targets).total(), default=None)
    if best is None:
        return None
    names = Counter(filter(None, map(fold_text, best.cells)))
    if (names & targets).total() < targets.total() * _HALF:
        return None
    missing_names = [name for name in layout.header if fold_text(name) in targets - names]
    new_names = [cell for cell in best.cells if fold_text(cell) in names - targets]
    return OtherHeader(best.line, _list_names(missing_names), _list_names(new_names))


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(name.strip()[:60] for name in names[:10])


def find_places(layout: Layout, header: Row | None, width: int) -> Places:
    """Return the columns of each role; raise UnreadableTable when a name of the layout is not there."""
    names = [fold_text(cell) for cell in header.cells] if header else [""] * width
    while names and header and not names[-1]:
        names.pop()  # an empty cell at the end is the bank's last separator
    roles: dict[Role, list[int]] = {}
    splits: list[tuple[int, Column]] = []
    keyed_places: list[int] = []
    for column in layout.columns:
        if column.role == "keyed":
            keyed_places += [at for at, name in enumerate(names) if name == fold_text(column.name)]
            continue
        at = _find_position(column, names)
        if at is None:
            continue
        if column.split:
            splits.append((at, column))
        else:
            roles.setdefault(column.role, []).append(at)
    derived_roles = _list_derived_roles(layout)
    for offset, role in enumerate(derived_roles):
        roles.setdefault(role, []).append(len(names) + offset)
    return Places(
        header_line=header.line if header else 0,
        width=len(names),
        roles={role: tuple(at) for role, at in roles.items()},
        splits=tuple(splits),
        keyed_places=tuple(keyed_places),
        takes_unnamed_keys=any(column.role == "keyed" and not column.name for column in layout.columns),
        derived_roles=derived_roles,
    )


def _list_derived_roles(layout: Layout) -> tuple[Role, ...]:
    """Return the roles that pieces of cells fill, and that of a keyed or split cell that stays whole."""
    roles: dict[Role, None] = {role: None for _, role in layout.keys}
    for column in layout.columns:
        roles.update(dict.fromkeys(column.parts))
        if column.split:
            roles[column.role] = None
    if any(column.role == "keyed" for column in layout.columns):
        roles["info"] = None
    return tuple(roles)


def _find_position(column: Column, names: Sequence[str]) -> int | None:
    if not column.name:
        at = column.position
        if at is not None and (at < len(names) or column.optional):
            return at if at < len(names) else None
        raise UnreadableTable("layout_does_not_fit.columns", columns=len(names))
    target = fold_text(column.name)
    places = [at for at, name in enumerate(names) if name == target]
    if len(places) > column.nth:
        return places[column.nth]
    if column.optional:
        return None
    raise UnreadableTable("header_changed.column", column=repr(column.name))


class Facts:
    """Collects what stands above and below the rows, such as the account and its balances."""

    def __init__(self, targets: Sequence[FactPlace]) -> None:
        self.texts: dict[str, str] = {}
        self.accounts: dict[str, str] = {}  # where several are listed: the bank's name for one, its number
        self._labels = [
            (fold_text(label), label.endswith("*"), rule) for rule in targets for label in rule.labels
        ]
        self._rules_by_place = [rule for rule in targets if rule.row]
        self._below: dict[int, FactPlace] = {}

    def take_row(self, number: int, cells: Sequence[str]) -> bool:
        """Take what this row tells and return whether it told anything; ``number`` counts from 1 (0:
        unknown).
        """
        has_fact = self._take_below(cells)
        for rule in self._rules_by_place:
            if rule.row == number:
                has_fact |= self._add_text(rule, _find_placed_text(rule, cells))
        for at, cell in enumerate(cells):
            if self._labels and cell and not cell.isspace():
                has_fact |= self._take_labelled(at, cells)
        return has_fact

    def _take_below(self, cells: Sequence[str]) -> bool:
        has_fact = False
        still = {}
        for at, rule in self._below.items():
            place = rule.column - 1 if rule.column else at
            text = cells[place] if place < len(cells) else ""
            if rule.fact == "account" and parse_account(text)[0]:
                self.accounts[fold_text(cells[0])] = text
                still[at] = rule  # the accounts may be listed, one a row
            has_fact |= self._add_text(rule, text)
        self._below = still
        return has_fact

    def find_own_account(self, cell: str) -> str | None:
        """Return the own account that a cell names, by its number or by the bank's name for it."""
        name = fold_text(cell)
        numbers = (number for label, number in self.accounts.items() if label == name or label[:-4] == name)
        return parse_account(next(numbers, cell))[0]

    def _take_labelled(self, at: int, cells: Sequence[str]) -> bool:
        cell = cells[at]
        name = fold_text(cell)
        has_fact = False
        for label, is_beginning, rule in self._labels:
            inside = (
                name.startswith(f"{label} ") and ":" in cell and fold_text(cell.partition(":")[0]) == label
            )
            if name != label and not inside and not (is_beginning and name.startswith(label)):
                continue
            has_fact = True
            if rule.where == "below":
                self._below[at] = rule
            else:
                texts = [cell.partition(":")[2]] if inside else list(cells[at + 1 :])
                self._add_text(rule, next((text for text in texts if text.strip()), ""))
        return has_fact

    def _add_text(self, rule: FactPlace, text: str) -> bool:
        text = text.strip()
        if not text or rule.fact in self.texts:
            return False
        self.texts[rule.fact] = text
        return True


def _find_placed_text(rule: FactPlace, cells: Sequence[str]) -> str:
    if rule.column:
        return cells[rule.column - 1] if rule.column <= len(cells) else ""
    return next((cell for cell in cells if parse_account(cell)[1] == "iban"), "")


def parse_account(cell: str) -> tuple[str | None, str | None]:
    """Return an account as we keep it and its scheme, or nothing where the cell holds no account number."""
    if not cell:
        return None, None
    account = remove_blanks(cell.removeprefix("=")).upper()  # ="0123" keeps a spreadsheet from rounding
    if account == cell:
        account = cell  # not the same text twice: a large file has many
    if not account.isalnum():
        account = account.replace("-", "")
    if account.isdigit():
        account = complete_nrb(account)
    if is_iban(account):
        return account, "iban"
    is_number = account.isascii() and account.isalnum() and sum(map(str.isdigit, account)) >= _FEWEST_DIGITS
    if is_number and len(account) <= _LONGEST_ACCOUNT:
        return account, "other"
    return None, None
