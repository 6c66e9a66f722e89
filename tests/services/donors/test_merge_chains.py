"""Merges one upon the other come apart in any order, and each donor gets back what was theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import ContactPoint, Donor, Gift, MergeDrop
from donorhub.services.donors import donors
from tests.services.donors.merge_world import (
    Pair,
    add_contact,
    add_donor,
    assert_sound,
    merge,
    read_comparable,
    undo,
)


def test_merges_of_a_chain_come_apart(pair: Pair, now: datetime) -> None:
    """Of two merges on end the first may be taken apart before the second, and all is where it was."""
    third = add_donor("Anna Kowalska", email="own2@example.org")
    add_contact(third, "phone", "+48 601000102")
    db.session.commit()
    before = read_comparable()
    first_id = merge((pair[0], pair[1]), now)
    second_id = merge((third, pair[0]), now)  # the oldest of all goes on
    assert donors.get_donor(pair[1].id).id == donors.get_donor(third.id).id == pair[0].id
    undo(first_id, now)
    assert_sound(now)
    undo(second_id, now)
    assert read_comparable() == before


def test_later_fold_gives_back_what_it_hid(pair: Pair, now: datetime) -> None:
    """What a second merge folded, and the first had brought, comes back to whose it was."""
    oldest = db.session.get_one(Donor, 1)  # the husband's record, as if it were the same person
    add_contact(oldest, "email", "own2@example.org")
    db.session.commit()
    before = read_comparable()
    first_id = merge((pair[0], pair[1]), now)
    second_id = merge((oldest, pair[0]), now)
    folded = db.session.scalars(select(MergeDrop.table_name).where(MergeDrop.merge_id == second_id)).all()
    assert "contact_point" in folded and "relationship" in folded
    undo(first_id, now)
    values = select(ContactPoint.value).where(ContactPoint.donor_id == pair[1].id)
    assert "own2@example.org" in db.session.scalars(values).all()
    undo(second_id, now)
    assert read_comparable() == before
    assert_sound(now)


def test_undo_takes_nothing_of_who_left_before(pair: Pair, now: datetime) -> None:
    """Whoever left a chain of merges, and came again by a merge of their own, keeps what is theirs."""
    oldest = db.session.get_one(Donor, 1)
    of_loser = select(Gift.id).where(Gift.donor_id == pair[1].id)
    gift_ids = set(db.session.scalars(of_loser))
    first_id = merge((pair[0], pair[1]), now)
    second_id = merge((oldest, pair[0]), now)
    undo(first_id, now)
    merge((oldest, pair[1]), now)
    undo(second_id, now)
    assert gift_ids
    assert set(db.session.scalars(select(Gift.donor_id).where(Gift.id.in_(gift_ids)))) == {oldest.id}
    assert_sound(now)
