"""What a provider's messages say, as values: raw events, facts, and how facts are merged.

Pure: no network, no database, no clock. A fact is one provider object's state as one
event says it is; the newest one of an object counts, whatever the order of arrival.
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
    """One signing secret of an endpoint, decrypted, with the id of its row."""

    id: int
    value: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an adapter may know about where a message came in."""

    account: str  # the provider's id of our account; "" when there is only one
    livemode: bool
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Verification:
    """That a message is the provider's: which secret signed it, and how many seconds after its timestamp
    it was read (negative when before)."""

    secret_id: int | None
    skew_s: int | None
    is_trusted: bool = True  # False: may only trigger a fetch


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event of a message as it goes into the inbox: what its envelope says, and its bytes unread."""

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
        """Return what facts of one register are compared by: the greatest is the newest."""
        return (self.at, self.rank, self.ev)


def merge_facts(facts: Iterable[Fact]) -> dict[tuple[str, str], Fact]:
    """Return the newest fact for each (kind, ref), whatever their order; repeated facts change nothing."""
    newest: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        earlier_fact = newest.get((fact.kind, fact.ref))
        if earlier_fact is None or fact.version > earlier_fact.version:
            newest[fact.kind, fact.ref] = fact
    return newest


class Provider(Protocol):
    """One payment provider's way of speaking; every method is pure and deterministic."""

    name: str
    label: str  # what staff read
    bad_signature_status: int
    charged_by: Literal["provider", "us"]  # who starts the payments of a recurring gift
    payout_texts: tuple[str, ...]  # words by which the bank's entry of a payout is known

    def verify_message(
        self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint, secrets: Sequence[Secret], now: int
    ) -> Verification:
        """Return who signed these exact bytes; raise BadSignature and nothing else."""

    def split_message(self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint) -> list[RawEvent]:
        """Return the events of one message; raise BadBody where it cannot be read."""

    def read_facts(self, event: RawEvent) -> list[Fact]:
        """Return the facts of one event, none when it is of no interest; raise BadBody if unreadable."""

    def make_answer(self, count: int) -> tuple[int, bytes, str]:
        """Return status, body and content type of the answer to a message of ``count`` stored events."""
