"""Put a layout together out of named columns: what the file proves is found, what it leaves open is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from donorhub.web.bank.look import ColumnView, Look, body_of
from importers.sheet import Row, Unsheetable
from importers.statement import Problem
from importers.table.detect import Detection
from importers.table.layout import Column, Found, Layout
from importers.table.placing import account_of
from importers.table.proof import Question, settled
from importers.table.reading import AnySheet
from importers.table.words import MONEY_IN, MONEY_OUT, NOT_BOOKED, Role, folded

_MOST_WORDS: Final = 8
_FACTS: Final = ("date_order", "decimal", "amounts", "debits", "currency")


def settle(
    seen: Look,
    given: Mapping[str, str],
    sheet: AnySheet,
    guess: Detection,
    header: Row | None,
    before: Layout | None,
) -> None:
    """Put the layout together; what the file leaves open and nobody ever said is asked."""
    body = body_of(seen, header)
    _read_words(seen, given, body, before)
    account = _account_in(seen.head[: header.line if header else 0])
    seen.account = account[0] if account else ""
    draft = draft_of(seen, header, body, guess, account[1] if account else None)
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


def draft_of(
    seen: Look, header: Row | None, body: Sequence[Row], guess: Detection, account: Found | None
) -> Layout:
    """What is certain of the layout with these columns; empty text is for :func:`settled` to find."""
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
        pending_words=_pending_words(seen),
        debits=guess.layout.debits if guess.layout else "positive",
        found=(account,) if account else (),
    )


def _pending_words(seen: Look) -> tuple[str, ...]:
    """What says that a row is no booked money: words of this file, and known ones that the next may have."""
    if all(column.role != "status" for column in seen.columns):
        return ()
    here = set(map(folded, seen.states))
    waiting = (word for word, state in seen.states.items() if state == "waits")
    return (*waiting, *(word for word in NOT_BOOKED if folded(word) not in here))


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
    waits = set(map(folded, NOT_BOOKED))
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
