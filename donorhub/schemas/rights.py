"""What is said when a donor's rights are used: that their data is restricted, that they are erased."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from donorhub.schemas.fields import Line, StrictSchema, Tick
from donorhub.schemas.limits import DIGEST, REASON


class RestrictionSchema(StrictSchema):
    """Whether a donor's data may only be kept, and why."""

    is_restricted = Tick(required=True)
    reason = Line(REASON, shortest=1, required=True)


class Restriction(TypedDict):
    """Whether a donor's data may only be kept, and why."""

    is_restricted: bool
    reason: str


class ErasureSchema(StrictSchema):
    """That a donor is erased as it was shown."""

    digest = Line(DIGEST, required=True, metadata={"description": "Of what was shown: erase exactly that"})


class Erasing(TypedDict):
    """That a donor is erased as it was shown."""

    digest: NotRequired[str]
