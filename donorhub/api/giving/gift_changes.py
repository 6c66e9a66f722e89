"""Changing what gifts are for over the API: fund, campaign, appeal and note, of one or of several at once."""

from __future__ import annotations

from flask import Response
from marshmallow import fields

from donorhub import clock
from donorhub.api import etags
from donorhub.api.answers import answer_resource, answer_with_etag, compute_etag
from donorhub.api.blueprint import ID
from donorhub.api.donors.custom_values import load_values
from donorhub.api.giving.gifts import GiftSchema, bp, make_gift_answers
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.schemas.giving import (
    FundChange,
    FundChangeSchema,
    FundPreview,
    FundPreviewSchema,
    GiftFields,
    GiftFieldsSchema,
)
from donorhub.services.donors import custom_fields
from donorhub.services.giving import gift_changes, gifts

__all__ = ["bp"]


class HinderedGiftSchema(AnswerSchema):
    """A gift whose fund stays, and why."""

    gift_id = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class FundPlanSchema(AnswerSchema):
    """What giving gifts to one fund would do."""

    changing_ids = fields.List(fields.Integer(), required=True)
    unchanged_ids = fields.List(
        fields.Integer(), required=True, metadata={"description": "They are for that fund already"}
    )
    hindered = fields.List(fields.Nested(HinderedGiftSchema), required=True)
    digest = fields.String(required=True, metadata={"description": "To be sent with the change"})


class ChangedGiftsSchema(AnswerSchema):
    """Which gifts were changed."""

    changed_ids = fields.List(fields.Integer(), required=True)


@bp.patch(f"/<{ID}:gift_id>")
@require_permission("gifts:write")
@commit_work
@etags.mark_versioned
@bp.arguments(GiftFieldsSchema(partial=True))
@bp.response(200, GiftSchema)
def change_gift(new: GiftFields, gift_id: int) -> Response:
    """Change what a gift is for; what is left out stays, and so do amount, day and donor.

    The fund stays while a receipt names the gift (`fund_on_receipt`) and in closed books (`books_closed`).
    The audit tells from what to what.
    """
    etags.require_match(compute_etag(GiftSchema, make_gift_answers([gifts.get_gift(gift_id)])[0]))
    fund_ids = None
    if "designations" in new:
        gifts.refuse_other_currency(gift_id, [part["amount"] for part in new["designations"]])
        fund_ids = {part["fund_id"]: part["amount"].minor for part in new["designations"]}
    credits = None
    if "soft_credits" in new:
        gifts.refuse_other_currency(gift_id, [part["amount"] for part in new["soft_credits"]])
        credits = {part["donor_id"]: part["amount"].minor for part in new["soft_credits"]}
    shapes = custom_fields.list_shapes(get_principal(), entity="gift")
    custom = load_values(new["custom"], shapes, partial=True) if "custom" in new else None
    changes = gift_changes.collect_changes(new, fund_ids, credits, custom)
    gift_changes.change_gift(gift_id, changes, now=clock.now(), actor=get_principal().actor, shapes=shapes)
    return answer_with_etag(GiftSchema, make_gift_answers([gifts.get_gift(gift_id)])[0])


@bp.post("/fund-changes/preview")
@require_permission("gifts:write")
@commit_work
@bp.arguments(FundPreviewSchema)
@bp.response(200, FundPlanSchema)
def preview_fund_change(request_body: FundPreview) -> Response:
    """Tell which of these gifts could go to another fund, and why others cannot. It changes nothing."""
    plan = gift_changes.plan_fund(request_body["gift_ids"], request_body["fund_id"])
    return answer_resource(
        FundPlanSchema,
        {
            "changing_ids": [gift.id for gift in plan.changing_gifts],
            "unchanged_ids": [gift.id for gift in plan.unchanged_gifts],
            "hindered": [
                {"gift_id": gift.id, "code": refusal.specific_code, "detail": refusal.message}
                for gift, refusal in plan.hindrances
            ],
            "digest": plan.digest,
        },
    )


@bp.post("/fund-changes")
@require_permission("gifts:write")
@do_once
@bp.arguments(FundChangeSchema)
@bp.response(200, ChangedGiftsSchema)
@bp.alt_response(409, description="`gifts_changed`: it would do something else than the preview said.")
def change_fund(request_body: FundChange) -> Response:
    """Give several gifts to one fund, as the preview said; those that cannot go there are left out."""
    ids = gift_changes.change_fund(
        request_body["gift_ids"],
        request_body["fund_id"],
        shown_digest=request_body["digest"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(ChangedGiftsSchema, {"changed_ids": ids})
