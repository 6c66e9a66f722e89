"""What a donor gave by year: what is left of each gift, promised money apart, one currency a chart."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Allocation, Donor, Instalment
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts, history
from donorhub.services.recurring import instalments, recurring_gifts
from donorhub.services.reports.giving_years import GivingYears, compute_years

TODAY = date(2026, 11, 22)
ME = "user:1"


@pytest.fixture
def anna(database: Flask, now: datetime) -> Donor:
    return donors.create_donor({"name": "Anna"}, source="form", now=now, actor=ME)


def give(donor: Donor, minor: int, day: date, now: datetime, currency: str = "PLN") -> int:
    gift, _ = gifts.record_gift(
        donor.id,
        Money(minor, currency),
        received_on=day,
        source="manual",
        source_ref=f"{day}{minor}{currency}",
        now=now,
        actor=ME,
    )
    return gift.id


def compute(donor: Donor, home_currency: str = "PLN") -> GivingYears:
    return compute_years(history.compute_facts(donor.id), today=TODAY, home_currency=home_currency)


def test_each_year_has_what_is_left(anna: Donor, now: datetime) -> None:
    """Five years, the oldest first; what was taken out and what is older is in none."""
    give(anna, 1000, date(2021, 12, 31), now)
    give(anna, 2000, date(2022, 1, 1), now)
    give(anna, 3000, date(2026, 5, 1), now)
    wrong = give(anna, 4000, date(2026, 6, 1), now)
    gifts.correct_gift(wrong, reason="twice", source_ref="c", now=now, actor=ME)
    giving = compute(anna)
    assert [(one.year, one.total.minor) for one in giving.years] == [
        (2022, 2000),
        (2023, 0),
        (2024, 0),
        (2025, 0),
        (2026, 3000),
    ]
    assert giving.in_other_currencies == ()


def test_promised_money_stands_apart(anna: Donor, now: datetime) -> None:
    """What settled an instalment is recurring, the rest of the same gift is not."""
    promise, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=anna.id,
            amount=Money(3000, "PLN"),
            kind="standing_order",
            start_on=date(2026, 5, 1),
            source="t",
            source_ref="r",
        ),
        now=now,
        actor=ME,
    )
    instalments.make_instalments(promise, today=TODAY)
    gift_id = give(anna, 5000, date(2026, 5, 1), now)
    first = (
        select(Instalment).filter_by(recurring_gift_id=promise.id).order_by(Instalment.nominal_on).limit(1)
    )
    instalment = db.session.scalars(first).one()
    db.session.add(Allocation(gift_id=gift_id, instalment_id=instalment.id, amount_minor=3000))
    db.session.flush()
    year = compute(anna).years[-1]
    assert (year.recurring.minor, year.other.minor, year.total.minor) == (3000, 2000, 5000)


def test_currencies_are_never_added(anna: Donor, now: datetime) -> None:
    """The home currency is drawn, and others are named beside it; without it, the donor's own is drawn."""
    give(anna, 1000, date(2026, 5, 1), now)
    give(anna, 700, date(2026, 5, 1), now, "EUR")
    giving = compute(anna)
    assert (giving.years[-1].total, giving.in_other_currencies) == (Money(1000, "PLN"), (Money(700, "EUR"),))
    assert compute(anna, "ALL").years[-1].total == Money(700, "EUR")


def test_nobody_who_gave_nothing_has_years(anna: Donor, now: datetime) -> None:
    """Without a gift in these years there is no chart."""
    assert compute(anna) == GivingYears()
    give(anna, 1000, date(2019, 5, 1), now)
    assert compute(anna) == GivingYears()
