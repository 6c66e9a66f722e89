"""Campaigns over the API: efforts with a goal."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_new_resource, answer_with_etag, compute_etag
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Campaign
from donorhub.money import Money
from donorhub.schemas.giving import CampaignFieldsSchema, NewCampaignSchema
from donorhub.schemas.money import MoneySchema
from donorhub.services.giving import funds

bp = HouseBlueprint("campaigns", __name__, path="/campaigns", description="Efforts with a goal.")
SORTS: Final = {"id": Campaign.id, "code": Campaign.code}


class CampaignSchema(AnswerSchema):
    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    goal = fields.Nested(MoneySchema, allow_none=True)
    starts_on = fields.Date(allow_none=True)
    ends_on = fields.Date(allow_none=True)


@bp.get("")
@require_permission("gifts:read")
@bp.arguments(pages.make_query_schema(*SORTS), location="query")
@bp.response(200, pages.make_page_schema(CampaignSchema))
def list_campaigns(arguments: pages.PageArguments) -> pages.Page:
    """List campaigns."""
    page = pages.read_page(select(Campaign), arguments, SORTS)
    return pages.change_data(page, lambda rows: [_make_campaign_answer(row) for row in rows])


@bp.post("")
@require_permission("funds:write")
@do_once
@bp.arguments(NewCampaignSchema)
@bp.response(201, CampaignSchema)
def create_campaign(new: dict[str, object]) -> Response:
    """Add a campaign."""
    campaign = funds.create_purpose(
        Campaign, _make_columns(new), now=clock.now(), actor=get_principal().actor
    )
    return answer_new_resource(CampaignSchema, _make_campaign_answer(campaign))


@bp.get(f"/<{ID}:campaign_id>")
@require_permission("gifts:read")
@etags.mark_versioned
@bp.response(200, CampaignSchema)
def get_campaign(campaign_id: int) -> Response:
    """Show a campaign."""
    return answer_with_etag(CampaignSchema, _make_campaign_answer(funds.get_purpose(Campaign, campaign_id)))


@bp.patch(f"/<{ID}:campaign_id>")
@require_permission("funds:write")
@commit_work
@etags.mark_versioned
@bp.arguments(CampaignFieldsSchema(partial=True))
@bp.response(200, CampaignSchema)
def change_campaign(changes: dict[str, object], campaign_id: int) -> Response:
    """Change a campaign's name, goal or dates."""
    campaign = funds.get_purpose(Campaign, campaign_id)
    etags.require_match(compute_etag(CampaignSchema, _make_campaign_answer(campaign)))
    funds.change_purpose(campaign, _make_columns(changes), now=clock.now(), actor=get_principal().actor)
    return answer_with_etag(CampaignSchema, _make_campaign_answer(campaign))


def _make_columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the goal as its two columns."""
    if "goal" not in fields:
        return fields
    goal: Money | None = fields.pop("goal")
    return fields | {"goal_minor": goal.minor if goal else None, "currency": goal.currency if goal else None}


def _make_campaign_answer(row: Campaign) -> dict[str, object]:
    has_goal = row.goal_minor is not None and row.currency is not None
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "goal": Money(row.goal_minor or 0, row.currency or "") if has_goal else None,
    }
