"""Stripe as a payment provider: its messages verified, split into events and read as facts.

Pure; whatever asks Stripe something lies in ``donorhub.gateways`` and comes back through
``webhooks.stripe.fetched``. The provider's own SDK is not used: it is slow here and lets odd input through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from webhooks import strict_json
from webhooks.fact import BadBody, Endpoint, Fact, RawEvent, Secret, Verified
from webhooks.stripe import facts as stripe_facts
from webhooks.stripe import signature
from webhooks.stripe.amounts import refuse_odd_money
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import ref_of, seconds_at, text_at

_THIN: Final = "v2.core.event"
_TYPE: Final = re.compile(r"[a-z0-9_.\[\]-]{1,120}", re.ASCII)


class Stripe:
    """https://docs.stripe.com/webhooks, API versions 2014 to 2026-10-28.endive."""

    name = "stripe"
    label = "Stripe"
    bad_signature_status = 400
    charged_by: Literal["provider", "us"] = "provider"
    payout_texts: tuple[str, ...] = ("stripe",)

    def verify(
        self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint, secrets: Sequence[Secret], now: int
    ) -> Verified:
        """See :func:`webhooks.stripe.signature.verify`."""
        return signature.verify(raw, headers, endpoint.settings, secrets, now)

    def split(self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint) -> list[RawEvent]:
        """The one event of a message: a snapshot, or a thin one that is still to be fetched.

        Raises BadBody when it is no event, or its object names an amount or currency that is none.
        """
        body = _object(strict_json.read(raw))
        if body.get("object") == _THIN:
            return [_thin(raw, body, endpoint)]
        return [_snapshot(raw, body, endpoint)]

    def facts(self, event: RawEvent) -> list[Fact]:
        """See :mod:`webhooks.stripe.facts`; a thin event says nothing until it is fetched."""
        if event.needs_fetch or not stripe_facts.is_wanted(event.type):
            return []
        said = _object(_object(_object(strict_json.read(event.body)).get("data")).get("object"))
        kind = stripe_facts.tell_kind(event.type, said)
        about = ObjectEvent(event.type, kind, event.occurred_at, event.external_id, event.livemode, said)
        reader = stripe_facts.find_reader(about)
        return [] if reader is None else reader(about)

    def ack(self, n: int) -> tuple[int, bytes, str]:
        """Stripe reads the status only."""
        return 200, b'{"received":%d}' % n, "application/json"


def _snapshot(raw: bytes, body: Mapping[str, object], endpoint: Endpoint) -> RawEvent:
    if body.get("object") != "event":
        raise BadBody("the body is no Stripe event")
    said = _object(_object(body.get("data")).get("object"))
    type_ = _type(body)
    kind = text_at(said, "object") or stripe_facts.TYPES.get(type_, "")
    if stripe_facts.is_wanted(type_) or stripe_facts.is_read(kind):
        refuse_odd_money(kind, said)  # of the others, which are only kept, nothing will ever be booked
    created = seconds_at(body, "created")
    if created is None:
        raise BadBody("the event does not say when it happened")
    return RawEvent(
        external_id=_id(body),
        type=type_,
        occurred_at=created,
        account=ref_of(body.get("account")) or endpoint.account,
        livemode=_livemode(body),
        api_version=text_at(body, "api_version"),
        object_kind=kind,
        object_id=ref_of(said) or "",
        body=raw,
    )


def _thin(raw: bytes, body: Mapping[str, object], endpoint: Endpoint) -> RawEvent:
    """A thin event has a snapshot twin more often than not; under its id both are one row."""
    related = _object(body.get("related_object") or {})
    kind = (text_at(related, "type") or "").removeprefix("v1.")
    return RawEvent(
        external_id=ref_of(body.get("snapshot_event")) or _id(body),
        type=_type(body).removeprefix("v1."),
        occurred_at=_iso_seconds(body.get("created")),
        account=ref_of(body.get("context")) or endpoint.account,
        livemode=_livemode(body),
        api_version=None,
        object_kind=kind,
        object_id=ref_of(related) or "",
        body=raw,
        needs_fetch=True,
    )


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadBody("the body is no Stripe event")
    return value


def _id(body: Mapping[str, object]) -> str:
    found = ref_of(body.get("id"))
    if found is None:
        raise BadBody("the event has no id")
    return found


def _type(body: Mapping[str, object]) -> str:
    found = body.get("type")
    if not isinstance(found, str) or not _TYPE.fullmatch(found):
        raise BadBody("the event has no type")
    return found


def _livemode(body: Mapping[str, object]) -> bool:
    found = body.get("livemode")
    if not isinstance(found, bool):
        raise BadBody("the event does not say whether it is a test")
    return found


def _iso_seconds(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as e:
        raise BadBody("the event does not say when it happened") from e
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
