"""Rows of a table that cannot be read over the API: seen, mended and left out before the file is imported."""

from __future__ import annotations

from typing import Final, TypedDict

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.schemas.fields import Instant, Line, NothingSchema, Several, StrictSchema
from donorhub.services.bank.files import import_rows, imports
from donorhub.services.bank.files.import_rows import LONGEST_CELL, MOST_CELLS, RowView
from importers import sentences

bp = HouseBlueprint(
    "import_rows", __name__, path="/imports", description="Rows of bank tables that cannot be read."
)
STATES: Final = ("unreadable", "mended", "left_out")


class ImportRowSchema(AnswerSchema):
    """A row that cannot be read as the file has it, and what a person said of it."""

    line = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    raw = fields.String(required=True, metadata={"description": "As the file has it"})
    cells = fields.List(
        fields.String(), required=True, metadata={"description": "As written, or as a person wrote them"}
    )
    code = fields.String(allow_none=True, metadata={"description": "Why it cannot be read, also as mended"})
    message = fields.String(allow_none=True)
    actor = fields.String(allow_none=True)
    made_at = Instant(allow_none=True)


class ImportRowListSchema(AnswerSchema):
    """The rows of a file."""

    data = fields.List(fields.Nested(ImportRowSchema), required=True)


class MendedRowSchema(StrictSchema):
    """The cells of a row, in the order of the table's columns."""

    cells = Several(Line(LONGEST_CELL), 1, MOST_CELLS, required=True)


class MendedRow(TypedDict):
    """What a row holds."""

    cells: list[str]


@bp.get(f"/<{ID}:import_id>/rows")
@require_permission("imports:read")
@bp.response(200, ImportRowListSchema)
def list_import_rows(import_id: int) -> Response:
    """List the rows of a table that cannot be read, 500 at most, and what was said of them."""
    return _answer_rows(import_id)


@bp.post(f"/<{ID}:import_id>/rows/<{ID}:line>/mend")
@require_permission("imports:write")
@do_once
@bp.arguments(MendedRowSchema)
@bp.response(200, ImportRowListSchema)
def mend_row(row: MendedRow, import_id: int, line: int) -> Response:
    """Write the cells of a row anew that cannot be read; the file's own text is kept beside them.

    Only before the file is imported; `/imports/{id}/preview` then shows what it would do.
    """
    import_rows.mend_row(import_id, line, row["cells"], now=clock.now(), actor=get_principal().actor)
    return _answer_rows(import_id)


@bp.post(f"/<{ID}:import_id>/rows/<{ID}:line>/leave-out")
@require_permission("imports:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, ImportRowListSchema)
def leave_row_out(_nothing: dict[str, object], import_id: int, line: int) -> Response:
    """Let a row stay out that cannot be read."""
    import_rows.leave_row_out(import_id, line, now=clock.now(), actor=get_principal().actor)
    return _answer_rows(import_id)


@bp.post(f"/<{ID}:import_id>/rows/<{ID}:line>/restore")
@require_permission("imports:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, ImportRowListSchema)
def restore_row(_nothing: dict[str, object], import_id: int, line: int) -> Response:
    """Let a row be what the file has. Nothing was said of it: no change."""
    import_rows.restore_row(import_id, line, now=clock.now(), actor=get_principal().actor)
    return _answer_rows(import_id)


def _answer_rows(import_id: int) -> Response:
    rows = import_rows.list_rows(imports.get_file(import_id))
    return answer_resource(ImportRowListSchema, {"data": list(map(_describe_row, rows))})


def _describe_row(row: RowView) -> dict[str, object]:
    change = row.change
    return {
        "line": row.line,
        "state": change.state if change is not None else "unreadable",
        "raw": row.raw,
        "cells": (change.cells if change is not None else None) or row.cells,
        "code": row.fault.problem_code if row.fault is not None else None,
        "message": sentences.write_problem(row.fault) if row.fault is not None else None,
        "actor": change.actor if change is not None else None,
        "made_at": change.made_at if change is not None else None,
    }
