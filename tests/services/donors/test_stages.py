"""The stage that is kept of each donor: written with what it follows from, and each night where days pass."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Dispute, Instalment, Refund
from donorhub.money import Money
from donorhub.services.donors import donors, stages
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, recurring_gifts
from tests.races import run_second
from tests.services.donors.stage_world import (
    ACTOR,
    TODAY,
    advance,
    at_night,
    donor,
    give,
    kept,
    promise,
    row_of,
    take_away,
)
from tests.services.recurring.known_bank import know_bank


@pytest.fixture(autouse=True)
def _base(database: Flask) -> None:
    pass


def test_new_donor_is_prospect_at_once() -> None:
    """A donor has a stage from the moment of being added, before any worker or night."""
    assert kept(donor()) == "prospect"


def test_stage_follows_each_gift_at_once() -> None:
    """The commit that records a gift writes the stage that follows from it."""
    one = donor()
    give(one)
    assert kept(one) == "new"
    give(one, date(2026, 11, 20))
    assert kept(one) == "active_repeat"
    other = donor("Ewa")
    give(other, date(2024, 1, 1))
    assert (kept(other), kept(one)) == ("deep_lapsed", "active_repeat")


@pytest.mark.parametrize("kind", ["correction", "refund", "dispute", "dispute settled"])
def test_only_gift_taken_away_is_none(kind: str) -> None:
    """Who has nothing left of a gift has not given: a correction, refund or lost dispute counts at once."""
    one = donor()
    gift = give(one)
    if kind == "correction":
        gifts.correct_gift(gift.id, reason="typo", source_ref="1", now=clock.now(), actor=ACTOR)
        db.session.commit()
    elif kind == "refund":
        take_away(gift, Refund, "succeeded")
    else:
        take_away(gift, Dispute, "open" if kind == "dispute settled" else "lost")
    if kind == "dispute settled":
        assert kept(one) == "new"
        db.session.scalars(select(Dispute)).one().state = "lost"
        db.session.commit()
    assert kept(one) == "prospect"


def test_gift_of_which_anything_is_left_counts() -> None:
    """A part that was given back, a failed refund and an open dispute take no gift away."""
    one = donor()
    gift = give(one)
    take_away(gift, Refund, "succeeded", minor=4999)
    take_away(gift, Refund, "failed")
    take_away(gift, Dispute, "open")
    assert kept(one) == "new"
    take_away(gift, Dispute, "lost", minor=1)
    assert kept(one) == "prospect"


def test_gift_given_to_another_moves_both() -> None:
    """A gift that turns out to be another donor's changes the stage of both."""
    one, other = donor(), donor("Ewa")
    gift = give(one)
    gift.donor_id = other.id
    db.session.commit()
    assert (kept(one), kept(other)) == ("prospect", "new")


def test_tests_and_days_to_come_count_nothing() -> None:
    """A gift of a test mode, or of tomorrow, is none yet."""
    one = donor()
    give(one, is_test=True)
    give(one, TODAY + timedelta(days=1))
    assert kept(one) == "prospect"
    assert at_night(TODAY + timedelta(days=1)) == 1
    assert kept(one) == "new"


def test_gifts_in_bulk_write_stages_too() -> None:
    """Many gifts in one transaction, as of a bank file, leave no stage behind."""
    people = [donor(f"D{number}") for number in range(3)]
    new = [
        gifts.new_gifts.NewGift(one.id, 100, "PLN", TODAY, "bank", f"{one.id}-{n}", "transfer")
        for one in people
        for n in range(2)
    ]
    gifts.new_gifts.record_gifts(new, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert [kept(one) for one in people] == ["active_repeat"] * 3


def test_recurring_gift_writes_the_stage() -> None:
    """What a recurring gift comes to, the stage follows in the same commit: running, missed, paid, closed."""
    one = donor()
    gift = promise(one)
    assert kept(one) == "recurring_active"
    advance(date(2026, 10, 9))
    assert kept(one) == "recurring_at_risk"
    missed = db.session.scalars(select(Instalment).where(Instalment.state == "missed")).one()
    paid = give(one, date(2026, 10, 9))
    instalments.settle_instalments(paid, {missed.id: 5000}, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert kept(one) == "recurring_active"
    recurring_gifts.close_recurring_gift(gift, reason="asked", now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert kept(one) == "new"


def test_lapsed_recurring_gift_is_told() -> None:
    """A recurring gift that lapsed makes its donor's stage, while the last gift is not a year old."""
    one = donor()
    first = promise(one)
    paid = give(one, date(2026, 9, 10))
    due = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on)).first()
    assert due is not None
    instalments.settle_instalments(paid, {due.id: 5000}, now=clock.now(), actor=ACTOR)
    advance(date(2026, 11, 25))
    db.session.refresh(first)
    assert (first.state, kept(one)) == ("lapsed", "recurring_lapsed")


def test_old_miss_before_payment_is_no_risk() -> None:
    """An instalment missed once leaves nobody at risk for ever: money that came after it ends it."""
    one = donor()
    promise(one)
    advance(date(2026, 10, 9))
    later = db.session.scalars(select(Instalment).where(Instalment.due_on > date(2026, 10, 9))).first()
    assert later is not None
    paid = give(one, date(2026, 10, 12))
    instalments.settle_instalments(paid, {later.id: 5000}, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert kept(one) == "recurring_active"


def test_nobody_lapses_for_want_of_file() -> None:
    """How old the last gift is counts up to the day that the bank is known, not up to today."""
    one = donor()
    give(one, date(2025, 11, 20))
    know_bank(date(2026, 11, 10))
    at_night(date(2027, 3, 1))
    assert kept(one) == "first_time_active"
    know_bank(date(2027, 2, 28))
    at_night(date(2027, 3, 1))
    assert kept(one) == "lapsed"


def test_days_alone_move_stages_at_night() -> None:
    """Without any gift the night moves a donor on, once, and says since when."""
    one = donor()
    give(one)
    assert at_night(TODAY) == 0
    found = []
    for day in (90, 91, 310, 366, 400, 800):
        count = at_night(TODAY + timedelta(days=day))
        found.append((count, row_of(one).stage, row_of(one).overlays))
    assert found == [
        (0, "new", []),
        (1, "first_time_active", []),
        (1, "first_time_active", ["lapse_soon"]),
        (1, "lapsing", []),
        (1, "lapsed", []),
        (1, "deep_lapsed", []),
    ]
    assert row_of(one).as_of == TODAY + timedelta(days=800)
    at_night(TODAY + timedelta(days=801))
    assert row_of(one).as_of == TODAY + timedelta(days=800)


def test_overlay_alone_keeps_the_day() -> None:
    """That a donor may lapse soon is told beside the stage and is no new stage."""
    one = donor()
    give(one, TODAY - timedelta(days=200))
    as_of = row_of(one).as_of
    at_night(TODAY + timedelta(days=130))
    assert (row_of(one).overlays, row_of(one).as_of) == (["lapse_soon"], as_of)


def test_older_rules_are_worked_out_anew() -> None:
    """What was found by rules of another version is looked at again in the next night."""
    one = donor()
    row = row_of(one)
    row.rule_version, row.stage = 0, "new"
    db.session.commit()
    assert at_night(TODAY) == 1
    assert (kept(one), row_of(one).rule_version) == ("prospect", 1)


def test_night_goes_through_all_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The night looks at every donor, however many there are."""
    people = [donor(f"D{number}") for number in range(7)]
    for one in people:
        give(one)
    monkeypatch.setattr(timer, "_DONORS_AT_ONCE", 3)
    assert at_night(TODAY + timedelta(days=91)) == 7
    assert {kept(one) for one in people} == {"first_time_active"}


def test_refused_gift_changes_no_stage() -> None:
    """What is rolled back, whole or to a savepoint, leaves the stage as it was."""
    one = donor()

    def record_and_stop() -> None:
        with db.session.begin_nested():
            gifts.record_gift(
                one.id,
                Money(1, "PLN"),
                received_on=TODAY,
                source="t",
                source_ref="1",
                now=clock.now(),
                actor=ACTOR,
            )
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        record_and_stop()
    db.session.commit()
    assert kept(one) == "prospect"


def test_dead_donor_is_told_at_once() -> None:
    """That a donor died, and that this was a mistake, is the stage at once."""
    one = donor()
    give(one)
    donors.change_donor(one, {"is_deceased": True}, now=clock.now(), actor=ACTOR)
    assert one.stage == "deceased"
    db.session.commit()
    assert kept(one) == "deceased"
    donors.change_donor(one, {"is_deceased": False}, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert kept(one) == "new"


def test_two_gifts_at_once_are_two(locks: Flask) -> None:
    """Of two first gifts of one donor at the same moment the second sees the first: the donor gave twice."""
    one_id = donor().id

    def record(ref: str) -> None:
        gifts.record_gift(
            one_id,
            Money(100, "PLN"),
            received_on=TODAY,
            source="t",
            source_ref=ref,
            now=clock.now(),
            actor=ACTOR,
        )

    record("first")
    stages.refresh_stages([one_id], today=TODAY)
    second = run_second(locks, lambda: record("second"))
    assert (second.error, second.waited) == (None, True)
    assert stages.read_stages([one_id]) == {one_id: "active_repeat"}


def test_savepoint_taken_back_forgets_no_change(database: Flask) -> None:
    """What came before a rehearsal that was taken back still changes the stage."""
    anna = donor()
    gift = give(anna)
    gift.is_test = True
    db.session.flush()
    db.session.begin_nested().rollback()
    db.session.commit()
    assert kept(anna) == "prospect"
