"""What may be told of a note, a call, a meeting, a visit or a letter, whoever tells it."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict

from marshmallow import ValidationError, validates_schema

from donorhub.models.states import (
    CALL_OUTCOMES,
    INTERACTION_DIRECTIONS,
    INTERACTION_KINDS,
    CallOutcome,
    InteractionDirection,
    InteractionKind,
)
from donorhub.schemas import faults
from donorhub.schemas.fields import Choice, Instant, StrictSchema, Text
from donorhub.schemas.limits import DONOR_NOTE


class InteractionFields(TypedDict):
    """What somebody tells of an interaction."""

    kind: InteractionKind
    text: str
    direction: InteractionDirection | None
    outcome: CallOutcome | None
    at: NotRequired[datetime]


class NewInteractionSchema(StrictSchema):
    """What happened with a donor. Only a call has an outcome, and only a call with one needs no text."""

    kind = Choice(INTERACTION_KINDS, required=True)
    text = Text(DONOR_NOTE, load_default="")
    direction = Choice(
        INTERACTION_DIRECTIONS,
        allow_none=True,
        load_default=None,
        metadata={"description": "Who began; left out: `out`. A note has none"},
    )
    outcome = Choice(CALL_OUTCOMES, allow_none=True, load_default=None, metadata={"description": "Of a call"})
    at = Instant(metadata={"description": "When it happened; left out: now"})

    @validates_schema
    def _fits_its_kind(self, data: dict[str, object], **_: object) -> None:
        if data.get("outcome") is not None and data.get("kind") != "call":
            raise ValidationError(faults.UNKNOWN_CHOICE, "outcome")
        if data.get("direction") is not None and data.get("kind") == "note":
            raise ValidationError(faults.UNKNOWN_CHOICE, "direction")
        if not data.get("text") and data.get("outcome") is None:
            raise ValidationError(faults.REQUIRED, "text")
