"""Every line of a payout finds its gift, however the provider wrote it and whatever came first."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Gift, Payout, PayoutItem
from donorhub.services.reports import invariants
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import DAY, Event, Story
from tests.webhooks.stripe.stripe_objects import charge, payout, refund, row
from webhooks.stripe.fetch_events import make_items_event


def two_gifts_paid_out(*, is_expanded: bool) -> list[Event]:
    """106.00 given, 10.00 given back, fees, and 30.00 of an older payout that came back: 123.00 paid out."""
    s = Story("x")
    for n, minor in ((1, 5000), (2, 5600)):
        paid = charge(s.ref("ch", n), minor, payment_intent=s.ref("pi", n), created=s.now)
        s.tell("charge.succeeded", paid)
    given = {"charge": s.ref("ch"), "payment_intent": s.ref("pi")}
    s.tell("refund.created", refund(s.ref("re"), 1000, status="succeeded", **given))
    s.wait(DAY)
    s.tell("payout.paid", payout(s.ref("po"), 12300, status="paid"))
    sources = [{"id": s.ref("ch", n), "object": "charge", "payment_intent": s.ref("pi", n)} for n in (1, 2)]
    sources.append({"id": s.ref("re"), "object": "refund", **given})
    first, second, back = sources if is_expanded else [source["id"] for source in sources]
    rows = [
        row("txn_0", "payout", -12300, 0, s.ref("po")),
        row("txn_1", "charge", 5000, 150, first),
        row("txn_2", "charge", 5600, 150, second),
        row("txn_3", "refund", -1000, 0, back),
        row("txn_4", "payout_failure", 3000, 0, "po_old"),
        row("txn_5", "stripe_fee", -100, 0, None),
        row("txn_6", "adjustment", 100, 0, None),
    ]
    listed = make_items_event(
        rows, page="txn_0", payout=s.ref("po"), at=s.now + 60, account="", livemode=True
    )
    return [*s.events, json.loads(listed.body)]


@pytest.mark.parametrize("is_expanded", [True, False])
@pytest.mark.parametrize("order", ["told", "listed before the gifts"])
def test_items_name_gifts_and_payout(database: Flask, now: datetime, is_expanded: bool, order: str) -> None:
    """The items name their gifts and add up to the payout, in whatever order they come."""
    *told, paid, listed = two_gifts_paid_out(is_expanded=is_expanded)
    events = [*told, paid, listed] if order == "told" else [told[-1], paid, listed, *told[:-1]]
    endpoint = open_endpoint(now)
    for event in events:
        deliver(database, endpoint, [event], now)
    query = select(PayoutItem.source_ref, Gift.source_ref).join(Gift).order_by(PayoutItem.source_ref)
    charges = [("txn_1", "pi_x1"), ("txn_2", "pi_x2")]
    assert [tuple(pair) for pair in db.session.execute(query)][:2] == charges
    of_payout = select(PayoutItem.net_minor).join(Payout).where(PayoutItem.kind != "payout")
    assert sum(db.session.scalars(of_payout)) == 12300
    assert {name: found for name, found in invariants.check_all(now=now).items() if found} == {}
