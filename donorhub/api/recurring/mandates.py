"""Mandates of direct debits over the API: written down, and what became of them."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_changed_row
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.recurring.recurring_gifts import RecurringGiftSchema, describe_promise
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Mandate
from donorhub.models.states import MANDATE_STATES
from donorhub.schemas.fields import Instant, QueryId
from donorhub.schemas.mandates import (
    MandateChange,
    MandateChangeSchema,
    NewMandate,
    NewMandateSchema,
)
from donorhub.services.access import organisation
from donorhub.services.recurring import mandates, recurring_gifts, shown_promises

bp = HouseBlueprint("mandates", __name__, path="/mandates", description="Consents to direct debits.")
SORTS: Final = {"id": Mandate.id}


class MandateSchema(AnswerSchema):
    digest = fields.String(
        required=True, metadata={"description": "Sent with a change, changes exactly this"}
    )
    id = fields.Integer(required=True)
    recurring_gift_id = fields.Integer(required=True)
    kind = fields.String(required=True)
    creditor_id = fields.String(required=True)
    reference = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(MANDATE_STATES))
    state_reason = fields.String()
    signed_on = fields.Date(allow_none=True)
    active_from = fields.Date(
        allow_none=True, metadata={"description": "What is due after this day may be collected"}
    )
    ended_on = fields.Date(allow_none=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.String(required=True)


Query = pages.make_query_schema(*SORTS, recurring_gift_id=QueryId())


@bp.get("")
@require_permission("recurring:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(MandateSchema))
def list_mandates(arguments: dict[str, object]) -> pages.Page:
    """List mandates."""
    page, filters = pages.split_arguments(arguments)
    return pages.change_data(
        pages.read_page(mandates.select_mandates(**filters), page, SORTS),
        lambda rows: list(map(describe_mandate, rows)),
    )


@bp.post("")
@require_permission("recurring:write")
@do_once
@bp.arguments(NewMandateSchema)
@bp.response(201, MandateSchema)
@bp.alt_response(200, schema=MandateSchema, description="It was written down before.")
def record_mandate(new: NewMandate) -> Response:
    """Write down the mandate of a direct debit; with an active one its instalments begin."""
    gift = recurring_gifts.get_recurring_gift(new["recurring_gift_id"])
    with show_changed_row(RecurringGiftSchema, describe_promise):
        shown_promises.refuse_changed_promise(gift, new.get("digest"), now=clock.now())
    mandate, is_new = mandates.record_mandate(
        gift,
        mandates.NewMandate(
            reference=new["reference"],
            state=new["state"],
            creditor_id=new["creditor_id"],
            signed_on=new["signed_on"],
            active_from=new["active_from"],
        ),
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(MandateSchema, describe_mandate(mandate), is_new=is_new)


@bp.get(f"/<{ID}:mandate_id>")
@require_permission("recurring:read")
@bp.response(200, MandateSchema)
def get_mandate(mandate_id: int) -> Response:
    """Show a mandate."""
    return answer_resource(MandateSchema, describe_mandate(mandates.get_mandate(mandate_id)))


def describe_mandate(mandate: Mandate) -> dict[str, object]:
    """Return a mandate as it is told, with its digest."""
    ours = {column.key: getattr(mandate, column.key) for column in Mandate.__table__.columns}
    return ours | {"digest": shown_promises.compute_mandate_digest(mandate)}


@bp.post(f"/<{ID}:mandate_id>/change")
@require_permission("recurring:write")
@do_once
@bp.arguments(MandateChangeSchema)
@bp.response(200, MandateSchema)
def change_mandate(body: MandateChange, mandate_id: int) -> Response:
    """Write down what became of a mandate on a day. The state that it has: nothing changes."""
    mandate = mandates.get_mandate(mandate_id)
    now = clock.now()
    with show_changed_row(MandateSchema, describe_mandate):
        shown_promises.refuse_changed_mandate(mandate, body["state"], body.get("digest"))
    mandates.change_mandate(
        mandate,
        body["state"],
        on=body.get("on") or organisation.get_day(now),
        reason=body["reason"],
        now=now,
        actor=get_principal().actor,
    )
    return answer_resource(MandateSchema, describe_mandate(mandate))
