"""Provider events over the API: the inbox and what became of each. The bodies stay inside."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.jobs.queue.dispatch import ring_inbox
from donorhub.models import ProviderEvent
from donorhub.models.states import PROVIDER_EVENT_STATES
from donorhub.schemas.fields import Instant, Line, QueryId, StrictSchema
from donorhub.services.providers import inbox

bp = HouseBlueprint(
    "provider_events", __name__, path="/provider-events", description="Messages of providers as they came."
)
SORTS: Final = {"id": ProviderEvent.id}


class ProviderEventSchema(AnswerSchema):
    """A provider event without its body, which may hold personal data."""

    id = fields.Integer(required=True)
    endpoint_id = fields.Integer(required=True)
    provider = fields.String(required=True)
    account = fields.String(required=True)
    external_id = fields.String(required=True)
    type = fields.String(required=True)
    livemode = fields.Boolean(required=True)
    received_at = Instant(required=True)
    object_kind = fields.String()
    object_id = fields.String()
    source = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(PROVIDER_EVENT_STATES))
    reason = fields.String()
    attempts = fields.Integer()
    next_attempt_at = Instant(allow_none=True)
    deliveries = fields.Integer(required=True)
    other_body = fields.Boolean(
        required=True, metadata={"description": "It came again under this id with other bytes"}
    )
    processed_at = Instant(allow_none=True)


Query = pages.make_query_schema(
    *SORTS,
    provider=Line(40),
    state=fields.String(validate=validate.OneOf(PROVIDER_EVENT_STATES)),
    type=Line(100),
    object_id=Line(200),
    endpoint_id=QueryId(),
)


ROWS: Final = Rows(ProviderEventSchema, ProviderEvent, SORTS)


@bp.get("")
@require_permission("providers:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(ProviderEventSchema))
def list_provider_events(query: dict[str, object]) -> Response:
    """List provider events."""
    page, filters = pages.split_arguments(query)
    return ROWS.answer_page(page, inbox.select_events(**filters).whereclause)


@bp.get(f"/<{ID}:event_id>")
@require_permission("providers:read")
@bp.response(200, ProviderEventSchema)
def get_provider_event(event_id: int) -> Response:
    """Show a provider event, without its body."""
    return answer_resource(ProviderEventSchema, inbox.get_event(event_id))


@bp.post(f"/<{ID}:event_id>/release")
@require_permission("providers:write")
@do_once
@bp.arguments(StrictSchema)
@bp.response(200, ProviderEventSchema)
def release_provider_event(_nothing: dict[str, object], event_id: int) -> Response:
    """Let an event from the error inbox be worked off again."""
    event = inbox.release_event(event_id, now=clock.now(), actor=get_principal().actor)
    ring_inbox()
    return answer_resource(ProviderEventSchema, event)
