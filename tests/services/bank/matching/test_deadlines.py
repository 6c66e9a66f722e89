"""Money for which nobody says in time whose it is: the unknown donor's, and given to its donor later."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import (
    AuditRecord,
    Donor,
    Entry,
    Fund,
    Gift,
    ImportFile,
    Match,
    PayerKey,
    PayerUse,
    RecurringGift,
    Task,
)
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.bank import import_undo
from donorhub.services.bank.matching import deadlines, entries, matching, unknown_donor
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors, search
from donorhub.services.giving import gift_changes, gifts
from donorhub.services.receipts import receipts
from donorhub.services.recurring import inferred
from tests.races import run_second
from tests.services.bank.bank import ANNA, BESA, Paid, assert_sound, camt, match, rows, send
from tests.services.bank.matching.matching_world import (
    DAY,
    donor,
    entry_states,
    import_and_match,
    only_entry,
    only_gift,
    promise_instalment,
)

ME = "user:1"
STRANGER = Paid(DAY, 5000, name="Olga Lis", account=BESA, text="dar serca")


def pass_days(days: int) -> int:
    """Do what the timer does so many days from now."""
    count = deadlines.settle_expired_entries(now=clock.now() + timedelta(days=days))
    db.session.commit()
    return count


def sum_by_month() -> list[tuple[int, int, int]]:
    """What counts, in minor units, by month of receipt."""
    sums: Counter[tuple[int, int]] = Counter()
    for gift in db.session.scalars(select(Gift)):
        sums[gift.received_on.year, gift.received_on.month] += gifts.compute_remainder(gift).minor
    return [(*month, minor) for month, minor in sorted(sums.items())]


def test_waiting_money_becomes_unknown_donors(database: Flask) -> None:
    import_and_match(STRANGER)
    assert pass_days(90) == 0
    assert entry_states() == ["suspense"]
    assert pass_days(91) == 1
    before = rows()
    assert pass_days(92) == 0
    assert rows() == before
    gift = only_gift()
    assert entry_states() == ["unclaimed"]
    assert (gift.amount_minor, gift.received_on, gift.thank) == (5000, DAY, False)
    assert gift.donor_id == unknown_donor.find_id()
    assert db.session.scalars(select(Task).where(Task.kind.in_(("thank_you", "new_donor")))).all() == []
    assert [(row.actor, row.rule) for row in db.session.scalars(select(Match))] == [("system:deadline", None)]
    assert_sound()


def test_days_count_from_the_import(database: Flask) -> None:
    """A file of a year ago waits as long as one of today."""
    import_and_match(Paid(DAY - timedelta(days=400), 5000, name="Olga Lis", account=BESA))
    assert pass_days(89) == 0
    assert pass_days(91) == 1


@pytest.mark.parametrize(
    ("paid", "mode"),
    [
        (Paid(DAY, 5000, name="Gmina", text="faktura 7/2026"), "suggest"),
        (Paid(DAY, -5000, name="Anna Kowalska", account=ANNA), "suggest"),
        (STRANGER, "off"),
    ],
    ids=["words against", "money out", "matching is off"],
)
def test_no_gift_of_what_may_be_none(database: Flask, paid: Paid, mode: str) -> None:
    donor(iban=ANNA)
    import_and_match(paid, mode=mode)
    assert entry_states() == ["suspense"]
    pass_days(500)
    assert entry_states() == ["suspense"]
    assert pass_days(501) == 0
    assert db.session.query(Gift).count() == 0


def test_money_waits_for_ever_where_wanted(database: Flask) -> None:
    organisation.change_organisation({"suspense_days": 0}, now=clock.now(), actor=ME)
    db.session.commit()
    import_and_match(STRANGER)
    assert only_entry().decide_by is None
    organisation.change_organisation({"suspense_days": 30}, now=clock.now(), actor=ME)
    db.session.commit()
    assert pass_days(500) == 0
    entries.mark_not_a_gift(only_entry().id, "x", now=clock.now(), actor=ME)
    assert entries.undo_entry(only_entry().id, now=clock.now(), actor=ME).decide_by is not None
    organisation.change_organisation({"suspense_days": 0}, now=clock.now(), actor=ME)
    db.session.commit()
    assert pass_days(500) == 0


def test_recorded_gift_is_not_counted_twice(database: Flask, now: datetime) -> None:
    """Money that somebody recorded by hand, of whomever, waits for a person."""
    import_and_match(STRANGER)
    gifts.record_gift(
        donor("Piotr Zima").id,
        Money(5000, "PLN"),
        received_on=DAY,
        source="manual",
        source_ref="m1",
        now=now,
        actor=ME,
    )
    db.session.commit()
    assert pass_days(91) == 1
    assert entry_states() == ["suspense"]
    assert sum_by_month() == [(2026, 10, 5000)]


def test_unknown_donor_is_nobody(database: Flask) -> None:
    """In no list, count or stage, without page or receipt, and proposed for no other payment."""
    import_and_match(STRANGER)
    anna = donor()
    pass_days(91)
    id_ = unknown_donor.find_id()
    assert id_ is not None
    assert [one.id for one in search.find_donors("").rows] == [anna.id]
    assert search.find_donors("Unknown donor").rows == []
    assert db.session.get_one(Donor, id_).stage is None
    with pytest.raises(NotFound, match="nobody knows yet"):
        donors.get_donor(id_)
    with pytest.raises(NotFound):
        receipts.issue_receipt([only_gift().id], today=DAY, now=clock.now(), actor=ME)
    db.session.rollback()
    assert (db.session.query(PayerKey).count(), db.session.query(PayerUse).count()) == (0, 0)
    send(
        camt([replace(STRANGER, on=DAY + timedelta(days=30), ref="later")], opening=5000, name="S2"), "b.xml"
    )
    match()
    later = db.session.scalars(select(Entry).order_by(Entry.id.desc())).first()
    assert later is not None and later.state == "suspense"
    assert [one.donor_id for one in matching.list_proposals([later.id])[later.id][0].candidates] == []
    pass_days(200)
    assert {gift.donor_id for gift in db.session.scalars(select(Gift))} == {id_}
    assert db.session.query(Donor).count() == 2


def test_unknown_donor_promises_nothing(database: Flask) -> None:
    """What comes month by month of nobody known is no recurring gift."""
    days = [date(2026, month, 5) for month in range(4, 11)]
    import_and_match(*(replace(STRANGER, on=day, ref=f"r{day.month}") for day in days))
    pass_days(91)
    assert db.session.query(Gift).count() == len(days)
    donor_id = unknown_donor.find_id() or 0
    assert inferred.infer_recurring_gifts([donor_id], now=clock.now() + timedelta(days=91)) == 0
    assert db.session.query(RecurringGift).count() == 0


def test_giver_may_be_named_in_closed_books(database: Flask) -> None:
    """Given to its donor, no sum of account, fund or month changes, and the trace tells it."""
    import_and_match(STRANGER)
    olga = donor("Olga Lis")
    pass_days(91)
    well = Fund(code="well", name="Well")
    db.session.add(well)
    db.session.flush()
    gift_changes.change_gift(only_gift().id, {"fund_ids": {well.id: 5000}}, now=clock.now(), actor=ME)
    organisation.change_organisation({"closed_until": date(2026, 10, 31)}, now=clock.now(), actor=ME)
    db.session.commit()
    before = sum_by_month()
    for _ in range(2):
        entries.accept_shares(only_entry().id, [Share(olga.id, 5000)], now=clock.now(), actor=ME)
        db.session.commit()
    assert entry_states() == ["matched"]
    assert sum_by_month() == before == [(2026, 10, 5000)]
    of_unknown, of_olga = db.session.scalars(select(Gift).order_by(Gift.id))
    assert (gifts.compute_remainder(of_unknown).minor, of_olga.donor_id) == (0, olga.id)
    assert gifts.list_designations([of_olga.id]) == {of_olga.id: [(well.id, 5000)]}
    whats = list(db.session.scalars(select(AuditRecord.what).order_by(AuditRecord.id)))
    assert whats.count("entry.undone") == whats.count("gift.corrected") == 1
    assert whats.count("entry.decided") == 1
    assert_sound()
    with pytest.raises(Conflict):
        entries.accept_shares(only_entry().id, [Share(donor("Jan Wilk").id, 5000)], now=clock.now(), actor=ME)


def test_no_gift_is_not_the_unknown_donors(database: Flask) -> None:
    """What a person said stays, also while there is no unknown donor: it is undone before it is another."""
    import_and_match(STRANGER)
    entries.mark_not_a_gift(only_entry().id, "grant", now=clock.now(), actor=ME)
    db.session.commit()
    olga = donor("Olga Lis")
    for _ in range(2):
        with pytest.raises(Conflict):
            entries.accept_shares(only_entry().id, [Share(olga.id, 5000)], now=clock.now(), actor=ME)
        db.session.rollback()
        unknown_donor.get_or_create_id(now=clock.now(), actor=ME)
        db.session.commit()
    assert pass_days(91) == 0
    assert entry_states() == ["not_gift"]


def test_closed_books_keep_the_gift(database: Flask) -> None:
    """What was a gift in the closed month is not made none."""
    import_and_match(STRANGER)
    pass_days(91)
    organisation.change_organisation({"closed_until": date(2026, 10, 31)}, now=clock.now(), actor=ME)
    db.session.commit()
    before = rows()
    with pytest.raises(Rejected, match="closed"):
        entries.mark_not_a_gift(only_entry().id, "grant", now=clock.now(), actor=ME)
    db.session.rollback()
    assert rows() == before
    organisation.change_organisation({"closed_until": None}, now=clock.now(), actor=ME)
    entries.mark_not_a_gift(only_entry().id, "grant", now=clock.now(), actor=ME)
    db.session.commit()
    assert (entry_states(), sum_by_month()) == (["not_gift"], [(2026, 10, 0)])


def test_named_giver_settles_the_promise(database: Flask) -> None:
    """The engine's proposal stands beside the unknown donor's gift and is taken as ever."""
    olga = donor("Olga Lis")
    instalment = promise_instalment(olga)
    import_and_match(Paid(DAY, 5000, name="Olga Lis", account=""))
    pass_days(91)
    entries.accept_proposal(only_entry().id, now=clock.now(), actor=ME)
    db.session.commit()
    assert instalment.state == "paid"
    assert entry_states() == ["matched"]
    assert_sound()


def test_new_donor_of_unclaimed_money(database: Flask) -> None:
    import_and_match(STRANGER)
    pass_days(91)
    made = entries.create_donor_from(only_entry().id, now=clock.now(), actor=ME)
    db.session.commit()
    again = entries.create_donor_from(only_entry().id, now=clock.now(), actor=ME)
    assert (made.name, again.id, made.id) == ("Olga Lis", made.id, again.id)
    assert entry_states() == ["matched"]
    assert sum_by_month() == [(2026, 10, 5000)]


def test_undone_deadline_gives_time_anew(database: Flask) -> None:
    import_and_match(STRANGER)
    pass_days(91)
    later = clock.now() + timedelta(days=91)
    entry = entries.undo_entry(only_entry().id, now=later, actor=ME)
    db.session.commit()
    assert (entry.state, entry.decide_by) == ("suspense", organisation.get_day(later) + timedelta(days=90))
    assert sum_by_month() == [(2026, 10, 0)]
    assert pass_days(181) == 0
    assert pass_days(182) == 1
    assert sum_by_month() == [(2026, 10, 5000)]
    assert db.session.query(Donor).count() == 1
    assert_sound()


def test_rest_of_a_batch_becomes_unclaimed(database: Flask) -> None:
    """Of a batch, what a person decided stays theirs."""
    anna = donor()
    import_and_match(*([[Paid(DAY, 5000), STRANGER]]))
    first, _second = (row.detail_id for row in matching.list_proposals([only_entry().id])[only_entry().id])
    entries.accept_shares(only_entry().id, [Share(anna.id, 5000)], detail_id=first, now=clock.now(), actor=ME)
    db.session.commit()
    pass_days(91)
    assert entry_states() == ["unclaimed"]
    donor_ids = [gift.donor_id for gift in db.session.scalars(select(Gift).order_by(Gift.id))]
    assert donor_ids == [anna.id, unknown_donor.find_id()]
    assert sum_by_month() == [(2026, 10, 10000)]
    assert_sound()


def test_two_at_once_make_one_unknown_donor(locks: Flask) -> None:
    def get_or_create() -> int:
        return unknown_donor.get_or_create_id(now=clock.now(), actor=ME)

    first_id = get_or_create()
    second = run_second(locks, get_or_create)
    assert (second.result, second.error) == (first_id, None)
    assert db.session.query(Donor).count() == 1


def test_import_taken_back_takes_it_too(database: Flask) -> None:
    """The gift goes with its entry, and the same file again begins to wait anew."""
    import_and_match(STRANGER)
    pass_days(91)
    file_id = db.session.scalars(select(ImportFile.id)).one()
    import_undo.take_back_import(file_id, reason="wrong", now=clock.now(), actor=ME, undo_decisions=True)
    db.session.commit()
    assert sum_by_month() == [(2026, 10, 0)]
    assert_sound()
    send(camt([STRANGER]), "again.xml")
    match()
    assert sorted(entry_states()) == ["suspense", "taken_back"]
    assert pass_days(91) == 1
    assert sum_by_month() == [(2026, 10, 5000)]
    assert_sound()


def test_returned_money_is_given_to_nobody(database: Flask) -> None:
    """What the bank took back of the unknown donor's gift is no other donor's either."""
    import_and_match(STRANGER)
    olga = donor("Olga Lis")
    pass_days(91)
    paid_id, gift_id = only_entry().id, only_gift().id
    back = replace(STRANGER, on=DAY + timedelta(days=3), minor=-5000, text="zwrot", return_code="AC04")
    send(camt([back], opening=5000, name="S2"), "b.xml")
    match()
    later_id = db.session.scalars(select(func.max(Entry.id))).one()
    entries.accept_return(later_id, gift_id, now=clock.now(), actor=ME)
    db.session.commit()
    before = rows()
    with pytest.raises(Rejected, match="nothing is left"):
        entries.accept_shares(paid_id, [Share(olga.id, 5000)], now=clock.now(), actor=ME)
    db.session.rollback()
    assert rows() == before
    assert sum_by_month() == [(2026, 10, 0)]
    assert_sound()
