"""Webhook endpoints over the API: the addresses that providers post to. Secrets go in and never come out."""

from __future__ import annotations

from flask import Response, current_app
from marshmallow import Schema, fields

from donorhub import clock
from donorhub.api.answers import answer_new_resource, answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.providers import webhooks
from donorhub.api.schemas import AnswerSchema
from donorhub.models import WebhookEndpoint, WebhookSecret
from donorhub.schemas.fields import Instant
from donorhub.schemas.providers import (
    Expiry,
    ExpirySchema,
    NewEndpoint,
    NewEndpointSchema,
    NewSecret,
    NewSecretSchema,
)
from donorhub.services.providers import endpoints

bp = HouseBlueprint(
    "webhook_endpoints", __name__, path="/webhook-endpoints", description="Where providers post to."
)


class EndpointSchema(AnswerSchema):
    """An endpoint with the address to give to the provider, and without its secrets."""

    id = fields.Integer(required=True)
    provider = fields.String(required=True)
    url = fields.String(required=True)
    account = fields.String(required=True)
    livemode = fields.Boolean(required=True)
    is_active = fields.Boolean(required=True)
    created_at = Instant(required=True)
    last_event_at = Instant(allow_none=True)
    bad_signatures = fields.Integer(required=True)


class EndpointListSchema(Schema):
    """All endpoints at once, without pages."""

    data = fields.List(fields.Nested(EndpointSchema), required=True)


class SecretSchema(AnswerSchema):
    """A signing secret by its label and end; its text is never answered."""

    id = fields.Integer(required=True)
    endpoint_id = fields.Integer(required=True)
    label = fields.String(required=True)
    created_at = Instant(required=True)
    expires_at = Instant(allow_none=True)


@bp.get("")
@require_permission("providers:read")
@bp.response(200, EndpointListSchema)
def list_endpoints() -> dict[str, object]:
    """List all endpoints; there are few."""
    return {"data": [_make_answer(row) for row in endpoints.list_endpoints()]}


@bp.post("")
@require_permission("providers:write")
@do_once
@bp.arguments(NewEndpointSchema)
@bp.response(201, EndpointSchema)
def create_endpoint(new_endpoint: NewEndpoint) -> Response:
    """Open an address for one account at a provider."""
    row = endpoints.create_endpoint(
        new_endpoint["provider"],
        new_endpoint["secret"],
        account=new_endpoint["account"],
        livemode=new_endpoint["livemode"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(EndpointSchema, _make_answer(row))


@bp.get(f"/<{ID}:endpoint_id>")
@require_permission("providers:read")
@bp.response(200, EndpointSchema)
def get_endpoint(endpoint_id: int) -> Response:
    """Show an endpoint."""
    return answer_resource(EndpointSchema, _make_answer(endpoints.get_endpoint(endpoint_id)))


@bp.post(f"/<{ID}:endpoint_id>/secrets")
@require_permission("providers:write")
@do_once
@bp.arguments(NewSecretSchema)
@bp.response(201, SecretSchema)
def add_secret(new_secret: NewSecret, endpoint_id: int) -> Response:
    """Add a signing secret; those there are stay valid until they are expired."""
    row = endpoints.add_secret(endpoint_id, **new_secret, now=clock.now(), actor=get_principal().actor)
    webhooks.forget_endpoints()
    return _answer_secret(row, status=201)


@bp.post(f"/<{ID}:endpoint_id>/secrets/<{ID}:secret_id>/expire")
@require_permission("providers:write")
@do_once
@bp.arguments(ExpirySchema)
@bp.response(200, SecretSchema)
def expire_secret(expiry: Expiry, endpoint_id: int, secret_id: int) -> Response:
    """Let a secret be good until a moment and no longer."""
    row = endpoints.expire_secret(
        secret_id, at=expiry["at"], endpoint_id=endpoint_id, now=clock.now(), actor=get_principal().actor
    )
    webhooks.forget_endpoints()
    return _answer_secret(row)


def _answer_secret(row: WebhookSecret, *, status: int = 200) -> Response:
    return answer_resource(SecretSchema, row, status=status)


def _make_answer(row: WebhookEndpoint) -> dict[str, object]:
    public_url = current_app.extensions["donorhub.settings"].public_url
    names = [name for name in EndpointSchema().fields if name != "url"]
    return {name: getattr(row, name) for name in names} | {
        "url": f"{public_url}/webhooks/{row.provider}/{row.slug}"
    }
