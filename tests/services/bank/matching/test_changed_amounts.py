"""Standing orders that the donor raises or lowers: money comes every month, and nobody says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.jobs.queue import timer
from donorhub.models import Allocation, Entry, Gift, Instalment, RecurringGift, Task, Term
from donorhub.services.bank.matching import entries
from donorhub.services.recurring import changed_amounts, instalments
from tests.services.bank.bank import ANNA, Paid, assert_sound, camt, match, open_account, rows, send
from tests.services.bank.matching.matching_world import donor, promise_instalment

WARSAW = ZoneInfo("Europe/Warsaw")
START = date(2026, 1, 5)
DAYS = (START, date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 7), date(2026, 5, 5), date(2026, 6, 5))


def set_day(day: date) -> None:
    clock.use_clock(lambda: datetime.combine(day, time(9), WARSAW))


@pytest.fixture
def promise(database: Flask) -> RecurringGift:
    """Anna's standing order of 50.00 from 5 January."""
    set_day(START)
    open_account("auto")
    return promise_instalment(donor(iban=ANNA), day=START).recurring_gift


def play(payments: Mapping[date, int], decide: Callable[[], None] = lambda: None) -> None:
    """Let half a year pass; the statement of a month comes on the third day after it."""
    balance = 0
    for number in range(1, 7):
        first_on = date(2026, number, 1)
        last_on = date(2026, number + 1, 1) - timedelta(days=1)
        for step in range(0, 31, 6):
            set_day(first_on + timedelta(days=step))
            timer._advance_recurring_gifts()
        of_month = {day: minor for day, minor in payments.items() if first_on <= day <= last_on}
        set_day(last_on + timedelta(days=3))
        statement = camt(
            [Paid(day, minor) for day, minor in of_month.items()],
            opening=balance,
            period=(first_on, last_on),
            name=f"S{number}",
        )
        balance += sum(of_month.values())
        send(statement, f"{number}.xml")
        match()
        decide()
        timer._advance_recurring_gifts()


def states() -> list[tuple[str, int]]:
    query = select(Instalment.state, Instalment.amount_minor).where(Instalment.due_on <= date(2026, 6, 10))
    return [(state, minor) for state, minor in db.session.execute(query.order_by(Instalment.due_on))]


def questions() -> list[Task]:
    return list(db.session.scalars(select(Task).where(Task.kind == "amount_differs")))


def accept_all() -> None:
    """A person takes the best proposal for whatever waits."""
    for id_ in db.session.scalars(select(Entry.id).where(Entry.state == "suspense")).all():
        entries.accept_proposal(id_, now=clock.now(), actor="user:1")
    db.session.commit()


LOWERED = dict(zip(DAYS, (5000, 5000, 4000, 4000, 4000, 4000), strict=True))
RAISED = dict(zip(DAYS, (5000, 5000, 10000, 10000, 10000, 10000), strict=True))


@pytest.mark.parametrize("payments", [LOWERED, RAISED])
def test_changed_order_is_never_missed_nor_lapsed(promise: RecurringGift, payments: dict[date, int]) -> None:
    """An order that was lowered, or raised to the double, is proposed as changed, and called nothing else."""
    play(payments, accept_all)
    assert promise.state == "active"
    assert db.session.scalars(select(Task).where(Task.kind == "missed_instalment")).all() == []
    assert {state for state, _ in states()[2:]} <= {"expected", "late"}
    assert db.session.query(Allocation).count() == 2
    assert db.session.query(Gift).count() == 6
    changed = changed_amounts.find_changed_amount(promise, today=date(2026, 7, 3))
    assert changed is not None and changed.is_proposed
    assert (changed.amount.minor, changed.from_on, len(changed.claims)) == (payments[DAYS[2]], DAYS[2], 4)
    (question,) = questions()
    assert question.state == "planned" and question.facts["count"] == 4


def test_second_payment_proposes_amendment_from_first(promise: RecurringGift) -> None:
    """Accepted, the term changes from the first of the two payments on, and both instalments are paid."""
    play(dict(list(LOWERED.items())[:4]), accept_all)
    set_day(date(2026, 5, 3))
    changed = changed_amounts.accept_changed_amount(promise, now=clock.now(), actor="user:1")
    db.session.commit()
    assert (changed.amount.minor, len(changed.claims)) == (4000, 2)
    assert states()[:5] == [("paid", 5000)] * 2 + [("paid", 4000)] * 2 + [("missed", 4000)]
    assert {minor for _, minor in states()[4:]} == {4000}
    terms = db.session.execute(select(Term.from_on, Term.amount_minor).order_by(Term.from_on)).all()
    assert [tuple(term) for term in terms] == [(START, 5000), (date(2026, 3, 5), 4000)]
    assert questions()[0].state == "cancelled"
    assert_sound()
    before = rows()
    with pytest.raises(Conflict):
        changed_amounts.accept_changed_amount(promise, now=clock.now(), actor="user:1")
    db.session.rollback()
    assert rows() == before


def test_first_other_amount_asks_once(promise: RecurringGift) -> None:
    """The first time it is a gift beside the promise, its instalment waits, and one question is asked."""
    play({**dict.fromkeys(DAYS, 5000), DAYS[3]: 3500}, accept_all)
    assert [state for state, _ in states()] == ["paid"] * 3 + ["late"] + ["paid"] * 2
    changed = changed_amounts.find_changed_amount(promise, today=date(2026, 7, 3))
    assert changed is not None and not changed.is_proposed
    (question,) = questions()
    assert (question.state, question.facts["count"], question.facts["amount"]) == ("planned", 1, "35.00")


def test_pieces_pay_one_instalment_together(promise: RecurringGift) -> None:
    """Two payments within the days of an instalment that add up to it pay it, without a person."""
    play({START: 5000, DAYS[1]: 5000, DAYS[2]: 2000, DAYS[2] + timedelta(days=2): 3000}, accept_all)
    assert states()[:3] == [("paid", 5000)] * 3
    assert [task.state for task in questions()] in ([], ["cancelled"])


def test_person_may_count_part_of_instalment(promise: RecurringGift) -> None:
    """That it pays a part, or that more came than was asked, a person says, of a gift of the same donor."""
    play({START: 5000, DAYS[1]: 3000, DAYS[2]: 7000}, accept_all)
    second, third = db.session.scalars(select(Instalment.id).order_by(Instalment.due_on).offset(1).limit(2))
    gift_ids = db.session.scalars(select(Gift.id).order_by(Gift.received_on)).all()
    changed_amounts.count_gift(second, gift_ids[1], now=clock.now(), actor="user:1")
    changed_amounts.count_gift(third, gift_ids[2], now=clock.now(), actor="user:1")
    db.session.commit()
    assert [state for state, _ in states()[1:3]] == ["partial", "paid"]
    other = donor("Besa Hoxha")
    promise_instalment(other, day=date(2026, 8, 5))
    one = db.session.scalars(instalments.select_instalments(donor_id=other.id).limit(1)).one()
    with pytest.raises(Rejected):
        changed_amounts.count_gift(one.id, gift_ids[1], now=clock.now(), actor="user:1")


def test_waiting_raise_is_no_arrears(promise: RecurringGift) -> None:
    """Where nobody decides for months, twice the amount each month never settles two instalments at once."""
    play(RAISED)
    settled = db.session.scalars(select(Allocation.gift_id)).all()
    assert len(settled) == len(set(settled))
    assert {state for state, _ in states()[2:]} <= {"expected", "late"} and promise.state == "active"


def test_unanswered_amount_is_held_for_years(promise: RecurringGift) -> None:
    """A question about another amount that nobody answers for two years lets nothing become missed."""
    play(dict(LOWERED), accept_all)
    for month in range(0, 24, 3):
        set_day(date(2026 + (6 + month) // 12, (6 + month) % 12 + 1, 10))
        changed_amounts.follow_payments(today=clock.now().date(), now=clock.now())
        held_ids, _ = changed_amounts.follow_payments(today=clock.now().date(), now=clock.now())
        assert len(held_ids) == 4


def test_doubled_order_after_miss_is_proposed(promise: RecurringGift) -> None:
    """Doubled right after a month that was missed: the first pays both, the second proposes it."""
    play({START: 5000, DAYS[2]: 10000, DAYS[3]: 10000}, accept_all)
    assert states()[:4] == [("paid", 5000)] * 3 + [("late", 5000)]
    changed = changed_amounts.find_changed_amount(promise, today=date(2026, 5, 4))
    assert changed is not None and changed.is_proposed
    assert (changed.amount.minor, changed.from_on) == (10000, DAYS[3])
