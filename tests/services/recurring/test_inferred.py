"""Recurring gifts found in what donors paid: made, proposed, refused, and never made a second time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import (
    Allocation,
    AuditRecord,
    DomainEvent,
    Donor,
    Gift,
    Instalment,
    RecurringGift,
    Task,
    Term,
)
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import inferred, inferred_answers, overdue, recurring_gifts
from tests.contents import read_contents
from tests.services.recurring.known_bank import know_bank

TODAY = date(2026, 12, 20)
NOW = datetime.combine(TODAY, time(9), UTC)
TENTHS = [
    date(2026, month, 10) for month in range(3, 13)
]  # banks were open on each but 10 May and 10 October


@pytest.fixture
def donor_id(database: Flask) -> int:
    organisation.create_organisation(now=NOW)
    know_bank(TODAY - timedelta(days=2))
    return add_donor("Zofia Lis")


def add_donor(name: str) -> int:
    return donors.create_donor({"kind": "person", "name": name}, source="manual", now=NOW, actor="t").id


def pay(donor_id: int, day: date, minor: int = 5000, currency: str = "PLN") -> Gift:
    gift, _ = gifts.record_gift(
        donor_id,
        Money(minor, currency),
        received_on=day,
        source="bank",
        source_ref=f"{donor_id}/{day}/{minor}",
        method="transfer",
        now=NOW,
        actor="t",
    )
    db.session.flush()
    return gift


def pay_monthly(donor_id: int, days: list[date] = TENTHS, minor: int = 5000) -> None:
    for day in days:
        pay(donor_id, day, minor)


def infer(*donor_ids: int) -> int:
    count = inferred.infer_recurring_gifts(donor_ids, now=NOW)
    db.session.flush()
    return count


def the_gift() -> RecurringGift:
    return db.session.scalars(select(RecurringGift)).one()


def states(gift: RecurringGift) -> dict[str, str]:
    rows = db.session.execute(
        select(Instalment.nominal_on, Instalment.state)
        .where(Instalment.recurring_gift_id == gift.id)
        .order_by(Instalment.nominal_on)
    )
    return {f"{day:%y-%m}": state for day, state in rows}


def sums() -> tuple[object, ...]:
    return tuple(db.session.execute(select(func.count(Gift.id), func.sum(Gift.amount_minor))).one())


def test_ten_months_become_a_recurring_gift(donor_id: int) -> None:
    """Paid on the 10th of ten months: it runs, its past is paid by those gifts, and no sum changes."""
    pay_monthly(donor_id)
    before = sums()
    assert infer(donor_id) > 0
    gift = the_gift()
    assert (gift.state, gift.origin, gift.kind, gift.start_on) == (
        "active",
        "inferred",
        "standing_order",
        TENTHS[0],
    )
    assert (gift.found_count, gift.slot_count) == (10, 10)
    assert gift.confidence is not None
    assert gift.confidence >= 900
    told = states(gift)
    assert [told[f"26-{month:02}"] for month in range(3, 13)] == ["paid"] * 10
    assert [state for day, state in told.items() if day > "26-12"] == ["expected"] * 3
    assert sums() == before


def test_again_changes_nothing(donor_id: int) -> None:
    """A second look at the same payments writes nothing at all."""
    pay_monthly(donor_id)
    infer(donor_id)
    db.session.commit()
    before = read_contents()
    assert infer(donor_id) == 0
    db.session.commit()
    assert read_contents() == before


def test_nobody_is_thanked_or_asked(donor_id: int) -> None:
    """All that is history: no task but those of the gifts, and no event that is news."""
    pay_monthly(donor_id, [day for day in TENTHS if day.month != 6])
    tasks_before = db.session.scalar(select(func.count(Task.id)))
    last_event = db.session.scalar(select(func.max(DomainEvent.id)))
    infer(donor_id)
    overdue.advance_recurring_gifts(today=TODAY, now=NOW)
    assert states(the_gift())["26-06"] == "missed"
    assert db.session.scalar(select(func.count(Task.id))) == tasks_before
    origins = db.session.execute(
        select(DomainEvent.kind, DomainEvent.origin).where(DomainEvent.id > last_event)
    ).all()
    assert [tuple(row) for row in origins] == [("recurring_gift.started", "history_import")]


def count_records(what: str) -> int:
    query = select(func.count(AuditRecord.id)).where(AuditRecord.what == what)
    return db.session.scalar(query) or 0


def test_likely_series_is_proposed_and_in_no_figure(donor_id: int) -> None:
    """Between the two limits it is only proposed: no instalment, until a person accepts it."""
    organisation.get_organisation().recurring_from_points = 100
    pay_monthly(donor_id, TENTHS[:4])
    assert infer(donor_id) == 1
    gift = the_gift()
    assert gift.state == "proposed"
    assert states(gift) == {}
    assert infer(donor_id) == 0
    assert inferred_answers.accept_found(gift, now=NOW, actor="user:7")
    assert gift.state == "lapsed"  # its last payment came in June
    assert list(states(gift).values())[:4] == ["paid"] * 4
    assert not inferred_answers.accept_found(gift, now=NOW, actor="user:7")
    assert count_records("recurring_gift.accepted") == 1


def test_proposal_grows_sure(donor_id: int) -> None:
    """A proposal that more payments make sure runs without a person."""
    late = [day + timedelta(days=3 * (n % 2)) for n, day in enumerate(TENTHS[:4])]
    pay_monthly(donor_id, late)
    infer(donor_id)
    assert the_gift().state == "proposed"
    pay_monthly(donor_id, TENTHS[4:])
    infer(donor_id)
    assert the_gift().state == "active"


def test_below_the_limit_nothing_is_said(donor_id: int) -> None:
    """Four gifts at any time of the year are no series."""
    for day in (date(2026, 2, 3), date(2026, 4, 19), date(2026, 5, 11), date(2026, 9, 30)):
        pay(donor_id, day)
    assert infer(donor_id) == 0
    assert db.session.scalar(select(func.count(RecurringGift.id))) == 0


@pytest.mark.parametrize("is_proposed", [True, False])
def test_not_recurring_is_remembered(donor_id: int, *, is_proposed: bool) -> None:
    """What a person said is none is not found again, with more payments neither; no gift changes."""
    if is_proposed:
        organisation.get_organisation().recurring_from_points = 100
    pay_monthly(donor_id, TENTHS[:6])
    infer(donor_id)
    gift, before = the_gift(), sums()
    assert inferred_answers.refuse_found(gift, now=NOW, actor="user:7")
    assert (gift.state, gift.state_reason) == ("closed", "not_recurring")
    assert db.session.scalar(select(func.count(Allocation.id))) == 0
    assert set(states(gift).values()) <= {"skipped"}
    assert not inferred_answers.refuse_found(gift, now=NOW, actor="user:7")
    assert count_records("recurring_gift.not_recurring") == 1
    organisation.get_organisation().recurring_from_points = 80
    pay_monthly(donor_id, TENTHS[6:])
    assert infer(donor_id) == 0
    assert sums() == (before[0] + 4, before[1] + 4 * 5000)  # type: ignore[operator]
    with pytest.raises(Conflict):
        inferred_answers.accept_found(gift, now=NOW, actor="user:7")


@pytest.mark.parametrize("minor", [5000, 9900])
def test_told_promise_is_never_made_again(donor_id: int, minor: int) -> None:
    """A donor who told us of a standing order has no second one, of another amount neither."""
    new = recurring_gifts.NewRecurringGift(
        donor_id=donor_id,
        amount=Money(minor, "PLN"),
        kind="standing_order",
        start_on=TENTHS[0],
        source="manual",
        source_ref="1",
    )
    told, _ = recurring_gifts.start_recurring_gift(new, now=NOW, actor="user:7")
    pay_monthly(donor_id)
    assert infer(donor_id) == 0
    assert the_gift() is told
    with pytest.raises(Rejected):
        inferred_answers.refuse_found(told, now=NOW, actor="user:7")


def test_order_of_files_does_not_matter(donor_id: int) -> None:
    """The newest months first, the oldest or the middle: the same promise, the same instalments."""
    parts = [TENTHS[:3], TENTHS[3:7], TENTHS[7:]]
    ends = set()
    for n, order in enumerate(permutations(parts)):
        know_bank(date(2026, 2, 27))  # a gap in the chain of statements ends what is known
        other_id = add_donor(f"Jan Wilk {n}")
        for days in order:
            pay_monthly(other_id, days)
            infer(other_id)
        know_bank(TODAY - timedelta(days=2))
        infer(other_id)
        (gift,) = db.session.scalars(select(RecurringGift).where(RecurringGift.donor_id == other_id))
        terms = db.session.execute(
            select(Term.from_on, Term.to_on, Term.amount_minor).where(Term.recurring_gift_id == gift.id)
        ).all()
        ends.add((gift.state, gift.start_on, tuple(map(tuple, terms)), tuple(states(gift).items())))
    assert len(ends) == 1


def test_raised_amount_is_a_second_term(donor_id: int) -> None:
    """Six of 50 and four of 60 are one recurring gift with two terms, all of it paid."""
    pay_monthly(donor_id, TENTHS[:6])
    pay_monthly(donor_id, TENTHS[6:], 6000)
    infer(donor_id)
    gift = the_gift()
    rows = db.session.scalars(select(Term).where(Term.recurring_gift_id == gift.id).order_by(Term.from_on))
    assert [(term.from_on, term.amount_minor) for term in rows] == [(TENTHS[0], 5000), (TENTHS[6], 6000)]
    assert list(states(gift).values())[:10] == ["paid"] * 10


def test_order_that_ended_long_ago_is_closed(donor_id: int) -> None:
    """A series that stopped half a year before the bank is known is history, closed without a word."""
    pay_monthly(donor_id, [date(2025, month, 10) for month in range(1, 9)])
    infer(donor_id)
    gift = the_gift()
    assert (gift.state, gift.state_reason) == ("closed", "unpaid")
    assert gift.ends_on is not None
    assert gift.ends_on < date(2026, 6, 1)
    assert infer(donor_id) == 0


def test_two_currencies_are_two_promises(donor_id: int) -> None:
    """The same days in two currencies are two recurring gifts; others' payments change nothing."""
    pay_monthly(donor_id)
    for day in TENTHS:
        pay(donor_id, day, 2000, "EUR")
    infer(donor_id)
    rows = db.session.execute(select(RecurringGift.currency, RecurringGift.state)).all()
    assert sorted(map(tuple, rows)) == [("EUR", "active"), ("PLN", "active")]


def test_first_look_is_at_all(donor_id: int) -> None:
    """At first every donor is looked at; afterwards only who has given since."""
    pay_monthly(donor_id)
    assert [list(ids) for ids in inferred.stream_new_donor_ids()] == [[donor_id]]
    inferred.finish_look(now=NOW + timedelta(days=1))
    assert list(inferred.stream_new_donor_ids()) == []


@pytest.mark.parametrize("is_erased", [True, False])
def test_dead_and_erased_promise_nothing(donor_id: int, *, is_erased: bool) -> None:
    """Who is erased or has died promises nothing, whatever was paid once."""
    pay_monthly(donor_id)
    donor = db.session.get_one(Donor, donor_id)
    if is_erased:
        donor.erased_at = NOW
    else:
        donor.is_deceased = True
    db.session.flush()
    assert infer(donor_id) == 0
