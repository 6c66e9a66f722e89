"""How a file of donors and past gifts is told over the API: how far it is, what it would do, its rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from marshmallow import fields, validate

from donorhub.api.http import get_principal
from donorhub.api.schemas import AnswerSchema, SumSchema
from donorhub.models import ImportFile, RecordRow
from donorhub.models.states import IMPORT_FILE_STATES, RECORD_ROW_STATES
from donorhub.money import Money
from donorhub.schemas import records as record_words
from donorhub.schemas.fields import Instant
from donorhub.schemas.money import MoneySchema
from donorhub.services.moving.record_confirming import ShownPlan
from donorhub.services.moving.record_hiding import (
    hide_cells,
    hide_examples,
    hide_samples,
    list_hidden_places,
)
from donorhub.services.moving.record_undo import TakingBack


class RecordFileSchema(AnswerSchema):
    """A file of donors and gifts and how far it is."""

    id = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(IMPORT_FILE_STATES))
    filename = fields.String(required=True)
    preset = fields.String(required=True, metadata={"description": "The known kind of file; empty for none"})
    system = fields.String(required=True, metadata={"description": "Where it comes from"})
    new_count = fields.Integer(required=True, metadata={"description": "Rows that were brought"})
    known_count = fields.Integer(required=True)
    uploaded_by = fields.String(required=True)
    uploaded_at = Instant(required=True)
    finished_at = Instant(allow_none=True)


class RecordFileListSchema(AnswerSchema):
    """The files that were sent, those of a ZIP one by one."""

    data = fields.List(fields.Nested(RecordFileSchema), required=True)


class PlanColumnSchema(AnswerSchema):
    """A column and what it holds."""

    position = fields.Integer(required=True)
    name = fields.String(required=True)
    field = fields.String(required=True)
    custom_key = fields.String(
        metadata={"description": "Of `custom` and `gift_custom`: the key of the field"}
    )
    ground = fields.String(required=True, metadata={"description": "Why: person, preset, name, cells …"})
    samples = fields.List(fields.String(), required=True)


class PlanQuestionSchema(AnswerSchema):
    """What only a person can say."""

    code = fields.String(required=True)
    message = fields.String(required=True)
    position = fields.Integer(allow_none=True, metadata={"description": "The column that it is about"})
    choices = fields.List(fields.String(), required=True)
    examples = fields.List(fields.String(), required=True)


class SheetTotalSchema(AnswerSchema):
    """What a sheet's gifts add up to, and what the file itself says."""

    sheet = fields.String(required=True)
    count = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)
    own_amount = fields.Nested(MoneySchema, allow_none=True)
    difference = fields.Nested(MoneySchema, allow_none=True)
    out_rows = fields.List(fields.Integer(), required=True, metadata={"description": "Rows not counted"})


class YearTotalSchema(AnswerSchema):
    """The gifts of a sheet and year: those that are new, and those that are here already."""

    sheet = fields.String(required=True)
    year = fields.Integer(required=True)
    new_count = fields.Integer(required=True)
    new_amount = fields.Nested(MoneySchema)
    known_count = fields.Integer(required=True)
    known_amount = fields.Nested(MoneySchema)


class RowSumSchema(AnswerSchema):
    """A column of sums beside the months of a sheet, and the rows whose amounts add up to another."""

    sheet = fields.String(required=True)
    name = fields.String(required=True)
    agreeing = fields.Integer(required=True, metadata={"description": "How many rows it agrees with"})
    differing = fields.List(fields.Integer(), required=True)


class ReasonCountSchema(AnswerSchema):
    """How many rows are in a state for one reason."""

    state = fields.String(required=True, validate=validate.OneOf(RECORD_ROW_STATES))
    reason = fields.String(required=True)
    message = fields.String(required=True)
    count = fields.Integer(required=True)


class RecordPlanSchema(RecordFileSchema):
    """A file with what bringing it would do; of one that was brought, what it did."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})
    can_be_written = fields.Boolean(required=True)
    answers = fields.Dict(keys=fields.String(), required=True)
    rows_count = fields.Integer(required=True)
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Rows by state: made, joined, known, held, left_out"},
    )
    new_donors = fields.Integer(required=True)
    known_donors = fields.Integer(required=True)
    changed_donors = fields.Integer(required=True)
    opt_outs = fields.Integer(required=True)
    members = fields.Integer(required=True, metadata={"description": "Who will belong to a household"})
    contact_people = fields.Integer(required=True, metadata={"description": "Of organisations"})
    gifts_count = fields.Integer(required=True)
    sums = fields.List(fields.Nested(SumSchema), required=True)
    sheets = fields.List(fields.Nested(SheetTotalSchema), required=True)
    years = fields.List(fields.Nested(YearTotalSchema), required=True)
    row_sums = fields.List(fields.Nested(RowSumSchema), required=True)
    reasons = fields.List(fields.Nested(ReasonCountSchema), required=True)
    columns = fields.List(fields.Nested(PlanColumnSchema), required=True)
    questions = fields.List(fields.Nested(PlanQuestionSchema), required=True)


class RecordRowSchema(AnswerSchema):
    """A row, what becomes of it and why; `key` names it in the answers."""

    id = fields.Integer(required=True)
    key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(RECORD_ROW_STATES))
    reason = fields.String(required=True)
    message = fields.String(required=True)
    name = fields.String(required=True)
    cells = fields.List(fields.String(), required=True, metadata={"description": "As written, or mended"})
    cell = fields.String(required=True, metadata={"description": "Of money below a month: where it stands"})
    donor_id = fields.Integer(allow_none=True)
    gift_id = fields.Integer(allow_none=True)


class RecordObstacleSchema(AnswerSchema):
    """What stays when a file is taken back, because something hangs on it."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("receipt", "closed_books", "entry", "donor"))
    )
    reason = fields.String(required=True)
    donor_id = fields.Integer(required=True)
    gift_id = fields.Integer(allow_none=True)
    amount = fields.Nested(MoneySchema, allow_none=True)


class RecordTakingBackSchema(AnswerSchema):
    """What taking a file back would do."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this"})
    gift_ids = fields.List(fields.Integer(), required=True, metadata={"description": "Corrected"})
    donor_ids = fields.List(fields.Integer(), required=True, metadata={"description": "Taken away"})
    obstacles = fields.List(fields.Nested(RecordObstacleSchema), required=True)


def describe_file(file: ImportFile) -> dict[str, object]:
    """Return a file as its schema tells it."""
    answers = file.layout or {}
    names = (
        "id",
        "state",
        "filename",
        "new_count",
        "known_count",
        "uploaded_by",
        "uploaded_at",
        "finished_at",
    )
    return {
        **{name: getattr(file, name) for name in names},
        "preset": answers.get("preset", ""),
        "system": answers.get("system", ""),
    }


def describe_plan(view: ShownPlan) -> dict[str, object]:
    """Return what a file would do as its schema tells it."""
    summary: dict[str, Any] = view.summary
    figures: dict[str, Any] = summary.get("figures", {})
    hidden_places = list_hidden_places(view.file, get_principal())
    names = ("new_donors", "known_donors", "changed_donors", "opt_outs", "members", "contact_people")
    return {
        **describe_file(view.file),
        "digest": view.digest,
        "can_be_written": view.file.state == "asking" and summary.get("can_be_written", False),
        "answers": view.file.layout or {},
        "rows_count": figures.get("rows", 0),
        "counts": figures.get("counts", {}),
        **{name: figures.get(name, 0) for name in names},
        "gifts_count": figures.get("gifts", 0),
        "sums": [{"amount": Money(minor, unit)} for unit, minor in figures.get("sums", {}).items()],
        "sheets": list(map(_describe_sheet, figures.get("sheets", ()))),
        "years": [
            {
                **total,
                "new_amount": Money(total["new_minor"], total["currency"]),
                "known_amount": Money(total["known_minor"], total["currency"]),
            }
            for total in figures.get("years", ())
        ],
        "row_sums": figures.get("row_sums", ()),
        "reasons": [
            {"state": state, "reason": reason, "message": record_words.write_reason(reason), "count": count}
            for state, reason, count in figures.get("reasons", ())
        ],
        "columns": hide_samples(summary.get("columns", []), hidden_places),
        "questions": [
            {**question, "message": record_words.QUESTIONS[question["code"]]}
            for question in hide_examples(summary.get("questions", []), hidden_places)
        ],
    }


def _describe_sheet(total: dict[str, Any]) -> dict[str, object]:
    own_minor, unit = total["own_minor"], total["currency"]
    return {
        **total,
        "amount": Money(total["minor"], unit),
        "own_amount": None if own_minor is None else Money(own_minor, unit),
        "difference": None if own_minor is None else Money(own_minor - total["minor"], unit),
    }


def describe_rows(rows: list[RecordRow], hidden_places: Collection[int] = ()) -> list[dict[str, object]]:
    """Return rows as their schema tells them, without the cells of these columns."""
    return [
        {
            "id": row.id,
            "key": f"{row.sheet}!{row.row_no}",
            "state": row.state,
            "reason": row.reason,
            "message": record_words.write_reason(row.reason),
            "name": row.plan.get("name", ""),
            "cells": hide_cells(row.raw, hidden_places),
            "cell": row.plan.get("cell", ""),
            "donor_id": row.donor_id,
            "gift_id": row.gift_id,
        }
        for row in rows
    ]


def describe_taking_back(view: TakingBack) -> dict[str, object]:
    """Return what taking a file back would do as its schema tells it."""
    return {
        "digest": view.digest,
        "gift_ids": view.gift_ids,
        "donor_ids": view.donor_ids,
        "obstacles": view.obstacles,
    }
