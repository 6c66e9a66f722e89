"""What accepting one Stripe event costs us, beside ``stripe.Webhook.construct_event``: microseconds.

Run it: ``python -m tests.benchmarks.bench_verify``. It measures and asserts nothing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stripe

from tests.webhooks.scenarios import ENDPOINT, START, first_subscription, sign, to_body
from webhooks import get_provider, project_groups
from webhooks.fact import Secret

SECRET = Secret(1, "whsec_bench")
ROUNDS, REPEATS = 5, 400


def best_us(run: Callable[[], object]) -> float:
    """Microseconds a call, the best of some rounds, for the machine is shared."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(REPEATS):
            run()
        rounds.append((time.perf_counter() - start) / REPEATS * 1e6)
    return min(rounds)


def messages() -> list[dict[str, Any]]:
    """Full-size events of the shared samples where they are at hand, else the short ones of the tests."""
    shared = Path(os.environ.get("DONORHUB_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    sample = shared / "corpora" / "webhooks" / "stripe" / "synthetic" / "sub_first.json"
    told = json.loads(sample.read_bytes()) if sample.exists() else first_subscription("bench")
    wanted = ("charge.succeeded", "invoice.paid", "customer.subscription.updated")
    return [event for event in told if event["type"] in wanted]


def main() -> None:
    ours = get_provider("stripe")
    print(
        f"{'event':24}{'bytes':>7}{'verify':>8}{'split':>8}{'facts':>8}{'project':>9}{'sdk':>8}{'sdk/ours':>10}"
    )
    for event in messages():
        body = json.dumps(event, indent=2).encode()  # as Stripe writes it
        headers = {"Stripe-Signature": sign(body, SECRET.value, START)}
        (raw,) = ours.split_message(to_body(event), headers, ENDPOINT)
        facts = ours.read_facts(raw)
        groups = {fact.group for fact in facts}
        fresh = {"Stripe-Signature": sign(body, SECRET.value, int(time.time()))}

        def by_the_sdk(body: bytes = body, header: str = fresh["Stripe-Signature"]) -> object:
            return stripe.Webhook.construct_event(body, header, SECRET.value)

        verify = best_us(lambda h=headers, b=body: ours.verify_message(b, h, ENDPOINT, [SECRET], START))
        split = best_us(lambda h=headers, b=body: ours.split_message(b, h, ENDPOINT))
        read = best_us(lambda r=raw: ours.read_facts(r))
        worked = best_us(lambda g=groups, f=facts: project_groups(g, f))
        sdk = best_us(by_the_sdk)
        print(
            f"{event['type'][:23]:24}{len(body):7}{verify:8.1f}{split:8.1f}{read:8.1f}{worked:9.1f}{sdk:8.1f}"
            f"{sdk / (verify + split):10.1f}"
        )


if __name__ == "__main__":
    main()
