"""What Stripe sent to the demo's organisation in the last weeks: gifts by card and BLIK, one of them given
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
class SampleEvent:
    """One message: when it came, and the object that it is about."""

    at: datetime
    type: str
    about: Object
    livemode: bool = True


def add_events(people: Sequence[Person], *, now: datetime) -> int:
    """Open the endpoint and work off all that came; return the payout's sum in minor units of zloty."""
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
    events = sorted(_make_events(payers, items, now=now), key=lambda one: one.at)
    for number, one in enumerate(events, start=1):
        _work_off_event(endpoint.id, _make_event(one, number), now=one.at)
    payout_minor = sum(int(item["net"]) for item in items)
    paid_at = now - timedelta(days=4)
    listing = make_items_event(
        items, page="txn_demo1", payout=PAYOUT, at=int(paid_at.timestamp()), account="", livemode=True
    )
    _work_off_event(endpoint.id, listing, now=paid_at)
    _work_off_event(
        endpoint.id,
        _make_event(
            SampleEvent(paid_at, "payout.paid", stripe.make_payout(PAYOUT, payout_minor, paid_at)), 900
        ),
        now=paid_at,
    )
    return payout_minor


def _work_off_event(endpoint_id: int, event: RawEvent, *, now: datetime) -> None:
    row = inbox.make_event_row(endpoint_id, "stripe", event, now=now, source="http")
    inbox.store_events(db.session.connection(), [row])
    stored_event = db.session.scalars(
        select(ProviderEvent).filter_by(provider="stripe", account="", external_id=event.external_id)
    ).one()
    projection.apply_events([stored_event], {endpoint_id: ("", True)}, now=now)
    db.session.flush()  # the next message is read beside what this one made


def _make_event(one: SampleEvent, number: int) -> RawEvent:
    seconds = int(one.at.timestamp())
    body = {
        "id": f"evt_demo{number:03d}",
        "object": "event",
        "type": one.type,
        "created": seconds,
        "livemode": one.livemode,
        "api_version": VERSION,
        "data": {"object": {"created": seconds, **one.about}},
    }
    adapter = webhooks.get_provider("stripe")
    return adapter.split_message(json.dumps(body, ensure_ascii=False).encode(), {}, Endpoint("", True, {}))[0]


def _make_events(payers: Sequence[Payer], items: list[Object], *, now: datetime) -> Iterator[SampleEvent]:
    """Return every message; add the lines of the payout to ``items``."""
    single_gifts = (
        (41, 5000, "card"),
        (33, 10000, "card"),
        (26, 2000, "blik"),
        (12, 20000, "card"),
        (9, 3000, "blik"),
        (7, 5000, "card"),
        (2, 15000, "blik"),
    )
    for number, (days, minor, method) in enumerate(single_gifts, start=1):
        payer = payers[number * 7]
        if number == 6:  # somebody new
            payer = Payer("Kalina Brzozowska", "kalina.brzozowska@demo.example")
        at = now - timedelta(days=days, minutes=number * 17)
        yield from _make_payment(f"demo{number}", minor, payer, at, method=method)
        if 5 < days < 14:
            items.append(stripe.make_payout_item(f"demo{number}", minor))
    yield from _make_refund("demo4", 20000, now - timedelta(days=6, minutes=50))
    items.append(stripe.make_payout_item("demo4", -20000, kind="refund"))
    yield from _make_subscription("sub", payers[8], 5000, now=now, fails=False, items=items)
    yield from _make_subscription("late", payers[15], 3000, now=now, fails=True, items=[])
    payer = Payer("Test Testowy", "test@demo.example")
    for one in _make_payment("mistake", 100, payer, now - timedelta(days=3), method="card"):
        yield SampleEvent(one.at, one.type, one.about, livemode=False)


def _make_payment(
    name: str, minor: int, payer: Payer, at: datetime, *, method: str, customer: str | None = None
) -> Iterator[SampleEvent]:
    charge = stripe.make_charge(name, minor, payer, method=method, customer=customer)
    yield SampleEvent(at, "charge.succeeded", charge)
    intent = stripe.make_intent(name, minor, method=method, customer=customer)
    yield SampleEvent(at + timedelta(seconds=1), "payment_intent.succeeded", intent)


def _make_refund(name: str, minor: int, at: datetime) -> Iterator[SampleEvent]:
    """Return the refund to a donor who gave twice by mistake and asked for one gift back."""
    yield SampleEvent(at, "refund.created", stripe.make_refund(name, minor))


def _make_subscription(
    name: str, payer: Payer, minor: int, *, now: datetime, fails: bool, items: list[Object]
) -> Iterator[SampleEvent]:
    """Return four months of a subscription; the last invoice is paid, or fails twice."""
    customer, sub = f"cus_{name}", f"sub_{name}"
    periods = [now - timedelta(days=days, hours=3) for days in (98, 68, 38, 8)]
    yield SampleEvent(periods[0], "customer.created", stripe.make_customer(customer, payer))
    yield SampleEvent(
        periods[0],
        "customer.subscription.created",
        stripe.make_subscription(sub, customer, minor, periods[0]),
    )
    for number, at in enumerate(periods, start=1):
        invoice = f"{name}{number}"
        if fails and number == len(periods):
            yield from _make_failed_invoice(invoice, sub, customer, minor, at, payer)
            yield SampleEvent(
                at + timedelta(minutes=2),
                "customer.subscription.updated",
                {
                    **stripe.make_subscription(sub, customer, minor, at),
                    "status": "past_due",
                },
            )
            continue
        yield from _make_payment(invoice, minor, payer, at, method="card", customer=customer)
        yield SampleEvent(
            at + timedelta(seconds=2), "invoice_payment.paid", stripe.make_invoice_payment(invoice, minor)
        )
        yield SampleEvent(
            at + timedelta(seconds=3), "invoice.paid", stripe.make_invoice(invoice, sub, customer, minor, at)
        )
        if number == len(periods):
            items.append(stripe.make_payout_item(invoice, minor))


def _make_failed_invoice(
    name: str, sub: str, customer: str, minor: int, at: datetime, payer: Payer
) -> Iterator[SampleEvent]:
    """Return two attempts on a card without money; Stripe will try once more."""
    for attempt, days in ((1, 0), (2, 6)):
        tried_at = at + timedelta(days=days)
        charge = stripe.make_charge(
            f"{name}_{attempt}", minor, payer, method="card", customer=customer, failure="card_declined"
        )
        yield SampleEvent(tried_at, "charge.failed", charge)
        yield SampleEvent(
            tried_at + timedelta(seconds=1),
            "invoice.payment_failed",
            {
                **stripe.make_invoice(name, sub, customer, minor, at),
                "status": "open",
                "amount_paid": 0,
                "attempt_count": attempt,
                "next_payment_attempt": int(tried_at.timestamp()) + 6 * 86400,
                "status_transitions": {"finalized_at": int(at.timestamp()), "paid_at": None},
            },
        )
