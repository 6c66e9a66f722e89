"""Messages over the API: what was said to whom, and what became of it. Read only."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from flask import Response
from marshmallow import fields, post_dump, validate

from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import Message
from donorhub.models.states import MESSAGE_STATES
from donorhub.schemas.fields import Instant, QueryId
from donorhub.services.messages import messages, receipt_mail, thanked_gifts

bp = HouseBlueprint("messages", __name__, path="/messages", description="What was said to donors and staff.")
SORTS: Final = {"id": Message.id, "planned_at": Message.planned_at}


class MessageSchema(AnswerSchema):
    """Who may not see gifts does not see the text either: it tells of amounts."""

    donor_fields = MappingProxyType({"to_address": "email", "last_error": "email"})

    id = fields.Integer(required=True)
    donor_id = fields.Integer(allow_none=True, metadata={"description": "None: it went to staff"})
    task_id = fields.Integer(allow_none=True)
    channel = fields.String(required=True)
    category = fields.String(required=True)
    template = fields.String(required=True)
    lang = fields.String(required=True)
    to_address = fields.String()
    subject = fields.String()
    body = fields.String()
    state = fields.String(required=True, validate=validate.OneOf(MESSAGE_STATES))
    suppressed_reason = fields.String()
    last_error = fields.String()
    planned_at = Instant(required=True)
    sent_at = Instant(allow_none=True)

    @post_dump
    def _hide_text(self, data: dict[str, object], **_: object) -> dict[str, object]:
        if get_principal().has_permission("gifts:read"):
            return data
        return {name: value for name, value in data.items() if name not in ("subject", "body")}


Query = pages.make_query_schema(
    *SORTS,
    donor_id=QueryId(),
    task_id=QueryId(),
    state=fields.String(validate=validate.OneOf(MESSAGE_STATES)),
)


ROWS: Final = Rows(MessageSchema, Message, SORTS)


@bp.get("")
@require_permission("messages:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(MessageSchema))
def list_messages(arguments: dict[str, object]) -> Response:
    """List messages."""
    page, filters = pages.split_arguments(arguments)
    return ROWS.answer_page(page, messages.select_messages(**filters).whereclause)


@bp.get(f"/<{ID}:message_id>")
@require_permission("messages:read")
@bp.response(200, MessageSchema)
def get_message(message_id: int) -> Response:
    """Show a message."""
    return answer_resource(MessageSchema, messages.get_message(message_id))


class ThankedGiftsSchema(AnswerSchema):
    """The gifts that a thank-you speaks of."""

    gift_ids = fields.List(fields.Integer(), required=True)


@bp.get(f"/<{ID}:message_id>/gifts")
@require_permission("messages:read")
@bp.response(200, ThankedGiftsSchema)
def list_gifts(message_id: int) -> Response:
    """List the gifts that a thank-you speaks of: all that came before it left; none of another message."""
    gift_rows = thanked_gifts.list_gifts(messages.get_message(message_id))
    return answer_resource(ThankedGiftsSchema, {"gift_ids": [gift.id for gift in gift_rows]})


class AttachmentSchema(AnswerSchema):
    """A file that goes with a message."""

    kind = fields.String(required=True)
    receipt_id = fields.Integer(required=True)
    filename = fields.String(required=True)
    media_type = fields.String(required=True)
    sha256 = fields.String(allow_none=True, metadata={"description": "None until the message leaves"})
    size = fields.Integer(allow_none=True)


class AttachmentListSchema(AnswerSchema):
    """The files that go with a message."""

    data = fields.List(fields.Nested(AttachmentSchema), required=True)


@bp.get(f"/<{ID}:message_id>/attachments")
@require_permission("messages:read")
@bp.response(200, AttachmentListSchema)
def list_attachments(message_id: int) -> Response:
    """List what goes with a message."""
    message = messages.get_message(message_id)
    return answer_resource(AttachmentListSchema, {"data": receipt_mail.list_attachments(message.id)})
