"""Stripe's names of payment methods in the words of every provider; https://docs.stripe.com/payments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from webhooks.states import MethodWord

METHODS: Final[Mapping[str, MethodWord]] = {
    "card": "card",
    "sepa_debit": "direct_debit",
    "bacs_debit": "direct_debit",
    "us_bank_account": "direct_debit",
    "blik": "blik",
    "p24": "transfer",
    "sofort": "transfer",
    "customer_balance": "transfer",
    "paypal": "wallet",
    "link": "wallet",
    "revolut_pay": "wallet",
}


def find_method(name: str | None) -> MethodWord | None:
    """Return the word for a method; None when none was named, ``other`` for one that we do not know."""
    return None if name is None else METHODS.get(name, "other")
