"""The mapping wizard's reading of a table: what was found in it, what a person changed, the layout they make.

A choice that was made stands until the table is cut in another way; then its columns are
looked at anew. It reads bytes and knows no database and no page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from importers.sheet import Row, Unsheetable, open_text
from importers.sniff import format_of
from importers.statement import Problem
from importers.table.detect import Detection, detected
from importers.table.layout import Column, Found, Layout
from importers.table.placing import account_of
from importers.table.proof import Question, settled
from importers.table.reading import AnySheet
from importers.table.words import MONEY_IN, MONEY_OUT, ROLES, Role, folded, role_named
from importers.text import Undecodable, decimal_signs
from importers.workbook import open_workbook

WORKBOOKS: Final = ("xlsx", "xls", "ods")
_HEAD: Final = 200
_SAMPLES: Final = 3
_MOST_COLUMNS: Final = 60
_MOST_WORDS: Final = 8
_FACTS: Final = ("date_order", "decimal", "amounts", "debits", "currency")
NOT_BOOKED: Final = frozenset(  # folded words of status columns
    "pending|waiting|authorised|authorized|hold|reserved|oczekuje|oczekujaca|blokada|w realizacji"
    "|ne pritje|i bllokuar|vorgemerkt|offen|na cekanju".split("|")
)
_ONE_COLUMN: Final[frozenset[Role]] = frozenset(
    ("booked_on", "value_on", "amount", "debit", "credit", "balance", "direction", "currency")
)


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column, its role in force, and what told it: name, cells, before or proof; "" for a person."""

    position: int
    header: str
    role: Role | None
    reason: str
    samples: tuple[str, ...]


@dataclass(slots=True)
class Look:
    """A table under the choices in force. ``layout`` is whole when ``open_questions`` is empty."""

    facts: dict[str, str] = field(default_factory=dict)  # in force
    found: dict[str, str] = field(default_factory=dict)  # what the file itself tells
    columns: list[ColumnView] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)  # of the direction column: "in", "out" or ""
    states: dict[str, str] = field(default_factory=dict)  # words of the status column: "booked" or "waits"
    questions: list[Question] = field(default_factory=list)
    head: list[Row] = field(default_factory=list)
    layout: Layout | None = None
    account: str = ""  # that the file names, outside its rows
    is_workbook: bool = False
    is_proved: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def basis(self) -> str:
        """What the columns depend on; while it stays, a person's roles stand."""
        return "|".join(self.facts.get(name, "") for name in ("encoding", "delimiter", "header_line"))


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
    _settle(seen, given, sheet, guess, header, before)
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
    line = int(wanted) if wanted.isascii() and wanted.isdigit() else guess.header_line
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
    body = _body(seen, header)
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
        draft = _draft(seen, header, body, guess, None)
        places = [(view.position, view.role) for view in seen.columns]
        try:
            if settled(sheet, draft, places, body[0].line)[2]:
                return
        except Unsheetable:
            pass
        seen.columns = columns


def _body(seen: Look, header: Row | None) -> list[Row]:
    start = header.line if header else 0
    rows = [row for row in seen.head if row.line > start and len(row.cells) > 1]
    if not rows:
        return []
    width = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    return [row for row in rows if len(row.cells) >= width]


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
    if before is not None and header:
        proposed.update(_as_before(before, header))
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


def _as_before(before: Layout, header: Row) -> dict[int, tuple[Role | None, str]]:
    roles = {folded(column.name): column.role for column in before.columns if column.name}
    return {
        at: (roles[folded(cell)], "before") for at, cell in enumerate(header.cells) if folded(cell) in roles
    }


# ---------------------------------------------------------------- the layout


def _settle(
    seen: Look,
    given: Mapping[str, str],
    sheet: AnySheet,
    guess: Detection,
    header: Row | None,
    before: Layout | None,
) -> None:
    """Put the layout together; what the file leaves open and nobody ever said is asked."""
    body = _body(seen, header)
    _read_words(seen, given, body, before)
    account = _account_in(seen.head[: header.line if header else 0])
    seen.account = account[0] if account else ""
    draft = _draft(seen, header, body, guess, account[1] if account else None)
    places = [(column.position, column.role) for column in seen.columns]
    first = body[0].line if body else 1
    try:
        layout, questions, seen.is_proved = settled(sheet, draft, places, first)
    except Unsheetable as e:
        seen.problems.append(Problem("error", e.code, str(e)))
        layout, questions = draft, []
    seen.found.update({name: getattr(layout, name) for name in _FACTS})
    if not _matters(seen, "amounts"):
        layout = replace(layout, amounts="signed")
    for name in _FACTS:
        said_before = getattr(before, name) if before is not None else ""
        seen.facts[name] = _allowed(name, given.get(name, "")) or getattr(layout, name)
        seen.facts[name] = seen.facts[name] or _allowed(name, said_before)
    seen.layout = replace(layout, **{name: cast(Any, seen.facts[name]) for name in _FACTS})
    seen.questions = _unanswered(seen, questions)


_ALLOWED: Final = {
    "date_order": ("ymd", "dmy", "mdy"),
    "decimal": (",", "."),
    "amounts": ("signed", "inverse"),
    "debits": ("positive", "negative"),
}


def _allowed(name: str, value: str) -> str:
    if name == "currency":
        code = value.strip().upper()
        return code if len(code) == 3 and code.isascii() and code.isalpha() else ""  # noqa: PLR2004  ISO 4217
    return value if value in _ALLOWED[name] else ""


def _matters(seen: Look, fact: str) -> bool:
    """Whether a fact has any bearing with these columns."""
    roles = {column.role for column in seen.columns}
    if fact == "amounts":
        return "amount" in roles and "direction" not in roles
    if fact == "debits":
        return "debit" in roles
    return True


def matters(seen: Look, fact: str) -> bool:
    """Whether the page should show a fact: an encoding has no bearing on a workbook, for one."""
    if fact in ("encoding", "delimiter"):
        return not seen.is_workbook
    if fact == "currency":
        return all(column.role != "currency" for column in seen.columns)
    return _matters(seen, fact)


def _unanswered(seen: Look, questions: Iterable[Question]) -> list[Question]:
    open_: list[Question] = []
    for question in questions:
        is_fact = question.code in _FACTS
        if (is_fact and seen.facts.get(question.code)) or not matters(seen, question.code):
            continue
        open_.append(question)
    for gap in seen.layout.gaps() if seen.layout else ():
        if all(gap != question.sentence for question in open_) and "positive amount" not in gap:
            open_.append(Question("columns", gap, ()))
    return open_


def _draft(
    seen: Look, header: Row | None, body: Sequence[Row], guess: Detection, account: Found | None
) -> Layout:
    names = tuple(cell.strip() for cell in header.cells if folded(cell)) if header else ()
    return Layout(
        name="",
        columns=tuple(_placed(seen.columns, is_named=header is not None)),
        header=names,
        exact=True,
        encoding="",  # found anew in each file: a bank's own change of it harms nothing
        delimiter=cast(Any, seen.facts.get("delimiter", "")),
        first_row=1 if names else (body[0].line if body else 1),
        amounts="" if _matters(seen, "amounts") else "signed",
        money_in=tuple(word for word, way in seen.words.items() if way == "in"),
        money_out=tuple(word for word, way in seen.words.items() if way == "out"),
        pending_words=tuple(word for word, state in seen.states.items() if state == "waits"),
        debits=guess.layout.debits if guess.layout else "positive",
        found=(account,) if account else (),
    )


def _placed(columns: Iterable[ColumnView], *, is_named: bool) -> Iterable[Column]:
    seen: Counter[str] = Counter()
    for column in columns:
        name = folded(column.header)
        if column.role:
            by_name = is_named and bool(name)
            yield Column(
                column.role,
                name=column.header if by_name else "",
                position=None if by_name else column.position,
                nth=seen[name] if by_name else 0,
            )
        seen[name] += 1


def _read_words(seen: Look, given: Mapping[str, str], body: Sequence[Row], before: Layout | None) -> None:
    """What each word of a direction or status column means, where the vocabulary or a person tells."""
    ins, outs = set(MONEY_IN), set(MONEY_OUT)
    waits = set(NOT_BOOKED)
    if before is not None:
        ins.update(map(_plain, before.money_in))
        outs.update(map(_plain, before.money_out))
        waits.update(map(folded, before.pending_words))
    for word in _written(seen, body, "direction"):
        known = "in" if _plain(word) in ins else "out" if _plain(word) in outs else ""
        seen.words[word] = _one_of(given.get(f"word:{word}"), ("in", "out", ""), known)
    for word in _written(seen, body, "status"):
        known = "waits" if folded(word) in waits else "booked"
        seen.states[word] = _one_of(given.get(f"state:{word}"), ("booked", "waits"), known)


def _plain(word: str) -> str:
    """A word for comparing; signs such as ``+`` stay, which folding would drop."""
    return folded(word) or word.strip()


def _one_of(value: str | None, allowed: Sequence[str], otherwise: str) -> str:
    return value if value is not None and value in allowed else otherwise


def _written(seen: Look, body: Sequence[Row], role: Role) -> list[str]:
    at = next((column.position for column in seen.columns if column.role == role), None)
    if at is None:
        return []
    cells = (row.cells[at].strip() for row in body if at < len(row.cells))
    return list(dict.fromkeys(cell for cell in cells if cell))[:_MOST_WORDS]


def _account_in(rows: Sequence[Row]) -> tuple[str, Found] | None:
    """Our account where the lines above the table name it, and how the next file's is to be found."""
    for number, row in enumerate(rows, 1):
        for at, cell in enumerate(row.cells):
            before, colon, after = cell.partition(":")
            label = before if colon else (row.cells[at - 1] if at else "")
            account, scheme = account_of(after if colon else cell)
            if account and scheme == "iban":
                if folded(label):
                    return account, Found("account", labels=(label.strip().rstrip(":"),))
                return account, Found("account", row=number, column=at + 1)
    return None


# ---------------------------------------------------------------- what changed


@dataclass(frozen=True, slots=True)
class Change:
    """How a header differs from the one a saved layout knows."""

    name: str
    gone: tuple[str, ...]
    new: tuple[str, ...]
    layout: Layout


_HALF: Final = 0.5


def changed_since(header: Sequence[str], saved: Iterable[Layout]) -> Change | None:
    """The saved layout this header is most like, where it is like one but not the same; else None."""
    names = {folded(cell): cell.strip() for cell in header if folded(cell)}
    best: Change | None = None
    most = 0.0
    for layout in saved:
        known = {folded(cell): cell.strip() for cell in layout.header if folded(cell)}
        alike = len(names.keys() & known.keys()) / max(len(known), 1)
        if known and alike >= _HALF and alike > most and names.keys() != known.keys():
            gone = tuple(cell for name, cell in known.items() if name not in names)
            new = tuple(cell for name, cell in names.items() if name not in known)
            best, most = Change(layout.name, gone, new, layout), alike
    return best
