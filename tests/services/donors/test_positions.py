"""Addresses of roles survive a change of staff: a position's end hands over, a bounce asks who follows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import AuditValue, ContactPoint, Donor, Message, Relationship, Task
from donorhub.models.states import SuppressionSource
from donorhub.services.donors import (
    contacts,
    donors,
    erasure,
    handing_over,
    merging,
    relationships,
    search,
    unmerging,
)
from donorhub.services.donors.contacts import NewContact
from donorhub.services.messages import messages, suppressions
from donorhub.services.reports import invariants
from tests.contents import Contents, read_contents
from tests.races import run_second, skip_without_locks
from tests.services.donors.merge_world import read_comparable

ME = "user:1"
HERS, ROLES, OFFICE = "ewa.wilk@fundacja.example", "sekretariat@fundacja.example", "info@fundacja.example"


@pytest.fixture
def firm(database: Flask, now: datetime) -> Donor:
    """An organisation that is written to through Ewa, its treasurer; its secretariat has an address too."""
    firm = donors.create_donor({"name": "Fundacja", "kind": "organisation"}, source="form", now=now, actor=ME)
    ewa = donors.create_donor({"name": "Ewa Wilk"}, source="form", now=now, actor=ME)
    relationships.add_relationship(ewa.id, firm.id, "employee_of", title="treasurer", now=now, actor=ME)
    add(firm, HERS, now, person_id=ewa.id)
    add(firm, OFFICE, now)
    add(firm, ROLES, now, role="secretariat")
    db.session.commit()
    return firm


def add(donor: Donor, value: str, now: datetime, **more: Any) -> ContactPoint:
    new: NewContact = {"kind": "email", "value": value, **more}  # type: ignore[typeddict-item]
    contact, _ = contacts.add_contact(donor.id, new, source="form", now=now, actor=ME)
    db.session.commit()
    return contact


def get_ewa() -> Donor:
    return db.session.scalars(select(Donor).where(Donor.name == "Ewa Wilk")).one()


def get_position() -> Relationship:
    return db.session.scalars(select(Relationship).order_by(Relationship.id).limit(1)).one()


def find(donor: Donor, value: str) -> ContactPoint:
    return next(one for one in contacts.list_contacts(donor.id) if one.value == value)


def list_asked() -> list[tuple[int | None, int]]:
    query = select(Task.donor_id, Task.subject_id).where(Task.kind == "find_successor").order_by(Task.id)
    return [(donor_id, person_id) for donor_id, person_id in db.session.execute(query)]


def end(now: datetime, days_ago: int = 0) -> None:
    day = now.date() - timedelta(days=days_ago)
    relationships.end_relationship(get_position(), day, now=now, actor=ME)
    db.session.commit()


def read_all() -> Contents:
    db.session.rollback()
    contents = read_contents()
    db.session.rollback()
    return contents


def assert_sound(now: datetime) -> None:
    assert {name: faults for name, faults in invariants.check_all(now=now).items() if faults} == {}


def test_ended_position_writes_to_the_role(firm: Donor, now: datetime) -> None:
    """What went to the person for the organisation goes to its secretariat, before any other address."""
    assert firm.email == HERS
    end(now, days_ago=3)
    assert firm.email == ROLES
    hers = find(firm, HERS)
    assert (hers.until_on, hers.is_preferred) == (now.date() - timedelta(days=3), False)
    assert find(firm, ROLES).is_preferred and not list_asked()
    assert [one.id for one in search.find_donors(ROLES).rows] == [firm.id]
    assert_sound(now)
    before = read_all()
    end(now, days_ago=3)
    assert handing_over.hand_over_ended(now=now) == 0
    db.session.commit()
    assert read_all() == before


@pytest.mark.parametrize(
    ("ended", "bounced", "email"),
    [((ROLES,), (), OFFICE), ((), (ROLES,), OFFICE), ((ROLES, OFFICE), (), ""), ((OFFICE,), (ROLES,), "")],
)
def test_what_works_takes_the_place(
    firm: Donor, now: datetime, ended: tuple[str, ...], bounced: tuple[str, ...], email: str
) -> None:
    """Without a role's address any that is nobody's does; without one that works a person is asked, once."""
    for value in ended:
        contacts.end_contact(find(firm, value), until_on=now.date(), now=now, actor=ME)
    for value in bounced:
        contacts.mark_contact(find(firm, value), "bounced", now=now, actor=ME)
    end(now)
    assert firm.email == email
    assert list_asked() == ([] if email else [(firm.id, get_ewa().id)])


def test_second_position_goes_on(firm: Donor, now: datetime) -> None:
    """Who is still contact person keeps the address when their employment ends, and loses it then."""
    relationships.add_relationship(get_ewa().id, firm.id, "contact_person_of", now=now, actor=ME)
    end(now)
    assert firm.email == HERS
    rows = db.session.scalars(select(Relationship).order_by(Relationship.id)).all()
    earlier = now.date() - timedelta(days=10)  # it turns out to have ended before the other
    relationships.end_relationship(rows[1], earlier, now=now, actor=ME)
    assert firm.email == ROLES


def test_two_positions_end_at_once(database: Flask, firm: Donor, now: datetime) -> None:
    """The second of two who end her last positions waits for the first, and hands over."""
    skip_without_locks(database)
    row, _ = relationships.add_relationship(get_ewa().id, firm.id, "member_of", now=now, actor=ME)
    db.session.commit()
    row_id, day = row.id, now.date()
    relationships.end_relationship(get_position(), day, now=now, actor=ME)
    second = run_second(
        database,
        lambda: relationships.end_relationship(
            db.session.get_one(Relationship, row_id), day, now=now, actor=ME
        ),
    )
    assert second.waited and second.error is None
    db.session.expire_all()
    assert firm.email == ROLES


def test_other_relationships_hand_nothing_over(firm: Donor, now: datetime) -> None:
    """That who brought somebody is so no more says nothing of their position."""
    row, _ = relationships.add_relationship(get_ewa().id, firm.id, "introduced_by", now=now, actor=ME)
    relationships.end_relationship(row, now.date(), now=now, actor=ME)
    assert firm.email == HERS


def test_position_that_ends_later_is_handed_over_then(firm: Donor, now: datetime) -> None:
    """An end that is still to come changes nothing; the day after it the clock hands over, once."""
    end(now, days_ago=-5)
    assert firm.email == HERS
    for days, email in ((4, HERS), (5, HERS), (6, ROLES)):
        handing_over.hand_over_ended(now=now + timedelta(days=days))
        db.session.commit()
        assert firm.email == email, days
    assert find(firm, HERS).until_on == now.date() + timedelta(days=5)
    before = read_all()
    assert handing_over.hand_over_ended(now=now + timedelta(days=7)) == 0
    assert read_all() == before


def test_bounce_asks_for_a_successor_once(firm: Donor, now: datetime) -> None:
    """Mail that comes back from the person, at the organisation or at home, is one task, however often."""
    ewa = get_ewa()
    own = add(ewa, "ewa@home.example", now)
    asked_pairs = [(firm.id, ewa.id)]
    for contact in (find(firm, HERS), own):
        for state in ("bounced", "ok", "bounced"):
            contacts.mark_contact(contact, state, now=now, actor=ME)
        assert list_asked() == asked_pairs
    task = db.session.scalars(select(Task).where(Task.kind == "find_successor")).one()
    assert (task.performer, task.subject_type, task.title) == ("person", "donor", "")


@pytest.mark.parametrize(("source", "asks"), [("bounced", True), ("told", False), ("complained", False)])
def test_address_said_to_bounce_asks_too(
    firm: Donor, now: datetime, source: SuppressionSource, asks: bool
) -> None:
    """Where somebody records that mail came back, it is asked once; a file of old bounces asks nothing."""
    said: dict[str, Any] = {"reason": "came back", "source": source, "now": now, "actor": ME}
    suppressions.suppress_address("other@fundacja.example", **said)
    suppressions.suppress_address(ROLES, **said)
    assert list_asked() == []
    for _ in range(2):
        suppressions.record_suppression(HERS.upper(), **said)
    assert list_asked() == ([(firm.id, get_ewa().id)] if asks else [])


def test_bounce_of_anybody_else_asks_nothing(firm: Donor, now: datetime) -> None:
    """A role's address that comes back, somebody without a position, and a phone ask for nobody."""
    contacts.mark_contact(find(firm, ROLES), "bounced", now=now, actor=ME)
    contacts.mark_contact(find(firm, OFFICE), "bounced", now=now, actor=ME)
    phone: NewContact = {"kind": "phone", "value": "+48 600 100 200", "person_id": get_ewa().id}
    number, _ = contacts.add_contact(firm.id, phone, source="form", now=now, actor=ME)
    contacts.mark_contact(number, "bounced", now=now, actor=ME)
    jan = donors.create_donor({"name": "Jan"}, source="form", now=now, actor=ME)
    contacts.mark_contact(add(jan, "jan@home.example", now), "bounced", now=now, actor=ME)
    assert list_asked() == []


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"role": "press", "person_id": 2}, "role_or_person", "/person_id"),
        ({"person_id": 3}, "no_position", "/person_id"),
        ({"person_id": 4711}, "no_position", "/person_id"),
    ],
)
def test_misplaced_contact_is_refused(
    firm: Donor, now: datetime, more: dict[str, Any], code: str, field: str
) -> None:
    """A contact is of a role or of somebody with a position, and nothing else; a person's is of neither."""
    donors.create_donor({"name": "Jan"}, source="form", now=now, actor=ME)
    db.session.commit()
    before = read_all()
    for write in (
        lambda: add(firm, "new@fundacja.example", now, **more),
        lambda: contacts.change_contact(find(firm, OFFICE), more, now=now, actor=ME),  # type: ignore[arg-type]
    ):
        with pytest.raises(Rejected) as refused:
            write()
        assert (refused.value.specific_code, refused.value.field) == (code, field)
        assert read_all() == before
    with pytest.raises(Rejected) as refused:
        add(get_ewa(), "e@x.example", now, role="press")
    assert refused.value.specific_code == "no_organisation"
    assert read_all() == before


def test_contact_changes_whose_it_is(firm: Donor, now: datetime) -> None:
    """A contact becomes a role's and a person's, and stays what it is through other changes."""
    office = find(firm, OFFICE)
    contacts.change_contact(office, {"role": "office"}, now=now, actor=ME)
    contacts.change_contact(office, {"label": "first floor"}, now=now, actor=ME)
    assert (office.role, office.person_id) == ("office", None)
    contacts.change_contact(office, {"role": None, "person_id": get_ewa().id}, now=now, actor=ME)
    end(now)
    contacts.change_contact(office, {"label": "hers once"}, now=now, actor=ME)  # she has no position any more
    assert (office.role, office.person_id, office.label) == (None, get_ewa().id, "hers once")


def test_address_follows_a_merge_and_back(firm: Donor, now: datetime) -> None:
    """Whoever takes the person's record over is reached by it; taken apart, the person is again."""
    ewa, other = get_ewa(), donors.create_donor({"name": "Ewa W."}, source="form", now=now, actor=ME)
    relationships.add_relationship(other.id, firm.id, "contact_person_of", now=now, actor=ME)
    theirs = add(firm, "e.w@fundacja.example", now, person_id=other.id)
    before = read_comparable()
    log, _ = merging.merge_donors(ewa.id, other.id, now=now, actor=ME)
    db.session.commit()
    assert (log.loser_id, theirs.person_id) == (other.id, ewa.id)
    end(now)
    assert theirs.until_on is None and firm.email == HERS  # the other position goes on
    rows = db.session.scalars(select(Relationship).order_by(Relationship.id))
    assert [(row.until_on, row.from_id) for row in rows] == [(now.date(), ewa.id), (None, ewa.id)]
    db.session.rollback()
    unmerging.undo_merge(log.id, now=now, actor=ME)
    db.session.commit()
    assert theirs.person_id == other.id
    assert {name for name, rows in read_comparable().items() if rows != before[name]} == {"relationship"}


def test_erased_person_leaves_the_organisation(firm: Donor, now: datetime) -> None:
    """Nothing of their address stays with the organisation, which is written to by its role's."""
    ewa_id = get_ewa().id
    contacts.change_contact(find(firm, HERS), {"label": "direct"}, now=now, actor=ME)
    messages.plan_message(
        "thank_you",
        {},
        key="m",
        task_id=None,
        donor=firm,
        to_address=HERS,
        lang="pl",
        now=now,
        domain="example.org",
    )
    db.session.commit()
    erasure.erase_donor(ewa_id, now=now, actor=ME)
    db.session.commit()
    assert firm.email == ROLES
    assert [name for name, rows in read_all().items() if "ewa.wilk" in repr(rows).lower()] == []
    assert ROLES in [value.after for value in db.session.scalars(select(AuditValue))]
    assert db.session.scalars(select(Message.donor_id)).all() == [firm.id]
    assert_sound(now)


def test_erased_organisation_leaves_the_person(firm: Donor, now: datetime) -> None:
    """Erasing the organisation takes its contacts away, and leaves her as she was."""
    erasure.erase_donor(firm.id, now=now, actor=ME)
    db.session.commit()
    assert db.session.scalars(select(ContactPoint)).all() == []
    assert get_ewa().erased_at is None
