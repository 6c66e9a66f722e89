"""Two records that become one donor: no no is lost by it, and taking them apart gives back what was."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Consent, Donor
from donorhub.services.donors import donors, merging, unmerging
from donorhub.services.messages import consents, gate
from donorhub.services.messages.consents import NewConsent

ME = "user:1"
Pair = tuple[Donor, Donor]


@pytest.fixture
def pair(database: Flask, now: datetime) -> Pair:
    fields: donors.DonorFields = {
        "given_name": "Anna",
        "family_name": "Kowalska",
        "email": "anna@example.org",
    }
    one, other = [donors.create_donor(fields, source="form", now=now, actor=ME) for _ in range(2)]
    db.session.commit()
    return one, other


def say(donor: Donor, state: Any, on: date, now: datetime, purpose: Any = "bulletin") -> None:
    channel: Any = "email" if purpose != "all" else "any"
    consents.record_consent(donor, NewConsent(state, "letter", on, purpose, channel), now=now, actor=ME)
    db.session.commit()


def read_rows() -> list[tuple[Any, ...]]:
    columns = (Consent.id, Consent.donor_id, Consent.state, Consent.purpose, Consent.channel, Consent.source)
    return [tuple(row) for row in db.session.execute(select(*columns).order_by(Consent.id))]


@pytest.mark.parametrize("is_swapped", [False, True])
def test_older_no_holds_against_a_newer_yes(pair: Pair, now: datetime, is_swapped: bool) -> None:
    """Of a no and a later yes of two records the no holds once they are one, and each its own when apart."""
    one, other = pair[::-1] if is_swapped else pair
    say(one, "given", date(2026, 11, 10), now)
    say(other, "opt_out", date(2026, 11, 1), now)
    before = read_rows()
    log, _ = merging.merge_donors(one.id, other.id, now=now, actor=ME)
    db.session.commit()
    survivor = db.session.get_one(Donor, min(one.id, other.id))
    assert gate.find_hold(survivor, "bulletin", at=now) == "opted_out"
    assert [row[2:] for row in read_rows()[2:]] == [("opt_out", "bulletin", "email", "merge")]
    unmerging.undo_merge(log.id, now=now, actor=ME)
    db.session.commit()
    assert read_rows() == before
    assert [gate.find_hold(donor, "bulletin", at=now) for donor in (one, other)] == [None, "opted_out"]


def test_no_contact_of_either_holds(pair: Pair, now: datetime) -> None:
    """Who wanted no contact under one number gets nothing under the other, though there was a later yes."""
    say(pair[0], "given", date(2026, 11, 10), now)
    say(pair[1], "opt_out", date(2026, 11, 1), now, "all")
    merging.merge_donors(pair[0].id, pair[1].id, now=now, actor=ME)
    db.session.commit()
    donor = db.session.get_one(Donor, pair[0].id)
    assert donor.do_not_contact
    holds = {
        category: gate.find_hold(donor, category, at=now) for category in ("thanks", "bulletin", "appeal")
    }  # type: ignore[arg-type]
    assert set(holds.values()) <= {"no_contact", "opted_out"}


def test_yes_of_one_alone_stays(pair: Pair, now: datetime) -> None:
    """Where nothing was said under one number, a yes under the other holds, and no row is added."""
    say(pair[1], "given", date(2026, 11, 10), now)
    merging.merge_donors(pair[0].id, pair[1].id, now=now, actor=ME)
    db.session.commit()
    donor = db.session.get_one(Donor, pair[0].id)
    assert gate.find_hold(donor, "bulletin", at=now) is None
    assert len(read_rows()) == 1


def test_no_said_meanwhile_is_of_both(pair: Pair, now: datetime) -> None:
    """A no that was said while two records were one holds for both when they are taken apart, once."""
    log, _ = merging.merge_donors(pair[0].id, pair[1].id, now=now, actor=ME)
    db.session.commit()
    later = now + timedelta(days=2)
    say(db.session.get_one(Donor, pair[0].id), "opt_out", later.date(), later, "all")
    for _ in range(2):
        unmerging.undo_merge(log.id, now=later, actor=ME)
        db.session.commit()
    db.session.expire_all()
    assert [donor.do_not_contact for donor in pair] == [True, True]
    assert [gate.find_hold(donor, "thanks", at=later) for donor in pair] == ["no_contact", "no_contact"]
    assert [row[2] for row in read_rows()] == ["opt_out", "opt_out"]
