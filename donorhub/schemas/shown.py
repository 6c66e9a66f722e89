"""What stands for what was shown, sent back by whoever confirms it."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from donorhub.schemas.fields import Line, Reason, StrictSchema
from donorhub.schemas.limits import DIGEST


class ShownSchema(StrictSchema):
    """What was shown of a thing, where a program looked at it before it decides."""

    digest = Line(
        DIGEST, metadata={"description": "Of what was shown: decide exactly that, else 409 `changed`"}
    )


class Shown(TypedDict, total=False):
    """The digest of what was shown, where anything was."""

    digest: str


class ShownReason(Reason):
    """Why something is done, perhaps as it was shown."""

    digest: NotRequired[str]
