"""What a gateway fetched, as events like any other, so that it goes through the inbox too.

It makes values only; asking the provider is the gateway's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from webhooks.fact import BadBody, RawEvent
from webhooks.stripe.shapes import Object, ref_of, text_at


def fetched(
    said: Mapping[str, object], *, at: int, account: str, livemode: bool, api_version: str | None = None
) -> RawEvent:
    """An object as an event: ``at`` is when it was fetched.

    Type ``fetch.<object>``. The same object fetched in the same second is the same event.
    """
    kind = text_at(said, "object") or ""
    ref = ref_of(said)
    if ref is None or not kind:
        raise BadBody("what was fetched has no id or does not say what it is")
    return _made(f"fetch.{kind}", ref, said, at, account, livemode, api_version)


def fetched_items(
    rows: Iterable[Object], *, page: str, payout: str | None, at: int, account: str, livemode: bool
) -> RawEvent:
    """Balance transactions that the gateway listed, for one payout or (None) for any time.

    ``page`` keeps several pages of one listing apart, such as the id of its first row. List them
    with ``expand[]=data.source``: only then a row names the PaymentIntent of its charge.
    """
    said = {"object": "balance_transactions", "id": payout or page, "payout": payout, "data": list(rows)}
    return _made("fetch.balance_transactions", page, said, at, account, livemode, None)


def _made(
    type_: str,
    ref: str,
    said: Mapping[str, object],
    at: int,
    account: str,
    livemode: bool,
    version: str | None,
) -> RawEvent:
    external_id = f"{type_}:{ref}:{at}"
    body = {"object": "event", "id": external_id, "type": type_, "created": at, "livemode": livemode}
    raw = json.dumps({**body, "api_version": version, "data": {"object": said}}, separators=(",", ":"))
    kind = type_.removeprefix("fetch.")
    return RawEvent(external_id, type_, at, account, livemode, version, kind, ref, raw.encode())
