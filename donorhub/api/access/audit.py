"""The audit trail over the API: who did what, in the order in which it was sealed. Read only."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields

from donorhub.api import pages
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import require_permission
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import AuditRecord
from donorhub.schemas.fields import Instant, Line, QueryId
from donorhub.services.access import audit

bp = HouseBlueprint("audit", __name__, path="/audit-records", description="Who did what.")
SORTS: Final = {"id": AuditRecord.id}


class AuditRecordSchema(AnswerSchema):
    id = fields.Integer(required=True)
    seq = fields.Integer(allow_none=True, metadata={"description": "Its place in the chain, once sealed"})
    at = Instant(required=True)
    actor = fields.String(required=True)
    what = fields.String(required=True)
    subject_type = fields.String(required=True)
    subject_id = fields.Integer(required=True)
    data = fields.Dict(keys=fields.String())
    digest = fields.String(required=True)
    chain = fields.String(allow_none=True)


Query = pages.make_query_schema(
    *SORTS,
    actor=Line(100),
    what=Line(100),
    subject_type=Line(60),
    subject_id=QueryId(),
    since=Instant(),
)


ROWS: Final = Rows(AuditRecordSchema, AuditRecord, SORTS)


@bp.get("")
@require_permission("audit:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(AuditRecordSchema))
def list_audit_records(arguments: dict[str, object]) -> Response:
    """List audit records."""
    page, filters = pages.split_arguments(arguments)
    return ROWS.answer_page(page, audit.select_records(**filters).whereclause)
