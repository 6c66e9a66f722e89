"""What is said to stop writing to an address, and to begin again, whoever says it."""

from __future__ import annotations

from typing import TypedDict

from donorhub.models.states import SUPPRESSION_SOURCES, SuppressionSource
from donorhub.schemas.fields import Choice, EmailAddress, Line, StrictSchema
from donorhub.schemas.limits import REASON


class NewSuppressionSchema(StrictSchema):
    """An address that nothing is to be sent to, and why."""

    address = EmailAddress(required=True)
    reason = Line(REASON, shortest=1, required=True)
    source = Choice(SUPPRESSION_SOURCES, load_default="told")


class NewSuppression(TypedDict):
    """An address that nothing is to be sent to, and why."""

    address: str
    reason: str
    source: SuppressionSource


class LiftSchema(StrictSchema):
    """Why an address may be written to again."""

    reason = Line(REASON, shortest=1, required=True)
