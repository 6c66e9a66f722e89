"""What was owed before a pause does not end the promise after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from flask import Flask

from donorhub.services.recurring import overdue, recurring_gifts
from tests.services.recurring.known_bank import know_bank
from tests.services.recurring.test_amount_and_pause import promise_of


def test_miss_before_pause_closes_nothing_after(database: Flask, now: datetime) -> None:
    """One instalment missed, then a pause of seven months: the promise goes on when the pause ends."""
    promise = promise_of(now)
    know_bank(date(2027, 8, 30))
    overdue.advance_recurring_gifts(today=date(2026, 12, 20), now=now)
    recurring_gifts.pause_recurring_gift(
        promise, from_on=date(2027, 1, 1), until=date(2027, 8, 1), now=now, actor="t"
    )
    for day in (date(2027, 1, 2), date(2027, 8, 2), date(2027, 8, 31)):
        overdue.advance_recurring_gifts(today=day, now=datetime.combine(day, time(9), UTC))
    assert promise.state == "active"
