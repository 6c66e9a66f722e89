"""Two people who answer the same question at once: the first one's answer stands, and acts once."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import Changed, Conflict
from donorhub.models import AuditRecord, Suppression, Term
from donorhub.money import Money
from donorhub.services.bank.matching import entry_answers
from donorhub.services.messages import suppressions
from donorhub.services.recurring import recurring_gifts, shown_promises
from tests.races import run_second
from tests.services.bank.bank import camt, send
from tests.services.bank.files.test_corrections import NEW, OLD, ask, total
from tests.web import desk


def count_records(what: str) -> int:
    return db.session.scalar(select(func.count()).where(AuditRecord.what == what)) or 0


def test_second_answer_gets_a_conflict(locks: Flask, now: datetime) -> None:
    """Who says something else at the same moment is told that the question was answered."""
    send(camt(OLD, opening=100000))
    send(camt(NEW, opening=100000), "b.xml")
    question_id = ask().id
    entry_answers.answer_question(question_id, "corrected", now=now, actor="user:1")
    second = run_second(
        locks,
        lambda: entry_answers.answer_question(question_id, "other_money", now=now, actor="user:2"),
    )
    assert isinstance(second.error, Conflict), second
    db.session.expire_all()
    assert total() == 15000
    assert count_records("entry.corrected") == 1 and count_records("entry.accepted") == 0


def test_group_is_answered_once(locks: Flask, now: datetime) -> None:
    """Of two who answer all questions of a file at once the second finds none."""
    send(camt(OLD, opening=100000))
    file_id = send(camt(NEW, opening=100000), "b.xml").id
    count = entry_answers.answer_group(file_id, "amount_changed", "corrected", now=now, actor="user:1")
    second = run_second(
        locks,
        lambda: entry_answers.answer_group(file_id, "amount_changed", "other_money", now=now, actor="user:2"),
    )
    assert (count, second.result, second.error) == (1, 0, None)
    db.session.expire_all()
    assert total() == 15000


def test_address_is_released_once(locks: Flask, now: datetime) -> None:
    """Of two who take a suppression back at once the first one's reason stays, and is in the audit once."""
    row, _ = suppressions.suppress_address("a@example.org", reason="told us", now=now, actor="user:1")
    db.session.commit()
    row_id = row.id
    suppressions.lift_suppression(row_id, reason="the first", now=now, actor="user:1")
    second = run_second(
        locks,
        lambda: suppressions.lift_suppression(row_id, reason="another", now=now, actor="user:2").lift_reason,
    )
    assert second.error is None
    db.session.expire_all()
    assert db.session.get_one(Suppression, row_id).lift_reason == "the first"
    assert count_records("address.released") == 1


def test_second_change_of_a_promise_is_refused(locks: Flask, now: datetime) -> None:
    """Of two who change the same recurring gift as it was shown, the second is shown what the first did."""
    gift = desk.add_recurring(desk.add_donor())
    id_, digest = gift.id, shown_promises.read_promise(gift, today=now.date()).digest

    def promise(amount: int) -> None:
        row = recurring_gifts.get_recurring_gift(id_)
        shown_promises.refuse_changed_promise(row, digest, now=now)
        money = Money(amount, "PLN")
        recurring_gifts.change_amount(row, money, from_on=date(2026, 12, 1), now=now, actor="user:1")

    promise(4000)
    second = run_second(locks, lambda: promise(5000))
    assert isinstance(second.error, Changed), second
    db.session.expire_all()
    assert db.session.scalars(select(Term.amount_minor).order_by(Term.from_on)).all() == [3000, 4000]
