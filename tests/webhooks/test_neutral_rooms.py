"""Rooms that serve every provider know none of them: no name, id prefix, event name or method word.

What a provider calls things ends in its own package and gateway.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import webhooks
from webhooks.payout_texts import WITHOUT_ADAPTER
from webhooks.stripe.facts import TYPES
from webhooks.stripe.methods import METHODS

ROOT: Final = Path(__file__).resolve().parents[2]
OURS: Final = frozenset({"card", "blik", "link"})  # their words are ours too, or plain English
NAMES: Final = {*webhooks.list_provider_names(), *WITHOUT_ADAPTER, "mollie", "tpay", "braintree", "adyen"}
PREFIXES: Final = "ch pi cs dp txn sub cus pm seti evt py".split()
OBJECTS: Final = (
    "payment_intent PaymentIntent setup_intent SetupIntent checkout.session balance_transaction "
    "early_fraud_warning billing_reason latest_charge"
).split()
# Where a provider is chosen by its name, shown by it, named as an example to people, or known by its name in
# what banks and the tables of other systems say.
REGISTRIES: Final = frozenset(
    {
        "webhooks/__init__.py",
        "webhooks/payout_texts.py",
        "donorhub/domain/bank/matching/unknown_payers.py",
        "donorhub/domain/moving/value_words.py",
    }
)


def rooms() -> Iterator[Path]:
    yield from (path for path in (ROOT / "webhooks").glob("*.py"))
    for folder in ("services", "jobs", "web", "domain", "models"):
        yield from (ROOT / "donorhub" / folder).rglob("*.py")


def foreign_words() -> list[re.Pattern[str]]:
    names = "|".join(sorted(NAMES))
    words = "|".join(sorted(re.escape(word) for word in {*METHODS, *OBJECTS} - OURS - NAMES))
    events = "|".join(re.escape(name) for name in TYPES if "_" in name or name.count(".") > 1)
    return [
        re.compile(rf"(?i)(?<![a-z])({names})(?![a-z])"),
        re.compile(rf"[\"'`](?:{'|'.join(PREFIXES)})_[\"'`{{a-z0-9]"),
        re.compile(rf"(?<![a-z_])(?:{words}|{events})(?![a-z_])"),
    ]


def find_foreign(text: str) -> list[str]:
    return [match.group() for pattern in foreign_words() for match in pattern.finditer(text)]


def without_examples(text: str) -> str:
    """Return code without comments, which may name a provider as an example of a source."""
    return "\n".join(line.partition("  # ")[0] for line in text.splitlines())


def test_no_room_for_all_providers_knows_one() -> None:
    foreign_by_place = {
        str(path.relative_to(ROOT)): words
        for path in rooms()
        if str(path.relative_to(ROOT)) not in REGISTRIES
        and (words := find_foreign(without_examples(path.read_text())))
    }
    assert foreign_by_place == {}


@pytest.mark.parametrize(
    "line",
    [
        'if name == "stripe":',
        'ref.startswith("sub_")',
        '"""The PaymentIntent of a payment."""',
        'state["payment_intent"]',
        'METHODS = {"sepa_debit": "direct_debit"}',
        "handle('charge.dispute.created')",
        'WORDS = ("przelewy24",)',
    ],
)
def test_a_planted_word_is_found(line: str) -> None:
    assert find_foreign(line)
