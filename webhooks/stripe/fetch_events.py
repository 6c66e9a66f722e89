"""What a gateway fetched, as events like any other, so that it goes through the inbox too.

It makes values only; asking the provider is the gateway's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from webhooks.fact import BadBody, RawEvent
from webhooks.stripe.shapes import Object, find_ref, find_text


def make_fetch_event(
    payload: Mapping[str, object], *, at: int, account: str, livemode: bool, api_version: str | None = None
) -> RawEvent:
    """Return an object that was fetched at ``at`` as an event of type ``fetch.<object>``.

    The same object fetched in the same second is the same event. Raise BadBody where it has no id or kind.
    """
    kind = find_text(payload, "object") or ""
    ref = find_ref(payload)
    if ref is None or not kind:
        raise BadBody("what was fetched has no id or does not say what it is")
    return _make_event(f"fetch.{kind}", ref, payload, at, account, livemode, api_version)


def make_items_event(
    rows: Iterable[Object], *, page: str, payout: str | None, at: int, account: str, livemode: bool
) -> RawEvent:
    """Return balance transactions that the gateway listed as one event: of one payout or (None) of any time.

    ``page`` keeps several pages of one listing apart, such as the id of its first row. List them
    with ``expand[]=data.source``: only then a row names the PaymentIntent of its charge.
    """
    payload = {"object": "balance_transactions", "id": payout or page, "payout": payout, "data": list(rows)}
    return _make_event("fetch.balance_transactions", page, payload, at, account, livemode, None)


def _make_event(
    type_: str,
    ref: str,
    payload: Mapping[str, object],
    at: int,
    account: str,
    livemode: bool,
    version: str | None,
) -> RawEvent:
    external_id = f"{type_}:{ref}:{at}"
    body = {"object": "event", "id": external_id, "type": type_, "created": at, "livemode": livemode}
    raw = json.dumps({**body, "api_version": version, "data": {"object": payload}}, separators=(",", ":"))
    kind = type_.removeprefix("fetch.")
    return RawEvent(external_id, type_, at, account, livemode, version, kind, ref, raw.encode())
