"""Appeals over the API: what asked for gifts."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_new_resource, answer_with_etag, compute_etag
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Appeal
from donorhub.schemas.fields import QueryId
from donorhub.schemas.giving import AppealFieldsSchema, NewAppealSchema
from donorhub.services.giving import funds

bp = HouseBlueprint("appeals", __name__, path="/appeals", description="What asked for gifts.")
SORTS: Final = {"id": Appeal.id, "code": Appeal.code}


class AppealSchema(AnswerSchema):
    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    campaign_id = fields.Integer(allow_none=True)


ROWS: Final = Rows(AppealSchema, Appeal, SORTS)


@bp.get("")
@require_permission("gifts:read")
@bp.arguments(pages.make_query_schema(*SORTS, campaign_id=QueryId()), location="query")
@bp.response(200, pages.make_page_schema(AppealSchema))
def list_appeals(arguments: dict[str, object]) -> Response:
    """List appeals."""
    page, filters = pages.split_arguments(arguments)
    return ROWS.answer_page(page, select(Appeal).filter_by(**filters).whereclause)


@bp.post("")
@require_permission("funds:write")
@do_once
@bp.arguments(NewAppealSchema)
@bp.response(201, AppealSchema)
def create_appeal(new: dict[str, object]) -> Response:
    """Add an appeal."""
    return answer_new_resource(
        AppealSchema, funds.create_purpose(Appeal, new, now=clock.now(), actor=get_principal().actor)
    )


@bp.get(f"/<{ID}:appeal_id>")
@require_permission("gifts:read")
@etags.mark_versioned
@bp.response(200, AppealSchema)
def get_appeal(appeal_id: int) -> Response:
    """Show an appeal."""
    return answer_with_etag(AppealSchema, funds.get_purpose(Appeal, appeal_id))


@bp.patch(f"/<{ID}:appeal_id>")
@require_permission("funds:write")
@commit_work
@etags.mark_versioned
@bp.arguments(AppealFieldsSchema(partial=True))
@bp.response(200, AppealSchema)
def change_appeal(changes: dict[str, object], appeal_id: int) -> Response:
    """Rename an appeal or give it to a campaign."""
    appeal = funds.get_purpose(Appeal, appeal_id)
    etags.require_match(compute_etag(AppealSchema, appeal))
    funds.change_purpose(appeal, changes, now=clock.now(), actor=get_principal().actor)
    return answer_with_etag(AppealSchema, appeal)
