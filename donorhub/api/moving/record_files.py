"""Bringing donors and past gifts over the API: a file is sent, shown, answered and confirmed."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, current_app
from marshmallow import fields, validate
from sqlalchemy import select

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.bodies import takes_upload
from donorhub.api.changed import show_change
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once, do_once_by_key
from donorhub.api.moving.record_answers import (
    RecordFileListSchema,
    RecordFileSchema,
    RecordPlanSchema,
    RecordRowSchema,
    RecordTakingBackSchema,
    describe_file,
    describe_plan,
    describe_rows,
    describe_taking_back,
)
from donorhub.api.schemas import AnswerSchema, UploadedFile
from donorhub.config import Settings
from donorhub.errors import Forbidden, Rejected
from donorhub.models import ImportFile, RecordRow
from donorhub.models.states import IMPORT_FILE_STATES, RECORD_ROW_STATES
from donorhub.schemas import records as record_words
from donorhub.schemas.fields import StrictSchema
from donorhub.schemas.records import ConfirmedDigestSchema, RecordAnswersSchema
from donorhub.services.moving import (
    held_rows,
    record_confirming,
    record_deliveries,
    record_files,
    record_plans,
    record_presets,
    record_undo,
)
from donorhub.services.moving.record_confirming import ShownPlan
from donorhub.services.moving.record_hiding import list_hidden_places
from donorhub.services.moving.record_undo import TakingBack

bp = HouseBlueprint(
    "record_files", __name__, path="/record-files", description="Files of donors and past gifts."
)
SORTS: Final = {"id": ImportFile.id, "uploaded_at": ImportFile.uploaded_at}
ROW_SORTS: Final = {"id": RecordRow.id}


class NewRecordFileSchema(StrictSchema):
    """A file of donors and gifts: XLSX, XLS, ODS or CSV of any shape, or a ZIP of them."""

    file = UploadedFile(required=True)


class PresetSchema(AnswerSchema):
    """A kind of file of another system that is known."""

    name = fields.String(required=True)
    title = fields.String(required=True)
    system = fields.String(required=True)
    checked_against = fields.String(required=True)
    belongs_with = fields.List(fields.String(), required=True, metadata={"description": "Files before it"})


class PresetListSchema(AnswerSchema):
    """All that are known."""

    data = fields.List(fields.Nested(PresetSchema), required=True)


Query = pages.make_query_schema(*SORTS, state=fields.String(validate=validate.OneOf(IMPORT_FILE_STATES)))
RowQuery = pages.make_query_schema(
    *ROW_SORTS, state=fields.String(validate=validate.OneOf(RECORD_ROW_STATES))
)


def _require_more(*permissions: str) -> None:
    """Raise Forbidden where the caller lacks what a page asks for beside the scope of the address."""
    for permission in permissions:
        if not get_principal().has_permission(permission):
            raise Forbidden(f"this token has not the scope {permission}")


@bp.get("")
@require_permission("imports:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(RecordFileSchema))
def list_record_files(query: dict[str, object]) -> pages.Page:
    """List the files of donors and gifts."""
    page, filters = pages.split_arguments(query)
    files = pages.read_page(record_files.select_files().filter_by(**filters), page, SORTS)
    return pages.change_data(files, lambda rows: list(map(describe_file, rows)))


@bp.get("/presets")
@require_permission("imports:read")
@bp.response(200, PresetListSchema)
def list_presets() -> Response:
    """List the kinds of files of other systems that are recognised by their columns."""
    return answer_resource(PresetListSchema, {"data": [one.source for one in record_presets.list_presets()]})


@bp.post("")
@takes_upload
@require_permission("imports:write")
@do_once_by_key
@bp.arguments(NewRecordFileSchema, location="upload")
@bp.response(201, RecordFileListSchema)
@bp.alt_response(200, schema=RecordFileListSchema, description="These very bytes came before.")
def send_record_file(new: dict[str, Any]) -> Response:
    """Keep a file, encrypted; nothing of donors and gifts changes. Its address shows what it would do.

    A ZIP is its files, those that must be brought first in front. It takes the scopes `donors:write` and
    `gifts:write` too, as confirming and taking back do.
    """
    _require_more("donors:write", "gifts:write")
    content = new["file"].stream.read()
    if not content:
        raise Rejected("the file is empty", field="/file", code="file_empty")
    tables = record_deliveries.open_tables(content, new["file"].filename or "people")
    settings: Settings = current_app.extensions["donorhub.settings"]
    files = record_deliveries.keep_tables(
        tables, now=clock.now(), actor=get_principal().actor, limit_mb=settings.upload_limit_mb
    )
    status = 201 if any(is_new for _, is_new in files) else 200
    plain = {"data": [describe_file(file) for file, _ in files]}
    return answer_resource(RecordFileListSchema, plain, status=status)


@bp.get(f"/<{ID}:file_id>")
@require_permission("imports:read")
@bp.response(200, RecordPlanSchema)
def get_record_file(file_id: int) -> Response:
    """Show what bringing a file would do: its columns, questions, control totals and the digest of it.

    It takes the scope `donors:read` too.
    """
    file = record_files.get_file(file_id)
    _require_more("donors:read")
    return answer_resource(RecordPlanSchema, describe_plan(record_confirming.show_plan(file)))


@bp.get(f"/<{ID}:file_id>/rows")
@require_permission("imports:read")
@bp.arguments(RowQuery, location="query")
@bp.response(200, pages.make_page_schema(RecordRowSchema))
def list_record_rows(query: dict[str, object], file_id: int) -> pages.Page:
    """List the rows of a file; with `state=held`, those that wait to be mended. It takes `donors:read` and
    `gifts:read` too.
    """
    file = record_files.get_file(file_id)
    _require_more("donors:read", "gifts:read")
    page, filters = pages.split_arguments(query)
    rows = select(RecordRow).where(RecordRow.import_file_id == file.id).filter_by(**filters)
    hidden_places = list_hidden_places(file, get_principal())
    return pages.change_data(
        pages.read_page(rows, page, ROW_SORTS), lambda some: describe_rows(list(some), hidden_places)
    )


@bp.get(f"/<{ID}:file_id>/held-rows.csv")
@require_permission("imports:read")
@bp.response(200, {"type": "string"}, content_type="text/csv")
def fetch_held_rows(file_id: int) -> Response:
    """Fetch the rows that are held, with the reason, as a table to mend and send again.

    It takes `donors:read` and `gifts:read` too.
    """
    file = record_files.get_file(file_id)
    _require_more("donors:read", "gifts:read")
    content = held_rows.write_held_rows(
        file,
        record_words.write_reason,
        separator=",",
        hidden_places=list_hidden_places(file, get_principal()),
    )
    return Response(content, content_type="text/csv; charset=utf-8")


@bp.post(f"/<{ID}:file_id>/answers")
@require_permission("imports:write")
@do_once
@bp.arguments(RecordAnswersSchema)
@bp.response(200, RecordPlanSchema)
def answer_record_file(answers: dict[str, Any], file_id: int) -> Response:
    """Say what a file does not tell itself, and see what it would do then. What is not said stays.

    `columns`, `funds`, `campaigns` and `rows` are added to what was said of others before.
    """
    file = record_files.lock_file(file_id)
    _require_more("donors:write", "gifts:write")
    plan_answers = record_files.add_answers(file, answers)
    record_plans.plan_file(file, now=clock.now(), answers=plan_answers)
    return answer_resource(RecordPlanSchema, describe_plan(record_confirming.show_plan(file)))


@bp.post(f"/<{ID}:file_id>/write")
@require_permission("imports:write")
@do_once
@bp.arguments(ConfirmedDigestSchema)
@bp.response(202, RecordFileSchema)
def write_record_file(request_body: dict[str, str], file_id: int) -> Response:
    """Have a file written exactly as it was shown; ask for it at its address until it is `done`.

    Where it would do something else by now, the answer is 409 `changed` with the new `preview`. Again changes
    nothing.
    """
    record_files.get_file(file_id)
    _require_more("donors:write", "gifts:write")
    with show_change(ShownPlan, RecordPlanSchema, describe_plan):
        file = record_confirming.confirm_file(
            file_id, request_body["digest"], now=clock.now(), actor=get_principal().actor
        )
    return answer_resource(RecordFileSchema, describe_file(file), status=202)


@bp.get(f"/<{ID}:file_id>/take-back")
@require_permission("imports:read")
@bp.response(200, RecordTakingBackSchema)
def show_record_file_taken_back(file_id: int) -> Response:
    """Show what taking a file back would do, and what stands in the way. It takes `gifts:read` too."""
    record_files.get_file(file_id)
    _require_more("donors:read", "gifts:read")
    view = record_undo.show_taking_back(file_id)
    return answer_resource(RecordTakingBackSchema, describe_taking_back(view))


@bp.post(f"/<{ID}:file_id>/take-back")
@require_permission("imports:write")
@do_once
@bp.arguments(ConfirmedDigestSchema)
@bp.response(200, RecordFileSchema)
def take_back_record_file(request_body: dict[str, str], file_id: int) -> Response:
    """Take back what a file brought, as it was shown; what stands in the way stays. Again changes nothing.

    Where it would be something else by now, the answer is 409 `changed` with the new `preview`.
    """
    record_files.get_file(file_id)
    _require_more("donors:write", "gifts:write")
    with show_change(TakingBack, RecordTakingBackSchema, describe_taking_back):
        file = record_undo.take_back_file(
            file_id, request_body["digest"], now=clock.now(), actor=get_principal().actor
        )
    return answer_resource(RecordFileSchema, describe_file(file))
