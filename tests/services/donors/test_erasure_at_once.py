"""Two who erase one donor at once: one does, the other finds it done; what comes meanwhile goes too."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import NotFound
from donorhub.jobs.queue.run import run_task
from donorhub.models import AuditRecord, Donor, Erasure, Interaction, Task
from donorhub.services.donors import donors, erasure, interactions
from tests.races import run_second, skip_without_locks
from tests.services.donors.erasure_rows import ME, NOW
from tests.web.desk import add_donor


@pytest.fixture
def donor_id(database: Flask) -> int:
    skip_without_locks(database)
    return add_donor(email="anna@example.org").id


def test_two_erase_once(database: Flask, donor_id: int) -> None:
    """The second waits for the first and returns what it did."""
    first, is_new = erasure.erase_donor(donor_id, now=NOW, actor=ME)
    assert is_new
    second = run_second(database, lambda: erasure.erase_donor(donor_id, now=NOW, actor="user:2")[1])
    assert (second.error, second.result) == (None, False)
    assert second.waited
    assert db.session.scalar(select(func.count(Erasure.id))) == 1
    records = select(func.count(AuditRecord.id)).where(AuditRecord.what == "donor.erased")
    assert db.session.scalar(records) == 1
    assert first.actor == ME


def test_change_at_the_same_moment_is_not_kept(database: Flask, donor_id: int) -> None:
    """Who changes the donor while they are erased is refused, and brings no name back."""
    db.session.get_one(Donor, donor_id)
    erasure.erase_donor(donor_id, now=NOW, actor=ME)

    def change() -> object:
        donor = donors.get_donor(donor_id)
        return donors.change_donor(
            donor, {"name": "Anna Nowa"}, now=NOW, actor="user:2", version=donor.version
        )

    second = run_second(database, change)
    db.session.rollback()
    row = db.session.get_one(Donor, donor_id, populate_existing=True)
    assert (row.email, row.name) == ("", f"erased-{donor_id}")
    assert isinstance(second.error, NotFound)


def test_note_of_that_moment_goes_too(database: Flask, donor_id: int) -> None:
    """A note that was begun before the erasure is kept for a moment, and goes with the bytes."""
    row, _ = erasure.erase_donor(donor_id, now=NOW, actor=ME)
    key = erasure.name_task(row)

    def add_note() -> bool:
        return interactions.add_note(donor_id, "she moved", source="form", now=NOW, actor="user:2")

    run_second(database, add_note)
    assert db.session.scalar(select(func.count(Interaction.id))) == 1
    task_id = db.session.scalars(select(Task.id).where(Task.key == key)).one()
    db.session.rollback()
    run_task(task_id)
    assert db.session.scalar(select(func.count(Interaction.id))) == 0
