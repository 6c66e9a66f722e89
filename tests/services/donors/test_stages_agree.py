"""What each write does to stages, what the night finds and what the upgrade fills in are the same."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from donorhub import clock
from donorhub.db import db
from donorhub.errors import DonorHubError
from donorhub.models import Dispute, Donor, DonorStage, Gift, Instalment, RecurringGift, Refund
from donorhub.services.donors import donors, stages
from donorhub.services.recurring import instalments
from tests.services.donors.stage_world import ACTOR, TODAY, advance, at_night, donor, give, promise, take_away


@pytest.fixture(autouse=True)
def _base(database: Flask) -> None:
    pass


def act_at_random(people: list[Donor], chance: random.Random, day: date) -> None:
    """Do one of the things that may change a stage."""
    one = chance.choice(people)
    given = list(db.session.scalars(select(Gift).where(Gift.donor_id == one.id)))
    promises = list(db.session.scalars(select(RecurringGift).where(RecurringGift.donor_id == one.id)))
    acts: list[Callable[[], object]] = [
        lambda: give(one, day - timedelta(days=chance.choice((0, 1, 100, 300, 400, 800)))),
        lambda: (advance(day, day - timedelta(days=chance.choice((1, 5, 40)))), at_night(day)),
        lambda: donors.change_donor(
            one, {"is_deceased": chance.random() < 0.3}, now=clock.now(), actor=ACTOR
        ),
    ]
    if given:
        gift = chance.choice(given)
        acts.append(
            lambda: take_away(gift, Refund, chance.choice(("pending", "failed")), chance.randint(1, 5000))
        )
        acts.append(lambda: take_away(gift, Dispute, "lost", chance.randint(1, 5000)))
        acts.append(lambda: setattr(gift, "donor_id", chance.choice(people).id))
    if not promises:
        acts.append(lambda: promise(one, day - timedelta(days=chance.choice((5, 30, 90)))))
    for gift_ in promises:
        unpaid = [
            i for i in gift_.instalments if i.state in ("expected", "late", "missed") and i.due_on <= day
        ]
        if gift_.state in ("active", "lapsed") and unpaid:
            acts.append(partial(pay, one, unpaid[-1], day))
    chance.choice(acts)()
    db.session.commit()


def pay(one: Donor, instalment: Instalment, day: date) -> None:
    paid = give(one, day)
    instalments.settle_instalments(paid, {instalment.id: 5000}, now=clock.now(), actor=ACTOR)


@pytest.mark.parametrize("seed", range(4))
def test_each_write_and_night_agree(seed: int) -> None:
    """After whatever happens the night finds nothing to change, and the migration would write the same."""
    chance = random.Random(seed)
    people = [donor(f"D{number}") for number in range(5)]
    day = TODAY
    for _ in range(40):
        try:
            act_at_random(people, chance, day)
        except (DonorHubError, IntegrityError):  # a refusal changes nothing, and so no stage
            db.session.rollback()
        assert stages.find_stale_ids(0, today=day, most=100) == ([], people[-1].id), seed
        if chance.random() < 0.2:
            day += timedelta(days=chance.choice((1, 30, 200)))
            at_night(day)
            db.session.rollback()
    see_migration_write_the_same(day)


def see_migration_write_the_same(day: date) -> None:
    wanted = {row.donor_id: (row.stage, row.overlays) for row in db.session.scalars(select(DonorStage))}
    migration = importlib.import_module("donorhub.migrations.versions.20261130_1056_donor_stage")
    db.session.execute(delete(DonorStage))
    migration.fill_stages(db.session.connection(), day)
    db.session.expire_all()
    rows = db.session.scalars(select(DonorStage)).all()
    assert {row.donor_id: (row.stage, row.overlays) for row in rows} == wanted
    assert {(row.as_of, row.rule_version) for row in rows} == {(day, 1)}
