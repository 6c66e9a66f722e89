"""Gifts over the API: recording them once, reading them with what was taken away, correcting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_new_resource, answer_resource, answer_with_etag
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_changed_row
from donorhub.api.donors.custom_values import add_values, load_values
from donorhub.api.duplicates import DuplicateQuery
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once, do_once_by_key, read_key
from donorhub.api.schemas import AnswerSchema
from donorhub.db import db
from donorhub.domain.donors.custom_shapes import Shape
from donorhub.models import Correction, Gift
from donorhub.models.states import GIFT_METHODS
from donorhub.money import Money
from donorhub.schemas.fields import Day, Instant, Line, QueryId
from donorhub.schemas.giving import (
    NewCorrectionSchema,
    NewGift,
    NewGiftSchema,
)
from donorhub.schemas.limits import CUSTOM_FILTER
from donorhub.schemas.money import MoneySchema
from donorhub.schemas.shown import Shown, ShownReason, ShownSchema
from donorhub.services.donors import custom_fields, custom_values
from donorhub.services.giving import gifts, history, shown_gifts, soft_credits
from donorhub.services.messages import thank_yous
from donorhub.services.providers import payouts

bp = HouseBlueprint("gifts", __name__, path="/gifts", description="Money received from donors, once each.")
SORTS: Final = {"id": Gift.id, "received_on": Gift.received_on, "recorded_at": Gift.recorded_at}


class DesignationSchema(AnswerSchema):
    fund_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)


class SoftCreditSchema(AnswerSchema):
    donor_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)


class GiftSchema(AnswerSchema):
    digest = fields.String(required=True, metadata={"description": "Sent to take out or thank for just this"})
    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)
    left = fields.Nested(
        MoneySchema, metadata={"description": "After refunds, lost disputes and corrections"}
    )
    deduction = fields.String(
        required=True,
        validate=validate.OneOf(("", "part", "gone")),
        metadata={"description": "What was taken away of it: nothing, a part, or all"},
    )
    fee = fields.Nested(MoneySchema, allow_none=True, metadata={"description": "What the provider kept"})
    payout_id = fields.Integer(allow_none=True)
    received_on = fields.Date(required=True)
    recorded_at = Instant(required=True)
    source = fields.String(required=True)
    source_ref = fields.String(required=True)
    method = fields.String(required=True)
    designations = fields.List(fields.Nested(DesignationSchema))
    soft_credits = fields.List(
        fields.Nested(SoftCreditSchema),
        metadata={"description": "Who is recognised for it beside its giver; in no sum"},
    )
    campaign_id = fields.Integer(allow_none=True)
    appeal_id = fields.Integer(allow_none=True)
    receipt_id = fields.Integer(allow_none=True, metadata={"description": "The live receipt that names it"})
    note = fields.String()
    goods = fields.String(required=True, metadata={"description": "What was given in kind"})
    custom = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "What stands in each field that was added to gifts; `null`: nothing"},
    )
    is_test = fields.Boolean(required=True)
    thank = fields.Boolean(required=True)


class CorrectionSchema(AnswerSchema):
    id = fields.Integer(required=True)
    gift_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)
    reason = fields.String(required=True)
    recorded_at = Instant(required=True)


Query = pages.make_query_schema(
    *SORTS,
    by_time={"received_from": "received_on", "received_to": "received_on", "recorded_after": "recorded_at"},
    donor_id=QueryId(),
    fund_id=QueryId(),
    campaign_id=QueryId(),
    appeal_id=QueryId(),
    source=Line(100),
    method=fields.String(validate=validate.OneOf(GIFT_METHODS)),
    received_from=Day(),
    received_to=Day(),
    recorded_after=Instant(),
    is_test=fields.Boolean(),
    custom=Line(
        CUSTOM_FILTER,
        metadata={
            "description": "`key:value` of a field that was added, for numbers and days also `key:from..to`"
        },
    ),
)


@bp.get("")
@require_permission("gifts:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(GiftSchema))
def list_gifts(arguments: dict[str, object]) -> pages.Page:
    """List gifts. With `custom` the newest come first, and of a range the lowest value, whatever `sort`."""
    page, filters = pages.split_arguments(arguments)
    fund_id, custom_text = filters.pop("fund_id", None), str(filters.pop("custom", ""))
    of_fund = None if fund_id is None else gifts.find_subset_of_fund(fund_id)
    query = gifts.select_gifts(**filters)
    shapes = custom_fields.list_shapes(get_principal(), entity="gift")
    custom = custom_values.read_filter(custom_text, shapes)
    if custom is not None:
        if of_fund is not None:
            query = query.join(of_fund.table, of_fund.condition)
        matches = db.session.scalars(
            custom.order_rows(query, after=page.get("after"), limit=page["limit"])
        ).all()
        value_page = custom_values.cut_page(matches, page["limit"])
        return pages.make_page(make_gift_answers(value_page.rows, shapes), value_page.cursor)
    rows = pages.read_page(query, page, SORTS, subset=of_fund)
    return pages.change_data(rows, lambda gifts_of_page: make_gift_answers(gifts_of_page, shapes))


@bp.post("")
@require_permission("gifts:write")
@do_once_by_key
@bp.arguments(DuplicateQuery, location="query")
@bp.arguments(NewGiftSchema)
@bp.response(201, GiftSchema)
@bp.alt_response(200, schema=GiftSchema, description="The source told of this gift before.")
@bp.alt_response(409, description="`possible_duplicate_gift`: one of this donor, day and amount is there.")
def record_gift(arguments: Mapping[str, bool], new: NewGift) -> Response:
    """Record a gift; its thank-you is planned with it.

    Without a `source` of its own, one of the same donor, day and amount as another is refused, with
    `gift_ids`, unless `allow_duplicate` is said.
    Money that is older than 30 days, or whose `source` begins with `import:`, is history: nobody is thanked.
    """
    source, source_ref = new.get("source"), new.get("source_ref") or str(read_key())
    ours = f"api:{get_principal().id}"
    if source is None and not arguments["allow_duplicate"]:
        equal_gifts = gifts.list_equal_gifts(new["donor_id"], new["amount"], new["received_on"])
        gifts.refuse_equal_gifts(equal_gifts, ours, source_ref)
    gift, is_new = gifts.record_gift(
        new["donor_id"],
        new["amount"],
        received_on=new["received_on"],
        method=new["method"],
        fund_ids={part["fund_id"]: part["amount"].minor for part in new["designations"]},
        source=source or ours,
        source_ref=source_ref,
        campaign_id=new.get("campaign_id"),
        appeal_id=new.get("appeal_id"),
        note=new.get("note", ""),
        goods=new.get("goods", ""),
        thank=new["thank"],
        custom=load_values(new.get("custom", {}), custom_fields.list_shapes(get_principal(), entity="gift")),
        now=clock.now(),
        actor=get_principal().actor,
    )
    db.session.flush()  # its designations are read back
    return answer_new_resource(GiftSchema, make_gift_answers([gift])[0], is_new=is_new)


@bp.get(f"/<{ID}:gift_id>")
@require_permission("gifts:read")
@etags.mark_versioned
@bp.response(200, GiftSchema)
def get_gift(gift_id: int) -> Response:
    """Show a gift."""
    return answer_with_etag(GiftSchema, make_gift_answers([gifts.get_gift(gift_id)])[0])


class ThankYouSchema(AnswerSchema):
    """Whether a gift that was held back is thanked for now."""

    gift_id = fields.Integer(required=True)
    is_new = fields.Boolean(required=True, metadata={"description": "False: nothing was held back"})


@bp.post(f"/<{ID}:gift_id>/thank-you")
@require_permission("gifts:write")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, ThankYouSchema)
def thank_for_gift(confirmation: Shown, gift_id: int) -> Response:
    """Thank for a gift that is too old to be thanked for by itself. A second time changes nothing."""
    gifts.get_gift(gift_id)
    with show_changed_row(GiftSchema, _describe_gift):
        shown_gifts.refuse_changed_gift(gift_id, confirmation.get("digest"))
    asked_ids = thank_yous.ask_for_thanks([gift_id], now=clock.now(), actor=get_principal().actor)
    return answer_resource(ThankYouSchema, {"gift_id": gift_id, "is_new": bool(asked_ids)})


@bp.post(f"/<{ID}:gift_id>/corrections")
@require_permission("gifts:write")
@do_once_by_key
@bp.arguments(NewCorrectionSchema)
@bp.response(201, CorrectionSchema)
@bp.alt_response(200, schema=CorrectionSchema, description="It was corrected so before.")
def correct_gift(new: ShownReason, gift_id: int) -> Response:
    """Take out a gift that was recorded wrongly. Its row stays; a receipt that names it is voided first."""
    source, source_ref = f"api:{get_principal().id}", str(read_key())
    with show_changed_row(GiftSchema, _describe_gift):
        shown_gifts.refuse_changed_gift(gift_id, new.get("digest"), source=source, source_ref=source_ref)
    correction, is_new = gifts.correct_gift(
        gift_id,
        reason=new["reason"],
        source=source,
        source_ref=source_ref,
        now=clock.now(),
        actor=get_principal().actor,
    )
    db.session.flush()  # the answer shows its id
    return answer_resource(
        CorrectionSchema, _make_correction_answer(correction), status=201 if is_new else 200
    )


def _describe_gift(gift: Gift) -> dict[str, object]:
    return make_gift_answers([gift])[0]


def make_gift_answers(rows: Sequence[Gift], shapes: Sequence[Shape] | None = None) -> list[dict[str, object]]:
    """Return the answers for gifts, with what belongs to them read for all at once; ``shapes`` are the fields
    that were added and that the reader sees, if they are known already."""
    ids = [gift.id for gift in rows]
    away, receipts, items = (
        gifts.sum_deductions(ids),
        gifts.find_live_receipt_ids(ids),
        payouts.read_items_of_gifts(ids),
    )
    deduction_states = history.tell_deductions(rows, away)
    parts = gifts.list_designations(ids)
    credits = soft_credits.read_credits(ids)
    names = [column.key for column in Gift.__table__.columns]
    answers: list[dict[str, object]] = []
    for gift in rows:
        item = items.get(gift.id)
        answers.append(
            {name: getattr(gift, name) for name in names}
            | {
                "amount": gift.amount,
                "deduction": deduction_states.get(gift.id, ""),
                "left": Money(max(0, gift.amount_minor - away[gift.id]), gift.currency),
                "fee": Money(item.fee_minor, item.currency) if item else None,
                "payout_id": item.payout_id if item else None,
                "receipt_id": receipts.get(gift.id),
                "digest": shown_gifts.compute_gift_digest(
                    gift,
                    left_minor=gift.amount_minor - away[gift.id],
                    receipt_id=receipts.get(gift.id),
                ),
                "designations": [
                    {"fund_id": fund_id, "amount": Money(minor, gift.currency)}
                    for fund_id, minor in parts.get(gift.id, ())
                ],
                "soft_credits": [
                    {"donor_id": donor_id, "amount": Money(minor, gift.currency)}
                    for donor_id, minor in credits.get(gift.id, ())
                ],
            }
        )
    if shapes is None:
        shapes = custom_fields.list_shapes(get_principal(), entity="gift")
    add_values(answers, shapes)
    return answers


def _make_correction_answer(correction: Correction) -> dict[str, object]:
    return {
        "id": correction.id,
        "gift_id": correction.gift_id,
        "amount": Money(correction.amount_minor, correction.currency),
        "reason": correction.reason,
        "recorded_at": correction.recorded_at,
    }
