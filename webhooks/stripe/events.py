"""Stripe as a payment provider: its messages verified, split into events and read as facts.

Pure; whatever asks Stripe something lies in ``donorhub.gateways`` and comes back through
``webhooks.stripe.fetch_events``. The provider's own SDK is not used: it is slow and lets odd input through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from webhooks import strict_json
from webhooks.fact import BadBody, Endpoint, Fact, RawEvent, Secret, Verification
from webhooks.stripe import facts as stripe_facts
from webhooks.stripe import signature
from webhooks.stripe.amounts import refuse_odd_money
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import find_ref, find_text, read_seconds

_THIN: Final = "v2.core.event"
_TYPE: Final = re.compile(r"[a-z0-9_.\[\]-]{1,120}", re.ASCII)


class Stripe:
    """The adapter of https://docs.stripe.com/webhooks, API versions 2014 to 2026-10-28.endive."""

    name = "stripe"
    label = "Stripe"
    bad_signature_status = 400
    charged_by: Literal["provider", "us"] = "provider"
    payout_texts: tuple[str, ...] = ("stripe",)

    def verify_message(
        self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint, secrets: Sequence[Secret], now: int
    ) -> Verification:
        """Return which secret signed the bytes; raise BadSignature, as ``verify_signature`` does."""
        return signature.verify_signature(raw, headers, endpoint.settings, secrets, now)

    def split_message(self, raw: bytes, headers: Mapping[str, str], endpoint: Endpoint) -> list[RawEvent]:
        """Return the one event of a message: a snapshot, or a thin one that is still to be fetched.

        Raise BadBody when it is no event, or its object names an amount or currency that is none.
        """
        body = _read_object(strict_json.read_json(raw))
        if body.get("object") == _THIN:
            return [_read_thin_event(raw, body, endpoint)]
        return [_read_snapshot(raw, body, endpoint)]

    def read_facts(self, event: RawEvent) -> list[Fact]:
        """Return the facts of one event as ``webhooks.stripe.facts`` lists them; none of a thin event.

        Raise BadBody when its object cannot be kept.
        """
        if event.needs_fetch or not stripe_facts.is_wanted(event.type):
            return []
        payload = _read_object(
            _read_object(_read_object(strict_json.read_json(event.body)).get("data")).get("object")
        )
        kind = stripe_facts.choose_kind(event.type, payload)
        about = ObjectEvent(event.type, kind, event.occurred_at, event.external_id, event.livemode, payload)
        reader = stripe_facts.find_reader(about)
        return [] if reader is None else reader(about)

    def make_answer(self, count: int) -> tuple[int, bytes, str]:
        """Return 200 with the number of events; Stripe reads the status only."""
        return 200, b'{"received":%d}' % count, "application/json"


def _read_snapshot(raw: bytes, body: Mapping[str, object], endpoint: Endpoint) -> RawEvent:
    if body.get("object") != "event":
        raise BadBody("the body is no Stripe event")
    payload = _read_object(_read_object(body.get("data")).get("object"))
    type_ = _read_type(body)
    kind = find_text(payload, "object") or stripe_facts.TYPES.get(type_, "")
    if stripe_facts.is_wanted(type_) or stripe_facts.may_hold_money(kind):
        refuse_odd_money(kind, payload)  # of the others, which are only kept, nothing will ever be booked
    created_at = read_seconds(body, "created")
    if created_at is None:
        raise BadBody("the event does not say when it happened")
    return RawEvent(
        external_id=_read_id(body),
        type=type_,
        occurred_at=created_at,
        account=find_ref(body.get("account")) or endpoint.account,
        livemode=_read_livemode(body),
        api_version=find_text(body, "api_version"),
        object_kind=kind,
        object_id=find_ref(payload) or "",
        body=raw,
    )


def _read_thin_event(raw: bytes, body: Mapping[str, object], endpoint: Endpoint) -> RawEvent:
    """Return a thin event under the id of its snapshot twin, if it names one, so that both are one row."""
    related_object = _read_object(body.get("related_object") or {})
    kind = (find_text(related_object, "type") or "").removeprefix("v1.")
    return RawEvent(
        external_id=find_ref(body.get("snapshot_event")) or _read_id(body),
        type=_read_type(body).removeprefix("v1."),
        occurred_at=_read_iso_seconds(body.get("created")),
        account=find_ref(body.get("context")) or endpoint.account,
        livemode=_read_livemode(body),
        api_version=None,
        object_kind=kind,
        object_id=find_ref(related_object) or "",
        body=raw,
        needs_fetch=True,
    )


def _read_object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadBody("the body is no Stripe event")
    return value


def _read_id(body: Mapping[str, object]) -> str:
    ref = find_ref(body.get("id"))
    if ref is None:
        raise BadBody("the event has no id")
    return ref


def _read_type(body: Mapping[str, object]) -> str:
    type_ = body.get("type")
    if not isinstance(type_, str) or not _TYPE.fullmatch(type_):
        raise BadBody("the event has no type")
    return type_


def _read_livemode(body: Mapping[str, object]) -> bool:
    livemode = body.get("livemode")
    if not isinstance(livemode, bool):
        raise BadBody("the event does not say whether it is a test")
    return livemode


def _read_iso_seconds(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as e:
        raise BadBody("the event does not say when it happened") from e
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
