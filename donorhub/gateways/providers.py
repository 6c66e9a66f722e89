"""What every provider's gateway can be asked, whichever provider it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from donorhub.errors import DonorHubError
from webhooks.fact import RawEvent


class ProviderAway(DonorHubError):
    """The provider did not answer, or refused; the task is tried again."""

    code = "provider_away"


class Gateway(Protocol):
    """Asks one provider, outside any transaction; what it answers goes through the inbox like any event."""

    def list_payout_items(self, ref: str, *, at: int, account: str, livemode: bool) -> Iterator[RawEvent]:
        """Yield the lines that make up a payout, an event for each page; raise ProviderAway."""
