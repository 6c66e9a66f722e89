"""Donors are merged, given to, changed and taken apart at random over simulated days; nothing is lost."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import Base, db
from donorhub.errors import DonorHubError
from donorhub.models import ContactPoint, Donor, Gift, Interaction, MergeLog
from donorhub.services.donors import contacts, donors, interactions, merge_rows, merging, tags, unmerging
from donorhub.services.reports import invariants
from tests.services.donors.merge_world import ME, add_contact, add_donor, give, promise, sum_gifts

GIVEN = ("Anna", "Ania", "Jan", "Ewa")


class World:
    """What is known of each gift, note and no beside the program: whose it is by the records' own numbers."""

    def __init__(self, pick: random.Random, count: int) -> None:
        self.pick = pick
        self.donor_ids = [self._add(number) for number in range(count)]
        self.merge_ids: list[int] = []
        self.gifts: dict[int, int] = {}
        self.told_no: set[int] = set()  # who said no, by whichever of their records
        self.number = 0

    def _add(self, number: int) -> int:
        email = f"d{number % 5}@example.org" if number % 2 else f"own{number}@example.org"
        donor = add_donor(f"{self.pick.choice(GIVEN)} Kowalska", email=email, phone=f"60100{number % 7:04}")
        if number % 3 == 0:
            promise(donor, f"r{number}")
        return donor.id

    def pick_live(self) -> Donor:
        ids = db.session.scalars(select(Donor.id).where(Donor.merged_into_id.is_(None))).all()
        return db.session.get_one(Donor, self.pick.choice(ids))

    def give(self) -> None:
        self.number += 1
        donor = self.pick_live()
        day = clock.now().date() - timedelta(days=self.pick.randrange(3))
        gift = give(donor, self.pick.randrange(100, 9000), day, f"random-{self.number}")
        self.gifts[gift.id] = gift.amount_minor

    def change(self) -> None:
        self.number += 1
        donor, now = self.pick_live(), clock.now()
        match self.pick.randrange(5):
            case 0:
                add_contact(donor, "email", f"d{self.pick.randrange(6)}@example.org")
            case 1:
                tags.add_tag(donor.id, f"t{self.pick.randrange(3)}", source="form", now=now, actor=ME)
            case 2:
                interactions.add_note(donor.id, f"note {self.number}", source="form", now=now, actor=ME)
            case 3:
                live = [one for one in contacts.list_contacts(donor.id) if one.until_on is None]
                if live:
                    contacts.end_contact(self.pick.choice(live), until_on=now.date(), now=now, actor=ME)
            case _:
                is_new = not donor.do_not_contact  # said again, it is nothing new
                donors.change_donor(donor, {"do_not_contact": True}, now=now, actor=ME)
                ids = db.session.scalars(select(Donor.id)).all()
                own_ids = [id_ for id_ in ids if donors.get_donor(id_).id == donor.id]
                self.told_no.update(own_ids if is_new else ())
        db.session.commit()

    def merge(self) -> None:
        one, other = self.pick_live().id, self.pick_live().id
        if one != other:
            log, _ = merging.merge_donors(one, other, now=clock.now(), actor=ME)
            self.merge_ids.append(log.id)
        db.session.commit()

    def part(self) -> None:
        if self.merge_ids:
            merge_id = self.merge_ids.pop(self.pick.randrange(len(self.merge_ids)))
            unmerging.undo_merge(merge_id, now=clock.now(), actor=ME)
            db.session.commit()

    def check(self) -> None:
        gifts = db.session.scalars(select(Gift)).all()
        assert {gift.id: gift.amount_minor for gift in gifts} == self.gifts
        for column in merge_rows.list_moved_columns():
            holders = set(db.session.scalars(select(column).where(column.is_not(None)).distinct()))
            if column.table.name in ("gift", "recurring_gift", "contact_point", "interaction", "donor_tag"):
                merged_ids = db.session.scalars(select(Donor.id).where(Donor.merged_into_id.is_not(None)))
                assert not holders & set(merged_ids), column.table.name
        for donor_id in self.told_no:
            survivor = donors.find_survivor(donor_id)
            assert survivor is not None and survivor.do_not_contact, donor_id
        for donor in db.session.scalars(select(Donor)):
            assert donors.get_donor(donor.id).merged_into_id is None
        db.session.rollback()


def run_days(world: World, days: int, merges_a_day: int) -> None:
    start = clock.now()
    for day in range(days):
        clock.use_clock(lambda now=start + timedelta(days=day): now)
        for _ in range(merges_a_day):
            world.pick.choice((world.give, world.give, world.change, world.change))()
            world.merge()
        if day % 2:
            world.part()
        world.check()
    while world.merge_ids:
        world.part()
    world.check()


def read_tables(names: list[str]) -> dict[str, list[str]]:
    tables = Base.metadata.tables
    return {name: sorted(map(repr, db.session.execute(select(tables[name])))) for name in names}


def list_broken(now: datetime) -> dict[str, list[str]]:
    return {name: found for name, found in invariants.check_all(now=now).items() if found}


@pytest.mark.parametrize("seed", range(3))
def test_random_merges_lose_nothing(database: Flask, now: datetime, seed: int) -> None:
    """Six days of merges, gifts and changes, then all taken apart in any order: each row has its donor."""
    world = World(random.Random(seed), 10)
    run_days(world, 6, 2)
    assert db.session.scalars(select(MergeLog.id).where(MergeLog.undone_at.is_(None))).all() == []
    assert db.session.scalars(select(Donor.id).where(Donor.merged_into_id.is_not(None))).all() == []
    assert list_broken(clock.now()) == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_hundred_merges_lose_nothing(database: Flask, now: datetime) -> None:
    """The same over thirty days, five hundred merges among six hundred donors."""
    world = World(random.Random(500), 600)
    run_days(world, 28, 18)
    assert db.session.scalars(select(Donor.id).where(Donor.merged_into_id.is_not(None))).all() == []
    assert len(db.session.scalars(select(MergeLog.id)).all()) >= 480
    assert list_broken(clock.now()) == {}


def test_rows_alone_come_back_whole(database: Flask, now: datetime) -> None:
    """Without anything in between, merges taken apart in any order leave every row as it was."""
    pick = random.Random(9)
    world = World(pick, 8)
    for _ in range(20):
        world.give()
        world.change()
    tables = (ContactPoint, Gift, Interaction)
    names = [table.__tablename__ for table in tables] + ["donor_tag", "recurring_gift", "identity_key"]
    before = {
        name: sorted(map(repr, db.session.execute(select(Base.metadata.tables[name])))) for name in names
    }
    sums = sum_gifts()
    for _ in range(6):
        world.merge()
    pick.shuffle(world.merge_ids)
    while world.merge_ids:
        world.part()
    after = {
        name: sorted(map(repr, db.session.execute(select(Base.metadata.tables[name])))) for name in names
    }
    assert after == before and sum_gifts() == sums


def test_undone_merge_frees_the_pair(database: Flask, now: datetime) -> None:
    """A random order never leaves two who cannot be merged again."""
    world = World(random.Random(4), 4)
    run_days(world, 2, 2)
    ids = db.session.scalars(select(Donor.id).order_by(Donor.id)).all()
    for other in ids[1:]:
        try:
            merging.merge_donors(ids[0], other, now=clock.now(), actor=ME)
        except DonorHubError as e:  # pragma: no cover  what the assertion shows
            raise AssertionError(other) from e
    db.session.commit()
    assert set(db.session.scalars(select(Donor.merged_into_id).where(Donor.id != ids[0]))) == {ids[0]}


def test_no_of_another_part_stays(database: Flask, now: datetime) -> None:
    """Of two records that said no and are a part of a donor, one may leave: the other's no holds."""
    husband, first, second = (add_donor("Jan Kowalski", do_not_contact=no) for no in (False, True, True))
    log, _ = merging.merge_donors(husband.id, first.id, now=now, actor=ME)
    merging.merge_donors(husband.id, second.id, now=now, actor=ME)
    unmerging.undo_merge(log.id, now=now, actor=ME)
    db.session.commit()
    assert (husband.do_not_contact, first.do_not_contact) == (True, True)
