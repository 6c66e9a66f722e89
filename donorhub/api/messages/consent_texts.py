"""The wordings that donors agree to or are told, over the API: all that there were, and the next."""

from __future__ import annotations

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.donors.relations import answer_rows
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models.states import CONSENT_TEXT_KINDS, LANGS
from donorhub.schemas.consents import NewConsentText, NewConsentTextSchema
from donorhub.schemas.fields import Instant
from donorhub.services.messages import consent_texts

bp = HouseBlueprint(
    "consent_texts", __name__, path="/consent-texts", description="What donors agree to, word for word."
)


class ConsentTextSchema(AnswerSchema):
    """One version of a wording; it is never changed."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(CONSENT_TEXT_KINDS))
    lang = fields.String(required=True, validate=validate.OneOf(LANGS))
    version = fields.Integer(required=True)
    body = fields.String(required=True)
    sha256 = fields.String(required=True)
    valid_from = fields.Date(required=True)
    created_at = Instant(required=True)
    created_by = fields.String(required=True)


class ConsentTextsSchema(AnswerSchema):
    """All versions of all wordings."""

    data = fields.List(fields.Nested(ConsentTextSchema), required=True)


@bp.get("")
@require_permission("donors:read")
@bp.response(200, ConsentTextsSchema)
def list_texts() -> Response:
    """List all versions of all wordings, by kind and language, the newest first."""
    return answer_rows(ConsentTextSchema, list(consent_texts.list_texts()))


@bp.post("")
@require_permission("settings:write")
@do_once
@bp.arguments(NewConsentTextSchema)
@bp.response(201, ConsentTextSchema)
@bp.alt_response(200, schema=ConsentTextSchema, description="It is the newest already.")
def add_text(new: NewConsentText) -> Response:
    """Keep a wording as the next version of its kind and language."""
    row, is_new = consent_texts.add_text(
        new["kind"],
        new["lang"],
        new["body"],
        valid_from=new["valid_from"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(ConsentTextSchema, row, status=201 if is_new else 200)
