"""The mapping wizard's reading of a table: what was found in it, what a person changed, the layout they make.

A choice that was made stands until the table is cut in another way; then its columns are
looked at anew. It reads bytes and knows no database and no page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from donorhub.web.bank.layout import draft_of, settle
from donorhub.web.bank.look import ColumnView, Look, body_of
from donorhub.web.forms import whole_number
from importers.sheet import Row, Unsheetable, open_text
from importers.sniff import format_of
from importers.statement import Problem
from importers.table.detect import Detection, detected
from importers.table.layout import Layout
from importers.table.proof import settled
from importers.table.reading import AnySheet
from importers.table.words import ROLES, Role, folded, role_named
from importers.table.workbook import open_workbook
from importers.text import Undecodable, decimal_signs

WORKBOOKS: Final = ("xlsx", "xls", "ods")
_HEAD: Final = 200
_SAMPLES: Final = 3
_MOST_COLUMNS: Final = 60
_ONE_COLUMN: Final[frozenset[Role]] = frozenset(
    ("booked_on", "value_on", "amount", "debit", "credit", "balance", "direction", "currency")
)


def look(data: bytes, given: Mapping[str, str], *, before: Layout | None = None) -> Look:
    """Read a table under ``given`` choices, else as found, else as ``before``, a layout of the same bank.

    ``given`` has facts by name, ``role0``, ``role1`` …, ``word:<word>`` and ``state:<word>``. Raises
    nothing for the file's fault: it is among the ``problems``.
    """
    seen = Look()
    try:
        sheet = _sheet(data, given, seen)
    except Undecodable as e:
        seen.problems.append(Problem("error", "undecodable", str(e)))
        return seen
    except Unsheetable as e:
        seen.problems.append(Problem("error", e.code, str(e)))
        return seen
    seen.head = sheet.head(_HEAD)
    guess = _guess(sheet, seen)
    header = _header(seen, given, guess)
    _columns(seen, given, sheet, guess, header, before)
    settle(seen, given, sheet, guess, header, before)
    return seen


def _sheet(data: bytes, given: Mapping[str, str], seen: Look) -> AnySheet:
    kind = format_of(data)
    if kind in WORKBOOKS:
        seen.is_workbook = True
        return open_workbook(data)
    if kind != "table":
        raise Unsheetable("empty" if kind == "empty" else "not_a_table", f"The file is no table but {kind}.")
    found = open_text(data)
    seen.found["encoding"], seen.found["delimiter"] = found.codec, found.delimiter
    seen.facts["encoding"] = given.get("encoding") or found.codec
    seen.facts["delimiter"] = given.get("delimiter") or found.delimiter
    sheet = open_text(data, seen.facts["encoding"]) if seen.facts["encoding"] != found.codec else found
    return sheet.separated_by(cast(Any, seen.facts["delimiter"]), '"')


def _guess(sheet: AnySheet, seen: Look) -> Detection:
    try:
        return detected(sheet, known=None)
    except Unsheetable as e:
        seen.problems.append(Problem("error", e.code, str(e)))
        return Detection()


def _header(seen: Look, given: Mapping[str, str], guess: Detection) -> Row | None:
    """The row of the column names: the chosen one, else the one found; None for a table without."""
    seen.found["header_line"] = str(guess.header_line)
    wanted = given.get("header_line", "")
    lines = {row.line: row for row in seen.head}
    chosen = whole_number(wanted)
    line = guess.header_line if chosen is None else chosen
    line = line if line in lines else 0
    seen.facts["header_line"] = str(line)
    return lines.get(line)


# ---------------------------------------------------------------- columns


def _columns(
    seen: Look,
    given: Mapping[str, str],
    sheet: AnySheet,
    guess: Detection,
    header: Row | None,
    before: Layout | None,
) -> None:
    body = body_of(seen, header)
    width = min(max([len(row.cells) for row in body] + [len(header.cells) if header else 0]), _MOST_COLUMNS)
    proposed = _proposed(guess, header, width, before)
    seen.columns = [_view(header, body, at, *proposed.get(at, (None, "cells"))) for at in range(width)]
    _find_balance(seen, sheet, guess, header, body)
    if given.get("basis") == seen.basis:
        seen.columns = [_as_chosen(column, given.get(f"role{column.position}")) for column in seen.columns]


def _view(header: Row | None, body: Sequence[Row], at: int, role: Role | None, reason: str) -> ColumnView:
    name = header.cells[at].strip() if header and at < len(header.cells) else ""
    return ColumnView(at, name, role, reason, _samples(body, at))


def _as_chosen(column: ColumnView, chosen: str | None) -> ColumnView:
    """The column with the role that a person gave it; one that was left as proposed keeps its reason."""
    if chosen is None or (chosen and chosen not in ROLES) or chosen == (column.role or ""):
        return column
    return replace(column, role=cast(Any, chosen) or None, reason="")


def _find_balance(
    seen: Look, sheet: AnySheet, guess: Detection, header: Row | None, body: Sequence[Row]
) -> None:
    """A column that nothing names is the balance if each of its amounts follows from the one before."""
    roles = {column.role for column in seen.columns}
    if "balance" in roles or not roles & {"amount", "debit", "credit"} or not body:
        return
    columns = seen.columns
    for at, column in enumerate(columns):
        if column.role or not all(text and decimal_signs((text,)) for text in column.samples):
            continue
        seen.columns = [*columns]
        seen.columns[at] = replace(column, role="balance", reason="proof")
        draft = draft_of(seen, header, body, guess, None)
        places = [(view.position, view.role) for view in seen.columns]
        try:
            if settled(sheet, draft, places, body[0].line)[2]:
                return
        except Unsheetable:
            pass
        seen.columns = columns


def _samples(body: Sequence[Row], at: int) -> tuple[str, ...]:
    return tuple(row.cells[at].strip() if at < len(row.cells) else "" for row in body[:_SAMPLES])


def _proposed(
    guess: Detection, header: Row | None, width: int, before: Layout | None
) -> dict[int, tuple[Role | None, str]]:
    """What each column seems to be and why: ``before``, ``cells`` or ``name`` told it."""
    proposed: dict[int, tuple[Role | None, str]] = {}
    if guess.columns and guess.header_line == (header.line if header else 0):
        proposed = {column.position: (column.role, _told_by(column.reason)) for column in guess.columns}
    elif header:
        told = {at: role_named(cell) for at, cell in enumerate(header.cells[:width]) if cell.strip()}
        proposed = _each_once({at: role[0] for at, role in told.items() if role})
    if before is not None:
        proposed.update(_as_before(before, header, width))
    return proposed


def _told_by(reason: str) -> str:
    return "name" if reason.startswith("The name has") else "cells"


def _each_once(roles: Mapping[int, Role]) -> dict[int, tuple[Role | None, str]]:
    taken: set[Role] = set()
    kept: dict[int, tuple[Role | None, str]] = {}
    for at, role in roles.items():
        if role not in taken or role not in _ONE_COLUMN:
            taken.add(role)
            kept[at] = role, "name"
    return kept


def _as_before(before: Layout, header: Row | None, width: int) -> dict[int, tuple[Role | None, str]]:
    if header is None:
        if before.header:
            return {}
        placed = {column.position: column.role for column in before.columns}
        return {at: (placed.get(at), "before") for at in range(width)}
    roles = {folded(column.name): column.role for column in before.columns if column.name}
    return {
        at: (roles[folded(cell)], "before") for at, cell in enumerate(header.cells) if folded(cell) in roles
    }
