"""What a file brought is taken back in one step, or what stands in the way is said by name."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Changed, Conflict
from donorhub.models import Correction, Donor, Gift, Suppression
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors, interactions, relationships, tags
from donorhub.services.giving import gifts
from donorhub.services.moving import record_undo
from tests import record_books
from tests.contents import read_contents
from tests.services.moving.records import ME, PLN, bring, confirm, count, show


def undo(file_id: int) -> None:
    """Take a file back as it is shown now."""
    view = record_undo.show_taking_back(file_id)
    record_undo.take_back_file(file_id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    db.session.expire_all()


def list_donors() -> list[str]:
    """Return the names of those who are donors."""
    return list(db.session.scalars(select(Donor.name).where(Donor.removed_at.is_(None)).order_by(Donor.id)))


def test_an_import_is_taken_back_whole(database: Flask) -> None:
    """Every gift is corrected and every donor goes; again it changes nothing."""
    file = bring(record_books.make_polish_text())
    undo(file.id)
    assert (file.state, list_donors(), count(Correction)) == ("taken_back", [], 3)
    before = read_contents()
    record_undo.take_back_file(file.id, "", now=clock.now(), actor=ME)
    assert read_contents() == before


def test_what_was_taken_back_comes_again(database: Flask) -> None:
    """The same file may be brought again, and is new."""
    file = bring(record_books.make_polish_text())
    undo(file.id)
    again, plan = show(record_books.make_polish_text())
    assert again.id == file.id
    assert plan.plan.count_states()["made"] == 3
    confirm(again, plan.digest)
    assert (again.state, list_donors()) == ("done", ["Łucja Żak", "Władysław Śliwa"])
    assert count(Gift) == 6


def test_what_stands_in_the_way_stays(database: Flask) -> None:
    """A donor with a later gift and a changed donor stay and are named; the rest goes."""
    file = bring(record_books.make_polish_years())
    anna = donors.find_by_key("phone", "+48501234567")[0]
    gifts.record_gift(
        anna.id,
        Money(900, "PLN"),
        received_on=date(2026, 11, 1),
        source="manual",
        source_ref="x",
        now=clock.now(),
        actor=ME,
    )
    ewa = db.session.scalars(select(Donor).where(Donor.name == "Ewa Mazur")).one()
    donors.change_donor(ewa, {"city": "Gdynia"}, now=clock.now(), actor=ME)
    db.session.commit()
    view = record_undo.show_taking_back(file.id)
    assert [(one.kind, one.name, one.reason) for one in view.obstacles] == [
        ("donor", "Anna Kowalska", "gift"),
        ("donor", "Ewa Mazur", "changed"),
    ]
    undo(file.id)
    assert list_donors() == ["Anna Kowalska", "Ewa Mazur"]
    assert count(Correction) == 6


def test_what_people_did_since_stays(database: Flask) -> None:
    """A note, a tag or a relationship that a person made stands in the way; the file's own notes do not."""
    file = bring(record_books.make_polish_years())
    now = clock.now()
    friend = donors.create_donor({"name": "Ola"}, source="form", now=now, actor=ME)
    brought = db.session.scalars(
        select(Donor).where(Donor.source.like("import:%")).order_by(Donor.id).limit(3)
    ).all()
    interactions.add_note(brought[0].id, "calls on Mondays", source="form", now=now, actor=ME)
    tags.add_tag(brought[1].id, "VIP", source="form", now=now, actor=ME)
    relationships.add_relationship(brought[2].id, friend.id, "introduced_by", now=now, actor=ME)
    db.session.commit()
    view = record_undo.show_taking_back(file.id)
    assert sorted((one.name, one.reason) for one in view.obstacles) == sorted(
        [
            (brought[0].name, "interaction"),
            (brought[1].name, "tag"),
            (brought[2].name, "relationship"),
        ]
    )
    undo(file.id)
    assert {row.name for row in brought} <= set(list_donors())


def test_gifts_in_closed_books_stay(database: Flask) -> None:
    """Gifts of closed books are named and stay, and so do their donors."""
    file = bring(record_books.make_polish_text())
    organisation.get_organisation().closed_until = date(2024, 2, 10)
    db.session.commit()
    view = record_undo.show_taking_back(file.id)
    assert [one.kind for one in view.obstacles] == ["closed_books", "closed_books", "donor"]
    undo(file.id)
    assert list_donors() == ["Łucja Żak"]
    assert count(Correction) == 1


def test_another_state_is_shown_again(database: Flask) -> None:
    """What was confirmed and fits no more does nothing, and what was never brought cannot be taken back."""
    file = bring(record_books.make_polish_text())
    with pytest.raises(Changed):
        record_undo.take_back_file(file.id, "0" * 64, now=clock.now(), actor=ME)
    asking, _ = show(record_books.make_polish_years(), PLN)
    with pytest.raises(Conflict):
        record_undo.take_back_file(asking.id, "", now=clock.now(), actor=ME)


def test_a_no_stays_after_undo(database: Flask) -> None:
    """An address that the file suppressed stays suppressed."""
    file = bring(b"Name;Email;Do not email\nAnna Lis;anna@example.org;TAK\n")
    undo(file.id)
    assert db.session.scalars(select(Suppression.lifted_at)).all() == [None]


def test_what_was_filled_in_stays_after_undo(database: Flask) -> None:
    """A donor who was here before keeps what the file filled in, as the page of the undo says."""
    data = {"name": "Anna Lis", "email": "anna@example.org"}
    anna = donors.create_donor(data, source="form", now=clock.now(), actor=ME)
    db.session.commit()
    undo(bring(b"Name;Email;Phone\nAnna Lis;anna@example.org;+48501234567\n").id)
    assert (anna.phone, anna.removed_at) == ("+48 501234567", None)
