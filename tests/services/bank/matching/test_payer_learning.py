"""What people's answers teach of a payer, and when that asks again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Payer, PayerKey, PayerUse
from donorhub.money import Money
from donorhub.services.bank.matching import payer_keys, payer_learning
from donorhub.services.donors import merging, removal, unmerging
from tests.services.bank.bank import ANNA, assert_sound, open_account
from tests.services.bank.matching.matching_world import donor, entry_states
from tests.services.bank.matching.test_experience import accept, receive, undo

KEY = f"iban:{ANNA}"
DAY = date(2026, 3, 2)


def read_uses() -> list[tuple[int, str, int, int]]:
    """Return donor, words, hits and misses of each use."""
    db.session.expire_all()
    uses = db.session.scalars(select(PayerUse).order_by(PayerUse.id))
    return [(use.donor_id, use.words, use.hits, use.misses) for use in uses]


def teach(giver: Donor, words: str, on: date, *, times: int = 1, minor: int = 5000) -> None:
    lesson = payer_learning.Lesson(KEY, "X Y", words, giver.id, on, Money(minor, "PLN"))
    payer_learning.confirm_uses([lesson] * times)
    db.session.commit()


def test_words_tell_the_uses_of_a_payer(database: Flask) -> None:
    """One account that pays for two is one payer with two uses, each with its words, amount and day."""
    anna, jan = donor(), donor("Jan Lis")
    open_account()
    accept(receive(0, "darowizna 1/2026"), anna)
    accept(receive(1, "za Jana 2/2026"), jan)
    accept(receive(2, "darowizna 3/2026"), anna)
    assert read_uses() == [(anna.id, "darowizna", 2, 0), (jan.id, "za jana", 1, 0)]
    payer = db.session.scalars(select(Payer)).one()
    assert (payer.version, db.session.scalars(select(PayerKey.value)).all()) == (3, [ANNA])
    assert payer_keys.list_known_donors(KEY) == [anna.id, jan.id]
    assert_sound()


def test_engine_teaches_nothing(database: Flask) -> None:
    anna = donor()
    open_account("auto")
    for number in range(2):
        accept(receive(number, "darowizna"), anna)
    before = read_uses()
    receive(2, "darowizna")
    assert (entry_states()[-1], read_uses()) == ("matched", before)
    assert before == [(anna.id, "darowizna", 2, 0)]


def test_undo_unlearns(database: Flask) -> None:
    """What was taught once and taken back counts nothing; again undone, nothing changes."""
    anna = donor()
    open_account()
    entry_id = receive(0, "darowizna")
    accept(entry_id, anna)
    assert payer_keys.list_known_donors(KEY) == [anna.id]
    undo(entry_id)
    assert (read_uses(), payer_keys.list_known_donors(KEY)) == ([(anna.id, "darowizna", 1, 1)], [])
    undo(entry_id)
    assert read_uses() == [(anna.id, "darowizna", 1, 1)]


@pytest.mark.parametrize(("days", "state"), [(700, "matched"), (760, "suspense")])
def test_use_asks_again_after_two_years(database: Flask, days: int, state: str) -> None:
    anna = donor()
    open_account("auto")
    for number in range(2):
        accept(receive(number, "darowizna"), anna)
    last_on = db.session.scalars(select(PayerUse.last_on)).one()
    assert last_on is not None
    db.session.execute(update(PayerUse).values(last_on=last_on - timedelta(days=days)))
    db.session.commit()
    receive(2, "darowizna")
    assert entry_states()[-1] == state


def test_use_that_served_stays_fresh(database: Flask) -> None:
    """Money that was decided without a person makes no hit, and lets the use live on."""
    anna = donor()
    open_account("auto")
    for number in range(2):
        accept(receive(number, "darowizna"), anna)
    db.session.execute(update(PayerUse).values(last_on=DAY - timedelta(days=300)))
    db.session.commit()
    receive(2, "darowizna")
    use = db.session.scalars(select(PayerUse)).one()
    db.session.refresh(use)
    assert entry_states()[-1] == "matched"
    assert use.hits == 2
    assert use.last_on is not None and use.last_on > DAY - timedelta(days=90)


def test_misses_of_a_third_ask_again(database: Flask) -> None:
    anna = donor()
    teach(anna, "dar", DAY, times=2)
    payer_learning.reject_uses([payer_learning.Lesson(KEY, "X Y", "dar", anna.id, DAY)])
    assert payer_keys.list_known_donors(KEY) == []
    teach(anna, "dar", DAY)
    assert payer_keys.list_known_donors(KEY) == [anna.id]


def test_ended_use_begins_anew(database: Flask) -> None:
    """What a person ended counts no more; one new answer is one, not as many as before."""
    anna = donor()
    teach(anna, "dar", DAY, times=9)
    db.session.execute(update(PayerUse).values(ended_on=DAY))
    db.session.commit()
    assert payer_keys.list_known_donors(KEY) == []
    teach(anna, "dar", DAY + timedelta(days=1))
    assert read_uses() == [(anna.id, "dar", 1, 0)]
    assert payer_keys.list_known_donors(KEY) == [anna.id]


def test_uses_follow_a_merge_and_its_undoing(database: Flask) -> None:
    """Two records of one person: equal uses become one, others move; taken apart, each has its own again."""
    anna, other = donor(), donor("Anna Osoba-Nowak")
    teach(anna, "dar", DAY, times=2)
    teach(other, "dar", DAY + timedelta(days=1), times=3)
    teach(other, "inne", DAY)
    before = read_uses()
    log, _ = merging.merge_donors(anna.id, other.id, now=clock.now(), actor="user:1")
    db.session.commit()
    assert sorted(read_uses()) == [(anna.id, "dar", 5, 0), (anna.id, "inne", 1, 0)]
    unmerging.undo_merge(log.id, now=clock.now(), actor="user:1")
    db.session.commit()
    assert sorted(read_uses()) == sorted(before)


def test_payer_goes_with_the_last_donor(database: Flask) -> None:
    """A payer who paid for two stays with one of them, and goes with the other."""
    anna, jan = donor(), donor("Jan Lis")
    teach(anna, "dar", DAY)
    teach(jan, "jana", DAY)
    for one, count in ((anna, 1), (jan, 0)):
        removal.remove_donors([one.id], reason="test", now=clock.now(), actor="user:1")
        db.session.commit()
        assert len(db.session.scalars(select(PayerKey)).all()) == count
        assert len(db.session.scalars(select(Payer)).all()) == count
