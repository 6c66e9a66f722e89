"""What people did and said with a donor is recorded once, corrected by a new row, and never edited."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Donor, Interaction, Task
from donorhub.services.donors import donors, interactions, new_donors
from donorhub.services.donors.interactions import NewInteraction
from donorhub.services.work import tasks_by_hand
from tests.contents import read_contents

ME = "user:1"


@pytest.fixture
def anna(database: Flask, now: datetime) -> Donor:
    row = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor=ME)
    db.session.commit()
    return row


def record(donor: Donor, new: NewInteraction, now: datetime) -> Interaction:
    return interactions.record_interaction(donor.id, new, source="form", now=now, actor=ME)


def read_rows() -> list[tuple[object, ...]]:
    rows = db.session.execute(
        select(Interaction.kind, Interaction.text, Interaction.source, Interaction.actor)
    )
    return [tuple(row) for row in rows]


def test_note_of_a_new_donor_is_an_interaction(database: Flask, now: datetime) -> None:
    """What is noted while a donor is made, alone or with many, says where it came from."""
    donors.create_donor({"name": "Anna", "note": "from the fair"}, source="form", now=now, actor=ME)
    new_donors.create_donors(
        [{"name": "Ewa", "note": "VIP\nold"}, {"name": "Jan"}], source="import:crm", now=now, actor="user:2"
    )
    assert read_rows() == [
        ("note", "from the fair", "form", ME),
        ("note", "VIP\nold", "import:crm", "user:2"),
    ]


def test_same_note_again_adds_nothing(anna: Donor, now: datetime) -> None:
    """A note put again with the donor's other fields is no second one, and no change of the donor."""
    for _ in range(2):
        donors.change_donor(anna, {"note": "likes dogs"}, now=now, actor=ME, source="api")
    donors.change_donor(anna, {"note": ""}, now=now, actor=ME)
    assert read_rows() == [("note", "likes dogs", "api", ME)]
    assert anna.version == 1


def test_correction_is_a_new_row(anna: Donor, now: datetime) -> None:
    """What was written before stays as it was, and the notes say what is right now."""
    first = record(anna, NewInteraction(kind="note", at=now, text="likes cats"), now)
    right = NewInteraction(kind="note", at=now, text="likes dogs")
    second = interactions.correct_interaction(first, right, source="api", now=now, actor="user:2")
    assert (first.text, first.source, second.corrects_id) == ("likes cats", "form", first.id)
    assert interactions.read_notes([anna.id]) == {anna.id: ["likes dogs"]}
    third = interactions.correct_interaction(second, right, source="form", now=now, actor=ME)
    assert interactions.list_corrected(third) == [second, first]


def test_what_is_corrected_is_not_corrected_twice(anna: Donor, now: datetime) -> None:
    """Two people who correct the same: the second is told, and nothing is written."""
    first = record(anna, NewInteraction(kind="note", at=now, text="likes cats"), now)
    right = NewInteraction(kind="note", at=now, text="likes dogs")
    interactions.correct_interaction(first, right, source="form", now=now, actor=ME)
    db.session.commit()
    before = read_contents()
    with pytest.raises(Conflict) as refused:
        interactions.correct_interaction(first, right, source="form", now=now, actor=ME)
    db.session.rollback()
    assert refused.value.specific_code == "corrected_already"
    assert read_contents() == before


def test_what_did_not_happen_yet_is_refused(anna: Donor, now: datetime) -> None:
    """What is still to come is a task, and nothing is recorded of it."""
    before = read_contents()
    with pytest.raises(Rejected) as refused:
        record(anna, NewInteraction(kind="visit", at=now + timedelta(minutes=1), text="tea"), now)
    db.session.rollback()
    assert (refused.value.specific_code, refused.value.field) == ("not_yet", "/at")
    assert read_contents() == before


def test_interaction_of_another_donor_is_not_there(anna: Donor, now: datetime) -> None:
    """An interaction is found with its own donor only."""
    row = record(anna, NewInteraction(kind="note", at=now, text="x"), now)
    assert interactions.get_interaction(row.id, anna.id) is row
    with pytest.raises(NotFound):
        interactions.get_interaction(row.id, anna.id + 1)


def test_last_contact_is_a_word_that_passed(anna: Donor, now: datetime) -> None:
    """A note is no contact, nor is a call that nobody answered, nor what was corrected away."""
    days = [now - timedelta(days=number) for number in range(5)]
    assert interactions.find_last_contact(anna.id) is None
    letter = record(anna, NewInteraction(kind="letter", at=days[4], text="came", direction="in"), now)
    record(anna, NewInteraction(kind="note", at=days[0], text="x"), now)
    record(anna, NewInteraction(kind="call", at=days[1], outcome="no_answer"), now)
    assert interactions.find_last_contact(anna.id) is letter
    call = record(anna, NewInteraction(kind="call", at=days[2], outcome="reached"), now)
    assert interactions.find_last_contact(anna.id) is call
    unanswered = NewInteraction(kind="call", at=days[2], outcome="no_answer")
    interactions.correct_interaction(call, unanswered, source="form", now=now, actor=ME)
    assert interactions.find_last_contact(anna.id) is letter


def test_direction_is_ours_unless_said(anna: Donor, now: datetime) -> None:
    """A note has no direction and only a call an outcome; what nobody says of a call is that we began."""
    rows = [
        record(anna, NewInteraction(kind="note", at=now, text="x", direction="in", outcome="reached"), now),
        record(anna, NewInteraction(kind="call", at=now, outcome="call_back"), now),
        record(anna, NewInteraction(kind="letter", at=now, text="x", direction="in"), now),
    ]
    assert [(row.direction, row.outcome) for row in rows] == [
        (None, None),
        ("out", "call_back"),
        ("in", None),
    ]


def test_task_by_hand_says_what_and_until_when(anna: Donor, now: datetime) -> None:
    """A task that a person plans is due on its day, in their words, for whom they say."""
    task = tasks_by_hand.plan_by_hand(
        anna.id, "Bring the book", due_on=now.date(), assignee_id=None, now=now, actor=ME
    )
    assert (task.kind, task.title, task.donor_id, task.performer) == (
        "by_hand",
        "Bring the book",
        anna.id,
        "person",
    )
    assert task.due_at.date() == now.date()


@pytest.mark.parametrize(("days", "assignee_id", "field"), [(-1, None, "/due_on"), (0, 4711, "/assignee_id")])
def test_task_that_cannot_be_is_refused(
    anna: Donor, now: datetime, days: int, assignee_id: int | None, field: str
) -> None:
    """A day that is over and somebody who is not there are refused, and nothing is planned."""
    before = db.session.scalars(select(Task.id)).all()
    with pytest.raises(Rejected) as refused:
        tasks_by_hand.plan_by_hand(
            anna.id,
            "x",
            due_on=now.date() + timedelta(days=days),
            assignee_id=assignee_id,
            now=now,
            actor=ME,
        )
    assert refused.value.field == field
    assert db.session.scalars(select(Task.id)).all() == before
