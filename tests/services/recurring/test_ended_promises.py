"""Money that fits a promise which has ended: asked once, and taken up again from its first payment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Allocation, Gift, Instalment, RecurringGift, Task, Term
from donorhub.money import Money
from donorhub.services.giving import gifts
from donorhub.services.recurring import ended_promises, overdue, recurring_gifts
from tests.contents import read_contents
from tests.services.recurring.known_bank import know_bank
from tests.services.recurring.test_amount_and_pause import promise_of


def at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


@pytest.fixture
def ended(database: Flask, now: datetime) -> RecurringGift:
    """A standing order of 50.00 on the first of each month since October, closed on 20 December."""
    promise = promise_of(now)
    know_bank(date(2026, 11, 20))
    overdue.advance_recurring_gifts(today=date(2026, 12, 20), now=at(date(2026, 12, 20)))
    recurring_gifts.close_recurring_gift(promise, reason="asked", now=at(date(2026, 12, 20)), actor="user:7")
    return promise


def pay(promise: RecurringGift, day: date, minor: int = 5000) -> Gift:
    gift, _ = gifts.record_gift(
        promise.donor_id,
        Money(minor, "PLN"),
        received_on=day,
        source="bank",
        source_ref=f"{day}/{minor}",
        method="transfer",
        now=at(day),
        actor="t",
    )
    return gift


def questions() -> list[Task]:
    return list(db.session.scalars(select(Task).where(Task.kind == "promise_goes_on").order_by(Task.id)))


def states(promise: RecurringGift) -> dict[str, str]:
    query = select(Instalment.nominal_on, Instalment.state).where(Instalment.recurring_gift_id == promise.id)
    rows = db.session.execute(query.order_by(Instalment.nominal_on))
    return {f"{day:%Y-%m}": state for day, state in rows}


def test_money_after_the_end_asks_once(ended: RecurringGift) -> None:
    """Two payments as promised, after the end: they are gifts of their own, and one question is asked."""
    for month in (2, 3):
        pay(ended, date(2027, month, 2))
        for day in (5, 6):
            today = date(2027, month, day)
            overdue.advance_recurring_gifts(today=today, now=at(today))
    (question,) = questions()
    assert (question.state, question.subject_id) == ("planned", ended.id)
    assert question.facts == {"amount": "50.00", "currency": "PLN", "from_on": "2027-02-01"}
    assert ended.state == "closed" and db.session.scalars(select(Allocation)).all() == []


def test_promise_goes_on_from_first_payment(ended: RecurringGift) -> None:
    """Accepted, it runs from that payment by a term, both payments count, and January is owed by nobody."""
    for month in (2, 3):
        pay(ended, date(2027, month, 2))
    today = date(2027, 3, 5)
    overdue.advance_recurring_gifts(today=today, now=at(today))
    assert ended_promises.let_promise_go_on(ended, now=at(today), actor="user:7") == date(2027, 2, 1)
    know_bank(date(2027, 3, 31))
    overdue.advance_recurring_gifts(today=date(2027, 4, 1), now=at(date(2027, 4, 1)))
    assert (ended.state, ended.ends_on, questions()[0].outcome) == ("active", None, "accepted")
    found = states(ended)
    assert (found["2027-01"], found["2027-02"], found["2027-03"]) == ("skipped", "paid", "paid")
    assert found["2027-04"] == found["2027-05"] == "expected"
    terms = db.session.execute(select(Term.from_on, Term.is_pause).order_by(Term.from_on)).all()
    assert [tuple(term) for term in terms] == [
        (date(2026, 10, 1), False),
        (date(2026, 12, 21), True),
        (date(2027, 2, 1), False),
    ]
    before = read_contents()
    with pytest.raises(Conflict, match="since it ended"):
        ended_promises.let_promise_go_on(ended, now=at(today), actor="user:7")
    assert read_contents() == before


@pytest.mark.parametrize(
    ("day", "minor"), [(date(2027, 2, 2), 6000), (date(2027, 2, 18), 5000), (date(2026, 12, 19), 5000)]
)
def test_other_money_asks_nothing(ended: RecurringGift, day: date, minor: int) -> None:
    """Another amount, another day, or money of before the end asks nothing."""
    pay(ended, day, minor)
    overdue.advance_recurring_gifts(today=date(2027, 2, 20), now=at(date(2027, 2, 20)))
    assert questions() == []


def test_answered_no_asks_not_again(ended: RecurringGift) -> None:
    """Who said that it does not go on is not asked about the next payment."""
    for month in (2, 3):
        pay(ended, date(2027, month, 2))
        today = date(2027, month, 20)
        overdue.advance_recurring_gifts(today=today, now=at(today))
        questions()[0].state = "done"
    assert [question.state for question in questions()] == ["done"]


def test_taken_out_money_takes_question_back(ended: RecurringGift) -> None:
    """The gift was a mistake: its question goes with it."""
    gift = pay(ended, date(2027, 2, 2))
    today = date(2027, 2, 5)
    overdue.advance_recurring_gifts(today=today, now=at(today))
    gifts.correct_gift(gift.id, reason="wrong", source_ref="c", now=at(today), actor="user:7")
    overdue.advance_recurring_gifts(today=today, now=at(today))
    assert questions()[0].state == "cancelled"
