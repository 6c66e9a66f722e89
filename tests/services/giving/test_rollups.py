"""The totals of days: after any change they are what the rows add up to, as somebody with a pencil would."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Correction, DayTotal, Dispute, Gift, KeptRetention, Refund
from donorhub.money import Money
from donorhub.services import counting
from donorhub.services.donors import donors, merging, unmerging
from donorhub.services.giving import gifts, new_gifts, retention_figure
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.giving.retention_figure import Retention
from donorhub.services.reports import invariants
from tests.races import run_second, skip_without_locks
from tests.web.bank.bank_world import Staff

TODAY = date(2026, 11, 22)
Pencil = dict[tuple[date, str, str], list[int]]


def read_kept() -> Pencil:
    """The totals that are kept, without those that came to nothing."""
    rows = db.session.scalars(select(DayTotal)).all()
    totals = {
        (row.day, row.method, row.currency): [row.gross_minor, row.refunded_minor, row.gift_count]
        for row in rows
    }
    return {key: total for key, total in totals.items() if total != [0, 0, 0]}


def add_up() -> Pencil:
    """The same from the rows, one by one."""
    totals: Pencil = defaultdict(lambda: [0, 0, 0])
    gift_of = {gift.id: gift for gift in db.session.scalars(select(Gift)) if not gift.is_test}
    for gift in gift_of.values():
        total = totals[gift.received_on, gift.method, gift.currency]
        total[0] += gift.amount_minor
        total[2] += 1
    for refund in db.session.scalars(select(Refund)):
        if refund.gift_id in gift_of and refund.state not in ("failed", "cancelled"):
            gift = gift_of[refund.gift_id]
            totals[refund.refunded_on, gift.method, gift.currency][1] += refund.amount_minor
    for dispute in db.session.scalars(select(Dispute)):
        if dispute.gift_id in gift_of and dispute.state == "lost":
            gift = gift_of[dispute.gift_id]
            totals[dispute.opened_on, gift.method, gift.currency][1] += dispute.amount_minor
    for correction in db.session.scalars(select(Correction)):
        if correction.gift_id in gift_of:
            gift = gift_of[correction.gift_id]
            totals[gift.received_on, gift.method, gift.currency][0] -= correction.amount_minor
    return {key: total for key, total in totals.items() if total != [0, 0, 0]}


class Dice:
    """Changes of money, drawn at random: each as the program does it."""

    def __init__(self, seed: int) -> None:
        self.pick, self.number = random.Random(seed), 0
        self.donor_ids = [self._name_donor(n) for n in range(6)]
        self.merge_ids: list[int] = []
        db.session.commit()

    def _name_donor(self, number: int) -> int:
        name = {"given_name": "Ewa", "family_name": f"Nowak{number}"}
        return donors.create_donor(name, source="t", now=clock.now(), actor="t").id

    def throw(self) -> str:
        """Do one of all; what is refused changes nothing."""
        doings = [self.give, self.bring_many, self.give_back, self.judge_refund, self.lose, self.win]
        doings += [self.correct, self.move, self.merge, self.part, self.think_twice, self.drop_all]
        do = self.pick.choice(doings)
        do()
        db.session.commit()
        return do.__name__

    def draw_gift(self) -> Gift | None:
        ids = db.session.scalars(select(Gift.id).order_by(Gift.id)).all()
        return db.session.get(Gift, self.pick.choice(ids)) if ids else None

    def _make_gift(self) -> NewGift:
        self.number += 1
        return NewGift(
            self.pick.choice(self.donor_ids),
            self.pick.randrange(1, 500) * 100,
            self.pick.choice(["PLN", "PLN", "EUR"]),
            self._draw_day(),
            "t",
            f"g{self.number}",
            self.pick.choice(["transfer", "card", "in_kind"]),
            is_test=self.pick.random() < 0.1,
            thank=False,
        )

    def _draw_day(self) -> date:
        return TODAY - timedelta(days=self.pick.randrange(5))

    def give(self) -> None:
        new = self._make_gift()
        gifts.record_gift(
            new.donor_id,
            Money(new.minor, new.currency),
            received_on=new.received_on,
            source=new.source,
            source_ref=new.source_ref,
            method=new.method,
            is_test=new.is_test,
            thank=False,
            now=clock.now(),
            actor="t",
        )

    def bring_many(self) -> None:
        new_gifts.record_gifts([self._make_gift() for _ in range(3)], now=clock.now(), actor="t")

    def _add_loss(self, kind: Any, **columns: Any) -> None:
        gift = self.draw_gift()
        if gift is not None:
            self.number += 1
            minor = max(1, gift.amount_minor // 4)
            columns |= {"gift_id": gift.id, "currency": gift.currency, "amount_minor": minor}
            db.session.add(kind(**columns, source="t", source_ref=f"l{self.number}", recorded_at=clock.now()))

    def give_back(self) -> None:
        state = self.pick.choice(["pending", "succeeded", "failed"])
        self._add_loss(Refund, state=state, refunded_on=self._draw_day())

    def lose(self) -> None:
        state = self.pick.choice(["open", "lost"])
        self._add_loss(Dispute, state=state, opened_on=self._draw_day())

    def judge_refund(self) -> None:
        rows = db.session.scalars(select(Refund).order_by(Refund.id)).all()
        if rows:
            row = self.pick.choice(rows)
            row.state = self.pick.choice(["pending", "succeeded", "failed", "cancelled"])
            row.amount_minor, row.refunded_on = row.amount_minor + 1, self._draw_day()

    def win(self) -> None:
        rows = db.session.scalars(select(Dispute).order_by(Dispute.id)).all()
        if rows:
            self.pick.choice(rows).state = self.pick.choice(["won", "lost"])

    def correct(self) -> None:
        gift = self.draw_gift()
        if gift is not None and gifts.compute_remainder(gift).minor:
            ref = f"c{gift.id}"
            gifts.correct_gift(gift.id, reason="x", source="t", source_ref=ref, now=clock.now(), actor="t")

    def move(self) -> None:
        """A provider tells the day and the method anew."""
        gift = self.draw_gift()
        if gift is not None:
            gift.received_on, gift.method = self._draw_day(), self.pick.choice(["transfer", "card"])

    def merge(self) -> None:
        one, other = self.pick.sample(self.donor_ids, 2)
        if len(self.donor_ids) > 2:
            log, _ = merging.merge_donors(one, other, now=clock.now(), actor="t")
            self.merge_ids.append(log.id)
            self.donor_ids.remove(max(one, other))

    def part(self) -> None:
        if self.merge_ids:
            log, _ = unmerging.undo_merge(self.merge_ids.pop(), now=clock.now(), actor="t")
            self.donor_ids.append(log.loser_id)

    def think_twice(self) -> None:
        """A savepoint is taken back, and what came before and comes after it stays."""
        self.give()
        savepoint = db.session.begin_nested()
        self.bring_many()
        self.give_back()
        db.session.flush()
        savepoint.rollback()
        self.give_back()

    def drop_all(self) -> None:
        self.bring_many()
        self.lose()
        db.session.flush()
        db.session.rollback()


@pytest.mark.parametrize("count", [150, pytest.param(2_000, marks=pytest.mark.slow)])
def test_any_change_keeps_the_totals_of_days(database: Flask, count: int) -> None:
    """After each of many changes the totals are what the rows add up to, and no invariant is broken."""
    dice, seen = Dice(count), set()
    for _ in range(count):
        last = dice.throw()
        seen.add(last)
        assert read_kept() == add_up(), last
        db.session.rollback()
    assert len(seen) == 12 and len(read_kept()) > 10
    name = "the totals of days are what the gifts add up to"
    assert invariants.check_all(now=clock.now())[name] == []
    kept = db.session.scalars(select(DayTotal).where(DayTotal.currency == "EUR")).first()
    assert kept is not None
    kept.refunded_minor += 1
    db.session.flush()
    sentences = invariants.check_all(now=clock.now())[name]
    assert len(sentences) == 1 and sentences[0].startswith(f"on {kept.day} by {kept.method}: kept are")


def test_many_gifts_keep_retention_by_the_clock(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where gifts are many the page shows who gave again as the clock counted last, and as of when; where
    they are few, as of now."""
    ids = Dice(1).donor_ids
    for place, donor_id in enumerate(ids[:3]):
        days = [date(2025, 5, 5), date(2026, 5, 5)][: 2 if place else 1]
        for day in days:
            gift = NewGift(donor_id, 100, "PLN", day, "t", f"{donor_id} {day}", "card", thank=False)
            new_gifts.record_gifts([gift], now=clock.now(), actor="t")
    db.session.commit()
    assert retention_figure.read_retention(TODAY, "PLN") == Retention(2, 3)
    assert timer._keep_retention() == 0
    for lang, words in (("en", "As of"), ("pl", "Stan na"), ("sq", "Gjendja")):
        assert words not in Staff(database, "admin", lang=lang).text("/")
        with monkeypatch.context() as patch:
            patch.setattr(counting, "MOST_COUNTED", 2)
            assert retention_figure.read_retention(TODAY, "PLN") == Retention(2, 3)
            assert [timer._keep_retention() for _again in range(2)] == [1, 1]
            assert retention_figure.read_retention(TODAY, "PLN") == Retention(2, 3, clock.now())
            assert words in Staff(database, "admin", lang=lang).text("/")
        retention_figure.keep_retention([], now=clock.now() + timedelta(days=1))
        db.session.commit()
        assert db.session.scalar(select(KeptRetention)) is None


def test_two_at_once_are_both_counted(database: Flask) -> None:
    """Of two who give back of one gift at once the second waits; of two gifts of one day both count."""
    skip_without_locks(database)
    dice = Dice(1)
    gift = NewGift(dice.donor_ids[0], 10000, "PLN", TODAY, "t", "g", "card", thank=False)
    gift_id = new_gifts.record_gifts([gift], now=clock.now(), actor="t")[0]
    db.session.commit()

    def give_back(ref: str) -> None:
        columns = {"gift_id": gift_id, "currency": "PLN", "amount_minor": 700, "state": "pending"}
        columns |= {"refunded_on": TODAY, "recorded_at": clock.now(), "source": "t", "source_ref": ref}
        db.session.add(Refund(**columns))
        db.session.flush()

    give_back("one")
    outcome = run_second(database, lambda: give_back("two"))
    assert outcome.waited and outcome.error is None
    assert read_kept() == {(TODAY, "card", "PLN"): [10000, 1400, 1]} == add_up()
    again = [gift._replace(source_ref=f"g{n}") for n in range(2)]
    new_gifts.record_gifts(again[:1], now=clock.now(), actor="t")
    outcome = run_second(database, lambda: new_gifts.record_gifts(again[1:], now=clock.now(), actor="t"))
    assert outcome.error is None
    assert read_kept() == {(TODAY, "card", "PLN"): [30000, 1400, 3]} == add_up()
