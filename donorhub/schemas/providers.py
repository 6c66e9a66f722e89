"""What is said of an account at a payment provider and of its signing secrets, whoever says it."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from donorhub.schemas.fields import Instant, Line, StrictSchema, Tick

LONGEST_SECRET = 500
SHORTEST_SECRET = 8


class NewEndpointSchema(StrictSchema):
    provider = Line(40, shortest=1, required=True, metadata={"description": "Such as `stripe`"})
    secret = Line(LONGEST_SECRET, shortest=SHORTEST_SECRET, required=True, load_only=True)
    account = Line(100, load_default="", metadata={"description": "The provider's id of our account"})
    livemode = Tick(load_default=True)


class NewEndpoint(TypedDict):
    """An account at a provider and its first secret."""

    provider: str
    secret: str
    account: str
    livemode: bool


class NewSecretSchema(StrictSchema):
    secret = Line(LONGEST_SECRET, shortest=SHORTEST_SECRET, required=True, load_only=True)
    label = Line(100, load_default="")


class NewSecret(TypedDict):
    """A further signing secret."""

    secret: str
    label: str


class ExpirySchema(StrictSchema):
    at = Instant(required=True, metadata={"description": "Good until then and no longer"})


class Expiry(TypedDict):
    """Until when a secret is good."""

    at: datetime
