"""Gifts that pay instalments many at once make the rows that each makes alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Allocation, DomainEvent, Gift, Instalment, RecurringGift
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, recurring_gifts, settlements
from donorhub.services.recurring.recurring_gifts import NewRecurringGift

Part = tuple[Gift, Instalment, int]
Settling = Callable[[RecurringGift, Sequence[Part], datetime], None]


def promise_of(now: datetime) -> RecurringGift:
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    new = NewRecurringGift(
        donor_id=donor.id,
        amount=Money(5000, "PLN"),
        kind="standing_order",
        start_on=date(2026, 11, 1),
        source="t",
        source_ref="r",
    )
    promise, _ = recurring_gifts.start_recurring_gift(new, now=now, actor="t")
    instalments.make_instalments(promise, today=date(2026, 11, 1))
    db.session.flush()
    return promise


def gift_of(promise: RecurringGift, minor: int, ref: str, now: datetime, currency: str = "PLN") -> Gift:
    amount = Money(minor, currency)
    gift, _ = gifts.record_gift(
        promise.donor_id, amount, received_on=now.date(), source="t", source_ref=ref, now=now, actor="t"
    )
    return gift


def settle_at_once(promise: RecurringGift, parts: Sequence[Part], now: datetime) -> None:
    joins = [settlements.Join(gift, instalment, promise, minor) for gift, instalment, minor in parts]
    settlements.settle_joins(joins, now=now)


def settle_one_by_one(_promise: RecurringGift, parts: Sequence[Part], now: datetime) -> None:
    for gift, instalment, minor in parts:
        instalments.settle_instalments(gift, {instalment.id: minor}, now=now, actor="t")


def read_rows(promise: RecurringGift) -> list[tuple[object, ...]]:
    """Return what settling wrote, without ids."""
    refs, days = {}, {}
    for gift in db.session.scalars(select(Gift)):
        refs[gift.id] = gift.source_ref
    for row in db.session.scalars(select(Instalment)):
        days[row.id] = row.nominal_on
    rows: list[tuple[object, ...]] = [(promise.state,)]
    for instalment in db.session.scalars(select(Instalment).order_by(Instalment.nominal_on)):
        rows.append((instalment.state, instalment.state_reason))
    for part in db.session.scalars(select(Allocation).order_by(Allocation.gift_id, Allocation.instalment_id)):
        rows.append((refs[part.gift_id], days[part.instalment_id], part.amount_minor))
    for event in db.session.scalars(select(DomainEvent).filter_by(kind="instalment.paid")):
        rows.append((days[event.subject_id], event.donor_id - promise.donor_id, event.data))
    return rows


@pytest.mark.parametrize(
    ("minors", "parts"),
    [
        ([5000], [(0, 0, 5000)]),
        ([3000, 2000], [(0, 0, 3000), (1, 0, 2000)]),
        ([10000], [(0, 0, 5000), (0, 1, 5000)]),
        ([5000, 1000], [(0, 0, 5000), (0, 0, 5000), (1, 1, 1000)]),
    ],
    ids=["one", "two_gifts_pay_one", "one_gift_pays_two", "said_twice"],
)
def test_at_once_makes_the_same_rows(
    database: Flask, now: datetime, minors: list[int], parts: list[tuple[int, int, int]]
) -> None:
    """Settling many at once and one by one end in the same allocations, states and events."""
    contents = []
    ways: list[Callable[[RecurringGift, Sequence[Part], datetime], None]] = [
        settle_at_once,
        settle_one_by_one,
    ]
    for settle in ways:
        promise = promise_of(now)
        given = [gift_of(promise, minor, f"g{n}", now) for n, minor in enumerate(minors)]
        rows = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on)).all()
        settle(promise, [(given[gift], rows[row], minor) for gift, row, minor in parts], now)
        db.session.flush()
        contents.append(read_rows(promise))
        db.session.rollback()
    assert contents[0] == contents[1]
    assert ("paid", "") in contents[0]


def test_settling_at_once_again_changes_nothing(database: Flask, now: datetime) -> None:
    """The second time nothing is new, and no instalment is covered anew."""
    promise = promise_of(now)
    gift = gift_of(promise, 5000, "g", now)
    instalment = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on)).first()
    assert instalment is not None
    join = settlements.Join(gift, instalment, promise)
    assert settlements.settle_joins([join], now=now) == ([join], [instalment])
    db.session.flush()
    before = read_rows(promise)
    assert settlements.settle_joins([join], now=now) == ([], [])
    db.session.flush()
    assert read_rows(promise) == before


def test_gift_settles_no_more_than_is_left(database: Flask, now: datetime) -> None:
    """What a gift has no money for, or none of that currency, is not settled by it."""
    promise = promise_of(now)
    gift, euro = gift_of(promise, 7000, "g", now), gift_of(promise, 5000, "e", now, "EUR")
    first, second, third = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on)).all()[:3]
    joins = [settlements.Join(gift, row, promise, 5000) for row in (first, second, third)]
    holding, covered = settlements.settle_joins([settlements.Join(euro, third, promise), *joins], now=now)
    assert (holding, covered) == (joins[:2], [first])
    assert [row.state for row in (first, second, third)] == ["paid", "partial", "expected"]
