"""Two who record the same of one donor at once: a constraint lets one of them do it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from donorhub.db import Base, db
from donorhub.errors import Conflict
from donorhub.models import DomainEvent
from donorhub.services.donors import donor_roles, donors, households, interactions, memberships, relationships
from donorhub.services.donors.interactions import NewInteraction
from tests.races import run_second, skip_without_locks

ME = "user:1"


def make_acts(now: datetime) -> dict[str, Callable[[], object]]:
    """What somebody does, by the table in which it may stand once only."""
    anna = donors.create_donor({"name": "Anna"}, source="form", now=now, actor=ME)
    home = donors.create_donor({"name": "Dom", "kind": "household"}, source="form", now=now, actor=ME)
    note = NewInteraction(kind="note", at=now, text="x")
    first = interactions.record_interaction(anna.id, note, source="form", now=now, actor=ME)
    db.session.commit()
    ids, first_id, day = (anna.id, home.id), first.id, now.date()
    return {
        "interaction": lambda: interactions.correct_interaction(
            interactions.get_interaction(first_id, ids[0]), note, source="form", now=now, actor=ME
        ),
        "relationship": lambda: relationships.add_relationship(*ids, "introduced_by", now=now, actor=ME),
        "household_member": lambda: households.add_member(
            donors.get_donor(ids[1]), donors.get_donor(ids[0]), role="other", is_head=True, now=now, actor=ME
        ),
        "membership": lambda: memberships.start_membership(ids[0], "x", since_on=day, now=now, actor=ME),
        "donor_role": lambda: donor_roles.give_role(ids[0], "volunteer", since_on=day, now=now, actor=ME),
    }


@pytest.mark.parametrize(
    "table", ["interaction", "relationship", "household_member", "membership", "donor_role"]
)
def test_two_at_once_record_one(database: Flask, now: datetime, table: str) -> None:
    """The second waits for the first, is refused by the constraint, and leaves nothing."""
    skip_without_locks(database)
    act = make_acts(now)[table]
    act()
    second = run_second(database, lambda: act() and None)
    assert second.waited and isinstance(second.error, IntegrityError)
    rows = db.session.scalar(select(func.count()).select_from(Base.metadata.tables[table]))
    assert rows == (2 if table == "interaction" else 1)


def test_two_who_end_at_once_agree(database: Flask, now: datetime) -> None:
    """The second waits, and is refused for another day than the first one's; the end is told once."""
    skip_without_locks(database)
    anna = donors.create_donor({"name": "Anna"}, source="form", now=now, actor=ME)
    day = now.date()
    row, _ = memberships.start_membership(anna.id, "x", since_on=day, now=now, actor=ME)
    db.session.commit()
    ids = (row.id, anna.id)

    def end_with(until_on: date) -> None:
        membership = memberships.get_membership(*ids)
        memberships.end_membership(membership, until_on, now=now, actor=ME)

    end_with(day)
    second = run_second(database, lambda: end_with(day + timedelta(days=1)))
    assert second.waited and isinstance(second.error, Conflict)
    assert memberships.get_membership(*ids).until_on == day
    ends = select(func.count()).select_from(DomainEvent).where(DomainEvent.kind == "membership.ended")
    assert db.session.scalar(ends) == 1
