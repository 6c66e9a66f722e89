"""Read a table that nobody knows yet: propose its columns, say what is open, draft its layout.

API, pages and command line use it alike. It stores nothing and knows no words of any language
but those that banks write: what it says are codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from importers.sheet import Row, Sheet, UnreadableTable, open_text
from importers.statement import Problem, make_problem
from importers.table.answers import (
    Answers,
    DateWriting,
    FactName,
    Side,
    Standing,
    Writing,
    check_currency,
)
from importers.table.changes import Change, find_change
from importers.table.columns import (
    Cut,
    choose_roles,
    compose_layout,
    cut_table,
    find_account,
    has_unsure_sense,
    place_roles,
    propose_columns,
    read_words,
)
from importers.table.detect import Detection, Guess, detect_columns
from importers.table.layout import Layout
from importers.table.money_columns import sum_cells
from importers.table.opening import find_layout_by_rows, open_table, recognise_layout
from importers.table.proof import Question, Settlement, settle_layout
from importers.table.reading import AnySheet
from importers.text import DATE_ORDERS, Undecodable


@dataclass(frozen=True, slots=True)
class Draft:
    """A table under the answers in force. ``layout`` is whole when there are no ``questions``.

    ``known_layout`` is a layout that has this very header, ``change`` tells how the header differs
    from one that was saved. ``problems`` say why there is no layout.
    """

    writing: Writing = field(default_factory=Writing)  # in force
    own_writing: Writing = field(default_factory=Writing)  # what the file itself shows
    head: tuple[Row, ...] = ()
    columns: tuple[Guess, ...] = ()
    directions: Mapping[str, Side] = field(default_factory=dict)
    statuses: Mapping[str, Standing] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    layout: Layout | None = None
    known_layout: Layout | None = None
    change: Change | None = None
    account: str = ""  # that the file names, outside its rows
    is_workbook: bool = False
    is_proved: bool = False
    problems: tuple[Problem, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)  # about the file, as a reading has them

    @property
    def header_line(self) -> int:
        """Where the header stands; 0 for a table without."""
        return self.writing.header_line

    def is_relevant(self, fact: FactName) -> bool:
        """Return whether a fact matters for this table: an encoding does not for a workbook."""
        roles = {column.role for column in self.columns}
        if fact in ("encoding", "delimiter"):
            return not self.is_workbook
        if fact == "currency":
            return "currency" not in roles
        if fact == "amounts":
            return has_unsure_sense(self.columns)
        if fact == "fees":
            return "fee" in roles
        return fact != "debits" or "debit" in roles

    def sum_column(self, position: int) -> Decimal:
        """Return the sum of a column in the first rows, so that a person can tell an amount from a number."""
        rows = (row.cells for row in self.head if row.line > self.header_line)
        return sum_cells([cells[position] for cells in rows if position < len(cells)])

    def take_currency(self, currency: str) -> Draft:
        """Return the draft for an account in ``currency``, where neither table nor person names one."""
        return replace(
            self,
            writing=replace(self.writing, currency=currency),
            own_writing=replace(self.own_writing, currency=currency),
            questions=tuple(question for question in self.questions if question.code != "currency"),
        )


def read_draft(
    data: bytes,
    answers: Answers | None = None,
    *,
    saved_layouts: Sequence[Layout] = (),
    shipped_layouts: Sequence[Layout] = (),
) -> Draft:
    """Return what a table seems to be.

    Answers count most, then what the file shows, then a layout of the same bank.

    ``saved`` are layouts that people made, ``shipped`` those that come with the program. Raises
    nothing for the file's fault: it is among the ``problems``.
    """
    answers = answers or Answers()
    try:
        sheet, _ = open_table(data)
        known_layout = recognise_layout(sheet, (*saved_layouts, *shipped_layouts)) or find_layout_by_rows(
            sheet, saved_layouts
        )
        sheet, own_writing, writing = _open_sheet(data, sheet, answers)
    except (Undecodable, UnreadableTable) as e:
        return Draft(problems=(make_problem("error", e.reason),))
    detection, problems = _detect_or_explain(sheet)
    cut = cut_table(sheet, writing.delimiter, detection, answers.header_line)
    draft = Draft(
        writing=replace(writing, header_line=cut.header.line if cut.header else 0),
        own_writing=replace(own_writing, header_line=detection.header_line),
        head=cut.head,
        known_layout=known_layout,
        change=None if known_layout or cut.header is None else find_change(cut.header.cells, saved_layouts),
        is_workbook=not isinstance(sheet, Sheet),
        problems=problems,
        facts=sheet.list_facts(),
    )
    return _draft_layout(draft, cut, answers)


def _open_sheet(data: bytes, sheet: AnySheet, answers: Answers) -> tuple[AnySheet, Writing, Writing]:
    """Return the sheet under a person's encoding and separator, its own, and those in force."""
    if not isinstance(sheet, Sheet):
        return sheet, Writing(), Writing()
    own_writing = Writing(sheet.codec, sheet.delimiter)
    writing = Writing(answers.encoding or sheet.codec, answers.delimiter or sheet.delimiter)
    if writing.encoding != sheet.codec:
        sheet = open_text(data, writing.encoding)
    return sheet.change_delimiter(writing.delimiter, '"'), own_writing, writing


def _detect_or_explain(sheet: AnySheet) -> tuple[Detection, tuple[Problem, ...]]:
    try:
        return detect_columns(sheet), ()
    except UnreadableTable as e:
        return Detection(None, (), ()), (make_problem("error", e.reason),)


def _draft_layout(draft: Draft, cut: Cut, answers: Answers) -> Draft:
    """Return the draft with its columns and the layout that they make."""
    before = draft.known_layout or (draft.change.layout if draft.change else None)
    columns = propose_columns(cut, before)
    if answers.basis == draft.writing.basis:
        columns = choose_roles(columns, answers.roles)
    meanings = read_words(cut, columns, answers.directions, answers.statuses, before)
    account = find_account(cut)
    layout = compose_layout(cut, columns, meanings, account[1] if account else None)
    problems = draft.problems
    try:
        settlement = settle_layout(cut.sheet, layout, place_roles(columns), cut.first)
    except UnreadableTable as e:
        settlement, problems = Settlement(layout), (*problems, make_problem("error", e.reason))
    draft = replace(
        draft,
        columns=columns,
        directions=meanings.directions,
        statuses=meanings.statuses,
        account=account[0] if account else draft.known_layout.account if draft.known_layout else "",
        is_proved=settlement.is_proved,
        problems=problems,
    )
    return _apply_answers(draft, settlement, answers, before)


def _apply_answers(draft: Draft, settlement: Settlement, answers: Answers, before: Layout | None) -> Draft:
    """Return the draft under a person's answers.

    They go before what the file shows, and that before what was said the last time.
    """
    own, last = settlement.layout, before or _NO_LAYOUT
    writing = replace(
        draft.writing,
        date_order=answers.date_order or own.date_order or _check_order(last.date_order),
        decimal=answers.decimal or own.decimal or last.decimal,
        amounts=answers.amounts or own.amounts or last.amounts,
        debits=answers.debits or (last.debits if last.has_role("debit") else own.debits),
        fees=answers.fees or own.fees or last.fees,
        currency=check_currency(answers.currency) or own.currency or check_currency(last.currency),
    )
    layout = replace(
        own,
        date_order=writing.date_order,
        decimal=writing.decimal,
        amounts=writing.amounts,
        debits=writing.debits or own.debits,
        fees=writing.fees,
        fee_sign=last.fee_sign if last.has_role("fee") else own.fee_sign,
        currency=writing.currency,
    )
    own_writing = replace(
        draft.own_writing,
        date_order=own.date_order,
        decimal=own.decimal,
        amounts=own.amounts,
        debits=own.debits,
        fees=own.fees,
        currency=own.currency,
    )
    draft = replace(draft, writing=writing, own_writing=own_writing, layout=layout)
    return replace(draft, questions=_find_open_questions(draft, layout, settlement))


_NO_LAYOUT: Final = Layout(
    name="", columns=(), amounts=""
)  # what was said of a table that is seen for the first time


def _check_order(order: DateWriting) -> DateWriting:
    return order if order in DATE_ORDERS else ""


def _find_open_questions(draft: Draft, layout: Layout, settlement: Settlement) -> tuple[Question, ...]:
    """Return the questions that nobody answered and that have a bearing with these columns."""
    amounts = tuple(str(column.position) for column in draft.columns if column.reason.code == "maybe_amount")
    questions = [
        replace(question, choices=amounts) if question.gap == "amount" and len(amounts) > 1 else question
        for question in settlement.questions
        if not _is_answered(draft, question)
    ]
    gaps = {question.gap for question in questions}
    return (
        *questions,
        *(Question("columns", gap=gap) for gap in layout.find_gaps() if gap != "sense" and gap not in gaps),
    )


def _is_answered(draft: Draft, question: Question) -> bool:
    if question.code == "columns":
        return False
    return bool(draft.writing.write_fact(question.code)) or not draft.is_relevant(question.code)
