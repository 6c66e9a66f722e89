"""Our own organisation over the API: the settings that people change in the program."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import Response
from marshmallow import ValidationError, fields

from donorhub import clock
from donorhub.api import etags
from donorhub.api.answers import answer_with_etag, compute_etag
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work
from donorhub.api.schemas import AnswerSchema
from donorhub.schemas.access import OrganisationFieldsSchema
from donorhub.services.access import organisation

bp = HouseBlueprint("organisation", __name__, path="/organisation", description="Who keeps this base.")


def _is_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("Such as Europe/Warsaw.")


class OrganisationSchema(AnswerSchema):
    legal_name = fields.String(required=True)
    street = fields.String()
    postcode = fields.String()
    city = fields.String()
    country = fields.String()
    ids = fields.Dict(keys=fields.String(), values=fields.String())
    contact = fields.String()
    signatory_name = fields.String()
    signatory_role = fields.String()
    exemption = fields.String()
    lang = fields.String(required=True)
    time_zone = fields.String(required=True)
    home_currency = fields.String(required=True)
    jurisdiction = fields.String(required=True)
    code_prefix = fields.String(required=True)
    receipt_series = fields.String(required=True)
    words_against = fields.String(required=True)
    ask_above = fields.String(required=True)
    merges_alone = fields.Boolean(required=True)
    merge_from_points = fields.Integer(required=True)
    ask_from_points = fields.Integer(required=True)
    unmerge_days = fields.Integer(required=True)
    recurring_from_points = fields.Integer(required=True)
    propose_from_points = fields.Integer(required=True)
    suspense_days = fields.Integer(required=True)
    closed_until = fields.Date(required=True, allow_none=True)


@bp.get("")
@require_permission("donors:read")
@etags.mark_versioned
@bp.response(200, OrganisationSchema)
def get_organisation() -> Response:
    """Show the organisation."""
    return answer_with_etag(OrganisationSchema, organisation.get_organisation())


@bp.patch("")
@require_permission("settings:write")
@commit_work
@etags.mark_versioned
@bp.arguments(OrganisationFieldsSchema(partial=True))
@bp.response(200, OrganisationSchema)
def change_organisation(changes: dict[str, object]) -> Response:
    """Change settings of the organisation; receipts that are issued stay as they are."""
    etags.require_match(compute_etag(OrganisationSchema, organisation.get_organisation()))
    return answer_with_etag(
        OrganisationSchema,
        organisation.change_organisation(changes, now=clock.now(), actor=get_principal().actor),
    )
