"""Campaigns over the API: efforts with a goal."""

from __future__ import annotations

from typing import Any, Final

from flask import Response
from marshmallow import fields
from sqlalchemy import select

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import created, tag, tagged
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import principal, requires
from donorhub.api.idempotency import committed, once
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
@requires("gifts:read")
@bp.arguments(pages.args(*SORTS), location="query")
@bp.response(200, pages.envelope(CampaignSchema))
def list_campaigns(asked: pages.Asked) -> pages.Page:
    """List campaigns."""
    found = pages.page(select(Campaign), asked, SORTS)
    return pages.with_data(found, lambda rows: [_told(row) for row in rows])


@bp.post("")
@requires("funds:write")
@once
@bp.arguments(NewCampaignSchema)
@bp.response(201, CampaignSchema)
def create_campaign(new: dict[str, object]) -> Response:
    """Add a campaign."""
    campaign = funds.create_purpose(Campaign, _columns(new), now=clock.now(), actor=principal().actor)
    return created(CampaignSchema, _told(campaign))


@bp.get(f"/<{ID}:campaign_id>")
@requires("gifts:read")
@etags.versioned
@bp.response(200, CampaignSchema)
def get_campaign(campaign_id: int) -> Response:
    """Show a campaign."""
    return tagged(CampaignSchema, _told(funds.get_purpose(Campaign, campaign_id)))


@bp.patch(f"/<{ID}:campaign_id>")
@requires("funds:write")
@committed
@etags.versioned
@bp.arguments(CampaignFieldsSchema(partial=True))
@bp.response(200, CampaignSchema)
def change_campaign(changes: dict[str, object], campaign_id: int) -> Response:
    """Change a campaign's name, goal or dates."""
    campaign = funds.get_purpose(Campaign, campaign_id)
    etags.require(tag(CampaignSchema, _told(campaign)))
    funds.change_purpose(campaign, _columns(changes), now=clock.now(), actor=principal().actor)
    return tagged(CampaignSchema, _told(campaign))


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """A campaign's goal as its two columns."""
    if "goal" not in given:
        return given
    goal: Money | None = given.pop("goal")
    return given | {"goal_minor": goal.minor if goal else None, "currency": goal.currency if goal else None}


def _told(row: Campaign) -> dict[str, object]:
    has_goal = row.goal_minor is not None and row.currency is not None
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "goal": Money(row.goal_minor or 0, row.currency or "") if has_goal else None,
    }
