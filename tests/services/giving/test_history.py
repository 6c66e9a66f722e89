"""Figures of the dashboard and of one donor against small sums done by hand (reports.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Dispute, Donor, Refund
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts, history
from donorhub.services.reports import dashboard

ACTOR = "system:0"
TODAY = date(2026, 11, 22)


def donor() -> int:
    return donors.create_donor({"name": "Anna"}, source="form", now=clock.now(), actor=ACTOR).id


def give(donor_id: int, amount: str, on: date, currency: str = "PLN", **rest: Any) -> int:
    gift, _ = gifts.record_gift(
        donor_id,
        Money.parse(amount, currency),
        received_on=on,
        source="manual",
        actor=ACTOR,
        source_ref=f"{donor_id}-{amount}-{on}-{currency}",
        now=clock.now(),
        **{"method": "card", **rest},
    )
    db.session.commit()  # the totals of days are kept with it
    return gift.id


def refund(gift_id: int, minor: int, on: date, state: str = "succeeded") -> None:
    db.session.add(
        Refund(
            gift_id=gift_id,
            amount_minor=minor,
            currency="PLN",
            state=state,
            refunded_on=on,
            recorded_at=clock.now(),
            source="x",
            source_ref=f"{gift_id}-{on}",
        )
    )
    db.session.commit()


def lose(gift_id: int, minor: int, on: date, state: str = "lost") -> None:
    db.session.add(
        Dispute(
            gift_id=gift_id,
            amount_minor=minor,
            currency="PLN",
            state=state,
            opened_on=on,
            recorded_at=clock.now(),
            source="x",
            source_ref=f"{gift_id}-{on}",
        )
    )
    db.session.commit()


@pytest.fixture(autouse=True)
def _base(database: Flask) -> None:
    pass


def test_month_counts_income_less_returns() -> None:
    """A month is what came in less what went back in it, in each currency."""
    one = donor()
    give(one, "100.00", date(2026, 11, 1))
    give(one, "40.00", date(2026, 10, 31))
    give(one, "7.00", date(2026, 11, 3), is_test=True)
    give(one, "500.00", date(2026, 11, 3), method="in_kind")
    give(one, "20.00", date(2026, 11, 4), "EUR")
    old = give(one, "60.00", date(2026, 5, 5))
    refund(old, 1500, date(2026, 11, 5))
    refund(old, 900, date(2026, 11, 6), state="failed")
    lose(old, 2000, date(2026, 11, 7))
    lose(old, 100, date(2026, 11, 8), state="open")
    assert dashboard.sum_received(date(2026, 11, 1), TODAY) == [Money(2000, "EUR"), Money(6500, "PLN")]


def test_corrected_gift_never_counted() -> None:
    """A gift that was corrected counts as if it had never been recorded."""
    gift = give(donor(), "100.00", date(2026, 3, 3))
    gifts.correct_gift(gift, reason="typo", source_ref="1", now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert dashboard.sum_received(date(2026, 3, 1), date(2026, 3, 31)) == [Money(0, "PLN")]
    assert dashboard.sum_received(date(2026, 11, 1), TODAY) == []


def test_twelve_months_end_with_this() -> None:
    """Twelve months end with this one, and each adds up by method."""
    one = donor()
    give(one, "10.00", date(2025, 11, 30))
    give(one, "20.00", date(2025, 12, 1))
    give(one, "30.00", TODAY, method="cash")
    months = dashboard.list_months(TODAY, "PLN")
    assert [month.first for month in months][:2] == [date(2025, 12, 1), date(2026, 1, 1)]
    assert len(months) == 12 and months[-1].last == date(2026, 11, 30)
    assert months[0].by_method == {"card": 2000} and months[-1].by_method == {"cash": 3000}
    assert months[0].compute_total("PLN") == Money(2000, "PLN")


@pytest.mark.parametrize("few_gifts", [0, 3_000], ids=["asked donor by donor", "all added up"])
def test_retention_counts_repeated_donors(monkeypatch: pytest.MonkeyPatch, few_gifts: int) -> None:
    """Retention is the share of last year's donors who gave again; those who did not are listed, however
    many gifts there are.
    """
    monkeypatch.setattr(history, "_FEW_GIFTS", few_gifts)
    stayed, lost, new, refunded, late = donor(), donor(), donor(), donor(), donor()
    give(stayed, "10.00", date(2025, 5, 5))
    give(stayed, "10.00", date(2026, 5, 5))
    give(lost, "10.00", date(2025, 5, 5))
    give(new, "10.00", date(2026, 5, 5))
    give(refunded, "10.00", date(2025, 5, 5))
    refund(give(refunded, "10.00", date(2026, 5, 5)), 1000, date(2026, 5, 6))
    give(late, "10.00", date(2025, 11, 22))  # the last day of the year before
    give(late, "10.00", date(2025, 11, 23))  # the first of the last twelve months
    gone, in_kind, foreign, taken_back, disputed = donor(), donor(), donor(), donor(), donor()
    gifts.correct_gift(
        give(gone, "10.00", date(2025, 5, 5)), reason="typo", source_ref="1", now=clock.now(), actor=ACTOR
    )
    give(in_kind, "10.00", date(2025, 5, 5), method="in_kind")
    give(foreign, "10.00", date(2025, 5, 5), currency="EUR")
    refund(give(taken_back, "10.00", date(2025, 5, 5)), 1000, date(2025, 6, 5))
    give(disputed, "10.00", date(2025, 5, 5))
    lose(give(disputed, "10.00", date(2026, 5, 5)), 1000, date(2026, 6, 5))
    assert history.count_retained_donors(TODAY, "PLN") == (2, 5)
    left = db.session.scalars(select(Donor.id).where(history.has_not_given_again(TODAY, "PLN"))).all()
    assert set(left) == {lost, refunded, disputed}


def test_no_donor_before_means_no_retention() -> None:
    assert history.count_retained_donors(TODAY, "PLN") == (0, 0)


def test_donor_facts_omit_returned_money() -> None:
    """The facts of a donor leave out what was taken away."""
    one = donor()
    give(one, "10.00", date(2026, 1, 1))
    give(one, "5.00", date(2026, 2, 2), "EUR")
    gone = give(one, "99.00", date(2026, 3, 3))
    refund(gone, 9900, date(2026, 3, 4))
    part = give(one, "30.00", date(2025, 12, 31))
    refund(part, 1000, date(2026, 1, 2))
    facts = history.compute_facts(one)
    assert facts.totals == (Money(500, "EUR"), Money(3000, "PLN"))
    assert (facts.count, facts.first_on) == (3, date(2025, 12, 31))
    assert facts.last is not None and facts.last.received_on == date(2026, 2, 2)
    assert history.compute_facts(donor()) == history.GivingFacts()
