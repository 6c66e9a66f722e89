"""What is certain of a statement is settled, and the rest waits."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.donors import codes
from donorhub.errors import Rejected
from donorhub.models import (
    Allocation,
    AuditRecord,
    Detail,
    Dispute,
    DomainEvent,
    Donor,
    Entry,
    Gift,
    Match,
    PayerKey,
    PayerUse,
    Payout,
    Task,
)
from donorhub.money import Money
from donorhub.services.bank.matching import entries, matching
from donorhub.services.bank.matching.entries import Share
from donorhub.services.giving import gifts
from donorhub.services.giving.new_gifts import NewGift, record_gifts
from tests.services.bank.bank import ANNA, BESA, Paid, assert_sound, camt, match, open_account, rows, send
from tests.services.bank.matching.matching_world import (
    DAY,
    donor,
    entry_states,
    import_and_match,
    only,
    only_entry,
    only_gift,
    promise_instalment,
)


def test_code_makes_gift_on_auto(database: Flask) -> None:
    """A code makes the gift without a person where the account is on auto."""
    anna = donor()
    import_and_match(Paid(DAY, 5000, text=f"dar {anna.code}"), mode="auto")
    gift = only_gift()
    assert (gift.donor_id, gift.amount, gift.received_on) == (anna.id, Money(5000, "PLN"), DAY)
    assert (gift.source, gift.source_ref, gift.method) == ("bank", f"{only_entry().id}/0/0", "transfer")
    matched = db.session.scalars(select(Match)).one()
    assert (matched.kind, matched.gift_id, matched.actor) == ("gift", gift.id, "system:matching")
    assert "match.code" in [reason["key"] for reason in matched.evidence]
    assert only_entry().state == "matched"
    assert_sound()


def test_suggest_leaves_entry_to_person(database: Flask) -> None:
    """The mode suggest leaves the same entry to a person until a date."""
    anna = donor()
    import_and_match(Paid(DAY, 5000, text=f"dar {anna.code}"))
    entry = only_entry()
    assert (entry.state, entry.decide_by) == ("suspense", clock.now().date() + timedelta(days=90))
    assert db.session.scalar(select(func.count()).select_from(Gift)) == 0
    proposal = matching.list_proposals([entry.id])[entry.id][0]
    assert (proposal.would_auto, proposal.candidates[0].donor_id) == (True, anna.id)


def test_off_proposes_only_when_asked(database: Flask) -> None:
    """The mode off proposes nothing by itself, but answers a person."""
    anna = donor()
    import_and_match(Paid(DAY, 5000, text=f"dar {anna.code}"), mode="off")
    assert entry_states() == ["suspense"]
    assert matching.list_proposals([only_entry().id])[only_entry().id][0].candidates[0].donor_id == anna.id


def test_a_name_alone_never_decides(database: Flask) -> None:
    donor("Anna Kowalska")
    import_and_match(Paid(DAY, 5000), mode="auto")
    assert entry_states() == ["suspense"]


def test_account_and_instalment_decide_together(database: Flask) -> None:
    """The account and the instalment that it pays decide together."""
    anna = donor(iban=ANNA)
    instalment = promise_instalment(anna)
    import_and_match(Paid(DAY, 5000), mode="auto")
    gift = only_gift()
    assert gift.method == "standing_order"
    assert db.session.scalars(select(Allocation.amount_minor)).all() == [5000]
    db.session.refresh(instalment)
    assert instalment.state == "paid"
    assert_sound()


def test_matching_again_changes_nothing(database: Flask) -> None:
    anna = donor()
    import_and_match(
        Paid(DAY, 5000, text=anna.code), Paid(DAY, -300, name="Bank", account="", text="oplata"), mode="auto"
    )
    before = rows()
    statement_id = only(select(Entry.statement_id).distinct())
    done = matching.match_next_entries(statement_id, 0, now=clock.now(), actor="system:matching")
    db.session.commit()
    assert (done.last_id, rows()) == (None, before)


def test_bank_fee_needs_no_person(database: Flask) -> None:
    """A bank fee is no gift and needs no person."""
    import_and_match(Paid(DAY, -300, name="", account="", text="Opłata za prowadzenie rachunku"))
    assert entry_states() == ["not_gift"]
    assert only(select(Match.kind)) == "not_gift"


def test_a_merged_donors_code_finds_the_survivor(database: Flask) -> None:
    old, new = donor("A"), donor("Anna Kowalska")
    old.merged_into_id = new.id
    db.session.commit()
    import_and_match(Paid(DAY, 5000, text=old.code), mode="auto")
    assert only_gift().donor_id == new.id


def test_creditor_reference_finds_donor(database: Flask) -> None:
    """A reference by ISO 11649 that carries the code finds the donor."""
    anna = donor()
    body = anna.code.replace("-", "")
    digits = "".join(str(int(sign, 36)) for sign in f"{body}RF00")
    reference = f"RF{98 - int(digits) % 97:02d}{body}"
    assert codes.is_right_rf(reference)
    import_and_match(Paid(DAY, 5000, text=f"wplata {reference}"), mode="auto")
    assert only_gift().donor_id == anna.id


def test_third_payment_passes_after_two(database: Flask, now: datetime) -> None:
    """Two confirmed payments let the third from the account pass."""
    anna = donor("Inna Osoba")
    import_and_match(*(Paid(DAY + timedelta(days=n), 5000 + n, name="X Y") for n in range(2)))
    for entry_id in db.session.scalars(select(Entry.id)).all():
        amount = db.session.get_one(Entry, entry_id).amount_minor
        entries.accept_shares(entry_id, [Share(anna.id, amount)], now=now, actor="user:1")
    db.session.commit()
    key = db.session.scalars(select(PayerKey)).one()
    use = db.session.scalars(select(PayerUse)).one()
    assert (key.kind, key.value, key.payer_id) == ("account", ANNA, use.payer_id)
    assert (use.donor_id, use.hits, use.misses) == (anna.id, 2, 0)
    only_account().matching = "auto"
    db.session.commit()
    send(camt([Paid(date(2026, 10, 20), 7000, name="X Y")], opening=10001))
    match()
    assert entry_states() == ["matched", "matched", "matched"]


def only_account() -> Any:
    from donorhub.models import BankAccount

    return only(select(BankAccount))


def test_payments_of_batch_match_singly(database: Flask, now: datetime) -> None:
    """Each payment of a batch is matched by itself."""
    anna = donor()
    open_account("auto")
    send(camt([[Paid(DAY, 3000, text=anna.code), Paid(DAY, 2000, name="Nobody", account=BESA)]]))
    match()
    entry = only_entry()
    assert (entry.state, only_gift().source_ref) == ("suspense", f"{entry.id}/0/0")
    second = only(select(Detail.id).where(Detail.position == 1))
    with pytest.raises(Rejected):
        entries.accept_shares(entry.id, [Share(anna.id, 2000)], now=now, actor="user:1")
    entries.accept_shares(entry.id, [Share(anna.id, 2000)], detail_id=second, now=now, actor="user:1")
    db.session.commit()
    assert only_entry().state == "matched"
    assert db.session.scalars(select(Gift.source_ref).order_by(Gift.id)).all() == [
        f"{entry.id}/0/0",
        f"{entry.id}/1/0",
    ]
    assert_sound()


def test_payout_entry_makes_no_gift(database: Flask) -> None:
    """A payout explains its entry and makes no gift, as its gifts came from the provider."""
    payout = Payout(
        provider="stripe",
        account="acct_1",
        ref="po_1",
        state="paid",
        net_minor=9711,
        currency="PLN",
        arrival_on=DAY,
        descriptor="",
    )
    db.session.add(payout)
    db.session.commit()
    import_and_match(Paid(DAY, 9711, name="STRIPE PAYMENTS EUROPE", account=BESA, text="STRIPE"), mode="auto")
    assert only(select(Match.kind)) == "payout"
    assert only(select(Payout.entry_id)) == only_entry().id
    assert db.session.scalar(select(func.count()).select_from(Gift)) == 0


def test_return_takes_gift_back(database: Flask) -> None:
    """A return takes the gift back, and the instalment is owed again."""
    anna = donor(iban=ANNA)
    instalment = promise_instalment(anna)
    import_and_match(Paid(DAY, 5000, end_to_end="E2E-1"), mode="auto")
    gift = only_gift()
    send(
        camt(
            [Paid(date(2026, 10, 9), -5000, text="zwrot", end_to_end="E2E-1", return_code="AM04")],
            opening=5000,
        )
    )
    match()
    dispute = db.session.scalars(select(Dispute)).one()
    assert (dispute.kind, dispute.state, dispute.gift_id) == ("return", "lost", gift.id)
    assert (dispute.amount_minor, dispute.reason) == (5000, "AM04")
    assert gifts.compute_remainder(gift).minor == 0
    db.session.refresh(instalment)
    assert instalment.state == "returned"
    kinds = set(db.session.scalars(select(Task.kind).where(Task.performer == "person")))
    assert kinds == {"returned_gift"}
    assert_sound()


def test_many_gifts_equal_single_ones(database: Flask, now: datetime) -> None:
    """Many gifts that are written at once have the same rows as one that is written alone."""
    anna = donor()
    gifts.record_gift(
        anna.id,
        Money(100, "PLN"),
        received_on=DAY,
        source="bank",
        source_ref="1/0/0",
        method="transfer",
        now=now,
        actor="x",
    )
    new = NewGift(anna.id, 100, "PLN", DAY, "bank", "2/0/0", "transfer")
    record_gifts([new], now=now, actor="x")
    db.session.commit()
    own = {"id", "source_ref", "key", "subject_id", "digest", "seq"}
    for model, wanted in (
        (Gift, Gift.id > 0),
        (Task, Task.subject_type == "gift"),
        (DomainEvent, DomainEvent.subject_type == "gift"),
        (AuditRecord, AuditRecord.subject_type == "gift"),
    ):
        one, many = db.session.scalars(select(model).where(wanted).order_by(model.id)).all()
        names = {column.name for column in model.__table__.columns} - own
        assert {name: getattr(one, name) for name in names} == {name: getattr(many, name) for name in names}
    keys = db.session.scalars(select(Task.key).where(Task.subject_type == "gift").order_by(Task.id)).all()
    assert keys == [f"thank_you:gift:{id_}" for id_ in db.session.scalars(select(Gift.id).order_by(Gift.id))]


# ---------------------------------------------------------------- who pays for whom


def confirm_payments(giver: Donor, *payments: Paid) -> None:
    """Payments that a person said are this donor's; the account then decides by itself."""
    for n, paid in enumerate(payments):
        import_and_match(paid)
        entry = db.session.scalars(select(Entry).where(Entry.state == "suspense")).one()
        entries.accept_shares(entry.id, [Share(giver.id, paid.minor)], now=clock.now(), actor=f"user:{n + 1}")
        db.session.commit()
    only_account().matching = "auto"
    db.session.commit()


FIRM = {"name": "FIRMA DOBRA SP Z O O", "account": BESA}


def test_payer_for_many_asks_again(database: Flask) -> None:
    """A payer for many donors needs a person each time the text is another."""
    adam, beata = donor("Adam Lis"), donor("Beata Mak")
    confirm_payments(
        adam, *(Paid(DAY + timedelta(days=n), 5000, text=f"za Adama {n}/26", **FIRM) for n in (0, 1))
    )
    others = [
        Paid(DAY + timedelta(days=2), 5000, text="za Adama 2/26", **FIRM),
        Paid(DAY + timedelta(days=3), 5000, text="darowizna Beata Mak", **FIRM),
        Paid(DAY + timedelta(days=4), 5000, text="za Cezarego", **FIRM),
    ]
    send(camt(others, opening=10000))
    match()
    assert entry_states() == ["matched"] * 3 + ["suspense"] * 2
    named = only(select(Entry.id).where(Entry.remittance.contains("Beata")))
    assert matching.list_proposals([named])[named][0].candidates[0].donor_id == beata.id


def test_undone_decision_forgets_the_saying(database: Flask, now: datetime) -> None:
    """What was learnt of a payer is forgotten when the decision is undone."""
    adam = donor("Adam Lis")
    confirm_payments(adam, *(Paid(DAY + timedelta(days=n), 5000, text="za Adama", **FIRM) for n in (0, 1)))
    entries.undo_entry(1, now=now, actor="user:1")
    db.session.commit()
    send(camt([Paid(DAY + timedelta(days=2), 5000, text="za Adama", **FIRM)], opening=10000))
    match()
    assert entry_states() == ["suspense", "matched", "suspense"]


def test_returned_gift_is_not_returned_again(database: Flask, now: datetime) -> None:
    """A gift that was taken back is not taken back again."""
    donor(iban=ANNA)
    promise_instalment(db.session.scalars(select(Donor)).one())
    import_and_match(Paid(DAY, 5000, end_to_end="E1"), mode="auto")
    backs = [
        Paid(DAY + timedelta(days=n), -5000, end_to_end="E1", return_code="AC04", text=f"{n}") for n in (3, 5)
    ]
    for n, back in enumerate(backs):
        send(camt([back], opening=5000 - 5000 * n, name=f"B{n}"))
        match()
    assert db.session.scalar(select(func.count()).select_from(Dispute)) == 1
    assert entry_states() == ["matched", "matched", "suspense"]
    last = only(select(Entry.id).where(Entry.state == "suspense"))
    before = rows()
    with pytest.raises(Rejected) as refused:
        entries.accept_return(last, only_gift().id, now=now, actor="user:1")
    db.session.rollback()
    assert refused.value.specific_code == "nothing_left"
    assert rows() == before
