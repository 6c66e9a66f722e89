"""A new amount and a pause do not get in each other's way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Instalment, RecurringGift
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.recurring import instalments, overdue, recurring_gifts, recurring_terms
from tests.services.recurring.known_bank import know_bank


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


def test_pause_told_ahead_begins_on_its_day(database: Flask, now: datetime) -> None:
    """A pause told ahead stops nothing before its first day, and ends by itself after its last."""
    promise = promise_of(now)
    recurring_gifts.pause_recurring_gift(
        promise, from_on=date(2026, 12, 1), until=date(2027, 2, 1), now=now, actor="t"
    )
    for day, state in (
        (now.date(), "active"),
        (date(2026, 11, 30), "active"),
        (date(2026, 12, 1), "paused"),
        (date(2027, 1, 31), "paused"),
        (date(2027, 2, 1), "active"),
    ):
        overdue.advance_recurring_gifts(today=day, now=datetime.combine(day, time(9), UTC))
        assert promise.state == state


def list_states(promise: RecurringGift) -> dict[str, str]:
    rows = db.session.execute(
        select(Instalment.nominal_on, Instalment.state).where(
            Instalment.recurring_gift_id == promise.id, Instalment.nominal_on <= date(2027, 3, 1)
        )
    )
    return {f"{day:%m}": state for day, state in rows}


def test_instalments_before_planned_pause_stay_expected(database: Flask, now: datetime) -> None:
    """A pause from 1 March told in November: December to February are late and missed as ever."""
    promise = promise_of(now)
    overdue.advance_recurring_gifts(today=now.date(), now=now)
    recurring_gifts.pause_recurring_gift(promise, from_on=date(2027, 3, 1), until=None, now=now, actor="t")
    know_bank(date(2027, 1, 20))
    day = date(2027, 1, 21)
    overdue.advance_recurring_gifts(today=day, now=datetime.combine(day, time(9), UTC))
    states = list_states(promise)
    assert (states["12"], states["01"], states["02"]) == ("missed", "missed", "expected")
    assert states.get("03", "skipped") == "skipped" and promise.state == "lapsed"


def test_pause_taken_back_expects_again(database: Flask, now: datetime) -> None:
    """Taken back or shortened before its day, the instalments of a pause are expected again."""
    promise = promise_of(now)
    today = now.date()
    instalments.make_instalments(promise, today=today)
    pause = (date(2026, 12, 1), date(2027, 3, 1))
    recurring_gifts.pause_recurring_gift(promise, from_on=pause[0], until=pause[1], now=now, actor="t")
    instalments.make_instalments(promise, today=today)
    assert [list_states(promise)[month] for month in ("12", "01", "02")] == ["skipped"] * 3
    recurring_gifts.pause_recurring_gift(
        promise, from_on=pause[0], until=date(2027, 1, 1), now=now, actor="t"
    )
    instalments.make_instalments(promise, today=today)
    assert [list_states(promise)[month] for month in ("12", "01", "02")] == ["skipped", *["expected"] * 2]
    assert recurring_gifts.resume_recurring_gift(promise, from_on=today, now=now, actor="t")
    instalments.make_instalments(promise, today=today)
    assert [list_states(promise)[month] for month in ("12", "01", "02")] == ["expected"] * 3
    assert promise.state == "active"
    assert not recurring_gifts.resume_recurring_gift(promise, from_on=today, now=now, actor="t")
