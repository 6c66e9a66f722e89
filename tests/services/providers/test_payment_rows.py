"""One payment at the provider is one row with us, whatever spoke of it first."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Gift, ProviderEvent, Refund
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.scenarios import Story
from tests.webhooks.stripe.stripe_objects import charge, intent, refund, session


def test_early_session_blocks_nothing(database: Flask, now: datetime) -> None:
    """A session that comes before its payment does not hold up what follows."""
    s = Story("x")
    pi, ch, cs = s.ref("pi"), s.ref("ch"), s.ref("cs")
    opened = session(cs, payment_intent=None, amount_total=5000, status="open", payment_status="unpaid")
    s.tell("checkout.session.completed", opened)
    s.wait(5)
    s.tell("charge.succeeded", charge(ch, 5000, payment_intent=pi, created=s.now))
    s.tell("payment_intent.succeeded", intent(pi, 5000, latest=ch))
    s.wait(5)
    s.tell("checkout.session.async_payment_succeeded", session(cs, payment_intent=pi, amount_total=5000))
    s.wait(5)
    s.tell("refund.created", refund(s.ref("re"), 1000, status="succeeded", charge=ch, payment_intent=pi))
    endpoint = open_endpoint(now)
    for event in s.events:
        deliver(database, endpoint, [event], now)
    assert set(db.session.scalars(select(ProviderEvent.state))) == {"done"}
    assert db.session.scalars(select(Gift.source_ref)).all() == [pi]
    assert db.session.scalars(select(Refund.amount_minor)).all() == [1000]
