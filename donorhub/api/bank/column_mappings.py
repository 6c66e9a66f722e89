"""Column mappings over the API: which column of a bank's table is which, kept and tried out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

from flask import Response
from marshmallow import ValidationError, fields, pre_load
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.bodies import takes_upload
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema, UploadedFile
from donorhub.errors import Rejected
from donorhub.models import ColumnMapping
from donorhub.schemas.bank import NewColumnMapping, NewColumnMappingSchema
from donorhub.schemas.fields import Currency, Instant, QueryId, StrictSchema
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank.files import column_mappings
from donorhub.services.bank.files.statement_drafts import make_plain_problems
from importers import sentences
from importers.table.proof import Question
from importers.tabular import Preview, PreviewRow
from webhooks import strict_json
from webhooks.fact import BadBody

bp = HouseBlueprint(
    "column_mappings", __name__, path="/column-mappings", description="Which column is which, by header."
)
SORTS: Final = {"id": ColumnMapping.id}


class ColumnMappingSchema(AnswerSchema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    signature = fields.String(required=True, metadata={"description": "Of the header it recognises"})
    version = fields.Integer(required=True)
    layout = fields.Dict(keys=fields.String(), required=True)
    bank_account_id = fields.Integer(allow_none=True)
    created_by = fields.String(required=True)
    created_at = Instant(required=True)


class NewPreviewSchema(StrictSchema):
    """A table and the layout to try on it, as JSON text; without one, what the table seems to be."""

    file = UploadedFile(required=True)
    layout = fields.Dict(
        keys=fields.String(),
        metadata={"description": "JSON, as for a new mapping; else one is proposed", "type": "string"},
    )
    currency = Currency(load_default="")

    @pre_load
    def _read_layout(self, data: Mapping[str, object], **_: object) -> dict[str, object]:
        fields = dict(data.items())
        if "layout" not in fields:
            return fields
        try:
            fields["layout"] = strict_json.read_json(str(fields["layout"]).encode("utf-8", "surrogatepass"))
        except BadBody as e:
            raise ValidationError(str(e), "layout") from e
        return fields


class PreviewRowSchema(AnswerSchema):
    line = fields.Integer(required=True)
    cells = fields.List(fields.String(), required=True)
    status = fields.String(required=True)
    why = fields.String()
    code = fields.String(metadata={"description": "Of `why`: what the row is instead of an entry"})
    params = fields.Dict(keys=fields.String(), metadata={"description": "The figures in `why`"})
    booked_on = fields.Date(allow_none=True)
    amount = fields.Nested(MoneySchema, allow_none=True)
    counterparty = fields.String(allow_none=True)
    remittance = fields.String(allow_none=True)


class TotalsSchema(AnswerSchema):
    total_in = fields.Nested(MoneySchema)
    total_out = fields.Nested(MoneySchema)


class QuestionSchema(AnswerSchema):
    code = fields.String(required=True, metadata={"description": "The key of the layout that answers it"})
    gap = fields.String(
        allow_none=True, metadata={"description": "What the columns leave open, where `code` is `columns`"}
    )
    sentence = fields.String(required=True)
    choices = fields.List(fields.String(), required=True)


class PreviewSchema(AnswerSchema):
    layout = fields.Dict(keys=fields.String(), allow_none=True, metadata={"description": "That was tried"})
    questions = fields.List(fields.Nested(QuestionSchema), required=True)
    rows = fields.List(fields.Nested(PreviewRowSchema), required=True)
    totals = fields.List(fields.Nested(TotalsSchema), required=True)
    entries_count = fields.Integer(required=True)
    problems = fields.List(fields.Dict(keys=fields.String()), required=True)
    period_from = fields.Date(allow_none=True)
    period_to = fields.Date(allow_none=True)
    integrity = fields.String(required=True)


ROWS: Final = Rows(ColumnMappingSchema, ColumnMapping, SORTS)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(pages.make_query_schema(*SORTS, bank_account_id=QueryId()), location="query")
@bp.response(200, pages.make_page_schema(ColumnMappingSchema))
def list_column_mappings(query: dict[str, object]) -> Response:
    """List column mappings, every version of each."""
    page, filters = pages.split_arguments(query)
    return ROWS.answer_page(page, select(ColumnMapping).filter_by(**filters).whereclause)


@bp.post("")
@require_permission("imports:write")
@do_once
@bp.arguments(NewColumnMappingSchema)
@bp.response(201, ColumnMappingSchema)
def save_column_mapping(new: NewColumnMapping) -> Response:
    """Keep a layout for every file with its header; another layout for that header is its next version."""
    row = column_mappings.save_mapping(
        new["layout"],
        name=new["name"],
        bank_account_id=new.get("bank_account_id"),
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(ColumnMappingSchema, row)


@bp.get(f"/<{ID}:column_mapping_id>")
@require_permission("imports:read")
@bp.response(200, ColumnMappingSchema)
def get_column_mapping(column_mapping_id: int) -> Response:
    """Show a column mapping."""
    return answer_resource(ColumnMappingSchema, column_mappings.get_mapping(column_mapping_id))


class NewPreview(TypedDict):
    """A table to try a layout on."""

    file: FileStorage
    currency: str
    layout: NotRequired[dict[str, object]]


@bp.post("/preview")
@takes_upload
@require_permission("imports:write")
@commit_work
@bp.arguments(NewPreviewSchema, location="upload")
@bp.response(200, PreviewSchema)
def preview_table(new: NewPreview) -> Response:
    """Try a layout on a table: the first rows beside what they become. Nothing is kept.

    Without a layout, the one that fits or seems to is tried, and what it leaves open is asked.
    """
    content, layout = new["file"].stream.read(), new.get("layout")
    questions: list[dict[str, object]] = []
    if layout is None:
        layout, questions = _propose_layout(content)
    trial = column_mappings.preview_layout(content, layout, currency=new["currency"])
    return answer_resource(PreviewSchema, _show_preview(trial) | {"layout": layout, "questions": questions})


def _propose_layout(content: bytes) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return the layout that a table has or seems to have, and what must be asked of it.

    Rejected with the reason where it is no table that can be read.
    """
    draft = column_mappings.draft_layout(content)
    if draft.known_layout is not None:
        return draft.known_layout.to_dict(), []
    if draft.problems or draft.layout is None:
        problem = draft.problems[0]
        raise Rejected(problem.message, field="/file", code=problem.code)
    return draft.layout.to_dict(), [_show_question(question) for question in draft.questions]


def _show_question(question: Question) -> dict[str, object]:
    return {
        "code": question.code,
        "gap": question.gap,
        "sentence": sentences.write_question(question.code, question.gap),
        "choices": list(question.choices),
    }


def _show_preview(trial: Preview) -> dict[str, object]:
    return {
        "rows": [_show_row(row) for row in trial.rows],
        "totals": [
            {"total_in": trial.total_in[currency], "total_out": trial.total_out[currency]}
            for currency in sorted(trial.total_in)
        ],
        "entries_count": sum(len(statement.entries) for statement in trial.reading.statements),
        "problems": make_plain_problems(trial.reading.problems),
        "period_from": trial.period[0],
        "period_to": trial.period[1],
        "integrity": str(trial.integrity),
    }


def _show_row(row: PreviewRow) -> dict[str, object]:
    plain: dict[str, object] = {"line": row.line, "cells": list(row.cells), "status": row.status, "why": ""}
    if row.skip:
        plain |= {"why": sentences.SKIPS[row.skip], "code": row.skip}
    if row.fault:
        plain["why"] = sentences.write_problem(row.fault)
        plain |= {"code": row.fault.problem_code, "params": dict(row.fault.params)}
    if row.entry is not None:
        payment = row.entry.details[0] if row.entry.details else None
        plain |= {
            "booked_on": row.entry.booked_on,
            "amount": row.entry.amount,
            "counterparty": payment.counterparty.name if payment else None,
            "remittance": payment.remittance if payment else None,
        }
    return plain
