"""The organisation's own texts over the API: every version, a new one, and how one reads for a donor."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.domain.messages.sandbox import FaultyText
from donorhub.domain.messages.text_kinds import TEXT_KINDS, write_text_path
from donorhub.errors import Forbidden
from donorhub.models.states import LANGS, Lang
from donorhub.schemas.fields import Instant
from donorhub.schemas.messages import (
    LeftOutText,
    LeftOutTextSchema,
    NewTextSchema,
    RestoredText,
    RestoredTextSchema,
    TextDraft,
    TextDraftSchema,
    WrittenText,
)
from donorhub.services.donors import donors
from donorhub.services.messages import text_previews, texts
from donorhub.services.messages.texts import NewText, TextVersion

bp = HouseBlueprint(
    "texts", __name__, path="/texts", description="What donors are written, in your own words."
)
NAMES: Final = {text_kind.name for text_kind in TEXT_KINDS}
PLACE: Final = write_text_path()


class TextStateSchema(AnswerSchema):
    """A text in one language as it is used now."""

    name = fields.String(required=True, validate=validate.OneOf(sorted(NAMES)))
    lang = fields.String(required=True, validate=validate.OneOf(LANGS))
    version = fields.Integer(required=True, metadata={"description": "0: the shipped text"})
    stands_in = fields.String(
        allow_none=True, metadata={"description": "This language is left out; its readers get this one"}
    )
    newer = fields.List(fields.String(), metadata={"description": "Languages whose text was written later"})
    variables = fields.List(fields.String(), required=True)


class TextStateListSchema(AnswerSchema):
    """All texts in all languages."""

    data = fields.List(fields.Nested(TextStateSchema), required=True)


class TextVersionSchema(AnswerSchema):
    """One version of a text; the shipped one is 0 and has no author."""

    version = fields.Integer(required=True)
    subject = fields.String(required=True)
    body = fields.String(required=True)
    reason = fields.String(required=True)
    created_by = fields.String(required=True)
    created_at = Instant(allow_none=True)
    is_left_out = fields.Boolean(required=True)


class TextVersionListSchema(AnswerSchema):
    """All versions of a text in one language, the newest first."""

    data = fields.List(fields.Nested(TextVersionSchema), required=True)


class TextPreviewSchema(AnswerSchema):
    """A text as one donor would get it."""

    lang = fields.String(required=True)
    subject = fields.String(required=True)
    body = fields.String(required=True)
    is_made_up = fields.Boolean(
        required=True, metadata={"description": "The donor, gift or receipt in it is invented"}
    )


@bp.get("")
@require_permission("texts:write")
@bp.response(200, TextStateListSchema)
def list_texts() -> Response:
    """List every text with its languages."""
    rows = [
        {
            "name": text_kind.name,
            "lang": state.lang,
            "version": state.current.version,
            "stands_in": state.stands_in,
            "newer": list(state.newer),
            "variables": list(text_kind.variables),
        }
        for text_kind, states in texts.list_all_states()
        for state in states
    ]
    return answer_resource(TextStateListSchema, {"data": rows})


@bp.get(f"{PLACE}/versions")
@require_permission("texts:write")
@bp.response(200, TextVersionListSchema)
def list_versions(name: str, lang: Lang) -> Response:
    """List all versions of a text in one language, the newest first, down to the shipped one."""
    return answer_resource(
        TextVersionListSchema, {"data": texts.list_versions(texts.get_text_kind(name), lang)}
    )


@bp.post(f"{PLACE}/versions")
@require_permission("texts:write")
@do_once
@bp.arguments(NewTextSchema)
@bp.response(201, TextVersionSchema)
@bp.alt_response(200, schema=TextVersionSchema, description="The text was so already; nothing changed.")
def save_version(new: WrittenText, name: str, lang: Lang) -> Response:
    """Keep a text as the next version; it is used from then on."""
    version, is_new = texts.save_version(
        texts.get_text_kind(name),
        lang,
        NewText(new["subject"], new["body"], new["reason"]),
        base_version=new["base_version"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return _answer_version(version, is_new=is_new)


@bp.post(f"{PLACE}/restore")
@require_permission("texts:write")
@do_once
@bp.arguments(RestoredTextSchema)
@bp.response(201, TextVersionSchema)
@bp.alt_response(200, schema=TextVersionSchema, description="The text was so already; nothing changed.")
def restore_version(told: RestoredText, name: str, lang: Lang) -> Response:
    """Use an earlier version again, 0 for the shipped text, which makes a new one of it."""
    version, is_new = texts.restore_version(
        texts.get_text_kind(name),
        lang,
        told["version"],
        base_version=told["base_version"],
        reason=told["reason"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return _answer_version(version, is_new=is_new)


@bp.post(f"{PLACE}/leave-out")
@require_permission("texts:write")
@do_once
@bp.arguments(LeftOutTextSchema)
@bp.response(201, TextVersionSchema)
@bp.alt_response(200, schema=TextVersionSchema, description="It was left out already; nothing changed.")
def leave_out(told: LeftOutText, name: str, lang: Lang) -> Response:
    """Write a text in this language no more: another stands in for it."""
    version, is_new = texts.leave_out(
        texts.get_text_kind(name),
        lang,
        base_version=told["base_version"],
        reason=told["reason"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return _answer_version(version, is_new=is_new)


@bp.post(f"{PLACE}/preview")
@require_permission("texts:write")
@commit_work
@bp.arguments(TextDraftSchema)
@bp.response(200, TextPreviewSchema)
def preview_text(draft: TextDraft, name: str, lang: Lang) -> Response:
    """Show how a text, or the one that is used, reads for a donor; it keeps and sends nothing."""
    text_kind = texts.get_text_kind(name)
    current = texts.get_current(text_kind, lang)
    donor_id = draft.get("donor_id")
    if donor_id and not get_principal().has_permission("donors:read"):
        raise Forbidden("a text is read for a donor by who may read donors: donors:read")
    try:
        preview = text_previews.preview_text(
            text_kind,
            lang,
            subject=draft.get("subject", current.subject),
            body=draft.get("body", current.body),
            donor=donors.get_donor(donor_id) if donor_id else None,
            author=get_principal().name,
            sees_gifts=get_principal().has_permission("gifts:read"),
        )
    except FaultyText as e:
        raise texts.refuse_text(e.fault) from e
    return answer_resource(
        TextPreviewSchema,
        {
            "lang": preview.text.lang,
            "subject": preview.text.subject,
            "body": preview.text.body,
            "is_made_up": preview.is_made_up,
        },
    )


def _answer_version(version: TextVersion, *, is_new: bool) -> Response:
    answer = answer_resource(TextVersionSchema, version)
    answer.status_code = 201 if is_new else 200
    return answer
