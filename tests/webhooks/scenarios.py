"""Stories that Stripe tells, as events in the order in which they happened.

Each story takes a name that makes its ids its own, so that stories can be mixed. Service tests
import this too: ``to_body`` and ``sign`` make what is posted, ``to_raw`` what lies in the inbox.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from tests.webhooks.stripe.stripe_objects import (
    charge,
    dispute,
    intent,
    invoice,
    invoice_payment,
    payout,
    refund,
    row,
    session,
    subscription,
)
from webhooks import get_provider
from webhooks.fact import Endpoint, RawEvent
from webhooks.stripe.fetch_events import make_items_event

Event = dict[str, Any]
START = 1_793_000_000  # 2026-10-26
DAY = 86400
ENDPOINT = Endpoint(account="acct_1", livemode=True, settings={})


def to_body(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def sign(body: bytes, secret: str, t: int) -> str:
    """A Stripe-Signature header, made without the code under test."""
    mac = hmac.new(secret.encode(), str(t).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={t},v1={mac}"


def to_raw(event: Event) -> RawEvent:
    return get_provider("stripe").split_message(to_body(event), {}, ENDPOINT)[0]


class Story:
    """Events one after the other; ``wait`` lets time go by, otherwise it all happens at once."""

    def __init__(self, name: str, *, livemode: bool = True, api_version: str = "2026-10-28.endive") -> None:
        self.name = name
        self.now = START
        self.events: list[Event] = []
        self._common = {"object": "event", "livemode": livemode, "api_version": api_version}

    def ref(self, prefix: str, n: int = 1) -> str:
        return f"{prefix}_{self.name}{n}"

    def wait(self, seconds: int) -> None:
        self.now += seconds

    def tell(self, type_: str, payload: dict[str, Any]) -> None:
        # Ids count downwards: among events of one second, they must not decide what came last.
        n = 999 - len(self.events)
        data = {"object": {"created": self.now, **payload}}
        self.events.append(
            {**self._common, "id": self.ref("evt", n), "type": type_, "created": self.now, "data": data}
        )


def one_off(name: str, minor: int = 5000, currency: str = "pln", *, livemode: bool = True) -> list[Event]:
    s = Story(name, livemode=livemode)
    pi, ch = s.ref("pi"), s.ref("ch")
    paid = charge(
        ch, minor, currency=currency, payment_intent=pi, metadata={"appeal": "letter"}, created=s.now
    )
    s.tell("payment_intent.created", intent(pi, minor, currency=currency, status="requires_payment_method"))
    s.wait(20)
    s.tell("charge.succeeded", paid)
    s.tell("payment_intent.succeeded", intent(pi, minor, currency=currency, latest=ch))
    s.tell(
        "checkout.session.completed",
        session(s.ref("cs"), payment_intent=pi, amount_total=minor, currency=currency),
    )
    s.wait(3)
    s.tell("charge.updated", {**paid, "balance_transaction": s.ref("txn")})
    return s.events


def partial_refund(name: str) -> list[Event]:
    """5000 given; 1000 and 500 go back, and the 500 come home because the card is closed."""
    s = Story(name)
    pi, ch, links = s.ref("pi"), s.ref("ch"), {"charge": s.ref("ch"), "payment_intent": s.ref("pi")}
    paid = charge(ch, 5000, payment_intent=pi, created=s.now)
    s.tell("charge.succeeded", paid)
    s.tell("payment_intent.succeeded", intent(pi, 5000, latest=ch))
    s.wait(DAY)
    s.tell("refund.created", refund(s.ref("re"), 1000, status="succeeded", **links))
    s.tell("charge.refunded", {**paid, "amount_refunded": 1000})
    s.wait(DAY)
    begun = {"created": s.now}
    s.tell("refund.created", refund(s.ref("re", 2), 500, status="pending", charge=ch, **begun))
    s.tell("charge.refunded", {**paid, "amount_refunded": 1500})
    s.wait(60)
    s.tell("refund.updated", refund(s.ref("re", 2), 500, status="succeeded", **links, **begun))
    s.wait(DAY)
    s.tell("refund.failed", refund(s.ref("re", 2), 500, status="failed", **links, **begun))
    s.tell("charge.updated", {**paid, "amount_refunded": 1000})
    return s.events


def sepa_late_return(name: str) -> list[Event]:
    s = Story(name)
    pi, ch = s.ref("pi"), s.ref("ch")
    debit = {"payment_intent": pi, "currency": "eur", "created": s.now}
    debit["payment_method_details"] = {"sepa_debit": {"mandate": "mandate_1"}, "type": "sepa_debit"}
    s.tell("charge.pending", charge(ch, 5000, status="pending", **debit))
    s.tell("payment_intent.processing", intent(pi, 5000, status="processing", currency="eur", latest=ch))
    s.wait(5 * DAY)
    s.tell("charge.succeeded", charge(ch, 5000, **debit))
    s.tell("payment_intent.succeeded", intent(pi, 5000, currency="eur", latest=ch))
    s.wait(20 * DAY)
    fields = {"charge": ch, "payment_intent": pi, "currency": "eur", "reason": "debit_not_authorized"}
    s.tell("charge.dispute.created", dispute(s.ref("dp"), 5000, status="needs_response", **fields))
    s.tell("charge.dispute.closed", dispute(s.ref("dp"), 5000, status="lost", **fields))
    return s.events


def _renewal(s: Story, n: int, *, minor: int = 2500) -> None:
    """One invoice that is paid at once."""
    sub, inv, pi, ch = s.ref("sub"), s.ref("in", n), s.ref("pi", n), s.ref("ch", n)
    s.tell("invoice.finalized", invoice(inv, minor, sub=sub, status="open", period=s.now))
    s.tell("charge.succeeded", charge(ch, minor, payment_intent=pi, customer=s.ref("cus"), created=s.now))
    s.tell("payment_intent.succeeded", intent(pi, minor, latest=ch, customer=s.ref("cus")))
    s.tell("invoice_payment.paid", invoice_payment(s.ref("inpay", n), inv, pi, minor))
    s.tell("invoice.paid", invoice(inv, minor, sub=sub, status="paid", period=s.now))


def first_subscription(name: str) -> list[Event]:
    return _first_subscription(name).events


def _first_subscription(name: str) -> Story:
    s = Story(name)
    sub, cus = s.ref("sub"), s.ref("cus")
    s.tell("customer.created", {"id": cus, "object": "customer", "email": "ola@example.org", "name": "Ola W"})
    s.tell(
        "customer.subscription.created",
        subscription(sub, 2500, status="incomplete", period=s.now, customer=cus),
    )
    _renewal(s, 1)
    s.tell("customer.subscription.updated", subscription(sub, 2500, period=s.now, customer=cus))
    s.tell(
        "checkout.session.completed",
        session(s.ref("cs"), mode="subscription", subscription=sub, customer=cus, invoice=s.ref("in")),
    )
    return s


def old_subscription(name: str) -> list[Event]:
    """The same as endpoints of 2020 hear it: links stand on charge and invoice, prices on the plan."""
    s = Story(name, api_version="2020-08-27")
    sub, inv, pi, ch = s.ref("sub"), s.ref("in"), s.ref("pi"), s.ref("ch")
    start, end = s.now, s.now + 30 * DAY
    plan = {"amount": 2500, "currency": "pln", "interval": "month", "interval_count": 1}
    fields = {"id": sub, "object": "subscription", "plan": plan, "quantity": 1, "customer": s.ref("cus")}
    fields |= {"current_period_start": start, "current_period_end": end, "metadata": {"fund": "dogs"}}
    paid = invoice(inv, 2500, sub=None, status="paid", period=s.now)
    paid |= {"subscription": sub, "charge": ch, "payment_intent": pi, "paid": True}
    s.tell("customer.subscription.created", {**fields, "status": "incomplete"})
    s.tell("charge.succeeded", charge(ch, 2500, payment_intent=pi, invoice=inv, created=s.now))
    s.tell("invoice.paid", paid)
    s.tell("invoice.payment_succeeded", paid)
    s.tell("customer.subscription.updated", {**fields, "status": "active"})
    return s.events


def renewal_recovered(name: str) -> list[Event]:
    """The second month fails on the first try and is paid three days later."""
    s = _first_subscription(name)
    s.wait(30 * DAY)
    sub, inv, pi, cus = s.ref("sub"), s.ref("in", 2), s.ref("pi", 2), s.ref("cus")
    period, failed, paid = s.now, s.ref("ch", 2), s.ref("ch", 3)
    opened = invoice(inv, 2500, sub=sub, status="open", period=period)
    s.tell("customer.subscription.updated", subscription(sub, 2500, period=period, customer=cus))
    s.wait(3600)
    s.tell("invoice.finalized", opened)
    s.tell("charge.failed", charge(failed, 2500, status="failed", payment_intent=pi, created=s.now))
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "No."}
    s.tell(
        "payment_intent.payment_failed",
        intent(pi, 2500, status="requires_payment_method", latest=failed, last_payment_error=error),
    )
    again = {"attempt_count": 1, "attempted": True, "next_payment_attempt": s.now + 3 * DAY}
    s.tell("invoice.payment_failed", {**opened, **again})
    s.tell(
        "customer.subscription.updated",
        subscription(sub, 2500, status="past_due", period=period, customer=cus),
    )
    s.wait(3 * DAY)
    s.tell("charge.succeeded", charge(paid, 2500, payment_intent=pi, created=s.now))
    s.tell("payment_intent.succeeded", intent(pi, 2500, latest=paid))
    s.tell("invoice_payment.paid", invoice_payment(s.ref("inpay", 2), inv, pi, 2500))
    s.tell("invoice.paid", {**invoice(inv, 2500, sub=sub, status="paid", period=period), "attempt_count": 2})
    s.tell("customer.subscription.updated", subscription(sub, 2500, period=period, customer=cus))
    return s.events


def amount_change(name: str) -> list[Event]:
    """From 25 a month to 40, then to 450 a year."""
    s = _first_subscription(name)
    sub, start, cus = s.ref("sub"), s.now, s.ref("cus")
    s.wait(40 * DAY)
    s.tell("customer.subscription.updated", subscription(sub, 4000, period=start, customer=cus))
    s.wait(40 * DAY)
    s.tell(
        "customer.subscription.updated",
        subscription(sub, 45000, interval="year", period=s.now, customer=cus, start_date=start),
    )
    return s.events


def paused_collection(name: str) -> list[Event]:
    """Collection is held back until a day; Stripe goes on calling the subscription active."""
    s = _first_subscription(name)
    s.wait(DAY)
    hold = {"behavior": "void", "resumes_at": START + 90 * DAY}
    s.tell(
        "customer.subscription.updated",
        subscription(s.ref("sub"), 2500, period=START, customer=s.ref("cus"), pause_collection=hold),
    )
    return s.events


def cancelled_at_period_end(name: str) -> list[Event]:
    s = _first_subscription(name)
    sub, cus = s.ref("sub"), s.ref("cus")
    s.wait(DAY)
    leaving = {"comment": None, "feedback": "too_expensive", "reason": "cancellation_requested"}
    fields = {"customer": cus, "cancel_at_period_end": True, "cancellation_details": leaving}
    s.tell("customer.subscription.updated", subscription(sub, 2500, period=START, **fields))
    s.wait(29 * DAY)
    gone = {**fields, "cancel_at_period_end": False, "ended_at": s.now, "canceled_at": START + DAY}
    s.tell("customer.subscription.deleted", subscription(sub, 2500, status="canceled", period=START, **gone))
    return s.events


def _dispute_story(name: str, *statuses: str) -> list[Event]:
    s = Story(name)
    pi, ch = s.ref("pi"), s.ref("ch")
    paid = charge(ch, 5000, payment_intent=pi, created=s.now)
    s.tell("charge.succeeded", paid)
    s.tell("payment_intent.succeeded", intent(pi, 5000, latest=ch))
    for status in statuses:
        s.wait(DAY)
        kind = "closed" if status in ("won", "lost") else "updated"
        payload = dispute(s.ref("dp"), 5000, status=status, charge=ch)
        payload["balance_transactions"] = [row(s.ref("txn", 9), "adjustment", -5000, 1500, s.ref("dp"))]
        s.tell(f"charge.dispute.{'created' if status == statuses[0] else kind}", payload)
    s.tell("charge.updated", {**paid, "disputed": True})
    return s.events


def dispute_won(name: str) -> list[Event]:
    return _dispute_story(name, "needs_response", "under_review", "won")


def dispute_lost(name: str) -> list[Event]:
    return _dispute_story(name, "needs_response", "under_review", "lost")


def dispute_appealed(name: str) -> list[Event]:
    return _dispute_story(name, "needs_response", "lost", "appeal_under_review")


def paid_out(name: str) -> list[Event]:
    """A payout of 93.00 that is paid, and then comes back after all."""
    s = Story(name)
    for type_, status in (("created", "pending"), ("updated", "in_transit"), ("paid", "paid")):
        s.tell(f"payout.{type_}", payout(s.ref("po"), 9300, status=status))
        s.wait(DAY)
    done = payout(s.ref("po"), 9300, status="paid", reconciliation_status="completed")
    s.tell("payout.reconciliation_completed", done)
    s.wait(DAY)
    s.tell("payout.failed", {**done, "status": "failed", "failure_code": "account_closed"})
    return s.events


def payout_listing(name: str) -> RawEvent:
    """What the gateway lists for ``paid_out(name)``: two gifts less a refund, fees taken off."""
    at = f"{name}1"
    rows = [
        row(f"txn_{name}0", "payout", -9300, 0, f"po_{at}"),
        row(
            f"txn_{name}1",
            "charge",
            5000,
            150,
            {"id": f"ch_{at}", "object": "charge", "payment_intent": f"pi_{at}"},
        ),
        row(f"txn_{name}2", "charge", 5600, 150, f"ch_{name}2"),
        row(f"txn_{name}3", "refund", -1000, 0, {"id": f"re_{at}", "object": "refund", "charge": f"ch_{at}"}),
    ]
    return make_items_event(
        rows, page=rows[0]["id"], payout=f"po_{at}", at=START + 3 * DAY, account="acct_1", livemode=True
    )


def zero_decimal(name: str) -> list[Event]:
    return one_off(name, 500, "jpy")


def authorised_then_released(name: str) -> list[Event]:
    s = Story(name)
    pi, ch = s.ref("pi"), s.ref("ch")
    held = charge(ch, 5000, payment_intent=pi, captured=False, amount_captured=0, created=s.now)
    s.tell("charge.succeeded", held)
    s.tell("payment_intent.amount_capturable_updated", intent(pi, 5000, status="requires_capture", latest=ch))
    s.wait(7 * DAY)
    s.tell("charge.refunded", {**held, "refunded": True, "amount_refunded": 5000})
    s.tell("payment_intent.canceled", intent(pi, 5000, status="canceled", latest=ch))
    return s.events


def failed_once(name: str) -> list[Event]:
    """A one-off whose first card is declined, seen by its charge first; the second card pays."""
    s = Story(name)
    pi, first, second = s.ref("pi"), s.ref("ch"), s.ref("ch", 2)
    error = {"code": "card_declined", "decline_code": "insufficient_funds"}
    declined = charge(first, 5000, status="failed", payment_intent=pi, created=s.now)
    s.tell("charge.failed", declined)
    s.tell(
        "payment_intent.payment_failed",
        intent(
            pi,
            5000,
            status="requires_payment_method",
            latest=first,
            last_payment_error=error,
        ),
    )
    s.wait(60)
    s.tell("charge.succeeded", charge(second, 5000, payment_intent=pi, created=s.now))
    s.wait(5)
    s.tell("charge.updated", {**declined, "metadata": {"note": "seen"}})
    return s.events


STORIES: dict[str, Callable[[str], list[Event]]] = {
    story.__name__: story
    for story in (
        one_off,
        partial_refund,
        sepa_late_return,
        first_subscription,
        old_subscription,
        renewal_recovered,
        amount_change,
        paused_collection,
        cancelled_at_period_end,
        dispute_won,
        dispute_lost,
        dispute_appealed,
        paid_out,
        zero_decimal,
        authorised_then_released,
        failed_once,
    )
}
