"""A donor's yes and no over the API, what they like to get, and why they may or may not be written to."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_resource, make_json_answer
from donorhub.api.blueprint import ID
from donorhub.api.donors.donor_files import bp
from donorhub.api.donors.relations import answer_rows
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.domain.messages.gate import Held, Later, Ok
from donorhub.models.states import (
    CHANNELS,
    CONSENT_CHANNELS,
    CONSENT_PURPOSES,
    CONSENT_STATES,
    MESSAGE_CATEGORIES,
    PREFERENCE_FORMATS,
    PREFERENCE_FREQUENCIES,
    PREFERENCE_TOPICS,
)
from donorhub.schemas.consents import NewConsentSchema, SaidConsent, WishSchema
from donorhub.schemas.fields import Instant, Reason
from donorhub.schemas.messages import LiftSchema
from donorhub.services.donors import donors
from donorhub.services.messages import consents, gate, preferences
from donorhub.services.messages.consents import NewConsent
from donorhub.services.messages.preferences import Wish

__all__ = ["bp"]


class ConsentSchema(AnswerSchema):
    """One thing that a donor said. Rows are never changed: what holds now, `verdicts` tells."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    purpose = fields.String(required=True, validate=validate.OneOf(CONSENT_PURPOSES))
    channel = fields.String(required=True, validate=validate.OneOf(CONSENT_CHANNELS))
    state = fields.String(required=True, validate=validate.OneOf(CONSENT_STATES))
    basis = fields.String(allow_none=True)
    text_id = fields.Integer(allow_none=True)
    source = fields.String(required=True)
    reason = fields.String(required=True)
    at = Instant(required=True, metadata={"description": "When it was said"})
    recorded_at = Instant(required=True)
    expires_at = Instant(allow_none=True)
    actor = fields.String(required=True)


class ConsentsSchema(AnswerSchema):
    """All that a donor ever said, the newest first."""

    data = fields.List(fields.Nested(ConsentSchema), required=True)


class PreferenceSchema(AnswerSchema):
    """What a donor likes to get of a topic by a channel."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(CONSENT_CHANNELS))
    topic = fields.String(required=True, validate=validate.OneOf(PREFERENCE_TOPICS))
    format = fields.String(required=True, validate=validate.OneOf(PREFERENCE_FORMATS))
    frequency = fields.String(required=True, validate=validate.OneOf(PREFERENCE_FREQUENCIES))
    source = fields.String(required=True)
    at = Instant(required=True)


class PreferencesSchema(AnswerSchema):
    """What a donor likes to get; their language is a field of the donor."""

    data = fields.List(fields.Nested(PreferenceSchema), required=True)


class VerdictSchema(AnswerSchema):
    """Whether one category of messages may go to a donor by one channel now."""

    category = fields.String(required=True, validate=validate.OneOf(MESSAGE_CATEGORIES))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    verdict = fields.String(required=True, validate=validate.OneOf(("ok", "held", "later")))
    reason = fields.String(allow_none=True, metadata={"description": "Why not, or why not yet"})
    since = Instant(allow_none=True, metadata={"description": "Since when it is held, where that is known"})
    allowed_at = Instant(allow_none=True, metadata={"description": "Of `later`: from when on"})
    basis = fields.String(
        allow_none=True, metadata={"description": "What marketing rests on in the donor's country"}
    )
    law = fields.String(allow_none=True, metadata={"description": "No legal advice"})
    checked_on = fields.Date(
        allow_none=True, metadata={"description": "When somebody last read that law; `null`: nobody has"}
    )


class VerdictsSchema(AnswerSchema):
    """A line for each category and channel."""

    data = fields.List(fields.Nested(VerdictSchema), required=True)


@bp.get(f"/<{ID}:donor_id>/consents")
@require_permission("donors:read")
@bp.response(200, ConsentsSchema)
def list_consents(donor_id: int) -> Response:
    """List all that a donor ever said of being written to."""
    rows = consents.list_consents(donors.get_donor(donor_id).id)
    return answer_rows(ConsentSchema, list(rows))


@bp.post(f"/<{ID}:donor_id>/consents")
@require_permission("donors:write")
@do_once
@bp.arguments(NewConsentSchema)
@bp.response(201, ConsentSchema)
@bp.alt_response(200, schema=ConsentSchema, description="It holds already.")
@bp.alt_response(409, description="`opt_out_stands`: lift the opt-out first, with the reason.")
def record_consent(new: SaidConsent, donor_id: int) -> Response:
    """Record a consent, its withdrawal or an opt-out; `all` and `any` of an opt-out: wants no contact."""
    row, is_new = consents.record_consent(
        donors.get_donor(donor_id), NewConsent(**new), now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(ConsentSchema, row, status=201 if is_new else 200)


@bp.post(f"/<{ID}:donor_id>/consents/<{ID}:consent_id>/lift")
@require_permission("donors:write")
@do_once
@bp.arguments(LiftSchema)
@bp.response(200, ConsentSchema)
@bp.alt_response(409, description="`complaint_stays`; `no_opt_out`.")
def lift_opt_out(body: Reason, donor_id: int, consent_id: int) -> Response:
    """Let an opt-out hold no more, with the reason; consents from before it stay beaten."""
    row = consents.lift_opt_out(
        donors.get_donor(donor_id),
        consent_id,
        reason=body["reason"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(ConsentSchema, row)


@bp.get(f"/<{ID}:donor_id>/preferences")
@require_permission("donors:read")
@bp.response(200, PreferencesSchema)
def list_preferences(donor_id: int) -> Response:
    """List what a donor likes to get."""
    rows = preferences.list_preferences(donors.get_donor(donor_id).id)
    return answer_rows(PreferenceSchema, list(rows))


@bp.post(f"/<{ID}:donor_id>/preferences")
@require_permission("donors:write")
@do_once
@bp.arguments(WishSchema)
@bp.response(201, PreferenceSchema)
@bp.alt_response(200, schema=PreferenceSchema, description="It was so already.")
def set_preference(wish: Wish, donor_id: int) -> Response:
    """Keep what a donor likes to get of a topic by a channel, in place of what they liked before."""
    row, is_new = preferences.set_preference(
        donors.get_donor(donor_id), wish, source="api", now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(PreferenceSchema, row, status=201 if is_new else 200)


@bp.get(f"/<{ID}:donor_id>/verdicts")
@require_permission("donors:read")
@bp.response(200, VerdictsSchema)
def list_verdicts(donor_id: int) -> Response:
    """Say for each category and channel whether a donor may be written to now; else why not, since when."""
    lines = gate.explain_verdicts(donors.get_donor(donor_id), at=clock.now())
    serialiser = serialiser_for_reader(VerdictSchema)
    return make_json_answer({"data": [serialiser.dump(_describe_line(line)) for line in lines]})


def _describe_line(line: gate.Line) -> dict[str, Any]:
    verdict, rule = line.verdict, line.rule
    words = {Ok: "ok", Held: "held", Later: "later"}
    return {
        "category": line.category,
        "channel": line.channel,
        "verdict": words[type(verdict)],
        "reason": None if isinstance(verdict, Ok) else verdict.reason,
        "since": verdict.since if isinstance(verdict, Held) else None,
        "allowed_at": verdict.until if isinstance(verdict, Later) else None,
        "basis": rule.basis if rule else None,
        "law": rule.law if rule else None,
        "checked_on": rule.checked_on if rule else None,
    }
