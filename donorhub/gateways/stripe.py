"""Asking Stripe: what a payout is made of. Nothing here is called inside a transaction.

What it answers leaves as events, as if Stripe had sent them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from donorhub.gateways.providers import ProviderAway
from webhooks.fact import RawEvent
from webhooks.stripe.fetch_events import make_items_event

PAGE: Final = 100
MAX_PAGES: Final = 1000


class StripeGateway:
    """Stripe's API with one key; ``api_base`` is another address in tests only."""

    def __init__(self, api_key: str, api_base: str = "") -> None:
        import stripe  # 13 MB: only where Stripe is really asked

        self._errors = stripe.StripeError
        self._client = stripe.StripeClient(
            api_key, base_addresses={"api": api_base} if api_base else {}, max_network_retries=2
        )

    def list_payout_items(self, ref: str, *, at: int, account: str, livemode: bool) -> Iterator[RawEvent]:
        """Yield a payout's balance transactions, fetched at ``at``, an event a page; raise ProviderAway."""
        for rows in self._list_rows(ref):
            yield make_items_event(
                rows, page=str(rows[0]["id"]), payout=ref, at=at, account=account, livemode=livemode
            )

    def _list_rows(self, ref: str) -> Iterator[list[dict[str, object]]]:
        after = ""
        for _ in range(MAX_PAGES):
            query = {"payout": ref, "limit": str(PAGE), "expand[]": "data.source"}
            if after:
                query["starting_after"] = after
            page = self._get_page("/v1/balance_transactions", query)
            rows = page.get("data")
            if not isinstance(rows, list):
                raise ProviderAway("Stripe answered something else than a list of balance transactions")
            if rows:
                yield rows
            if not page.get("has_more") or not rows:
                return
            after = str(rows[-1]["id"])

    def _get_page(self, path: str, query: dict[str, str]) -> dict[str, object]:
        try:
            answer = self._client.raw_request("get", f"{path}?{urlencode(query)}")
        except self._errors as e:
            raise ProviderAway(f"Stripe did not answer: {type(e).__name__}") from e
        page: dict[str, object] = json.loads(answer.body)
        return page
