"""What Stripe told the demo's organisation in the last weeks: gifts by card and BLIK, one of them given
back, two subscriptions of which one fails, a payout, and a test message that came to the wrong address.

Each message goes through the inbox as if it had come by webhook at its own time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

import webhooks
from donorhub.cli.demo import stripe_objects as stripe
from donorhub.cli.demo.people import Person
from donorhub.cli.demo.stripe_objects import Object, Payer
from donorhub.db import db
from donorhub.models import ProviderEvent
from donorhub.services.providers import endpoints, inbox, projection
from webhooks.fact import Endpoint, RawEvent
from webhooks.stripe.fetch_events import make_items_event

ACTOR: Final = "cli:demo"
VERSION: Final = "2026-10-28.endive"
PAYOUT: Final = "po_demo1"


@dataclass(frozen=True, slots=True)
class Said:
    """One message: when it came, what it tells."""

    at: datetime
    type: str
    about: Object
    livemode: bool = True


def add(people: Sequence[Person], *, now: datetime) -> int:
    """Open the address and work off all that came; gives the payout's sum in minor units of zloty."""
    endpoint = endpoints.create_endpoint(
        "stripe", "whsec_demo_demo_demo_demo", now=now - timedelta(days=200), actor=ACTOR
    )
    payers = [
        Payer(person.donor.name, person.donor.email)
        for person in people
        if person.donor.country == "PL"
        and person.donor.kind == "person"
        and person.donor.email
        and not person.donor.do_not_contact
    ]
    items: list[Object] = []
    said = sorted(_all(payers, items, now=now), key=lambda one: one.at)
    for number, one in enumerate(said, start=1):
        _take_in(endpoint.id, _event(one, number), now=one.at)
    paid_out = sum(int(item["net"]) for item in items)
    at = now - timedelta(days=4)
    listing = make_items_event(
        items, page="txn_demo1", payout=PAYOUT, at=int(at.timestamp()), account="", livemode=True
    )
    _take_in(endpoint.id, listing, now=at)
    _take_in(endpoint.id, _event(Said(at, "payout.paid", stripe.payout(PAYOUT, paid_out, at)), 900), now=at)
    return paid_out


def _take_in(endpoint_id: int, event: RawEvent, *, now: datetime) -> None:
    row = inbox.columns(endpoint_id, "stripe", event, now=now, source="http")
    inbox.store(db.session.connection(), [row])
    stored = db.session.scalars(
        select(ProviderEvent).filter_by(provider="stripe", account="", external_id=event.external_id)
    ).one()
    projection.apply_events([stored], {endpoint_id: ("", True)}, now=now)
    db.session.flush()  # the next message is read beside what this one made


def _event(one: Said, number: int) -> RawEvent:
    seconds = int(one.at.timestamp())
    told = {
        "id": f"evt_demo{number:03d}",
        "object": "event",
        "type": one.type,
        "created": seconds,
        "livemode": one.livemode,
        "api_version": VERSION,
        "data": {"object": {"created": seconds, **one.about}},
    }
    adapter = webhooks.get_provider("stripe")
    return adapter.split_message(json.dumps(told, ensure_ascii=False).encode(), {}, Endpoint("", True, {}))[0]


def _all(payers: Sequence[Payer], items: list[Object], *, now: datetime) -> Iterator[Said]:
    """Every message; the lines of the payout are added to ``items``."""
    single = (
        (41, 5000, "card"),
        (33, 10000, "card"),
        (26, 2000, "blik"),
        (12, 20000, "card"),
        (9, 3000, "blik"),
        (7, 5000, "card"),
        (2, 15000, "blik"),
    )
    for number, (days, minor, method) in enumerate(single, start=1):
        payer = payers[number * 7]
        if number == 6:  # somebody new
            payer = Payer("Kalina Brzozowska", "kalina.brzozowska@demo.example")
        at = now - timedelta(days=days, minutes=number * 17)
        yield from _paid(f"demo{number}", minor, payer, at, method=method)
        if 5 < days < 14:
            items.append(stripe.item(f"demo{number}", minor))
    yield from _given_back("demo4", 20000, now - timedelta(days=6, minutes=50))
    items.append(stripe.item("demo4", -20000, kind="refund"))
    yield from _subscribed("sub", payers[8], 5000, now=now, fails=False, items=items)
    yield from _subscribed("late", payers[15], 3000, now=now, fails=True, items=[])
    payer = Payer("Test Testowy", "test@demo.example")
    for one in _paid("mistake", 100, payer, now - timedelta(days=3), method="card"):
        yield Said(one.at, one.type, one.about, livemode=False)


def _paid(
    name: str, minor: int, payer: Payer, at: datetime, *, method: str, customer: str | None = None
) -> Iterator[Said]:
    charge = stripe.charge(name, minor, payer, method=method, customer=customer)
    yield Said(at, "charge.succeeded", charge)
    intent = stripe.intent(name, minor, method=method, customer=customer)
    yield Said(at + timedelta(seconds=1), "payment_intent.succeeded", intent)


def _given_back(name: str, minor: int, at: datetime) -> Iterator[Said]:
    """The donor gave twice by mistake and asked for one gift back."""
    yield Said(at, "refund.created", stripe.refund(name, minor))


def _subscribed(
    name: str, payer: Payer, minor: int, *, now: datetime, fails: bool, items: list[Object]
) -> Iterator[Said]:
    """Four months of a subscription; the last invoice is paid, or fails twice."""
    customer, sub = f"cus_{name}", f"sub_{name}"
    periods = [now - timedelta(days=days, hours=3) for days in (98, 68, 38, 8)]
    yield Said(periods[0], "customer.created", stripe.customer(customer, payer))
    yield Said(
        periods[0], "customer.subscription.created", stripe.subscription(sub, customer, minor, periods[0])
    )
    for number, at in enumerate(periods, start=1):
        invoice = f"{name}{number}"
        if fails and number == len(periods):
            yield from _failed(invoice, sub, customer, minor, at, payer)
            yield Said(
                at + timedelta(minutes=2),
                "customer.subscription.updated",
                {
                    **stripe.subscription(sub, customer, minor, at),
                    "status": "past_due",
                },
            )
            continue
        yield from _paid(invoice, minor, payer, at, method="card", customer=customer)
        yield Said(at + timedelta(seconds=2), "invoice_payment.paid", stripe.invoice_payment(invoice, minor))
        yield Said(
            at + timedelta(seconds=3), "invoice.paid", stripe.invoice(invoice, sub, customer, minor, at)
        )
        if number == len(periods):
            items.append(stripe.item(invoice, minor))


def _failed(name: str, sub: str, customer: str, minor: int, at: datetime, payer: Payer) -> Iterator[Said]:
    """Two attempts on a card without money; Stripe will try once more."""
    for attempt, days in ((1, 0), (2, 6)):
        tried = at + timedelta(days=days)
        charge = stripe.charge(
            f"{name}_{attempt}", minor, payer, method="card", customer=customer, failure="card_declined"
        )
        yield Said(tried, "charge.failed", charge)
        yield Said(
            tried + timedelta(seconds=1),
            "invoice.payment_failed",
            {
                **stripe.invoice(name, sub, customer, minor, at),
                "status": "open",
                "amount_paid": 0,
                "attempt_count": attempt,
                "next_payment_attempt": int(tried.timestamp()) + 6 * 86400,
                "status_transitions": {"finalized_at": int(at.timestamp()), "paid_at": None},
            },
        )
