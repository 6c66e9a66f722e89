"""The hourly round creates what is coming, and what a pause or a server that stood still left out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Instalment, RecurringGift
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.recurring import overdue, recurring_gifts

START = date(2026, 12, 31)


def promise(now: datetime, **more: Any) -> RecurringGift:
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    new = recurring_gifts.NewRecurringGift(
        donor_id=donor.id,
        amount=Money(5000, "PLN"),
        kind="standing_order",
        start_on=START,
        source="t",
        source_ref="r",
        **more,
    )
    return recurring_gifts.start_recurring_gift(new, now=now, actor="t")[0]


def days_of(gift: RecurringGift) -> list[tuple[date, str]]:
    rows = db.session.execute(
        select(Instalment.nominal_on, Instalment.state)
        .where(Instalment.recurring_gift_id == gift.id)
        .order_by(Instalment.nominal_on)
    )
    return [(on, state) for on, state in rows]


def go_round(today: date, now: datetime) -> None:
    overdue.advance_recurring_gifts(today=today, now=now)
    db.session.commit()


@pytest.mark.parametrize(
    ("more", "days"),
    [
        ({}, ["2026-12-31", "2027-01-31", "2027-02-28", "2027-12-31", "2028-02-29", "2028-03-31"]),
        ({"every": 3}, ["2026-12-31", "2027-03-31", "2027-06-30", "2028-03-31"]),
        ({"every": 12}, ["2026-12-31", "2027-12-31"]),
        ({"period": "W", "every": 2}, ["2026-12-31", "2027-01-14", "2028-02-24", "2028-03-09"]),
        ({"instalments_total": 3}, ["2026-12-31", "2027-01-31", "2027-02-28"]),
    ],
)
@pytest.mark.parametrize("step", [7, 90, 366])
def test_rounds_leave_no_instalment_out(
    database: Flask, now: datetime, more: dict[str, Any], days: list[str], step: int
) -> None:
    """Each week, each quarter or after a year: every day of the calendar has its instalment, and once."""
    gift = promise(now, **more)
    today = START
    while today <= START + timedelta(days=366):
        go_round(today, now)
        today += timedelta(days=step)
    go_round(START + timedelta(days=366), now)
    there = [on for on, _ in days_of(gift)]
    assert {date.fromisoformat(day) for day in days} <= set(there)
    per_year = 12 / more.get("every", 1) if more.get("period") != "W" else 52 / more["every"]
    wanted = more.get("instalments_total") or round(per_year * 458 / 365 + 0.5)
    assert abs(len(there) - wanted) <= 1 and len(set(there)) == len(there)
    before = days_of(gift)
    go_round(START + timedelta(days=366), now)
    assert days_of(gift) == before


def test_round_expects_what_a_shortened_pause_skipped(database: Flask, now: datetime) -> None:
    """After two years, a pause that ends early is followed by the next round, the paid days untouched."""
    gift = promise(now)
    today = START + timedelta(days=700)
    go_round(today, now)
    there = [on for on, _ in days_of(gift)]
    recurring_gifts.pause_recurring_gift(
        gift, from_on=today + timedelta(days=1), until=today + timedelta(days=80), now=now, actor="t"
    )
    go_round(today + timedelta(days=2), now)
    paused = [on for on, state in days_of(gift) if state == "skipped"]
    assert len(paused) >= 2 and gift.state == "paused"
    recurring_gifts.resume_recurring_gift(gift, from_on=today + timedelta(days=3), now=now, actor="t")
    go_round(today + timedelta(days=3), now)
    states = dict(days_of(gift))
    assert {states[on] for on in paused if on >= today + timedelta(days=3)} == {"expected"}
    assert [on for on, _ in days_of(gift)][: len(there)] == there
