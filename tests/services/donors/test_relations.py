"""What donors are to each other and to us: recorded once, seen from both ends, ended by a day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, DonorHubError, NotFound, Rejected
from donorhub.models import DomainEvent, Donor, HouseholdMember, Membership, Relationship
from donorhub.models.states import DonorKind
from donorhub.money import Money
from donorhub.services.donors import donor_roles, donors, households, memberships, relationships
from donorhub.services.messages.donor_facts import write_salutation
from tests.contents import read_contents

ME = "user:1"
MAY = date(2026, 5, 1)


def add_donor(name: str, now: datetime, kind: DonorKind = "person") -> Donor:
    given_name, _, family_name = name.partition(" ")
    return donors.create_donor(
        {"name": name, "given_name": given_name, "family_name": family_name, "kind": kind, "lang": "pl"},
        source="form",
        now=now,
        actor=ME,
    )


def read_ends(donor: Donor) -> list[tuple[str, str, str]]:
    rows = relationships.list_relations(donor.id)
    return [(one.row.kind, one.side, one.other.name) for one in rows]


def test_one_row_is_seen_from_both_ends(database: Flask, now: datetime) -> None:
    """An employee works at the firm, and the firm employs them: one row, recorded once."""
    anna, firm = add_donor("Anna Nowak", now), add_donor("Firma", now, "organisation")
    for is_new in (True, False):
        added = relationships.add_relationship(
            anna.id, firm.id, "employee_of", title="treasurer", now=now, actor=ME
        )
        assert added[1] is is_new
    assert read_ends(anna) == [("employee_of", "from", "Firma")]
    assert read_ends(firm) == [("employee_of", "to", "Anna Nowak")]
    assert len(db.session.scalars(select(Relationship)).all()) == 1


def test_spouses_are_one_row_whoever_says_it(database: Flask, now: datetime) -> None:
    """Each is the spouse of the other, so that saying it at the other end adds nothing."""
    anna, jan = add_donor("Anna", now), add_donor("Jan", now)
    relationships.add_relationship(jan.id, anna.id, "spouse", now=now, actor=ME)
    _row, is_new = relationships.add_relationship(anna.id, jan.id, "spouse", now=now, actor=ME)
    assert not is_new
    assert (len(read_ends(anna)), len(read_ends(jan))) == (1, 1)


def test_relationship_ends_and_may_begin_anew(database: Flask, now: datetime) -> None:
    """What ended stays and stands last; the same again begins a new row."""
    anna, firm = add_donor("Anna", now), add_donor("Firma", now, "organisation")
    row, _ = relationships.add_relationship(anna.id, firm.id, "employee_of", since_on=MAY, now=now, actor=ME)
    for _ in range(2):
        relationships.end_relationship(row, MAY + timedelta(days=30), now=now, actor=ME)
    with pytest.raises(Conflict):
        relationships.end_relationship(row, MAY, now=now, actor=ME)
    again, is_new = relationships.add_relationship(anna.id, firm.id, "employee_of", now=now, actor=ME)
    assert is_new
    assert [one.row.id for one in relationships.list_relations(anna.id)] == [again.id, row.id]
    with pytest.raises(NotFound):
        relationships.get_relationship(row.id, add_donor("Ewa", now).id)


def test_own_list_shows_no_other_donor(database: Flask, now: datetime) -> None:
    """Who sees their own list only learns no name of anybody else by a relationship or a household."""
    anna, jan = add_donor("Anna", now), add_donor("Jan", now)
    home = add_donor("Dom", now, "household")
    relationships.add_relationship(anna.id, jan.id, "spouse", now=now, actor=ME)
    households.add_member(home, anna, role="partner", is_head=True, now=now, actor=ME)
    assert relationships.list_relations(anna.id, owner_id=7) == []
    assert households.list_households(anna.id, owner_id=7) == []
    assert households.list_members(home.id, owner_id=7) == []


def test_what_cannot_be_is_refused(database: Flask, now: datetime) -> None:
    """What joins nobody to themselves and ends no sooner than it began is all that is taken."""
    anna, home = add_donor("Anna", now), add_donor("Dom", now, "household")
    early = {"since_on": MAY, "until_on": MAY - timedelta(days=1), "now": now, "actor": ME}
    db.session.commit()
    before = read_contents()
    refusals = []
    for act in (
        lambda: relationships.add_relationship(anna.id, anna.id, "parent", now=now, actor=ME),
        lambda: relationships.add_relationship(anna.id, home.id, "parent", **early),
        lambda: households.add_member(anna, home, role="other", is_head=False, now=now, actor=ME),
        lambda: households.add_member(home, home, role="other", is_head=False, now=now, actor=ME),
        lambda: memberships.start_membership(anna.id, "regular", **early),
        lambda: donor_roles.give_role(anna.id, "target", **early),
        lambda: donor_roles.give_role(anna.id, "volunteer", stance="for", since_on=MAY, now=now, actor=ME),
    ):
        with pytest.raises(DonorHubError) as refused:
            act()
        refusals.append(refused.value.specific_code)
        db.session.rollback()
    assert refusals == [
        "same_donor",
        "ends_before_begin",
        "no_household",
        "no_person",
        "ends_before_begin",
        "ends_before_begin",
        "stance_of_target",
    ]
    assert read_contents() == before


def test_household_is_named_by_its_heads(database: Flask, now: datetime) -> None:
    """The heads name the household, a letter greets it by that name, and its own greeting goes before."""
    home = add_donor("Dom", now, "household")
    anna, jan, ola = (add_donor(name, now) for name in ("Anna Kowalska", "Jan Kowalski", "Ola Kowalska"))
    for person, is_head in ((anna, True), (jan, True), (ola, False)):
        households.add_member(home, person, role="partner", is_head=is_head, now=now, actor=ME)
    assert [person.name for _row, person in households.list_members(home.id)] == [
        "Anna Kowalska",
        "Jan Kowalski",
        "Ola Kowalska",
    ]
    assert households.take_joint_name(home, now=now, actor=ME)
    assert not households.take_joint_name(home, now=now, actor=ME)
    assert home.name == "Anna i Jan Kowalscy"
    assert write_salutation(home) == "Szanowni Państwo Kowalscy,"
    donors.change_donor(home, {"salutation": "Kochani,"}, now=now, actor=ME)
    assert write_salutation(home) == "Kochani,"
    assert [household.name for _row, household in households.list_households(ola.id)] == [home.name]


def test_member_is_changed_and_not_doubled(database: Flask, now: datetime) -> None:
    """Saying it again with another role changes the row; with the same, nothing."""
    home, anna = add_donor("Dom", now, "household"), add_donor("Anna", now)
    said = []
    for role, is_head in (("child", False), ("child", False), ("partner", True)):
        _row, is_new = households.add_member(home, anna, role=role, is_head=is_head, now=now, actor=ME)  # type: ignore[arg-type]
        said.append(is_new)
    row = db.session.scalars(select(HouseholdMember)).one()
    assert (said, row.role, row.is_head) == ([True, False, True], "partner", True)
    assert [households.remove_member(home.id, anna.id, now=now, actor=ME) for _ in range(2)] == [True, False]


def test_membership_begins_and_ends_as_events(database: Flask, now: datetime) -> None:
    """Each membership is one row with its fee; beginning and end are events on their days."""
    anna = add_donor("Anna", now)
    for _ in range(2):
        row, _is_new = memberships.start_membership(
            anna.id, "regular", since_on=MAY, fee=Money(1000, "PLN"), now=now, actor=ME
        )
    with pytest.raises(Conflict):
        memberships.start_membership(anna.id, "regular", since_on=now.date(), now=now, actor=ME)
    for _ in range(2):
        memberships.end_membership(row, now.date(), now=now, actor=ME)
    with pytest.raises(Rejected):
        memberships.start_membership(
            anna.id, "other", since_on=MAY, until_on=date(2026, 4, 1), now=now, actor=ME
        )
    assert db.session.scalars(select(Membership)).one().fee == Money(1000, "PLN")
    events = db.session.execute(
        select(DomainEvent.kind, DomainEvent.donor_id)
        .where(DomainEvent.subject_type == "membership")
        .order_by(DomainEvent.id)
    )
    assert [tuple(event) for event in events] == [
        ("membership.started", anna.id),
        ("membership.ended", anna.id),
    ]
    again, is_new = memberships.start_membership(
        anna.id, "regular", since_on=now.date() + timedelta(days=1), now=now, actor=ME
    )
    assert is_new
    assert memberships.list_memberships(anna.id) == [again, row]


@pytest.mark.parametrize(
    ("since", "until", "is_target"),
    [(-9, None, True), (0, None, True), (1, None, False), (-9, -1, False), (-9, 0, True)],
)
def test_target_is_one_while_the_role_holds(
    database: Flask, now: datetime, since: int, until: int | None, is_target: bool
) -> None:
    """First and last day count, and nobody else is a target."""
    anna, ewa = add_donor("Anna", now), add_donor("Ewa", now)
    today = now.date()
    donor_roles.give_role(
        anna.id,
        "target",
        stance="against the dam",
        since_on=today + timedelta(days=since),
        until_on=None if until is None else today + timedelta(days=until),
        now=now,
        actor=ME,
    )
    donor_roles.give_role(ewa.id, "volunteer", since_on=MAY, now=now, actor=ME)
    targets = {anna.id} if is_target else set()
    assert donor_roles.find_targets([anna.id, ewa.id], today=today) == targets


def test_role_that_goes_on_is_one_row(database: Flask, now: datetime) -> None:
    """The same role again changes nothing; after its end it may begin anew."""
    anna = add_donor("Anna", now)
    first, _ = donor_roles.give_role(anna.id, "volunteer", since_on=MAY, now=now, actor=ME)
    again, is_new = donor_roles.give_role(anna.id, "volunteer", since_on=now.date(), now=now, actor=ME)
    assert (again, is_new) == (first, False)
    donor_roles.end_role(first, now.date(), now=now, actor=ME)
    with pytest.raises(Conflict):
        donor_roles.end_role(first, MAY, now=now, actor=ME)
    _second, is_new = donor_roles.give_role(anna.id, "volunteer", since_on=now.date(), now=now, actor=ME)
    assert is_new
    assert len(donor_roles.list_roles(anna.id)) == 2


def test_what_has_ended_is_recorded_once(database: Flask, now: datetime) -> None:
    """A role or relationship of the past, said again, is one row; one of other days is another, whatever
    goes on now."""
    anna, firm = add_donor("Anna", now), add_donor("Firma", now, "organisation")
    june, july = MAY + timedelta(days=31), MAY + timedelta(days=61)
    acts = (
        lambda since, until: donor_roles.give_role(
            anna.id, "volunteer", since_on=since, until_on=until, now=now, actor=ME
        ),
        lambda since, until: relationships.add_relationship(
            anna.id, firm.id, "employee_of", since_on=since, until_on=until, now=now, actor=ME
        ),
    )
    days = [(MAY, june), (MAY, june), (july, None), (july, None), (MAY, june), (june, july)]
    for act in acts:
        assert [act(*one)[1] for one in days] == [True, False, True, False, False, True]


def test_membership_of_same_day_is_found_behind_another(database: Flask, now: datetime) -> None:
    """A membership that was recorded is returned as it is, also where a later one goes on."""
    anna, june = add_donor("Anna", now), MAY + timedelta(days=31)
    later, _ = memberships.start_membership(anna.id, "regular", since_on=june, now=now, actor=ME)
    memberships.end_membership(later, june, now=now, actor=ME)
    ongoing, _ = memberships.start_membership(anna.id, "regular", since_on=MAY, now=now, actor=ME)
    assert memberships.start_membership(anna.id, "regular", since_on=june, now=now, actor=ME) == (
        later,
        False,
    )
    assert memberships.start_membership(anna.id, "regular", since_on=MAY, now=now, actor=ME) == (
        ongoing,
        False,
    )
