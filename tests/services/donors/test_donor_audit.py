"""What is recorded beside a donor's own row has its words in the audit, with who did it, once each."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services.donors import (
    donor_roles,
    donors,
    households,
    interactions,
    memberships,
    relationships,
    tags,
)
from donorhub.services.work import tasks_by_hand

ME = "user:7"


def read_words() -> list[str]:
    db.session.commit()
    query = select(AuditRecord.what).where(AuditRecord.actor == ME).order_by(AuditRecord.id)
    return list(db.session.scalars(query))


def test_work_with_a_donor_is_audited(database: Flask, now: datetime) -> None:
    """What somebody did with a donor, corrected and planned, is written down with them."""
    donor_id = donors.create_donor({"name": "Anna"}, source="form", now=now, actor="user:1").id
    told = interactions.NewInteraction(kind="call", at=now, outcome="reached")
    call = interactions.record_interaction(donor_id, told, source="form", now=now, actor=ME)
    interactions.correct_interaction(call, told, source="form", now=now, actor=ME)
    tasks_by_hand.plan_by_hand(donor_id, "Visit", due_on=now.date(), assignee_id=None, now=now, actor=ME)
    assert read_words() == ["interaction.recorded", "interaction.corrected", "task.planned"]


def test_tags_are_audited(database: Flask, now: datetime) -> None:
    """A tag that is made, given and taken away is written down once each."""
    donor_id = donors.create_donor({"name": "Anna"}, source="form", now=now, actor="user:1").id
    for _ in range(2):
        tag, _is_new = tags.add_tag(donor_id, "VIP", source="form", now=now, actor=ME)
    for _ in range(2):
        tags.remove_tag(donor_id, tag.id, now=now, actor=ME)
    assert read_words() == ["tag.created", "donor.tagged", "donor.untagged"]


def test_what_donors_are_is_audited(database: Flask, now: datetime) -> None:
    """What begins and ends between donors, and between them and us, is written down once each."""
    make = {"source": "form", "now": now, "actor": "user:1"}
    anna = donors.create_donor({"name": "Anna"}, **make)  # type: ignore[arg-type]
    home = donors.create_donor({"name": "Home", "kind": "household"}, **make)  # type: ignore[arg-type]
    today = now.date()
    relation, _ = relationships.add_relationship(anna.id, home.id, "introduced_by", now=now, actor=ME)
    relationships.end_relationship(relation, today, now=now, actor=ME)
    for _ in range(2):
        households.add_member(home, anna, role="partner", is_head=True, now=now, actor=ME)
    for _ in range(2):
        households.remove_member(home.id, anna.id, now=now, actor=ME)
    member, _ = memberships.start_membership(anna.id, "regular", since_on=today, now=now, actor=ME)
    role, _ = donor_roles.give_role(anna.id, "target", since_on=today, now=now, actor=ME)
    for _ in range(2):
        memberships.end_membership(member, today, now=now, actor=ME)
        donor_roles.end_role(role, today, now=now, actor=ME)
    assert read_words() == [
        "relationship.added",
        "relationship.ended",
        "household.member_added",
        "household.member_removed",
        "membership.started",
        "donor_role.given",
        "membership.ended",
        "donor_role.ended",
    ]
