"""The audit trail over the API: who did what, in the order in which it was sealed. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from marshmallow import fields

from donorhub.api import pages
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.schemas import AnswerSchema
from donorhub.models import AuditRecord
from donorhub.schemas.fields import Instant, Line, QueryId
from donorhub.services.access import audit

bp = HouseBlueprint("audit", __name__, path="/audit-records", description="Who did what.")
SORTS: Final = {"id": AuditRecord.id, "at": AuditRecord.at}


class FieldChangeSchema(AnswerSchema):
    """One field that was changed, from what to what."""

    field = fields.String(required=True)
    is_known = fields.Boolean(
        required=True,
        metadata={"description": "False: it was erased, was not kept, or this token has no donors:read"},
    )
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class AuditRecordSchema(AnswerSchema):
    id = fields.Integer(required=True)
    seq = fields.Integer(allow_none=True, metadata={"description": "Its place in the chain, once sealed"})
    at = Instant(required=True)
    actor = fields.String(required=True)
    what = fields.String(required=True)
    subject_type = fields.String(required=True)
    subject_id = fields.Integer(required=True)
    data = fields.Dict(keys=fields.String())
    changes = fields.List(fields.Nested(FieldChangeSchema), required=True)
    digest = fields.String(required=True)
    chain = fields.String(allow_none=True)


Query = pages.make_query_schema(
    *SORTS,
    by_time={"since": "at", "recorded_before": "at"},
    actor=Line(100),
    what=Line(100),
    subject_type=Line(60),
    subject_id=QueryId(),
    since=Instant(),
    recorded_before=Instant(),
)


@bp.get("")
@require_permission("audit:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(AuditRecordSchema))
def list_audit_records(arguments: dict[str, object]) -> pages.Page:
    """List audit records, with each field that was changed from what to what."""
    page, filters = pages.split_arguments(arguments)
    filters["until"] = filters.pop("recorded_before", None)
    return pages.change_data(pages.read_page(audit.select_records(**filters), page, SORTS), _make_answers)


def _make_answers(records: Sequence[AuditRecord]) -> list[dict[str, object]]:
    changes = audit.read_shown_changes(records, get_principal())
    names = [column.key for column in AuditRecord.__table__.columns]
    return [
        {name: getattr(record, name) for name in names}
        | {"changes": [_make_change(record, field, change) for field, change in changes[record.id].items()]}
        for record in records
    ]


def _make_change(record: AuditRecord, field: str, change: audit.Change | None) -> dict[str, object]:
    """Return one change; what is personal only for who may read donors."""
    sealed_fields = record.data.get("sealed")
    is_personal = isinstance(sealed_fields, dict) and field in sealed_fields
    if change is None or (is_personal and not get_principal().has_permission("donors:read")):
        return {"field": field, "is_known": False, "before": None, "after": None}
    return {"field": field, "is_known": True, "before": change[0], "after": change[1]}
