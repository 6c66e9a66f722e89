"""What was recorded by hand and comes with the bank once more is asked about before it counts twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict
from donorhub.models import Donor, Entry, Gift
from donorhub.money import Money
from donorhub.services.bank.matching import certain_entries, entries, gifts_by_hand, matching
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import accounts, donors
from donorhub.services.giving import gifts
from tests.services.bank.bank import ANNA, Paid, camt, match, open_account, send

DAY = date(2026, 10, 5)


@pytest.fixture
def anna(database: Flask, now: datetime) -> Donor:
    """Somebody whose account is known, so that the engine is sure of her."""
    made = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=now, actor="user:1")
    accounts.learn_account(made.id, ANNA, now=now)
    db.session.commit()
    return made


def record(donor: Donor, now: datetime, *, source: str = "manual", on: date = DAY, minor: int = 5000) -> Gift:
    gift, _ = gifts.record_gift(
        donor.id,
        Money(minor, "PLN"),
        received_on=on,
        source=source,
        source_ref=f"{on}-{minor}",
        now=now,
        actor="user:1",
    )
    db.session.commit()
    return gift


def bring(mode: str, donor: Donor) -> Entry:
    """Import the bank's entry of the same money, and let the engine look at it."""
    if not db.session.scalar(select(Entry.id)):
        open_account(mode)
    send(camt([Paid(DAY, 5000, ref="R1", text=f"darowizna {donor.code}")]))
    match()
    return db.session.scalars(select(Entry)).one()


def sum_gifts() -> int:
    db.session.rollback()
    return sum(gift.amount_minor for gift in db.session.scalars(select(Gift)))


def test_engine_settles_what_nobody_recorded(anna: Donor, now: datetime) -> None:
    """Without an equal gift the engine settles the entry by itself: the world of the other tests."""
    assert bring("auto", anna).state == "matched"


@pytest.mark.parametrize("source", ["manual", "api:1", "import:old"])
def test_engine_asks_about_equal_gift(anna: Donor, now: datetime, source: str) -> None:
    """An entry that equals a gift recorded by hand waits, by itself and among those that are certain."""
    record(anna, now, source=source)
    entry = bring("auto", anna)
    assert entry.state == "suspense"
    (proposal,) = matching.list_proposals([entry.id])[entry.id]
    assert (proposal.hindrances, proposal.would_auto) == (("equal_gift",), False)
    assert proposal.candidates[0].level == "likely"
    assert sum(certain_entries.accept_certain_entries(now=now, actor="user:1")) == 0
    assert sum_gifts() == 5000


@pytest.mark.parametrize(
    ("on", "minor", "source"),
    [(DAY - timedelta(days=1), 5000, "manual"), (DAY, 5001, "manual"), (DAY, 5000, "stripe:acct_1")],
    ids=["other day", "other amount", "of a provider"],
)
def test_other_gift_holds_nothing_up(anna: Donor, now: datetime, on: date, minor: int, source: str) -> None:
    """A gift of another day or amount, or of a provider, is no reason to ask."""
    record(anna, now, on=on, minor=minor, source=source)
    assert bring("auto", anna).state == "matched"


@pytest.mark.parametrize(
    ("days", "state"), [(-3, "suspense"), (3, "suspense"), (-4, "matched"), (4, "matched")]
)
def test_imported_gift_is_asked_some_days_about(anna: Donor, now: datetime, days: int, state: str) -> None:
    """A gift that was taken over may have been written down up to three days before or after the bank."""
    gift = record(anna, now, source="import:spreadsheet", on=DAY + timedelta(days=days))
    entry = bring("auto", anna)
    assert entry.state == state
    wanted = [gift.id] if state == "suspense" else []
    assert [one.id for one in gifts_by_hand.list_gifts_like(entry)] == wanted


def test_gift_taken_out_holds_nothing_up(anna: Donor, now: datetime) -> None:
    """A gift that was taken out is no reason to ask, and the entry counts in its place."""
    gift = record(anna, now)
    gifts.correct_gift(gift.id, reason="twice", source_ref="1", now=now, actor="user:1")
    db.session.commit()
    assert bring("auto", anna).state == "matched"


def test_two_equal_transfers_are_two_gifts(anna: Donor, now: datetime) -> None:
    """Two equal payments of one day at the bank are two gifts: the bank knows each by itself."""
    open_account("auto")
    send(camt([Paid(DAY, 5000, ref=ref, text=anna.code) for ref in ("R1", "R2")]))
    match()
    assert sum_gifts() == 10000


@pytest.mark.parametrize("way", ["rank", "parts"])
def test_person_says_it_is_other_money(anna: Donor, now: datetime, way: str) -> None:
    """A person's decision is refused with the gift that is there, and taken once it was looked at."""
    gift = record(anna, now)
    entry_id = bring("suggest", anna).id

    def decide(equal_ids: list[int] | None) -> None:
        if way == "rank":
            entries.accept_proposal(entry_id, equal_ids=equal_ids, now=now, actor="user:1")
        else:
            share = Share(anna.id, 5000)
            entries.accept_shares(entry_id, [share], equal_ids=equal_ids, now=now, actor="user:1")
        db.session.commit()

    for unseen_ids in ([], [gift.id + 1]):
        with pytest.raises(Conflict) as refused:
            decide(unseen_ids)
        db.session.rollback()
        assert (refused.value.specific_code, refused.value.facts["gift_ids"]) == (
            "possible_duplicate_gift",
            [gift.id],
        )
    assert sum_gifts() == 5000
    decide([gift.id])
    decide([])  # again: it is decided so already
    assert sum_gifts() == 10000


def test_gifts_like_an_entry_are_shown(anna: Donor, now: datetime) -> None:
    """The page of an entry lists what was recorded by hand that day and fits into it, the largest first."""
    wanted = [record(anna, now, minor=minor).id for minor in (5000, 2000)]
    record(anna, now, minor=5001)
    record(anna, now, on=DAY - timedelta(days=1), minor=4000)
    entry = bring("suggest", anna)
    assert [gift.id for gift in gifts_by_hand.list_gifts_like(entry)] == wanted
