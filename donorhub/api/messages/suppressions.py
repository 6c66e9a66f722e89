"""Addresses that nothing is sent to, over the API: which there are, one more, one less."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Suppression
from donorhub.models.states import SUPPRESSION_SCOPES, SUPPRESSION_SOURCES
from donorhub.schemas.fields import EmailAddress, Instant, Reason
from donorhub.schemas.messages import LiftSchema, NewSuppression, NewSuppressionSchema
from donorhub.services.messages import suppressions

bp = HouseBlueprint(
    "suppressions", __name__, path="/suppressions", description="Addresses that nothing is sent to."
)
SORTS: Final = {"id": Suppression.id, "created_at": Suppression.created_at}


class SuppressionSchema(AnswerSchema):
    """An address is kept as a keyed hash only: ask by `address` whether it is among them."""

    id = fields.Integer(required=True)
    channel = fields.String(required=True)
    scope = fields.String(required=True, validate=validate.OneOf(SUPPRESSION_SCOPES))
    source = fields.String(required=True, validate=validate.OneOf(SUPPRESSION_SOURCES))
    reason = fields.String(required=True)
    created_at = Instant(required=True)
    created_by = fields.String(required=True)
    lifted_at = Instant(allow_none=True)
    lift_reason = fields.String()


Query = pages.make_query_schema(*SORTS, address=EmailAddress())


@bp.get("")
@require_permission("messages:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(SuppressionSchema))
def list_suppressions(arguments: dict[str, object]) -> pages.Page:
    """List what is in force; with `address`, whether that one is."""
    page, filters = pages.split_arguments(arguments)
    return pages.read_page(suppressions.select_suppressions(**filters), page, SORTS)


@bp.post("")
@require_permission("donors:write")
@do_once
@bp.arguments(NewSuppressionSchema)
@bp.response(201, SuppressionSchema)
@bp.alt_response(200, schema=SuppressionSchema, description="Nothing was sent there before; nothing changed.")
def suppress_address(new: NewSuppression) -> Response:
    """Send nothing to an address from now on; what waits to be sent there is held back."""
    row, is_new = suppressions.record_suppression(
        new["address"],
        reason=new["reason"],
        source=new["source"],
        scope=new["scope"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(SuppressionSchema, row, is_new=is_new)


@bp.post(f"/<{ID}:suppression_id>/lift")
@require_permission("donors:write")
@do_once
@bp.arguments(LiftSchema)
@bp.response(200, SuppressionSchema)
def lift_suppression(body: Reason, suppression_id: int) -> Response:
    """Let an address be written to again; one that complained stays."""
    row = suppressions.lift_suppression(
        suppression_id, reason=body["reason"], now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(SuppressionSchema, row)
