"""Donors who give, promise and lapse, and days that pass: for tests of the stage that is kept."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Dispute, Donor, DonorStage, Gift, RecurringGift, Refund
from donorhub.money import Money
from donorhub.services.donors import donors, stages
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, overdue, recurring_gifts
from tests.services.recurring.known_bank import know_bank

ACTOR = "system:0"
TODAY = date(2026, 11, 22)


def travel(day: date) -> None:
    clock.use_clock(lambda: datetime.combine(day, time(12), UTC))


def donor(name: str = "Anna") -> Donor:
    made = donors.create_donor({"name": name}, source="form", now=clock.now(), actor=ACTOR)
    db.session.commit()
    return made


def give(to: Donor, on: date = TODAY, minor: int = 5000, **more: Any) -> Gift:
    ref = f"{to.id}-{on}-{minor}-{random.random()}"
    gift, _ = gifts.record_gift(
        to.id,
        Money(minor, "PLN"),
        received_on=on,
        source="manual",
        source_ref=ref,
        now=clock.now(),
        actor=ACTOR,
        **more,
    )
    db.session.commit()
    return gift


def promise(of: Donor, start_on: date = date(2026, 9, 10)) -> RecurringGift:
    made, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=of.id,
            amount=Money(5000, "PLN"),
            kind="standing_order",
            start_on=start_on,
            source="manual",
            source_ref=f"{of.id}",
        ),
        now=clock.now(),
        actor=ACTOR,
    )
    instalments.make_instalments(made, today=TODAY)
    db.session.commit()
    return made


def advance(day: date, known_to: date | None = None) -> None:
    """What the timer does about promises on a day; the bank is known up to the day before, or else."""
    know_bank(known_to or day - timedelta(days=1))
    overdue.advance_recurring_gifts(today=day, now=datetime.combine(day, time(3), UTC))
    db.session.commit()


def take_away(gift: Gift, kind: type[Refund] | type[Dispute], state: str, minor: int = 5000) -> None:
    when = {"refunded_on": TODAY} if kind is Refund else {"opened_on": TODAY}
    db.session.add(
        kind(
            gift_id=gift.id,
            amount_minor=minor,
            currency="PLN",
            state=state,
            recorded_at=clock.now(),
            source="x",
            source_ref=f"{gift.id}-{state}-{minor}",
            **when,
        )
    )
    db.session.commit()


def kept(of: Donor) -> str:
    db.session.rollback()
    return stages.read_stages([of.id])[of.id]


def row_of(of: Donor) -> DonorStage:
    db.session.rollback()
    return db.session.get_one(DonorStage, of.id)


def at_night(day: date) -> int:
    """What the nightly sweep does on a day."""
    db.session.commit()
    travel(day)
    return timer._follow_stages()
