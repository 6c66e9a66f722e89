"""Funds over the API: how money must be used."""

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


LISTED: Final = Rows(FundSchema, Fund, SORTS)


@bp.get("")
@requires("gifts:read")
@bp.arguments(pages.args(*SORTS, is_closed=fields.Boolean()), location="query")
@bp.response(200, pages.envelope(FundSchema))
def list_funds(asked: dict[str, object]) -> Response:
    """List funds."""
    page, filters = pages.split(asked)
    return LISTED.answer_page(page, select(Fund).filter_by(**filters).whereclause)


@bp.post("")
@requires("funds:write")
@once
@bp.arguments(NewFundSchema)
@bp.response(201, FundSchema)
def create_fund(new: dict[str, object]) -> Response:
    """Add a fund."""
    return created(FundSchema, funds.create_purpose(Fund, new, now=clock.now(), actor=principal().actor))


@bp.get(f"/<{ID}:fund_id>")
@requires("gifts:read")
@etags.versioned
@bp.response(200, FundSchema)
def get_fund(fund_id: int) -> Response:
    """Show a fund."""
    return tagged(FundSchema, funds.get_purpose(Fund, fund_id))


@bp.patch(f"/<{ID}:fund_id>")
@requires("funds:write")
@committed
@etags.versioned
@bp.arguments(FundFieldsSchema(partial=True))
@bp.response(200, FundSchema)
def change_fund(changes: dict[str, object], fund_id: int) -> Response:
    """Rename or close a fund."""
    fund = funds.get_purpose(Fund, fund_id)
    etags.require(tag(FundSchema, fund))
    funds.change_purpose(fund, changes, now=clock.now(), actor=principal().actor)
    return tagged(FundSchema, fund)
