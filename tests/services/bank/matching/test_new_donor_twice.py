"""One payer of whom "new donor" is said twice becomes one donor, also where two people say it at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Donor, Entry
from donorhub.services.bank.matching import entries
from tests.races import run_second, skip_without_locks
from tests.services.bank.bank import Paid, assert_sound
from tests.services.bank.matching.matching_world import DAY, import_and_match
from tests.web.bank.bank_world import Staff


def receive(account: str) -> list[int]:
    """Two entries of one payer, with or without an account, that wait."""
    import_and_match(
        *(Paid(DAY + timedelta(days=n), 5000, account=account, text=f"raz {n}") for n in range(2))
    )
    return list(db.session.scalars(select(Entry.id).order_by(Entry.id)))


@pytest.mark.parametrize("account", ["PL27114020040000300201355387", ""])
def test_new_donor_twice_makes_one(database: Flask, now: datetime, account: str) -> None:
    """The second is told of the first, and whoever was shown the first may add another donor."""
    first, second = receive(account)
    donor = entries.create_donor_from(first, now=now, actor="user:1")
    db.session.commit()
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            entries.create_donor_from(second, now=now, actor="user:2")
        db.session.rollback()
    assert (refused.value.specific_code, refused.value.facts["donor_code"]) == ("payer_known", donor.code)
    assert len(db.session.scalars(select(Donor)).all()) == 1
    entries.create_donor_from(second, {"name": "Jan"}, known_ids=[donor.id], now=now, actor="user:2")
    db.session.commit()
    assert len(db.session.scalars(select(Donor)).all()) == 2
    assert_sound()


def test_two_clerks_make_one_donor(database: Flask, now: datetime) -> None:
    """Of two who press "new donor" on one payer at once, the second waits and is told of the first."""
    skip_without_locks(database)
    first, second = receive("PL27114020040000300201355387")
    db.session.commit()
    entries.create_donor_from(first, now=now, actor="user:1")
    other = run_second(database, lambda: entries.create_donor_from(second, now=now, actor="user:2"))
    assert other.waited
    assert isinstance(other.error, Conflict)


def test_stale_form_of_payer_adds_no_donor(database: Flask) -> None:
    """A form that was opened before another made the donor comes back with who the payer is."""
    first, second = receive("PL27114020040000300201355387")
    form = {"name": "Anna Kowalska", "kind": "person", "lang": "pl", "known": ""}
    staff = Staff(database, "accountant")
    for entry_id, status in ((first, 302), (second, 422)):
        answer = staff.click(f"/bank/entries/{entry_id}/new-donor", **form)
        assert answer.status_code == status
    donor = db.session.scalars(select(Donor)).one()
    assert f"This payer is a donor already: {donor.code}." in answer.text
