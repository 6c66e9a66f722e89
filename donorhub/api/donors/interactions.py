"""What people did and said with a donor, over the API: told, recorded, corrected by a new row."""

from __future__ import annotations

from typing import Final

from flask import Response, url_for
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID
from donorhub.api.donors.donors import bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Interaction
from donorhub.models.states import INTERACTION_KINDS
from donorhub.schemas.fields import Instant
from donorhub.schemas.interactions import InteractionFields, NewInteractionSchema
from donorhub.services.donors import donors, interactions
from donorhub.services.donors.interactions import NewInteraction

__all__ = ["bp"]
SORTS: Final = {"id": Interaction.id, "at": Interaction.at}


class InteractionSchema(AnswerSchema):
    """A note, call, meeting, visit, letter or e-mail of people."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(INTERACTION_KINDS))
    direction = fields.String(allow_none=True, metadata={"description": "in: the donor began; out: we did"})
    at = Instant(required=True, metadata={"description": "When it happened"})
    recorded_at = Instant(required=True)
    actor = fields.String(required=True)
    text = fields.String(required=True)
    outcome = fields.String(allow_none=True)
    task_id = fields.Integer(allow_none=True, metadata={"description": "What is to be done next"})
    message_id = fields.Integer(
        allow_none=True, metadata={"description": "The letter that was posted; it says whether it still was"}
    )
    corrects_id = fields.Integer(
        allow_none=True, metadata={"description": "The interaction that this says anew; that one stays"}
    )
    source = fields.String(required=True)


ROWS: Final = Rows(InteractionSchema, Interaction, SORTS)
Query = pages.make_query_schema("at", "id", kind=fields.String(validate=validate.OneOf(INTERACTION_KINDS)))


@bp.get(f"/<{ID}:donor_id>/interactions")
@require_permission("donors:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(InteractionSchema))
def list_interactions(arguments: dict[str, object], donor_id: int) -> Response:
    """List what was recorded of a donor, also what was corrected since."""
    page, filters = pages.split_arguments(arguments)
    of_donor = Interaction.donor_id == donors.get_donor(donor_id).id
    kind = filters.get("kind")
    return ROWS.answer_page(page, of_donor, None if kind is None else Interaction.kind == kind)


@bp.post(f"/<{ID}:donor_id>/interactions")
@require_permission("tasks:write")
@do_once
@bp.arguments(NewInteractionSchema)
@bp.response(201, InteractionSchema)
def record_interaction(new_fields: InteractionFields, donor_id: int) -> Response:
    """Record a note, a call with what came of it, a meeting, a visit, a letter."""
    donor = donors.get_donor(donor_id)
    row = interactions.record_interaction(
        donor.id, _make_new(new_fields), source="api", now=clock.now(), actor=get_principal().actor
    )
    return _answer_row(row)


@bp.post(f"/<{ID}:donor_id>/interactions/<{ID}:interaction_id>/correct")
@require_permission("tasks:write")
@do_once
@bp.arguments(NewInteractionSchema)
@bp.response(201, InteractionSchema)
@bp.alt_response(409, description="`corrected_already`: correct the correction.")
def correct_interaction(new_fields: InteractionFields, donor_id: int, interaction_id: int) -> Response:
    """Say anew what happened; what was said before stays."""
    donor = donors.get_donor(donor_id)
    row = interactions.correct_interaction(
        interactions.get_interaction(interaction_id, donor.id),
        _make_new(new_fields),
        source="api",
        now=clock.now(),
        actor=get_principal().actor,
    )
    return _answer_row(row)


def _make_new(new_fields: InteractionFields) -> NewInteraction:
    return NewInteraction(
        kind=new_fields["kind"],
        at=new_fields.get("at") or clock.now(),
        text=new_fields["text"],
        direction=new_fields["direction"],
        outcome=new_fields["outcome"],
    )


def _answer_row(row: Interaction) -> Response:
    return answer_resource(
        InteractionSchema, row, status=201, at=url_for(".list_interactions", donor_id=row.donor_id)
    )
