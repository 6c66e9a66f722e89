"""What is said to stop writing to an address, and to begin again, whoever says it."""

from __future__ import annotations

from typing import TypedDict

from donorhub.db import MAX_ID
from donorhub.domain.messages.written import (
    WRITING_CATEGORIES,
    WRITING_CHANNELS,
    WRITING_KINDS,
    WritingCategory,
    WritingChannel,
    WritingKind,
)
from donorhub.models.states import (
    SUPPRESSION_SCOPES,
    SUPPRESSION_SOURCES,
    SuppressionScope,
    SuppressionSource,
)
from donorhub.schemas.fields import Choice, EmailAddress, Id, Line, Several, StrictSchema, Text, Whole
from donorhub.schemas.limits import DIGEST, REASON, SUBJECT, TEXT_OF_OURS


class NewSuppressionSchema(StrictSchema):
    """An address that nothing is to be sent to, and why."""

    address = EmailAddress(required=True)
    reason = Line(REASON, shortest=1, required=True)
    source = Choice(SUPPRESSION_SOURCES, load_default="told")
    scope = Choice(
        SUPPRESSION_SCOPES,
        load_default="everything",
        metadata={"description": "What is not sent there any more; it is only ever widened"},
    )


class NewSuppression(TypedDict):
    """An address that nothing is to be sent to, and why."""

    address: str
    reason: str
    source: SuppressionSource
    scope: SuppressionScope


class LiftSchema(StrictSchema):
    """Why an address may be written to again."""

    reason = Line(REASON, shortest=1, required=True)


class NewTextSchema(StrictSchema):
    """A text that somebody wrote, why, and the version that they had before them."""

    subject = Line(SUBJECT, shortest=1, required=True)
    body = Text(TEXT_OF_OURS, shortest=1, required=True)
    reason = Line(REASON, shortest=1, required=True)
    base_version = Whole(0, MAX_ID, required=True)


class WrittenText(TypedDict):
    """A text that somebody wrote, why, and the version that they had before them."""

    subject: str
    body: str
    reason: str
    base_version: int


class RestoredTextSchema(StrictSchema):
    """Which version of a text is to be used again, and why; 0 is the shipped one."""

    version = Whole(0, MAX_ID, required=True)
    reason = Line(REASON, shortest=1, required=True)
    base_version = Whole(0, MAX_ID, required=True)


class RestoredText(TypedDict):
    """Which version of a text is to be used again, and why."""

    version: int
    reason: str
    base_version: int


class LeftOutTextSchema(StrictSchema):
    """That a text is written in this language no more, and why."""

    reason = Line(REASON, shortest=1, required=True)
    base_version = Whole(0, MAX_ID, required=True)


class LeftOutText(TypedDict):
    """That a text is written in this language no more, and why."""

    reason: str
    base_version: int


class TextDraftSchema(StrictSchema):
    """A text as it stands in a form, perhaps not whole; without one, the one that is used."""

    subject = Line(SUBJECT)
    body = Text(TEXT_OF_OURS)
    donor_id = Id(load_default=None, allow_none=True)


class TextDraft(TypedDict, total=False):
    """A text as it stands in a form, and for whom it is to be read."""

    subject: str
    body: str
    donor_id: int | None


class MessageWishSchema(StrictSchema):
    """What is to be written to a donor; with a `digest`, only what its preview showed."""

    channel = Choice(WRITING_CHANNELS, required=True)
    kind = Choice(WRITING_KINDS, load_default="personal")
    category = Choice(WRITING_CATEGORIES, load_default="stewardship")
    subject = Line(SUBJECT, load_default="")
    text = Text(TEXT_OF_OURS, load_default="")
    gift_ids = Several(Id(), None, 200, load_default=list)


class WishedMessageSchema(MessageWishSchema):
    """What is to be written to a donor, as its preview showed it."""

    digest = Line(
        DIGEST, shortest=1, load_default=None, allow_none=True, metadata={"description": "Of the preview"}
    )


class WishedMessage(TypedDict, total=False):
    """What is to be written to a donor."""

    channel: WritingChannel
    kind: WritingKind
    category: WritingCategory
    subject: str
    text: str
    gift_ids: list[int]
    digest: str | None
