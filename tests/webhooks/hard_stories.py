"""Stories in which what is told last changes what was told first: who gave, what came back or was paid.

Like ``scenarios``, each takes a name that makes its ids its own. They are told in order here; the
service tests tell them in others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.webhooks.scenarios import DAY, START, Event, Story, _first_subscription, _renewal
from tests.webhooks.stripe.stripe_objects import (
    charge,
    dispute,
    intent,
    invoice,
    invoice_payment,
    refund,
    session,
    subscription,
)

NOBODY: dict[str, Any] = {"email": None, "name": None, "phone": None, "address": None}


def guest(name: str) -> list[Event]:
    """Nobody says who gave until the Checkout Session does, in the donor's own language."""
    s = Story(name)
    pi, ch = s.ref("pi"), s.ref("ch")
    s.tell("payment_intent.succeeded", intent(pi, 5000, latest=ch))
    s.tell("charge.succeeded", charge(ch, 5000, payment_intent=pi, billing_details=NOBODY))
    s.tell("checkout.session.completed", session(s.ref("cs"), payment_intent=pi, amount_total=5000))
    return s.events


def guest_twice(name: str) -> list[Event]:
    """The same, and again a year later under the same address."""
    return guest(f"{name}a") + guest(f"{name}b")


def known_customer(name: str) -> list[Event]:
    """A guest who comes back as a customer; the customer's address is told last."""
    s = Story(name)
    s.events = guest(f"{name}a")
    s.wait(DAY)
    s.tell(
        "charge.succeeded",
        charge(s.ref("ch"), 700, payment_intent=s.ref("pi"), customer=s.ref("cus"), billing_details=NOBODY),
    )
    payload = {"id": s.ref("cus"), "object": "customer", "email": "ola@example.org", "name": "Ola"}
    s.tell("customer.created", payload)
    return s.events


def debit(name: str) -> list[Event]:
    """A direct debit that takes five days; what says so comes last or not at all."""
    s = Story(name)
    pi, ch, since = s.ref("pi"), s.ref("ch"), s.now
    told: dict[str, Any] = {"payment_intent": pi, "created": since}
    told["payment_method_details"] = {"type": "sepa_debit", "sepa_debit": {"mandate": "mandate_1"}}
    s.tell("charge.pending", charge(ch, 5000, status="pending", **told))
    s.wait(5 * DAY)
    s.tell("charge.succeeded", charge(ch, 5000, **told))
    s.tell("payment_intent.succeeded", intent(pi, 5000, latest=ch))
    s.wait(60)
    s.tell("charge.updated", charge(ch, 5000, balance_transaction="txn_1", **told))
    return s.events


def refund_came_back(name: str) -> list[Event]:
    """The first month is given back in full, and the money comes home: the card is closed."""
    s = _first_subscription(name)
    links: dict[str, Any] = {"charge": s.ref("ch"), "payment_intent": s.ref("pi"), "created": START + DAY}
    s.wait(DAY)
    s.tell("refund.created", refund(s.ref("re"), 2500, status="pending", **links))
    s.wait(DAY)
    s.tell("refund.failed", refund(s.ref("re"), 2500, status="failed", **links))
    return s.events


def _disputed_month(name: str, *statuses: str) -> list[Event]:
    s = _first_subscription(name)
    for status in statuses:
        s.wait(DAY)
        kind = "closed" if status in ("won", "lost") else "updated"
        payload = dispute(s.ref("dp"), 2500, status=status, charge=s.ref("ch"), created=START + DAY)
        s.tell(f"charge.dispute.{'created' if status == statuses[0] else kind}", payload)
    return s.events


def appeal_open(name: str) -> list[Event]:
    return _disputed_month(name, "needs_response", "lost", "appeal_under_review")


def appeal_won(name: str) -> list[Event]:
    return _disputed_month(name, "needs_response", "lost", "appeal_under_review", "won")


def _trial(name: str, status: str, word: str) -> list[Event]:
    s = Story(name)
    sub, cus, start = s.ref("sub"), s.ref("cus"), s.now
    trial = subscription(sub, 2500, status="trialing", period=start, customer=cus, trial_end=start + 7 * DAY)
    s.tell("customer.subscription.created", trial)
    nothing = invoice(s.ref("in", 9), 0, sub=sub, status="paid", period=start, customer=cus)
    s.tell("invoice.paid", nothing)
    s.wait(7 * DAY)
    over = subscription(sub, 2500, status=status, period=s.now, customer=cus, start_date=start)
    s.tell(f"customer.subscription.{word}", over)
    return s.events


def trial_without_method(name: str) -> list[Event]:
    return _trial(name, "paused", "paused")


def trial_not_paid(name: str) -> list[Event]:
    return _trial(name, "past_due", "updated")


def trial_paid(name: str) -> list[Event]:
    s = Story(name)
    s.events = _trial(name, "active", "updated")
    s.wait(7 * DAY)
    _renewal(s, 1)
    return s.events


def leaving_and_staying(name: str) -> list[Event]:
    s = _first_subscription(name)
    for is_leaving in (True, False):
        s.wait(DAY)
        told = {"customer": s.ref("cus"), "cancel_at_period_end": is_leaving}
        s.tell("customer.subscription.updated", subscription(s.ref("sub"), 2500, period=START, **told))
    return s.events


def _paid_late(s: Story, opened: dict[str, Any]) -> list[Event]:
    """The second month's invoice is paid after all."""
    pi, ch, cus = s.ref("pi", 2), s.ref("ch", 2), s.ref("cus")
    s.wait(DAY)
    s.tell("charge.succeeded", charge(ch, 2500, payment_intent=pi, customer=cus, created=s.now))
    s.tell("invoice_payment.paid", invoice_payment(s.ref("inpay", 2), s.ref("in", 2), pi, 2500))
    s.tell("invoice.paid", {**opened, "status": "paid", "amount_paid": 2500, "attempt_count": 2})
    return s.events


def _second_month(s: Story, **more: Any) -> dict[str, Any]:
    s.wait(10 * DAY)
    told = {"customer": s.ref("cus"), **more}
    opened = invoice(s.ref("in", 2), 2500, sub=s.ref("sub"), status="open", period=s.now, **told)
    s.tell("invoice.finalized", opened)
    return opened


def written_off_and_paid(name: str) -> list[Event]:
    s = _first_subscription(name)
    opened = _second_month(s)
    tried = {"attempt_count": 1, "attempted": True}
    s.tell("invoice.payment_failed", {**opened, **tried})
    s.wait(DAY)
    s.tell("invoice.marked_uncollectible", {**opened, **tried, "status": "uncollectible"})
    return _paid_late(s, opened)


def closed_and_paid(name: str) -> list[Event]:
    """The subscription ends while its last invoice is not due yet; the donor pays it all the same."""
    s = _first_subscription(name)
    opened = _second_month(s, due_date=START + 15 * DAY)
    s.wait(DAY)
    told = {"customer": s.ref("cus"), "ended_at": s.now}
    gone = subscription(s.ref("sub"), 2500, status="canceled", period=START, **told)
    s.tell("customer.subscription.deleted", gone)
    return _paid_late(s, opened)


def paid_in_two_parts(name: str) -> list[Event]:
    """The second month fails and is then paid by two cards."""
    s = _first_subscription(name)
    opened = _second_month(s)
    s.tell("invoice.payment_failed", {**opened, "attempt_count": 1, "attempted": True})
    for n in (2, 3):
        s.wait(60)
        pi = s.ref("pi", n)
        s.tell("charge.succeeded", charge(s.ref("ch", n), 1250, payment_intent=pi, customer=s.ref("cus")))
        s.tell("invoice_payment.paid", invoice_payment(s.ref("inpay", n), s.ref("in", 2), pi, 1250))
    s.tell("invoice.paid", {**opened, "status": "paid", "amount_paid": 2500, "attempt_count": 2})
    return s.events


def never_paid(name: str) -> list[Event]:
    """Four attempts fail; then Stripe ends the subscription."""
    s = _first_subscription(name)
    opened = _second_month(s)
    told = {"customer": s.ref("cus"), "start_date": START}
    for n in (1, 2, 3, 4):
        s.wait(3 * DAY)
        again = s.now + 3 * DAY if n < 4 else None
        tried = {"attempt_count": n, "attempted": True, "next_payment_attempt": again}
        s.tell("invoice.payment_failed", {**opened, **tried})
        late = subscription(s.ref("sub"), 2500, status="past_due", period=START, **told)
        s.tell("customer.subscription.updated", late)
    s.wait(60)
    gone = subscription(s.ref("sub"), 2500, status="canceled", period=START, ended_at=s.now, **told)
    s.tell("customer.subscription.deleted", gone)
    return s.events


def customer_gone(name: str) -> list[Event]:
    """The customer is deleted, told by the id alone."""
    s = _first_subscription(name)
    s.wait(DAY)
    s.tell("customer.deleted", {"id": s.ref("cus"), "object": "customer", "deleted": True})
    return s.events


def _debit(name: str) -> tuple[Story, dict[str, Any]]:
    """A debit that was paid, and what its attempt says each time."""
    s = Story(name)
    links: dict[str, Any] = {"payment_intent": s.ref("pi"), "created": s.now}
    links["payment_method_details"] = {"type": "sepa_debit", "sepa_debit": {"mandate": "mandate_1"}}
    s.tell("charge.pending", charge(s.ref("ch"), 5000, status="pending", **links))
    s.wait(2 * DAY)
    s.tell("charge.succeeded", charge(s.ref("ch"), 5000, **links))
    s.tell("payment_intent.succeeded", intent(s.ref("pi"), 5000, latest=s.ref("ch")))
    return s, links


def _fail(s: Story, minor: int, links: dict[str, Any]) -> None:
    s.wait(4 * DAY)
    code = {"failure_code": "debit_not_authorized"}
    s.tell("charge.failed", charge(s.ref("ch"), minor, status="failed", **code, **links))
    s.wait(1)
    error = {"code": "debit_not_authorized"}
    s.tell(
        "payment_intent.payment_failed",
        intent(
            s.ref("pi"),
            minor,
            status="requires_payment_method",
            latest=s.ref("ch"),
            last_payment_error=error,
        ),
    )


def failed_late(name: str) -> list[Event]:
    """A debit is paid, and four days later its money is gone."""
    s, links = _debit(name)
    _fail(s, 5000, links)
    return s.events


def failed_late_and_paid(name: str) -> list[Event]:
    """The same, and a week later the donor pays the same order in another way."""
    s, links = _debit(name)
    _fail(s, 5000, links)
    s.wait(7 * DAY)
    s.tell("charge.succeeded", charge(s.ref("ch", 2), 5000, payment_intent=s.ref("pi"), created=s.now))
    s.tell("payment_intent.succeeded", intent(s.ref("pi"), 5000, latest=s.ref("ch", 2)))
    return s.events


def month_failed_late(name: str) -> list[Event]:
    """The first month of a subscription is paid, and its money is gone days later."""
    s = _first_subscription(name)
    _fail(s, 2500, {"payment_intent": s.ref("pi"), "created": START, "customer": s.ref("cus")})
    return s.events


def refunded_in_sum(name: str) -> list[Event]:
    """Only the attempt says what was given back: first 2000, then 3500 in all."""
    s = Story(name)
    paid = charge(s.ref("ch"), 5000, payment_intent=s.ref("pi"), created=s.now)
    s.tell("charge.succeeded", paid)
    s.tell("payment_intent.succeeded", intent(s.ref("pi"), 5000, latest=s.ref("ch")))
    s.wait(DAY)
    s.tell("charge.refunded", {**paid, "amount_refunded": 2000})
    s.wait(DAY)
    s.tell("charge.refunded", {**paid, "amount_refunded": 3500})
    return s.events


def refunded_in_sum_and_named(name: str) -> list[Event]:
    """The same, and days later the two refunds are named; one of them came home in between."""
    s = Story(name)
    s.events = refunded_in_sum(name)
    links: dict[str, Any] = {"charge": s.ref("ch"), "payment_intent": s.ref("pi")}
    s.wait(5 * DAY)
    first = refund(s.ref("re"), 2000, status="succeeded", created=START + DAY, **links)
    second = refund(s.ref("re", 2), 1500, status="failed", created=START + 2 * DAY, **links)
    s.tell("refund.updated", first)
    s.wait(DAY)
    s.tell("refund.failed", second)
    return s.events


def refunded_in_sum_and_partly_named(name: str) -> list[Event]:
    """3500 went back in all, and a refund of 2000 is all that is ever named."""
    s = Story(name)
    s.events = refunded_in_sum(name)
    s.wait(5 * DAY)
    links: dict[str, Any] = {"charge": s.ref("ch"), "payment_intent": s.ref("pi")}
    s.tell("refund.updated", refund(s.ref("re"), 2000, status="succeeded", created=START + DAY, **links))
    return s.events


HARD: dict[str, Callable[[str], list[Event]]] = {
    story.__name__: story
    for story in (
        guest,
        guest_twice,
        debit,
        refund_came_back,
        appeal_open,
        appeal_won,
        trial_without_method,
        trial_not_paid,
        trial_paid,
        leaving_and_staying,
        written_off_and_paid,
        closed_and_paid,
        paid_in_two_parts,
        never_paid,
        customer_gone,
        failed_late,
        failed_late_and_paid,
        month_failed_late,
        refunded_in_sum,
        refunded_in_sum_and_named,
        refunded_in_sum_and_partly_named,
    )
}
