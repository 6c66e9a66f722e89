"""A person decides an entry, once; what was decided can be undone."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import (
    Correction,
    Entry,
    Gift,
    IdentityKey,
    Match,
    PayerUse,
    Payout,
)
from donorhub.services.bank.matching import entries, entry_answers
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.giving import gifts
from tests.services.bank.bank import ANNA, BESA, Paid, assert_sound, camt, match, open_account, rows, send
from tests.services.bank.matching.matching_world import (
    DAY,
    donor,
    import_and_match,
    issue_receipt,
    only,
    only_entry,
    only_gift,
    promise_instalment,
)


def test_a_person_accepts_and_accepting_again_changes_nothing(database: Flask, now: datetime) -> None:
    anna = donor()
    import_and_match(Paid(DAY, 5000))
    entries.accept_shares(only_entry().id, [Share(anna.id, 5000)], now=now, actor="user:5")
    db.session.commit()
    assert (only_gift().donor_id, only_entry().state) == (anna.id, "matched")
    assert only(select(IdentityKey.value_hash).where(IdentityKey.kind == "iban")) == hash_key("iban", ANNA)
    before = rows()
    entries.accept_shares(only_entry().id, [Share(anna.id, 5000)], now=now, actor="user:6")
    assert rows() == before
    assert only(select(Match.actor)) == "user:5"
    assert_sound()


def test_another_decision_wants_the_first_undone(database: Flask, now: datetime) -> None:
    anna, besa = donor(), donor("Besa")
    import_and_match(Paid(DAY, 5000))
    entry_id = only_entry().id
    entries.accept_shares(entry_id, [Share(anna.id, 5000)], now=now, actor="user:5")
    db.session.commit()
    before = rows()
    with pytest.raises(Conflict):
        entries.accept_shares(entry_id, [Share(besa.id, 5000)], now=now, actor="user:5")
    with pytest.raises(Conflict):
        entries.mark_not_a_gift(entry_id, "fee", now=now, actor="user:5")
    db.session.rollback()
    assert rows() == before


def test_one_payment_of_two_donors(database: Flask, now: datetime) -> None:
    """One payment may be the gifts of two donors, if the shares add up to it."""
    anna, besa = donor(), donor("Besa")
    import_and_match(Paid(DAY, 5000))
    entry_id = only_entry().id
    before = rows()
    with pytest.raises(Rejected, match="add up"):
        entries.accept_shares(entry_id, [Share(anna.id, 3000), Share(besa.id, 1000)], now=now, actor="user:5")
    db.session.rollback()
    assert rows() == before
    entries.accept_shares(entry_id, [Share(anna.id, 3000), Share(besa.id, 2000)], now=now, actor="user:5")
    db.session.commit()
    found = db.session.execute(
        select(Gift.donor_id, Gift.amount_minor, Gift.source_ref).order_by(Gift.id)
    ).all()
    assert [tuple(row) for row in found] == [
        (anna.id, 3000, f"{entry_id}/0/0"),
        (besa.id, 2000, f"{entry_id}/0/1"),
    ]
    assert_sound()


def test_the_best_candidate_is_taken_by_its_rank(database: Flask, now: datetime) -> None:
    anna = donor(iban=ANNA)
    instalment = promise_instalment(anna)
    import_and_match(Paid(DAY, 5000))
    entries.accept_proposal(only_entry().id, now=now, actor="user:5")
    db.session.commit()
    db.session.refresh(instalment)
    assert (only_gift().donor_id, instalment.state) == (anna.id, "paid")
    before = rows()
    entries.accept_proposal(only_entry().id, now=now, actor="user:5")
    assert rows() == before


def test_payer_becomes_new_donor(database: Flask, now: datetime) -> None:
    """A new donor is made of the payer, with given name and surname only where they are certain."""
    import_and_match(
        Paid(DAY, 5000, name="KOWALSKA ANNA UL. LIPOWA 3"),
        Paid(DAY, 700, name="XQZ WRT BLT", account=BESA),
    )
    sure, unsure = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()
    anna = entries.create_donor_from(sure, now=now, actor="user:5")
    assert (anna.name, anna.given_name, anna.family_name) == ("Anna Kowalska", "Anna", "Kowalska")
    other = entries.create_donor_from(unsure, now=now, actor="user:5")
    db.session.commit()
    assert (other.given_name, other.family_name) == ("", "")
    assert other.name
    before = rows()
    assert entries.create_donor_from(sure, now=now, actor="user:5").id == anna.id
    assert rows() == before


def test_no_gift_needs_reason_once(database: Flask, now: datetime) -> None:
    """That an entry is no gift needs a reason, and a second time changes nothing."""
    import_and_match(Paid(DAY, 5000))
    entry_id = only_entry().id
    before = rows()
    with pytest.raises(Rejected):
        entries.mark_not_a_gift(entry_id, " ", now=now, actor="user:5")
    assert rows() == before
    entries.mark_not_a_gift(entry_id, "a grant", now=now, actor="user:5")
    db.session.commit()
    assert only_entry().state == "not_gift"
    before = rows()
    entries.mark_not_a_gift(entry_id, "a grant", now=now, actor="user:5")
    assert rows() == before


def test_money_that_left_is_nobodys_gift(database: Flask, now: datetime) -> None:
    anna = donor()
    import_and_match(Paid(DAY, -5000, name="Anna Kowalska", account=ANNA, text="zwrot kosztow"))
    before = rows()
    with pytest.raises(Rejected):
        entries.accept_shares(only_entry().id, [Share(anna.id, -5000)], now=now, actor="user:5")
    with pytest.raises(Rejected):
        entries.create_donor_from(only_entry().id, now=now, actor="user:5")
    db.session.rollback()
    assert rows() == before


def test_a_payout_of_another_amount_is_refused(database: Flask, now: datetime) -> None:
    payout = Payout(
        provider="stripe",
        account="a",
        ref="po_2",
        state="paid",
        net_minor=100,
        currency="PLN",
        arrival_on=DAY,
    )
    db.session.add(payout)
    db.session.commit()
    import_and_match(Paid(DAY, 5000))
    before = rows()
    with pytest.raises(Rejected):
        entries.join_payout(only_entry().id, payout.id, now=now, actor="user:5")
    db.session.rollback()
    assert rows() == before


def test_undoing_takes_the_gift_out(database: Flask, now: datetime) -> None:
    """Undoing takes the gift out, and the instalment is expected again; another gift of the entry gets the
    next part number."""
    anna, besa = donor(iban=ANNA), donor("Besa")
    instalment = promise_instalment(anna)
    import_and_match(Paid(DAY, 5000))
    entry_id = only_entry().id
    entries.accept_proposal(entry_id, now=now, actor="user:5")
    db.session.commit()
    first = only_gift()
    entries.undo_entry(entry_id, now=now, actor="user:6")
    db.session.commit()
    assert (only_entry().state, gifts.compute_remainder(first).minor) == ("suspense", 0)
    undone = db.session.scalars(select(Match)).one()
    assert (undone.undone_by, undone.gift_id) == ("user:6", first.id)
    db.session.refresh(instalment)
    assert instalment.state == "expected"
    assert db.session.scalars(select(PayerUse.misses)).all() == [1]
    assert_sound()
    before = rows()
    entries.undo_entry(entry_id, now=now, actor="user:6")
    assert rows() == before
    entries.accept_shares(entry_id, [Share(besa.id, 5000)], now=now, actor="user:6")
    db.session.commit()
    refs = db.session.scalars(select(Gift.source_ref).order_by(Gift.id)).all()
    assert refs == [f"{entry_id}/0/0", f"{entry_id}/0/1"]
    assert_sound()


def test_receipt_forbids_undoing(database: Flask, now: datetime) -> None:
    """Undoing is refused while a receipt names the gift."""
    anna = donor()
    import_and_match(Paid(DAY, 5000))
    entries.accept_shares(only_entry().id, [Share(anna.id, 5000)], now=now, actor="user:5")
    db.session.commit()
    issue_receipt(now)
    before = rows()
    with pytest.raises(Rejected) as refused:
        entries.undo_entry(only_entry().id, now=now, actor="user:5")
    db.session.rollback()
    assert refused.value.specific_code == "gift_on_receipt"
    assert rows() == before
    assert db.session.scalar(select(func.count()).select_from(Correction)) == 0


def test_undoing_a_return_lets_the_gift_count_again(database: Flask, now: datetime) -> None:
    anna = donor(iban=ANNA)
    instalment = promise_instalment(anna)
    import_and_match(Paid(DAY, 5000, end_to_end="E1"), mode="auto")
    gift = only_gift()
    send(camt([Paid(date(2026, 10, 9), -5000, end_to_end="E1", return_code="MD01")], opening=5000))
    match()
    returned = only(select(Entry.id).where(Entry.amount_minor < 0))
    entries.undo_entry(returned, now=now, actor="user:5")
    db.session.commit()
    assert gifts.compute_remainder(gift).minor == 5000
    db.session.refresh(instalment)
    assert instalment.state == "paid"
    assert_sound()


# ---------------------------------------------------------------- doubtful ones


def doubtful() -> int:
    """An entry that came in two exports whose ends do not agree: both tell a part of one day."""
    open_account()
    send(camt([Paid(DAY, 5000), Paid(DAY, 700, name="A", text="x")], opening=None))
    send(camt([Paid(DAY, 5000), Paid(DAY, 900, name="B", text="y")], opening=None))
    return int(only(select(Entry.id).where(Entry.state == "doubtful")))


def test_accepted_doubt_counts_once(database: Flask, now: datetime) -> None:
    """An entry that may be known already waits, and counts once it is accepted."""
    entry_id = doubtful()
    anna = donor()
    with pytest.raises(Conflict):
        entries.accept_shares(entry_id, [Share(anna.id, 5000)], now=now, actor="user:5")
    db.session.rollback()
    entry_answers.accept_doubtful(entry_id, now=now, actor="user:5")
    db.session.commit()
    before = rows()
    entry_answers.accept_doubtful(entry_id, now=now, actor="user:5")
    assert rows() == before
    match()
    assert db.session.get_one(Entry, entry_id).state == "suspense"
    assert_sound()


def test_rejected_doubt_counts_no_more(database: Flask, now: datetime) -> None:
    """An entry that is known already is rejected once and counts no more."""
    entry_id = doubtful()
    entry_answers.reject_doubtful(entry_id, now=now, actor="user:5")
    db.session.commit()
    before = rows()
    entry_answers.reject_doubtful(entry_id, now=now, actor="user:5")
    assert rows() == before
    with pytest.raises(Conflict):
        entry_answers.accept_doubtful(entry_id, now=now, actor="user:5")
    match()
    another = only(select(Entry.id).where(Entry.id != entry_id).limit(1))
    with pytest.raises(Conflict):
        entry_answers.reject_doubtful(another, now=now, actor="user:5")
    assert_sound()
