"""Promises and their instalments: due as the calendar says, missed once, paid late, lapsed, closed.

The vectors of due days for 2026 in Poland are those of the design notes on recurring gifts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected
from donorhub.models import Allocation, DomainEvent, Donor, Gift, Instalment, RecurringGift, Task
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, overdue, recurring_gifts
from tests.api.conftest import dump
from tests.services.recurring.known_bank import know_bank

PLN50 = Money(5000, "PLN")


@pytest.fixture
def donor(database: Flask, now: datetime) -> Donor:
    made = donors.create_donor({"name": "Ola"}, source="test", now=now, actor="t")
    db.session.commit()
    return made


def promise(donor: Donor, start_on: date, now: datetime, **more: Any) -> RecurringGift:
    more = {"kind": "standing_order", "source": "t", "source_ref": "r", **more}
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(donor_id=donor.id, amount=PLN50, start_on=start_on, **more),
        now=now,
        actor="t",
    )
    db.session.commit()
    return gift


def advance(day: date) -> int:
    """What the timer does on a day on which the bank is known up to the day before."""
    know_bank(day - timedelta(days=1))
    moved = overdue.advance_recurring_gifts(today=day, now=datetime.combine(day, time(3), UTC))
    db.session.commit()
    return moved


def due(gift: RecurringGift, year: int = 2026) -> list[str]:
    rows = db.session.scalars(
        select(Instalment.due_on).filter_by(recurring_gift_id=gift.id).order_by(Instalment.nominal_on)
    )
    return [day.strftime("%m-%d") for day in rows if day.year == year]


def first(gift: RecurringGift) -> Instalment:
    return db.session.scalars(
        select(Instalment).filter_by(recurring_gift_id=gift.id).order_by(Instalment.nominal_on)
    ).first() or pytest.fail("no instalment")


def reminders() -> list[Task]:
    return list(db.session.scalars(select(Task).where(Task.kind == "missed_instalment").order_by(Task.id)))


def pay(donor: Donor, instalment: Instalment, day: date, ref: str = "g", minor: int = 5000) -> Gift:
    now = datetime.combine(day, time(12), UTC)
    gift, _ = gifts.record_gift(
        donor.id, Money(minor, "PLN"), received_on=day, source="t", source_ref=ref, now=now, actor="t"
    )
    instalments.settle_instalments(gift, {instalment.id: minor}, now=now, actor="t")
    db.session.commit()
    return gift


@pytest.mark.parametrize(
    ("start_on", "day", "expected"),
    [
        (date(2026, 1, 31), 31, "02-02 03-02 03-31 04-30 06-01 06-30"),
        (
            date(2026, 1, 1),
            1,
            "01-02 02-02 03-02 04-01 05-04 06-01 07-01 08-03 09-01 10-01 11-02 12-01",
        ),
    ],
)
def test_instalments_fall_on_banking_days(
    donor: Donor, now: datetime, start_on: date, day: int, expected: str
) -> None:
    """Instalments fall due on the next banking day, counted from the anchor."""
    gift = promise(donor, start_on, now, day_of_month=day)
    wanted = expected.split()
    for month in range(1, 13):
        instalments.make_instalments(gift, today=date(2026, month, 1))
    db.session.commit()
    assert due(gift)[: len(wanted)] == wanted


def test_last_day_is_last_every_month(donor: Donor, now: datetime) -> None:
    """The last day of the month is the last in every month."""
    gift = promise(donor, date(2026, 1, 31), now, day_of_month=32)
    for month in (1, 3):
        instalments.make_instalments(gift, today=date(2026, month, 1))
    nominal = db.session.scalars(select(Instalment.nominal_on).order_by(Instalment.nominal_on)).all()
    assert [day.isoformat() for day in nominal[:4]] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]


def test_the_same_day_again_makes_and_moves_nothing(donor: Donor, now: datetime) -> None:
    promise(donor, date(2026, 9, 1), now)
    advance(date(2026, 11, 22))
    before = dump()
    assert advance(date(2026, 11, 22)) == 0
    assert dump() == before


def test_missed_instalment_makes_one_reminder(donor: Donor, now: datetime) -> None:
    """A missed instalment makes one reminder and one event."""
    gift = promise(donor, date(2026, 11, 2), now)
    advance(date(2026, 11, 6))
    assert first(gift).state == "expected"
    advance(date(2026, 11, 7))
    assert (first(gift).state, reminders()) == ("late", [])
    advance(date(2026, 11, 12))
    assert first(gift).state == "late"
    for day in (13, 14, 20):
        advance(date(2026, 11, day))
        assert first(gift).state == "missed"
        assert [(task.performer, task.role, task.donor_id) for task in reminders()] == [
            ("person", "fundraiser", donor.id)
        ]
    assert reminders()[0].facts == {"amount": "50.00", "currency": "PLN", "due_on": "2026-11-02"}
    kinds = db.session.scalars(select(DomainEvent.kind).where(DomainEvent.kind == "instalment.missed")).all()
    assert len(kinds) == 1


def test_late_payment_cancels_reminder(donor: Donor, now: datetime) -> None:
    """What is paid late cancels the reminder, and stays known as once missed."""
    gift = promise(donor, date(2026, 11, 2), now)
    advance(date(2026, 11, 13))
    pay(donor, first(gift), date(2026, 11, 15))
    paid = first(gift)
    assert (paid.state, paid.missed_at is not None) == ("paid", True)
    assert [task.state for task in reminders()] == ["cancelled"]
    said = db.session.scalars(select(DomainEvent).where(DomainEvent.kind == "instalment.paid")).one()
    assert said.data == {"was_missed": True}
    advance(date(2026, 11, 30))
    assert first(gift).state == "paid" and len(reminders()) == 1


def test_rest_completes_partial_payment(donor: Donor, now: datetime) -> None:
    """A part is not the whole, and the rest completes it."""
    gift = promise(donor, date(2026, 11, 2), now)
    advance(date(2026, 11, 2))
    pay(donor, first(gift), date(2026, 11, 3), "a", 2000)
    assert first(gift).state == "partial"
    pay(donor, first(gift), date(2026, 11, 4), "b", 3000)
    assert first(gift).state == "paid"


def test_settling_again_changes_nothing(donor: Donor, now: datetime) -> None:
    """Settling again changes nothing, and more than was given is refused."""
    promised = promise(donor, date(2026, 11, 2), now)
    advance(date(2026, 11, 2))
    gift = pay(donor, first(promised), date(2026, 11, 3))
    before = dump()
    assert instalments.settle_instalments(gift, {first(promised).id: 5000}, now=now, actor="t") == 0
    db.session.commit()
    assert dump() == before
    second = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on).offset(1)).first()
    assert second is not None
    with pytest.raises(Rejected, match="more of gift"):
        instalments.settle_instalments(gift, {second.id: 1}, now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_money_in_another_currency_settles_nothing(donor: Donor, now: datetime) -> None:
    promised = promise(donor, date(2026, 11, 2), now)
    advance(date(2026, 11, 2))
    gift, _ = gifts.record_gift(
        donor.id, Money(5000, "EUR"), received_on=now.date(), source="t", source_ref="e", now=now, actor="t"
    )
    with pytest.raises(Rejected, match="PLN"):
        instalments.settle_instalments(gift, {first(promised).id: 5000}, now=now, actor="t")
    db.session.rollback()
    assert db.session.query(Allocation).count() == 0


def test_two_misses_lapse_until_payment(donor: Donor, now: datetime) -> None:
    """Two missed instalments in a row let a recurring gift lapse, and a payment brings it back."""
    gift = promise(donor, date(2026, 1, 2), now)
    for day in (date(2026, 1, 13), date(2026, 2, 12)):
        advance(day)
        assert gift.state == "active"
    advance(date(2026, 2, 13))
    assert (gift.state, gift.state_reason) == ("lapsed", "missed")
    assert advance(date(2026, 2, 13)) == 0
    lapses = db.session.scalars(select(DomainEvent).where(DomainEvent.kind == "recurring_gift.lapsed")).all()
    assert len(lapses) == 1
    third = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on).offset(2)).first()
    assert third is not None
    pay(donor, third, date(2026, 3, 2))
    assert gift.state == "active"


def test_six_months_without_a_payment_close_a_promise(donor: Donor, now: datetime) -> None:
    gift = promise(donor, date(2026, 1, 2), now)
    for month in range(1, 8):
        advance(date(2026, month, 28))
    assert (gift.state, gift.state_reason) == ("closed", "unpaid")


def test_a_promise_started_again_is_the_first_one(donor: Donor, now: datetime) -> None:
    gift = promise(donor, date(2026, 11, 2), now)
    before = dump()
    again, is_new = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(9900, "PLN"),
            kind="provider",
            start_on=date(2027, 1, 1),
            source="t",
            source_ref="r",
        ),
        now=now,
        actor="t",
    )
    db.session.commit()
    assert (again.id, is_new) == (gift.id, False)
    assert dump() == before


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"amount": Money(0, "PLN")}, Rejected, "/amount"),
        ({"donor_id": 99}, NotFound, "/donor_id"),
        ({"fund_id": 99}, Rejected, "/fund_id"),
        ({"campaign_id": 99}, Rejected, "/campaign_id"),
        ({"day_of_month": 33}, Rejected, "/day_of_month"),
    ],
)
def test_impossible_promise_is_refused_by_field(
    donor: Donor, now: datetime, change: dict[str, Any], error: type[DonorHubError], field: str
) -> None:
    """A recurring gift that cannot be is refused with the name of the field, and nothing changes."""
    before = dump()
    columns: dict[str, Any] = {
        "donor_id": donor.id,
        "amount": PLN50,
        "kind": "pledge",
        "start_on": now.date(),
        "source": "t",
        "source_ref": "x",
    }
    with pytest.raises(error) as refused:
        recurring_gifts.start_recurring_gift(
            recurring_gifts.NewRecurringGift(**columns | change), now=now, actor="t"
        )
    db.session.rollback()
    assert refused.value.field == field
    assert dump() == before


def test_change_reaches_unpaid_instalments(donor: Donor, now: datetime) -> None:
    """A change reaches what nobody has paid yet, and again changes nothing."""
    gift = promise(donor, date(2026, 10, 1), now)
    advance(date(2026, 10, 1))
    pay(donor, first(gift), date(2026, 10, 1))
    assert recurring_gifts.change_amount(
        gift, Money(8000, "PLN"), from_on=date(2026, 10, 1), now=now, actor="t"
    )
    instalments.make_instalments(gift, today=date(2026, 10, 1))
    db.session.commit()
    amounts = db.session.scalars(select(Instalment.amount_minor).order_by(Instalment.nominal_on)).all()
    assert amounts == [5000, 8000, 8000, 8000]
    before = dump()
    assert not recurring_gifts.change_amount(
        gift, Money(8000, "PLN"), from_on=date(2026, 10, 1), now=now, actor="t"
    )
    db.session.commit()
    assert dump() == before
    with pytest.raises(Rejected):
        recurring_gifts.change_amount(gift, Money(8000, "EUR"), from_on=date(2026, 10, 1), now=now, actor="t")


def test_closed_gift_owes_nothing(donor: Donor, now: datetime) -> None:
    """A closed recurring gift owes no more and cannot be changed."""
    gift = promise(donor, date(2026, 10, 1), now)
    advance(date(2026, 11, 22))
    assert recurring_gifts.close_recurring_gift(
        gift, reason="deceased", now=now, actor="t", on=date(2026, 11, 22)
    )
    db.session.commit()
    later = db.session.scalars(select(Instalment.state).where(Instalment.due_on > date(2026, 11, 22))).all()
    assert later and set(later) == {"skipped"}
    before = dump()
    assert not recurring_gifts.close_recurring_gift(
        gift, reason="again", now=now + timedelta(days=1), actor="t"
    )
    db.session.commit()
    overdue.advance_recurring_gifts(today=date(2027, 2, 1), now=now)
    db.session.commit()
    assert dump() == before
    with pytest.raises(Conflict):
        recurring_gifts.change_amount(gift, Money(1, "PLN"), from_on=now.date(), now=now, actor="t")
    db.session.rollback()
    with pytest.raises(Conflict):
        recurring_gifts.pause_recurring_gift(gift, from_on=now.date(), until=None, now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_pause_expects_nothing_until_end(donor: Donor, now: datetime) -> None:
    """During a pause nothing is expected, and it ends by itself."""
    gift = promise(donor, date(2026, 10, 1), now)
    advance(date(2026, 10, 1))
    recurring_gifts.pause_recurring_gift(
        gift, from_on=date(2026, 10, 15), until=date(2026, 12, 15), reason="no work", now=now, actor="t"
    )
    db.session.commit()
    for day in (date(2026, 11, 30), date(2026, 12, 14)):
        advance(day)
    states = db.session.execute(
        select(Instalment.nominal_on, Instalment.state).order_by(Instalment.nominal_on)
    )
    by_day = {day.isoformat(): state for day, state in states}
    assert by_day["2026-11-01"] == by_day["2026-12-01"] == "skipped"
    advance(date(2026, 12, 15))
    assert gift.state == "active"
    assert "01-04" in due(gift, 2027)


def test_skipping_waives_missed_instalment(donor: Donor, now: datetime) -> None:
    """A missed instalment that is skipped is waived, and an expected one is skipped."""
    gift = promise(donor, date(2026, 11, 2), now)
    advance(date(2026, 11, 13))
    missed = first(gift)
    coming = db.session.scalars(select(Instalment).where(Instalment.state == "expected")).first()
    assert coming is not None
    instalments.skip_instalment(missed.id, reason="ill", now=now, actor="t")
    instalments.skip_instalment(coming.id, reason="ill", now=now, actor="t")
    db.session.commit()
    assert (missed.state, coming.state) == ("waived", "skipped")
    before = dump()
    instalments.skip_instalment(missed.id, reason="again", now=now, actor="t")
    db.session.commit()
    assert dump() == before
