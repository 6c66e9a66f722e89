"""Appeals over the API: what asked for gifts."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import created, tag, tagged
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import principal, requires
from donorhub.api.idempotency import committed, once
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


LISTED: Final = Rows(AppealSchema, Appeal, SORTS)


@bp.get("")
@requires("gifts:read")
@bp.arguments(pages.args(*SORTS, campaign_id=QueryId()), location="query")
@bp.response(200, pages.envelope(AppealSchema))
def list_appeals(asked: dict[str, object]) -> Response:
    """List appeals."""
    page, filters = pages.split(asked)
    return LISTED.answer_page(page, select(Appeal).filter_by(**filters).whereclause)


@bp.post("")
@requires("funds:write")
@once
@bp.arguments(NewAppealSchema)
@bp.response(201, AppealSchema)
def create_appeal(new: dict[str, object]) -> Response:
    """Add an appeal."""
    return created(AppealSchema, funds.create_purpose(Appeal, new, now=clock.now(), actor=principal().actor))


@bp.get(f"/<{ID}:appeal_id>")
@requires("gifts:read")
@etags.versioned
@bp.response(200, AppealSchema)
def get_appeal(appeal_id: int) -> Response:
    """Show an appeal."""
    return tagged(AppealSchema, funds.get_purpose(Appeal, appeal_id))


@bp.patch(f"/<{ID}:appeal_id>")
@requires("funds:write")
@committed
@etags.versioned
@bp.arguments(AppealFieldsSchema(partial=True))
@bp.response(200, AppealSchema)
def change_appeal(changes: dict[str, object], appeal_id: int) -> Response:
    """Rename an appeal or give it to a campaign."""
    appeal = funds.get_purpose(Appeal, appeal_id)
    etags.require(tag(AppealSchema, appeal))
    funds.change_purpose(appeal, changes, now=clock.now(), actor=principal().actor)
    return tagged(AppealSchema, appeal)
