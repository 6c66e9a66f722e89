"""Messages of payment providers: from raw bytes to facts, and from facts to what is true now.

Pure: no network, no database, no clock. ``provider`` finds who can read a message, ``reach``
and ``project`` work facts into views; ``webhooks.states`` tells how they fit together.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final, cast

from webhooks.fact import Provider
from webhooks.groups import reach
from webhooks.payout_texts import WITHOUT_ADAPTER
from webhooks.projection import project
from webhooks.stripe.events import Stripe

__all__ = ["UnknownProvider", "names", "payout_texts", "project", "provider", "reach"]

ENTRY_POINTS: Final = "donorhub.webhook_providers"
_OURS: Final[dict[str, Provider]] = {"stripe": Stripe()}


class UnknownProvider(KeyError):
    """No adapter goes by this name."""

    def __str__(self) -> str:
        return str(self.args[0])


def names() -> list[str]:
    """The payment providers that there is an adapter for, ours and installed ones."""
    return sorted({*_OURS, *(found.name for found in entry_points(group=ENTRY_POINTS))})


def payout_texts() -> dict[str, tuple[str, ...]]:
    """Return the words by which the bank's entry of a payout is known, by provider."""
    return {**WITHOUT_ADAPTER, **{name: provider(name).payout_texts for name in names()}}


def provider(name: str) -> Provider:
    """The adapter of one payment provider: ours, else one that an installed package brings
    in the entry point group ``donorhub.webhook_providers``. Raises UnknownProvider."""
    if name in _OURS:
        return _OURS[name]
    for found in entry_points(group=ENTRY_POINTS, name=name):
        return cast(Provider, found.load()())
    raise UnknownProvider(f"there is no payment provider {name!r}; known are {', '.join(names())}")
