"""What a provider's messages say, as values: raw events, facts, and how facts are merged.

Pure: no network, no database, no clock. A fact is one provider object's state as one
event told it; the newest word on an object wins whatever the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

FactKind = Literal[
    "payment",
    "refund",
    "dispute",
    "fee",
    "recurring_gift",
    "instalment",
    "link",
    "mandate",
    "donor",
    "payout",
    "notice",
]


class BadSignature(Exception):
    """The message is not from the provider, or too old or too new to be trusted. It is not stored."""


class BadBody(Exception):
    """The message is signed and yet cannot be read; the reason is for staff."""


@dataclass(frozen=True, slots=True)
class Secret:
    id: int
    value: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an adapter may know about where a message came in."""

    account: str  # the provider's id of our account; "" when there is only one
    livemode: bool
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Verified:
    secret_id: int | None
    skew_s: int | None
    trusted: bool = True  # False: may only trigger a fetch


@dataclass(frozen=True, slots=True)
class RawEvent:
    external_id: str
    type: str
    occurred_at: int  # unix seconds
    account: str
    livemode: bool
    api_version: str | None
    object_kind: str
    object_id: str
    body: bytes
    needs_fetch: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One register of one provider object. ``state`` holds plain JSON values; amounts are
    minor units beside a ``currency``. ``group`` names the payment or recurring gift that is
    to be worked out again when this register changes."""

    kind: FactKind
    ref: str
    group: str
    at: int
    rank: int
    ev: str
    state: Mapping[str, Any]

    @property
    def version(self) -> tuple[int, int, str]:
        return (self.at, self.rank, self.ev)


def merge(facts: Iterable[Fact]) -> dict[tuple[str, str], Fact]:
    """The newest fact for each (kind, ref): order and repetition make no difference."""
    newest: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        held = newest.get((fact.kind, fact.ref))
        if held is None or fact.version > held.version:
            newest[fact.kind, fact.ref] = fact
    return newest


class Provider(Protocol):
    """One payment provider's way of speaking; every method is pure and deterministic."""

    name: str
    label: str  # what staff read
    bad_signature_status: int
    charged_by: Literal["provider", "us"]  # who starts the payments of a recurring gift
    payout_texts: tuple[str, ...]  # words by which the bank's entry of a payout is known

    def verify(
        self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint, secrets: Sequence[Secret], now: int
    ) -> Verified:
        """Who signed these exact bytes; raises BadSignature and nothing else."""

    def split(self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint) -> list[RawEvent]:
        """The events of one message; raises BadBody."""

    def facts(self, event: RawEvent) -> list[Fact]:
        """What the event says; an empty list when it is of no interest; raises BadBody."""

    def ack(self, n: int) -> tuple[int, bytes, str]:
        """Status, body and content type that the provider wants to hear for ``n`` stored events."""
