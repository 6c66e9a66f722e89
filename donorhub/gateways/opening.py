"""Which provider can be asked: those whose key the settings hold."""

from __future__ import annotations

from donorhub.config import Settings
from donorhub.gateways.providers import Gateway
from donorhub.gateways.stripe import StripeGateway


def open_gateway(provider: str, settings: Settings) -> Gateway | None:
    """Return the gateway of a provider; None where there is none, or no key for it."""
    if provider == "stripe" and settings.stripe_api_key:
        return StripeGateway(settings.stripe_api_key, settings.stripe_api_base)
    return None
