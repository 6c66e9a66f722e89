"""What funds, campaigns and appeals received: what was taken out is out, and no page adds up a million."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Appeal, Campaign, Fund, Gift, PurposeSum, Refund
from donorhub.models.states import PurposeKind
from donorhub.money import Money
from donorhub.services import counting
from donorhub.services.donors import donors
from donorhub.services.giving import funds, gifts, purpose_sums
from donorhub.services.giving.purpose_sums import KeptSums, Received
from tests.web.bank.bank_world import Staff

DAY = date(2026, 11, 2)


class World:
    """A donor who gives, and three things that gifts are for."""

    def __init__(self, now: datetime) -> None:
        self.now, self.number = now, 0
        anna = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="t")
        self.donor_id = anna.id
        self.roof, self.books = (self._add(Fund, code) for code in ("roof", "books"))
        self.winter, self.letter = self._add(Campaign, "winter"), self._add(Appeal, "letter")
        db.session.commit()

    def _add(self, kind: type[Fund | Campaign | Appeal], code: str) -> int:
        fields = {"name": code, "code": code}
        row: Fund | Campaign | Appeal = funds.create_purpose(kind, fields, now=self.now, actor="t")
        return row.id

    def give(self, minor: int, currency: str = "PLN", **columns: object) -> Gift:
        self.number += 1
        gift, _ = gifts.record_gift(
            self.donor_id,
            Money(minor, currency),
            received_on=DAY,
            source="t",
            source_ref=str(self.number),
            now=self.now,
            actor="t",
            thank=False,
            **{"campaign_id": self.winter, "appeal_id": self.letter, **columns},  # type: ignore[arg-type]
        )
        db.session.commit()
        return gift

    def give_back(self, gift: Gift, minor: int, state: str = "succeeded") -> None:
        refund = Refund(
            gift_id=gift.id,
            amount_minor=minor,
            currency=gift.currency,
            state=state,
            refunded_on=DAY,
            recorded_at=self.now,
            source="t",
            source_ref=f"r{gift.id}{state}",
        )
        db.session.add(refund)
        db.session.commit()


@pytest.fixture
def world(database: Flask, now: datetime) -> World:
    return World(now)


def read_all(world: World) -> dict[PurposeKind, KeptSums]:
    return purpose_sums.read_sums(
        {"fund": [world.roof, world.books], "campaign": [world.winter], "appeal": [world.letter]}
    )


def read(world: World) -> dict[str, Received]:
    sums = read_all(world)
    return {
        "winter": sums["campaign"].by_id.get(world.winter, Received()),
        "letter": sums["appeal"].by_id.get(world.letter, Received()),
        "roof": sums["fund"].by_id.get(world.roof, Received()),
        "books": sums["fund"].by_id.get(world.books, Received()),
    }


def fill(world: World) -> dict[str, Received]:
    """Give in each way that counts and does not; what each received by that."""
    split = world.give(10000, fund_ids={world.roof: 7500, world.books: 2500})
    world.give_back(split, 4000)  # of the 60 that are left the roof has 45
    gone = world.give(5000, fund_ids={world.roof: 5000})
    gifts.correct_gift(gone.id, reason="x", source="t", source_ref="c", now=world.now, actor="t")
    back = world.give(2000, fund_ids={world.books: 2000})
    world.give_back(back, 2000, "failed")  # so it stays
    world.give(900, "EUR", fund_ids={world.roof: 900})
    world.give(700, is_test=True, fund_ids={world.roof: 700})
    world.give(800, method="in_kind", fund_ids={world.books: 800})
    world.give(300, campaign_id=None, appeal_id=None)
    db.session.commit()
    whole = Received(4, [Money(900, "EUR"), Money(8000, "PLN")])
    return {
        "winter": whole,
        "letter": whole,
        "roof": Received(2, [Money(900, "EUR"), Money(4500, "PLN")]),
        "books": Received(3, [Money(3500, "PLN")]),
    }


def test_money_taken_out_is_in_no_sum(world: World) -> None:
    """A gift that was taken out, refunded money, tests and goods are in no sum, and another currency stands
    for itself."""
    expected = fill(world)
    assert read(world) == expected


def test_many_gifts_are_added_up_by_the_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many gifts for a page it shows what the clock kept, and since when; twice the clock
    changes nothing but the time, and what nothing is left of goes."""
    expected = fill(world)
    monkeypatch.setattr(counting, "MOST_COUNTED", 3)
    assert read_all(world)["fund"].is_missing
    later = world.now
    for _again in range(2):
        later += timedelta(hours=1)
        clock.use_clock(lambda at=later: at)  # type: ignore[misc]
        timer._keep_purpose_sums()
        assert read(world) == expected
        kept = read_all(world)["campaign"]
        assert kept.as_of == later and not kept.is_missing
    for gift in db.session.scalars(select(Gift).where(Gift.currency == "EUR")):
        gifts.correct_gift(gift.id, reason="x", source="t", source_ref="e", now=later, actor="t")
    db.session.commit()
    assert read(world) == expected  # as of then
    clock.use_clock(lambda: later + timedelta(hours=1))
    timer._keep_purpose_sums()
    assert read(world)["winter"] == Received(3, [Money(8000, "PLN")])
    assert "EUR" not in set(db.session.scalars(select(PurposeSum.currency)))


def test_few_gifts_are_added_up_at_once(world: World) -> None:
    """A small organisation sees each gift at once, and the clock keeps nothing for it."""
    world.give(100)
    assert timer._keep_purpose_sums() == 0
    world.give(200)
    received = read_all(world)["campaign"]
    assert received.as_of is None and received.by_id[world.winter] == Received(2, [Money(300, "PLN")])


def test_page_shows_what_each_received(
    database: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows gifts and sums by currency, in the reader's words, and says when they are not of now."""
    fill(world)
    for lang, word, amount, as_of, missing in (
        ("en", "Received", "45.00", "Received as of", "within the hour"),
        ("pl", "45,00", "80,00", "według stanu na", "w ciągu godziny"),
        ("sq", "45,00", "80,00", "sipas gjendjes", "brenda një ore"),
    ):
        staff = Staff(database, "admin", lang=lang)
        page = staff.text("/settings/funds")
        assert word in page and amount in page and as_of not in page and missing not in page
        with monkeypatch.context() as patch:
            patch.setattr(counting, "MOST_COUNTED", 3)
            assert missing in staff.text("/settings/funds")
            timer._keep_purpose_sums()
            page = staff.text("/settings/funds")
            assert amount in page and as_of in page and missing not in page
        purpose_sums.keep_sums({}, now=clock.now() + timedelta(days=1))
        db.session.commit()
