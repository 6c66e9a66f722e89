"""How whole columns of fields that were added are written: the order of days, the decimal sign.

Each column decides for itself; what it leaves open is as in the column of gifts, else a question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from donorhub.domain.donors.custom_shapes import Shape
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.cells import clean_amount
from donorhub.domain.moving.custom_cells import CustomColumn
from donorhub.domain.moving.day_cells import DateWriting
from donorhub.domain.moving.writings import (
    Question,
    Writing,
    add_questions,
    list_texts,
    settle_decimal,
    settle_own_order,
)
from importers.records import RecordTable
from importers.text import find_decimal_signs


def settle_custom(table: RecordTable, writing: Writing, shapes: Sequence[Shape], answers: Answers) -> Writing:
    """Return the writing with how each column of such a field is read, and the questions that stay open."""
    by_name = {shape.name: shape for shape in shapes}
    columns: dict[int, CustomColumn] = {}
    questions = list(writing.questions)
    for guess in writing.guesses:
        shape = by_name.get(guess.custom_name)
        if shape is None:
            continue
        column = CustomColumn(shape, writing.dates, writing.amounts.decimal)
        if shape.kind == "day":
            column = _settle_days(table, column, guess.position, writing, answers, questions)
        elif shape.kind == "number":
            column = _settle_numbers(table, column, guess.position, writing, answers, questions)
        columns[guess.position] = column
    return replace(writing, custom=columns, questions=tuple(questions))


def _settle_days(
    table: RecordTable,
    column: CustomColumn,
    place: int,
    writing: Writing,
    answers: Answers,
    questions: list[Question],
) -> CustomColumn:
    order, open_questions = settle_own_order(list_texts(table, [place]), [place], writing, answers)
    questions[:] = add_questions(questions, open_questions)
    return replace(column, dates=DateWriting(order, writing.dates.month_day, writing.dates.epoch))


def _settle_numbers(
    table: RecordTable,
    column: CustomColumn,
    place: int,
    writing: Writing,
    answers: Answers,
    questions: list[Question],
) -> CustomColumn:
    texts = list_texts(table, [place])
    plain_texts = {text: clean_amount(" ".join(text.split())) for text in texts}
    dependent = {
        text: signs
        for text, plain in plain_texts.items()
        if any(sign in plain for sign in ".,") and (signs := find_decimal_signs((plain,)))
    }
    decimal, open_questions = settle_decimal(dependent, texts, place, replace(answers, decimal=""))
    if open_questions and answers.decimal:
        decimal, open_questions = answers.decimal, []
    if open_questions and writing.find_places("amount"):
        decimal, open_questions = writing.amounts.decimal, []
    questions[:] = add_questions(questions, open_questions)
    return replace(column, decimal=decimal)
