"""Funds over the API: how money must be used."""

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
from donorhub.models import Fund
from donorhub.schemas.giving import FundFieldsSchema, NewFundSchema
from donorhub.services.giving import funds

bp = HouseBlueprint("funds", __name__, path="/funds", description="How money must be used.")
SORTS: Final = {"id": Fund.id, "code": Fund.code}


class FundSchema(AnswerSchema):
    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    is_closed = fields.Boolean(required=True)


ROWS: Final = Rows(FundSchema, Fund, SORTS)


@bp.get("")
@require_permission("gifts:read")
@bp.arguments(pages.make_query_schema(*SORTS, is_closed=fields.Boolean()), location="query")
@bp.response(200, pages.make_page_schema(FundSchema))
def list_funds(arguments: dict[str, object]) -> Response:
    """List funds."""
    page, filters = pages.split_arguments(arguments)
    return ROWS.answer_page(page, select(Fund).filter_by(**filters).whereclause)


@bp.post("")
@require_permission("funds:write")
@do_once
@bp.arguments(NewFundSchema)
@bp.response(201, FundSchema)
def create_fund(new: dict[str, object]) -> Response:
    """Add a fund."""
    return answer_new_resource(
        FundSchema, funds.create_purpose(Fund, new, now=clock.now(), actor=get_principal().actor)
    )


@bp.get(f"/<{ID}:fund_id>")
@require_permission("gifts:read")
@etags.mark_versioned
@bp.response(200, FundSchema)
def get_fund(fund_id: int) -> Response:
    """Show a fund."""
    return answer_with_etag(FundSchema, funds.get_purpose(Fund, fund_id))


@bp.patch(f"/<{ID}:fund_id>")
@require_permission("funds:write")
@commit_work
@etags.mark_versioned
@bp.arguments(FundFieldsSchema(partial=True))
@bp.response(200, FundSchema)
def change_fund(changes: dict[str, object], fund_id: int) -> Response:
    """Rename or close a fund."""
    fund = funds.get_purpose(Fund, fund_id)
    etags.require_match(compute_etag(FundSchema, fund))
    funds.change_purpose(fund, changes, now=clock.now(), actor=get_principal().actor)
    return answer_with_etag(FundSchema, fund)
