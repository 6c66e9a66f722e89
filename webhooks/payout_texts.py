"""How providers without an adapter call themselves in the account holder's bank statement.

An adapter says it itself; when one of these gets its adapter, its line here goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WITHOUT_ADAPTER: Final[Mapping[str, tuple[str, ...]]] = {
    "paypal": ("paypal",),
    "payu": ("payu",),
    "dotpay": ("dotpay",),
    "przelewy24": ("przelewy24", "paypro"),
    "gocardless": ("gocardless",),
}
