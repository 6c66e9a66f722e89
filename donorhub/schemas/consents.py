"""What may be said of donors' yes and no, of wordings and of what donors like to get, whoever says it."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from donorhub.models.states import (
    CONSENT_CHANNELS,
    CONSENT_PURPOSES,
    CONSENT_TEXT_KINDS,
    LANGS,
    PREFERENCE_FORMATS,
    PREFERENCE_FREQUENCIES,
    PREFERENCE_TOPICS,
    ConsentChannel,
    ConsentPurpose,
    ConsentTextKind,
    Lang,
)
from donorhub.schemas.fields import Choice, Day, Id, Line, StrictSchema, Text
from donorhub.schemas.limits import CONSENT_TEXT, REASON
from donorhub.services.messages.consents import SAID_STATES, SOURCES, SaidState

_SAID_ON = {"description": "The day on which the donor said it"}


class NewConsentSchema(StrictSchema):
    """What a donor said: a consent to one purpose and channel, its withdrawal, or an opt-out."""

    state = Choice(SAID_STATES, required=True)
    purpose = Choice(
        CONSENT_PURPOSES, load_default="all", metadata={"description": "`all`: of every purpose"}
    )
    channel = Choice(
        CONSENT_CHANNELS, load_default="any", metadata={"description": "`any`: by every channel"}
    )
    source = Choice(SOURCES, required=True, metadata={"description": "How the donor said it"})
    said_on = Day(required=True, metadata=_SAID_ON)
    reason = Line(REASON, load_default="", metadata={"description": "In the donor's words"})
    text_id = Id(
        allow_none=True, load_default=None, metadata={"description": "The wording that they agreed to"}
    )
    expires_on = Day(
        allow_none=True, load_default=None, metadata={"description": "The last day of a consent"}
    )


class SaidConsent(TypedDict):
    """What a donor said."""

    state: SaidState
    purpose: ConsentPurpose
    channel: ConsentChannel
    source: str
    said_on: date
    reason: str
    text_id: int | None
    expires_on: date | None


class NoContactSchema(StrictSchema):
    """That a donor wants no contact at all."""

    source = Choice(SOURCES, required=True)
    said_on = Day(required=True, metadata=_SAID_ON)
    reason = Line(REASON, load_default="")


class NoContact(TypedDict):
    """That a donor wants no contact at all."""

    source: str
    said_on: date
    reason: str


class WishSchema(StrictSchema):
    """What a donor likes to get of a topic by a channel. It is no consent."""

    channel = Choice(CONSENT_CHANNELS, load_default="any")
    topic = Choice(PREFERENCE_TOPICS, load_default="any")
    format = Choice(PREFERENCE_FORMATS, load_default="any")
    frequency = Choice(
        PREFERENCE_FREQUENCIES,
        load_default="any",
        metadata={"description": "At most one marketing message by this channel in such a time"},
    )


class NewConsentTextSchema(StrictSchema):
    """A wording that donors agree to or are told; another one is the next version."""

    kind = Choice(CONSENT_TEXT_KINDS, load_default="consent")
    lang = Choice(LANGS, required=True)
    body = Text(CONSENT_TEXT, shortest=1, required=True)
    valid_from = Day(required=True)


class NewConsentText(TypedDict):
    """A wording that donors agree to or are told."""

    kind: ConsentTextKind
    lang: Lang
    body: str
    valid_from: date
