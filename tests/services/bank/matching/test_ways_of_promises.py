"""Promises of one donor told apart by how they were paid, and files that come in the wrong order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Allocation, Entry, Gift, Instalment, RecurringGift, Task
from donorhub.money import Money
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import entries, matching
from donorhub.services.recurring import changed_amounts, instalments, recurring_gifts
from tests.services.bank.bank import ANNA, OURS, Paid, assert_sound, camt, match, open_account, send
from tests.services.bank.matching.matching_world import donor

WARSAW = ZoneInfo("Europe/Warsaw")
SECOND = "PL83101010230000261395100000"
JANUARY, FEBRUARY, MARCH = (date(2026, month, 1) for month in (1, 2, 3))


def set_day(day: date) -> None:
    clock.use_clock(lambda: datetime.combine(day, time(9), WARSAW))


@pytest.fixture
def anna(database: Flask) -> int:
    """Anna, who pays from one account; ours is on ``auto``."""
    set_day(JANUARY)
    open_account("auto")
    return donor(iban=ANNA).id


def promise(donor_id: int, start_on: date, ref: str, minor: int = 5000) -> RecurringGift:
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor_id,
            amount=Money(minor, "PLN"),
            kind="standing_order",
            start_on=start_on,
            source="t",
            source_ref=ref,
        ),
        now=clock.now(),
        actor="user:1",
    )
    instalments.make_instalments(gift, today=start_on)
    db.session.commit()
    return gift


def bring(month: date, paid: Sequence[Paid], opening: int, on: date, account: str = OURS) -> None:
    """Import the statement of a month on a day."""
    set_day(on)
    last_on = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    statement = camt(paid, opening=opening, period=(month, last_on), name=f"S{month}", account=account)
    send(statement, f"{account[-4:]}-{month}.xml")
    match()
    timer._advance_recurring_gifts()


def paid_days(gift: RecurringGift) -> list[tuple[date, date]]:
    rows = db.session.execute(
        select(Instalment.nominal_on, Gift.received_on)
        .join(Allocation, Allocation.instalment_id == Instalment.id)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Instalment.recurring_gift_id == gift.id)
        .order_by(Instalment.nominal_on)
    )
    return [(nominal_on, received_on) for nominal_on, received_on in rows]


def test_words_of_earlier_payments_tell_orders_apart(anna: int) -> None:
    """In March both orders are of one amount and day: the words of January say which is which."""
    school, dogs = promise(anna, date(2026, 1, 12), "a"), promise(anna, date(2026, 1, 13), "b", minor=3000)
    first = [Paid(date(2026, 1, 12), 5000, text="szkoła 1/2026"), Paid(date(2026, 1, 13), 3000, text="psy")]
    bring(JANUARY, first, 0, date(2026, 2, 2))
    recurring_gifts.change_amount(
        dogs, Money(5000, "PLN"), from_on=date(2026, 2, 1), now=clock.now(), actor="user:1"
    )
    instalments.make_instalments(dogs, today=date(2026, 2, 2))
    db.session.commit()
    both = [
        Paid(date(2026, 2, 13), 5000, text="psy"),
        Paid(date(2026, 2, 13), 5000, text="szkoła 2/2026", ref="2"),
    ]
    bring(FEBRUARY, both, 8000, date(2026, 3, 2))
    for order, text in ((school, "szkoła 2/2026"), (dogs, "psy")):
        (gift_id,) = db.session.scalars(
            select(Allocation.gift_id)
            .join(Instalment)
            .where(Instalment.recurring_gift_id == order.id, Instalment.nominal_on >= FEBRUARY)
        )
        gift = db.session.get_one(Gift, gift_id)
        entry = entries.get_entry(int(gift.source_ref.split("/")[0]))
        assert entry.remittance == text
    assert_sound()


def test_account_of_ours_tells_orders_apart(anna: int) -> None:
    """Two orders alike in all but our account: one stops, and its instalment is missed, not the other's."""
    bank_accounts.create_account(SECOND, "PLN", matching="auto", now=clock.now(), actor="user:1")
    one, other = promise(anna, date(2026, 1, 12), "a"), promise(anna, date(2026, 1, 12), "b", minor=3000)
    bring(JANUARY, [Paid(date(2026, 1, 12), 5000)], 0, date(2026, 2, 2))
    bring(JANUARY, [Paid(date(2026, 1, 12), 3000)], 0, date(2026, 2, 2), SECOND)
    recurring_gifts.change_amount(
        other, Money(5000, "PLN"), from_on=date(2026, 2, 1), now=clock.now(), actor="user:1"
    )
    instalments.make_instalments(other, today=date(2026, 2, 2))
    db.session.commit()
    bring(FEBRUARY, [Paid(date(2026, 2, 12), 5000)], 3000, date(2026, 3, 2), SECOND)
    bring(FEBRUARY, [Paid(date(2026, 2, 20), 100, account="", name="Ktoś")], 5000, date(2026, 3, 2))
    assert [day for day, _ in paid_days(other)] == [date(2026, 1, 12), date(2026, 2, 12)]
    states = {
        row.recurring_gift_id: row.state
        for row in db.session.scalars(select(Instalment).where(Instalment.nominal_on == date(2026, 2, 12)))
    }
    assert states == {one.id: "missed", other.id: "paid"}


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_files_in_any_order_pay_the_same_days(anna: int, order: tuple[int, ...]) -> None:
    """March before February: the payment of March waits for its own instalment, February's is not taken."""
    gift = promise(anna, date(2026, 1, 20), "a")
    months = (JANUARY, FEBRUARY, MARCH)
    days = (date(2026, 1, 20), date(2026, 2, 20), date(2026, 3, 25))
    for place, number in enumerate(order):
        bring(months[number], [Paid(days[number], 5000)], 5000 * number, date(2026, 4, 2 + place))
    waiting = db.session.scalars(select(Entry).where(Entry.state == "suspense")).all()
    for entry in waiting:
        (proposal,) = matching.list_proposals([entry.id])[entry.id]
        assert [part.settles for part in proposal.candidates[0].parts] == ["exact"]
        entries.accept_proposal(entry.id, now=clock.now(), actor="user:1")
    db.session.commit()
    assert paid_days(gift) == [
        (date(2026, month, 20), day) for month, day in zip((1, 2, 3), days, strict=True)
    ]
    assert (
        db.session.scalars(
            select(Task).where(Task.kind == "missed_instalment", Task.state == "planned")
        ).all()
        == []
    )


def test_change_known_in_a_pause_is_proposed(anna: int) -> None:
    """Two months of another amount become known when the pause has begun: proposed, and accepted they pay."""
    gift = promise(anna, date(2026, 1, 20), "a")
    bring(JANUARY, [Paid(date(2026, 1, 20), 5000)], 0, date(2026, 2, 2))
    recurring_gifts.pause_recurring_gift(
        gift, from_on=date(2026, 4, 1), until=date(2026, 8, 1), now=clock.now(), actor="user:1"
    )
    db.session.commit()
    bring(FEBRUARY, [Paid(date(2026, 2, 20), 7500)], 5000, date(2026, 4, 2))
    bring(MARCH, [Paid(date(2026, 3, 20), 7500)], 12500, date(2026, 4, 3))
    for entry in db.session.scalars(select(Entry).where(Entry.state == "suspense")).all():
        entries.accept_proposal(entry.id, now=clock.now(), actor="user:1")
    db.session.commit()
    timer._advance_recurring_gifts()
    assert gift.state == "paused"
    changed = changed_amounts.find_changed_amount(gift, today=date(2026, 4, 3))
    assert changed is not None and changed.is_proposed and changed.amount.minor == 7500
    (question,) = db.session.scalars(select(Task).where(Task.kind == "amount_differs"))
    assert question.state == "planned"
    changed_amounts.accept_changed_amount(gift, now=clock.now(), actor="user:1")
    db.session.commit()
    assert [day for day, _ in paid_days(gift)] == [date(2026, month, 20) for month in (1, 2, 3)]
    assert gift.state == "paused"
    set_day(date(2026, 8, 3))
    timer._advance_recurring_gifts()
    coming = db.session.scalars(
        select(Instalment).where(
            Instalment.recurring_gift_id == gift.id, Instalment.nominal_on > date(2026, 8, 3)
        )
    ).all()
    assert gift.state == "active" and {row.amount_minor for row in coming} == {7500}
    assert_sound()


def test_payment_in_a_pause_is_no_advance(anna: int) -> None:
    """Anna pauses February and pays it all the same: it is paid, and March is still to come."""
    gift = promise(anna, date(2026, 1, 20), "a")
    bring(JANUARY, [Paid(date(2026, 1, 20), 5000)], 0, date(2026, 2, 2))
    recurring_gifts.pause_recurring_gift(
        gift, from_on=date(2026, 2, 15), until=date(2026, 3, 15), now=clock.now(), actor="user:1"
    )
    db.session.commit()
    bring(FEBRUARY, [Paid(date(2026, 2, 20), 5000)], 5000, date(2026, 3, 2))
    assert [day for day, _ in paid_days(gift)] == [date(2026, 1, 20), date(2026, 2, 20)]
    assert gift.state == "paused"
    bring(MARCH, [Paid(date(2026, 3, 20), 5000)], 10000, date(2026, 4, 2))
    assert [day for day, _ in paid_days(gift)] == [date(2026, month, 20) for month in (1, 2, 3)]
    assert_sound()


def test_waiting_money_holds_all_namesakes(database: Flask) -> None:
    """Two of one name pay at the post office: until somebody says whose money came, neither has missed it."""
    set_day(JANUARY)
    open_account("auto")
    first, second = donor("Jan Lis"), donor("Jan Lis")
    one, other = promise(first.id, date(2026, 1, 12), "a"), promise(second.id, date(2026, 2, 12), "b")
    paid = Paid(date(2026, 1, 12), 5000, name="Jan Lis", account="")
    bring(JANUARY, [paid], 0, date(2026, 2, 2))
    (entry_id,) = db.session.scalars(select(Entry.id))
    entries.accept_shares(entry_id, [entries.Share(first.id, 5000)], now=clock.now(), actor="user:1")
    db.session.commit()
    bring(FEBRUARY, [replace(paid, on=date(2026, 2, 12))], 5000, date(2026, 3, 2))
    states = {
        row.recurring_gift_id: row.state
        for row in db.session.scalars(select(Instalment).where(Instalment.nominal_on == date(2026, 2, 12)))
    }
    assert states == {one.id: "expected", other.id: "expected"}
