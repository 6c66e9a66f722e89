"""What the mapping wizard shows of a table: facts to change, questions to answer, cells as they are read.

It shows what :mod:`importers.table.draft` and the readers found and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from flask_babel import gettext, ngettext

from donorhub.models import ImportRow
from donorhub.money import Money
from donorhub.services.bank.bank_views import LedgerOverlap
from donorhub.services.bank.files.import_plans import Plan
from donorhub.web.bank.answers import AMOUNT_AT
from donorhub.web.reader import get_lang
from donorhub.web.showing import show_day, show_money
from donorhub.web.words import bank_tables
from importers.statement import Entry
from importers.table.amounts import has_fees
from importers.table.answers import FactName
from importers.table.detect import Guess
from importers.table.proof import Question
from importers.table.words import Role
from importers.tabular import Draft, Preview, PreviewRow
from importers.text import DateOrder, Unreadable, parse_amount, parse_date, parse_number
from receipts import figures

_HEADERS_OFFERED: Final = 40
_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing found out about a table that a person may change; without choices it is typed."""

    name: str
    label: str
    value: str
    choices: Sequence[tuple[str, str]]
    state: str  # ``found`` in the file, ``said`` by a person, as ``before``, ``open``


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with its possible answers; without choices it names columns, or is typed."""

    code: str
    sentence: str
    choices: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as written, and as it is read where that says more."""

    raw: str
    read: str = ""


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column above three of its cells."""

    view: Guess
    why: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the preview: what it becomes, and why it does not."""

    line: int
    state: str  # ``new``, ``known``, ``doubtful``, ``skipped``, ``failed``
    why: str
    entry: Entry | None
    raw: str
    cells: Sequence[str] = ()  # of a row that cannot be read: as written, or as a person wrote them
    change: str = ""  # ``mended`` or ``left_out``, where a person said so


def list_facts(draft: Draft, fields: Mapping[str, str]) -> list[Fact]:
    """Return the facts that have a bearing on this table, but for those that are being asked.

    ``fields`` hold what the person said.
    """
    open_codes = {question.code for question in draft.questions}
    return [
        Fact(
            name,
            str(label),
            draft.writing.write_fact(name),
            _list_choices(draft, name),
            "said" if fields.get(name) else _find_state(draft, name),
        )
        for name, label in bank_tables.FACT_LABELS.items()
        if name not in open_codes and draft.is_relevant(name) and draft.head
    ]


def _find_state(draft: Draft, name: FactName) -> str:
    value = draft.writing.write_fact(name)
    if not value:
        return "open"
    return "found" if value == draft.own_writing.write_fact(name) else "before"


def _list_choices(draft: Draft, name: FactName) -> list[tuple[str, str]]:
    if name == "header_line":
        return [("0", str(gettext("there are none"))), *_list_header_choices(draft)]
    choices = [(value, str(label)) for value, label in bank_tables.FACT_CHOICES.get(name, {}).items()]
    value = draft.writing.write_fact(name)
    if choices and value not in dict(choices):
        choices.insert(0, (value, value or str(gettext("please choose"))))
    return choices


def _list_header_choices(draft: Draft) -> Iterator[tuple[str, str]]:
    for row in draft.head[:_HEADERS_OFFERED]:
        names = [cell.strip() for cell in row.cells if cell.strip()]
        if len(names) > 1:
            text = ", ".join(names)[:40]
            yield str(row.line), str(gettext("line %(line)s: %(text)s", line=row.line, text=text))


def word_questions(draft: Draft, questions: Sequence[Question]) -> list[QuestionView]:
    """Return what is asked, each with an example out of this file."""
    return [_word_question(draft, question) for question in questions]


def _word_question(draft: Draft, question: Question) -> QuestionView:
    code, choices = question.code, question.choices
    if code == "date_order":
        sample = _find_sample(draft, "booked_on")
        text = gettext("All days are 12 or less. What is %(sample)s?", sample=sample)
        return QuestionView(code, text, [(order, _write_day(sample, order)) for order in choices])
    if code == "decimal":
        sample = _find_sample(draft, "amount", "credit", "debit")
        text = gettext("How much is %(sample)s?", sample=sample)
        return QuestionView(code, text, [(sign, _write_sum(sample, sign)) for sign in choices])
    if code in ("amounts", "fees"):
        return (_word_sense if code == "amounts" else _word_fees)(draft, choices)
    if code == "currency":
        return QuestionView(code, gettext("The table has no currency column: which currency is it?"), ())
    if question.gap == "amount" and choices:
        text = gettext("Which column is the amount?")
        return QuestionView(AMOUNT_AT, text, [(at, _word_column_sum(draft, int(at))) for at in choices])
    return QuestionView(code, bank_tables.word_gap(question.gap) if question.gap else "", ())


def _word_column_sum(draft: Draft, position: int) -> str:
    """Return a column by its name, with the sum of its first rows."""
    name = draft.columns[position].header or gettext("column %(number)s", number=position + 1)
    return str(
        gettext("%(name)s: %(sum)s together", name=name, sum=_write_sum(str(draft.sum_column(position)), "."))
    )


def _word_sense(draft: Draft, choices: Sequence[str]) -> QuestionView:
    sample = _find_sample(draft, "amount")
    row = _write_first_row(draft)
    text = gettext("Did %(sample)s come in or go out? The row: %(row)s", sample=sample, row=row)
    came_in, went_out = gettext("it came in"), gettext("it went out")
    is_minus = "-" in sample
    words = {"signed": went_out if is_minus else came_in, "inverse": came_in if is_minus else went_out}
    return QuestionView("amounts", text, [(sense, str(words[sense])) for sense in choices])


def _word_fees(draft: Draft, choices: Sequence[str]) -> QuestionView:
    """Return the question what a row with a fee moved the balance by, with both sums."""
    at = {column.role: column.position for column in draft.columns if column.role}
    sign = draft.writing.decimal or None
    for row in draft.head:
        cells = row.cells
        if (
            row.line <= draft.header_line
            or len(cells) <= max(at.values())
            or not has_fees([cells[at["fee"]]])
        ):
            continue
        amount = next(
            (cells[at[role]] for role in ("amount", "credit", "debit") if cells[at.get(role, -1)]), ""
        )
        try:
            sums = [Decimal(parse_number(text, sign)[0]) for text in (amount, cells[at["fee"]])]
        except Unreadable:
            continue
        fee = -sums[1] if draft.layout is not None and draft.layout.fee_sign == "positive" else sums[1]
        words = {"beside": sums[0] + fee, "inside": sums[0]}
        text = gettext(
            "How much was booked for %(amount)s with the fee %(fee)s? The row: %(row)s",
            amount=amount.strip(),
            fee=cells[at["fee"]].strip(),
            row=" · ".join(cell.strip() for cell in cells if cell.strip())[:120],
        )
        return QuestionView("fees", text, [(way, _write_sum(str(words[way]), ".")) for way in choices])
    text = gettext("Does a fee come off the amount in its row, or is it off already?")
    return QuestionView("fees", text, [(way, str(bank_tables.FACT_CHOICES["fees"][way])) for way in choices])


def _find_sample(draft: Draft, *roles: Role) -> str:
    """Return a cell of a column of these roles, the first that is filled."""
    for column in draft.columns:
        if column.role in roles:
            return next((text for text in column.samples if text), "")
    return ""


def _write_first_row(draft: Draft) -> str:
    """Return the first entry as the file writes it, so that a person can know it again."""
    cells = [column.samples[0] for column in draft.columns if column.samples and column.samples[0]]
    return " · ".join(cells)[:120]


def _write_day(sample: str, order: str) -> str:
    try:
        return figures.write_long_date(parse_date(sample, _ORDER[order]), get_lang())
    except ValueError:
        return str(bank_tables.DATE_ORDERS[order])


_ORDER: Final[Mapping[str, DateOrder]] = {"ymd": "ymd", "dmy": "dmy", "mdy": "mdy"}


def _write_sum(sample: str, sign: str) -> str:
    try:
        amount = parse_amount(sample, "EUR", sign)
    except ValueError:
        return str(bank_tables.DECIMAL_SIGNS[sign])
    return figures.write_amount(amount, get_lang()).replace("EUR", "").strip("\N{NO-BREAK SPACE} ")


def word_plan(plan: Plan) -> str:
    """Return the entries and sums that a plan would bring into the ledger, in a few words."""
    statements = plan.outcome["statements"]
    count = sum(statement["entries"] for statement in statements)
    sums = [
        show_money(Money(statement[side], statement["currency"]))
        for statement in statements
        for side in ("in_minor", "out_minor")
        if statement[side]
    ]
    filled_count = sum(statement.get("filled", 0) for statement in statements)
    if filled_count:
        sums.append(str(ngettext("more about %(num)d entry", "more about %(num)d entries", filled_count)))
    return ", ".join([str(ngettext("%(num)d entry", "%(num)d entries", count)), *sums])


def sample_columns(draft: Draft, trial: Preview | None) -> list[ColumnView]:
    """Return every column above its cells of the first three entries, each beside what it is read as."""
    good = [row for row in trial.rows if row.entry is not None][:_SAMPLES] if trial else []
    columns = []
    for column in draft.columns:
        at = column.position
        cells = [
            Cell(row.cells[at].strip() if at < len(row.cells) else "", _write_cell(column.role, row.entry))
            for row in good
            if row.entry is not None
        ]
        why = bank_tables.word_ground(column.reason) if _has_reason(column) else ""
        columns.append(ColumnView(column, why, cells or [Cell(text) for text in column.samples]))
    return columns


def _has_reason(column: Guess) -> bool:
    """Return whether the reason says anything: of a column left out, only that its name had a role."""
    return column.role is not None or column.reason.code not in ("name_silent", "cells", "before", "person")


def _write_cell(role: Role | None, entry: Entry) -> str:
    if role == "booked_on":
        return show_day(entry.booked_on)
    if role == "value_on":
        return show_day(entry.value_on) if entry.value_on else ""
    if role == "balance":
        return show_money(entry.balance_after) if entry.balance_after else ""
    is_in = entry.amount.minor > 0
    if role in ("amount", "credit" if is_in else "debit"):
        return show_money(entry.amount)
    return ""


def list_rows(
    trial: Preview | None, ledger: LedgerOverlap, changes: Mapping[int, ImportRow], width: int
) -> list[RowView]:
    """Return the rows of the preview with their states; those above the table are left out. What can be
    mended has as many cells as the table has columns, ``width``.
    """
    outcomes = []
    for row in trial.rows if trial else ():
        state = row.status if row.entry is None else ledger.states.get(id(row.entry), "new")
        if not any(cell.strip() for cell in row.cells) and state == "skipped":
            continue
        raw = " · ".join(cell.strip() for cell in row.cells if cell.strip())
        change = changes.get(row.line)
        cells = list((change.cells if change is not None else None) or row.cells)
        cells += [""] * (width - len(cells))
        outcomes.append(
            RowView(
                row.line,
                "skipped" if row.skip == "by_choice" else state,
                _word_outcome(row),
                row.entry,
                raw,
                cells if state == "failed" or change is not None else (),
                change.state if change is not None else "",
            )
        )
    return outcomes


def _word_outcome(row: PreviewRow) -> str:
    if row.fault:
        return bank_tables.word_fault(row.fault)
    return bank_tables.word_skip(row.skip) if row.skip else ""
