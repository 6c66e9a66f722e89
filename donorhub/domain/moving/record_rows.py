"""A row of a table as a person and perhaps a gift: what of it can be read, and why it or a cell cannot.

A cell about the person that cannot be read is refused alone, and the rest of the row goes on; money without
amount, currency or day holds the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from donorhub.domain.moving.answers import Answers, RowAnswer, make_row_key
from donorhub.domain.moving.records import CreditDraft, GiftDraft, Person, Record, RowFault
from donorhub.domain.moving.row_cells import HeldRow, RowCells
from donorhub.domain.moving.row_gifts import find_amount, read_credit, read_credit_amount, read_gift
from donorhub.domain.moving.row_people import read_credited_person, read_people
from donorhub.domain.moving.writings import Writing
from importers.records import RecordRow, RecordSheet, RecordTable

_NOTHING_SAID = RowAnswer()


def read_records(table: RecordTable, writing: Writing, answers: Answers, *, today: date) -> Iterator[Record]:
    """Yield each row of the table; hidden ones only where a person wants them."""
    cells = RowCells(writing)
    people: dict[Person, Person] = {}  # who stands in several rows is kept once
    for sheet in table.sheets:
        if sheet.is_hidden and answers.hidden != "bring":
            continue
        cells.enter_sheet(sheet)
        for row in sheet.rows:
            if not row.is_hidden or answers.hidden == "bring":
                yield _read_row(cells, sheet, row, answers, people, today)


def _read_row(
    cells: RowCells,
    sheet: RecordSheet,
    row: RecordRow,
    answers: Answers,
    people: dict[Person, Person],
    today: date,
) -> Record:
    answer = _NOTHING_SAID
    if answers.rows:
        answer = answers.rows.get(make_row_key(sheet.name, row.number), _NOTHING_SAID)
    mended_cells = answer.cells
    if answers.rows and sheet.origin is not None:
        of_row = answers.rows.get(make_row_key(sheet.origin, row.number), _NOTHING_SAID)
        mended_cells = {**of_row.cells, **answer.cells}
    cells.take_row(row.cells, mended_cells)
    named, ties = read_people(cells, today=today)
    person, *companions = (people.setdefault(one, one) for one in named)
    fault: RowFault | Literal[""] = ""
    fault_field, gift = "", None
    try:
        gift = read_gift(cells, today=today)
    except HeldRow as e:
        fault, fault_field = e.code, e.field
    credit, credited_person = _read_credit(cells, gift, fault)
    if credit is not None and gift is None:
        fault, fault_field = "", ""  # it is about another's gift
    if not fault and not person.name and not person.ref:
        fault, fault_field = "no_name", "full_name"
    elif (
        not fault and gift is None and _is_alone(cells) and not (person.family_name and sheet.origin is None)
    ):
        fault, fault_field = "name_alone", "full_name"
    return Record(
        sheet.name,
        row.number,
        cells.texts,
        person,
        gift,
        fault,
        fault_field,
        tuple(cells.refused_cells),
        answer.is_left_out,
        answer.is_another_gift,
        gift.amount if gift else None if credit else find_amount(cells),
        tuple(companions),
        sheet.origin,
        f"{sheet.letters}{row.number}" if sheet.letters else "",
        ties,
        credit,
        credited_person,
    )


def _read_credit(
    cells: RowCells, gift: GiftDraft | None, fault: RowFault | Literal[""]
) -> tuple[CreditDraft | None, Person | None]:
    """Return for which gift a row recognises somebody, and whom, where that is not its own person."""
    if fault == "soft_credit":
        return read_credit(cells), None
    if gift is None or not cells.has_column("credited_name", "credited_id"):
        return None, None
    credited_person = read_credited_person(cells)
    if credited_person is None:
        return None, None
    part = read_credit_amount(cells)
    is_part = part is not None and part.currency == gift.amount.currency and part.minor < gift.amount.minor
    return CreditDraft(part if part is not None and is_part else gift.amount), credited_person


def _is_alone(cells: RowCells) -> bool:
    """Return whether one cell of a table of gifts is all that a row says: the title of a part, perhaps."""
    return cells.has_column("amount") and sum(map(bool, cells.texts)) == 1
