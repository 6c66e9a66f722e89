"""Many past gifts: equal ones arrive, no donor comes twice, nobody is told, undo knows what changed."""

from __future__ import annotations

import csv
import io

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Gift, Message, Receipt, Task
from donorhub.services.donors import donors
from donorhub.services.moving import record_undo
from tests.services.moving.records import ME, bring, count

PLN = Answers(currency="PLN")


def write_gifts(row_count: int, donor_count: int) -> bytes:
    """Gifts of five years of so many donors, each with an e-mail; every tenth stands there twice."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(("Name", "Email", "Date", "Amount"))
    for at in range(row_count):
        number = at - 1 if at % 10 == 9 else at
        who = number % donor_count
        day = f"{2019 + number % 5}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        writer.writerow((f"Anna Nowak{who}", f"a{who}@example.org", day, f"{number % 300 + 10}.00"))
    return stream.getvalue().encode()


@pytest.mark.parametrize(
    ("row_count", "donor_count"), [(300, 41), pytest.param(8_457, 1_201, marks=pytest.mark.slow)]
)
def test_equal_gifts_all_arrive(database: Flask, row_count: int, donor_count: int) -> None:
    """Two gifts of one donor, day and sum are two, and no gift makes a donor beside its own."""
    bring(write_gifts(row_count, donor_count), PLN)
    assert (count(Gift), count(Donor)) == (row_count, donor_count)
    bring(write_gifts(row_count + 10, donor_count), PLN)
    assert (count(Gift), count(Donor)) == (row_count + 10, donor_count)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("row_count", [500, pytest.param(50_000, marks=pytest.mark.slow)])
def test_five_years_of_gifts_say_nothing(database: Flask, row_count: int) -> None:
    """No message, no receipt and no task of thanks comes of history."""
    bring(write_gifts(row_count, row_count // 10), PLN)
    assert count(Gift) == row_count
    assert (count(Message), count(Receipt)) == (0, 0)
    assert db.session.scalar(select(func.count()).select_from(Task).where(Task.performer == "person")) == 0
    assert db.session.scalar(select(func.count()).select_from(Task).where(Task.kind == "thank_you")) == 0


@pytest.mark.parametrize(
    ("donor_count", "edit_count"), [(29, 20), pytest.param(299, 200, marks=pytest.mark.slow)]
)
def test_undo_after_later_edits(database: Flask, donor_count: int, edit_count: int) -> None:
    """What stands in the way is exactly the donors who were changed since; all others go."""
    file = bring(write_gifts(donor_count * 2 + 2, donor_count), PLN)
    ids = db.session.scalars(select(Donor.id).order_by(Donor.id).limit(edit_count)).all()
    for id_ in ids:
        donors.change_donor(donors.get_donor(id_), {"city": f"Town {id_}"}, now=clock.now(), actor=ME)
    db.session.commit()
    view = record_undo.show_taking_back(file.id)
    assert sorted(one.donor_id for one in view.obstacles) == list(ids)
    assert len(view.donor_ids) == donor_count - edit_count
    assert len(view.gift_ids) == donor_count * 2 + 2
    record_undo.take_back_file(file.id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    staying = db.session.scalars(select(Donor.id).where(Donor.removed_at.is_(None)).order_by(Donor.id)).all()
    assert staying == list(ids)
