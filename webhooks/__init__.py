"""Messages of payment providers: from raw bytes to facts, and from facts to what is true now.

Pure: no network, no database, no clock. ``webhooks.states`` says how facts and views fit together.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from webhooks.fact import Provider
from webhooks.groups import find_linked_groups
from webhooks.payout_texts import WITHOUT_ADAPTER
from webhooks.projection import project_groups
from webhooks.stripe.events import Stripe
from webhooks.stripe.facts import SUBJECTS as STRIPE_SUBJECTS

__all__ = [
    "UnknownProvider",
    "collect_payout_texts",
    "find_linked_groups",
    "find_secret_prefix",
    "find_subject",
    "get_provider",
    "list_provider_names",
    "project_groups",
]

ENTRY_POINTS: Final = "donorhub.webhook_providers"
_OURS: Final[dict[str, Provider]] = {"stripe": Stripe()}
_SECRET_PREFIXES: Final = {"stripe": "whsec_"}
_SUBJECTS: Final = {"stripe": STRIPE_SUBJECTS}


class UnknownProvider(KeyError):
    """No adapter goes by this name."""

    def __str__(self) -> str:
        return str(self.args[0])


def list_provider_names() -> list[str]:
    """Return the names of all payment providers that have an adapter, ours or an installed one, sorted."""
    return sorted({*_OURS, *_find_installed()})


@cache
def _find_installed() -> Mapping[str, EntryPoint]:
    """Return the adapters of installed packages by name. Read once: it reads the records of all packages, and
    each bank entry that is looked at asks for the words of all providers.
    """
    return {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINTS)}


def collect_payout_texts() -> dict[str, tuple[str, ...]]:
    """Return the words by which the bank's entry of a payout is known, by provider."""
    return {**WITHOUT_ADAPTER, **{name: get_provider(name).payout_texts for name in list_provider_names()}}


def find_secret_prefix(name: str) -> str | None:
    """Return how each signing secret of a provider begins; None where nothing is known of them."""
    return _SECRET_PREFIXES.get(name)


def find_subject(name: str, object_kind: str) -> str | None:
    """Return what a provider's object is to us: payment, refund, dispute, promise, instalment, payer, payout
    or access; None where nothing is known of its kind.
    """
    return _SUBJECTS.get(name, {}).get(object_kind)


def get_provider(name: str) -> Provider:
    """Return the adapter of one payment provider: ours, else that of an installed package.

    A package names its adapter in the entry point group ``donorhub.webhook_providers``.
    Raise UnknownProvider where there is none.
    """
    if name in _OURS:
        return _OURS[name]
    if name in _find_installed():
        return cast(Provider, _find_installed()[name].load()())
    raise UnknownProvider(
        f"there is no payment provider {name!r}; known are {', '.join(list_provider_names())}"
    )
