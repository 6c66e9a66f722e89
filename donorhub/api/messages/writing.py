"""Writing to one donor over the API: what would be written, writing it, and that a letter was posted."""

from __future__ import annotations

from flask import Response, current_app, url_for
from marshmallow import fields

from donorhub import clock
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID
from donorhub.api.donors.donors import bp as donors_bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once, do_once_by_key, read_key
from donorhub.api.messages.messages import MessageSchema, bp
from donorhub.api.schemas import AnswerSchema
from donorhub.config import Settings
from donorhub.errors import Forbidden
from donorhub.models import Donor
from donorhub.schemas.fields import NothingSchema
from donorhub.schemas.messages import MessageWishSchema, WishedMessage, WishedMessageSchema
from donorhub.services.donors import donors
from donorhub.services.messages import letters, messages, writing
from donorhub.services.messages.writing import Wish

__all__ = ["bp", "donors_bp"]


class DraftSchema(AnswerSchema):
    """What would be written to a donor, and why it may not be."""

    lang = fields.String(required=True)
    to_address = fields.String(required=True, metadata={"description": "Of a letter, line by line"})
    category = fields.String(required=True)
    subject = fields.String(required=True)
    body = fields.String(required=True, metadata={"description": "Of a letter in Markdown"})
    held = fields.String(allow_none=True, metadata={"description": "Why it may not be sent"})
    digest = fields.String(required=True)


@donors_bp.post(f"/<{ID}:donor_id>/messages/preview")
@require_permission("messages:write")
@commit_work
@donors_bp.arguments(MessageWishSchema)
@donors_bp.response(200, DraftSchema)
def preview_message(wished: WishedMessage, donor_id: int) -> Response:
    """Show what would be written to a donor; nothing is written."""
    draft = writing.draft_message(
        _get_donor(donor_id), _make_wish(wished), author=get_principal().name, now=clock.now()
    )
    return answer_resource(
        DraftSchema,
        {
            "lang": draft.text.lang,
            "to_address": draft.to_address,
            "category": draft.category,
            "subject": draft.text.subject,
            "body": draft.text.body,
            "held": draft.held,
            "digest": draft.digest,
        },
    )


@donors_bp.post(f"/<{ID}:donor_id>/messages")
@require_permission("messages:write")
@do_once_by_key
@donors_bp.arguments(WishedMessageSchema)
@donors_bp.response(201, MessageSchema)
def write_message(wished: WishedMessage, donor_id: int) -> Response:
    """Write to a donor: an e-mail leaves by the outbox, a letter waits to be printed and posted."""
    settings: Settings = current_app.extensions["donorhub.settings"]
    message, _is_new = writing.write_to_donor(
        _get_donor(donor_id),
        _make_wish(wished),
        digest=wished.get("digest"),
        key=f"{get_principal().actor}:{read_key()}",
        author=get_principal().name,
        now=clock.now(),
        actor=get_principal().actor,
        domain=settings.mail_domain,
    )
    answer = answer_resource(MessageSchema, message)
    answer.status_code = 201
    answer.headers["Location"] = url_for("api_messages.get_message", message_id=message.id)
    return answer


@bp.post(f"/<{ID}:message_id>/posted")
@require_permission("messages:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, MessageSchema)
def mark_as_posted(_nothing: object, message_id: int) -> Response:
    """Record that a letter was printed and posted; a second time changes nothing."""
    message = messages.get_message(message_id)
    letters.mark_as_posted([message], now=clock.now(), actor=get_principal().actor)
    return answer_resource(MessageSchema, message)


def _get_donor(donor_id: int) -> Donor:
    """Return a donor; raise Forbidden for who may not read donors, whose greeting a preview shows."""
    if not get_principal().has_permission("donors:read"):
        raise Forbidden("who writes to donors reads them: donors:read")
    return donors.get_donor(donor_id)


def _make_wish(wished: WishedMessage) -> Wish:
    gift_ids = tuple(wished["gift_ids"])
    if gift_ids and not get_principal().has_permission("gifts:read"):
        raise Forbidden("who thanks for gifts reads them: gifts:read")
    return Wish(
        channel=wished["channel"],
        kind=wished["kind"],
        category=wished["category"],
        subject=wished["subject"],
        text=wished["text"],
        gift_ids=gift_ids,
    )
