"""A new amount and a pause do not get in each other's way."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask

from donorhub.models import RecurringGift
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.recurring import overdue, recurring_gifts, recurring_terms


def promise_of(now: datetime) -> RecurringGift:
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    promise, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(5000, "PLN"),
            kind="standing_order",
            start_on=date(2026, 10, 1),
            source="t",
            source_ref="r",
        ),
        now=now,
        actor="t",
    )
    return promise


def test_a_new_amount_does_not_end_the_pause(database: Flask, now: datetime) -> None:
    promise = promise_of(now)
    recurring_gifts.pause_recurring_gift(promise, from_on=date(2026, 11, 1), until=None, now=now, actor="t")
    recurring_gifts.change_amount(promise, Money(8000, "PLN"), from_on=date(2026, 11, 20), now=now, actor="t")
    overdue.advance_recurring_gifts(today=now.date(), now=now)
    assert promise.state == "paused"
    recurring_gifts.resume_recurring_gift(promise, from_on=date(2026, 12, 1), now=now, actor="t")
    assert recurring_terms.get_term_on(promise, date(2026, 12, 1)).amount_minor == 8000


def test_new_amount_outlasts_pause(database: Flask, now: datetime) -> None:
    """A new amount lasts beyond a pause that was planned before."""
    promise = promise_of(now)
    recurring_gifts.change_amount(promise, Money(6000, "PLN"), from_on=date(2026, 11, 1), now=now, actor="t")
    recurring_gifts.pause_recurring_gift(
        promise, from_on=date(2026, 12, 1), until=date(2027, 2, 1), now=now, actor="t"
    )
    recurring_gifts.change_amount(promise, Money(8000, "PLN"), from_on=date(2026, 11, 20), now=now, actor="t")
    assert recurring_terms.get_term_on(promise, date(2026, 12, 5)).is_pause
    assert recurring_terms.get_term_on(promise, date(2027, 2, 1)).amount_minor == 8000


def test_future_pause_is_not_over(database: Flask, now: datetime) -> None:
    """A pause that is still to come is not over."""
    promise = promise_of(now)
    recurring_gifts.pause_recurring_gift(
        promise, from_on=date(2026, 12, 1), until=date(2027, 2, 1), now=now, actor="t"
    )
    overdue.advance_recurring_gifts(today=now.date(), now=now)
    assert promise.state == "paused"
    overdue.advance_recurring_gifts(today=date(2027, 2, 1), now=now)
    assert promise.state != "paused"
