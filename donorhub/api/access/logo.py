"""The organisation's logo over the API: sent as multipart, fetched as it is kept, taken away."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import Schema, fields

from donorhub import clock
from donorhub.api.access.organisation import bp
from donorhub.api.answers import NEW_RESOURCE, answer_resource, make_json_answer
from donorhub.api.bodies import takes_upload
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema, UploadedFile
from donorhub.schemas.fields import Instant, NothingSchema
from donorhub.services.access import logo

__all__ = ["bp"]


class LogoSchema(AnswerSchema):
    """The logo that letters and e-mails bear, without its bytes."""

    width = fields.Integer(required=True, metadata={"description": "Pixels"})
    height = fields.Integer(required=True, metadata={"description": "Pixels"})
    sha256 = fields.String(required=True)
    kept_at = Instant(required=True)
    kept_by = fields.String(required=True)


class NewLogoSchema(Schema):
    """A PNG or JPEG to be the logo."""

    file = UploadedFile(required=True)


class RemovedLogoSchema(AnswerSchema):
    """Whether there was a logo to take away."""

    was_there = fields.Boolean(required=True)


@bp.get("/logo")
@require_permission("donors:read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
def fetch_logo() -> Response:
    """Fetch the logo as it is kept, a PNG."""
    return Response(logo.get_logo().content, content_type="image/png")


@bp.post("/logo")
@takes_upload
@require_permission("settings:write")
@do_once
@bp.arguments(NewLogoSchema, location="upload")
@bp.response(201, LogoSchema)
@bp.alt_response(200, schema=LogoSchema, description="This is the logo already.")
def keep_logo(new: dict[str, Any]) -> Response:
    """Let a PNG or JPEG be the logo from now on; it is drawn anew, and nothing else of the file is kept."""
    row, is_new = logo.keep_logo(new["file"].stream.read(), now=clock.now(), actor=get_principal().actor)
    if not is_new:
        return answer_resource(LogoSchema, row)
    return answer_resource(LogoSchema, row, status=NEW_RESOURCE, at=request.path)


@bp.post("/logo/remove")
@require_permission("settings:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, RemovedLogoSchema)
def remove_logo(_nothing: object) -> Response:
    """Take the logo away; a second time changes nothing."""
    was_there = logo.remove_logo(now=clock.now(), actor=get_principal().actor)
    return make_json_answer({"was_there": was_there})
