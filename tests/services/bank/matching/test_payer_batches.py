"""Donors made of many unknown payers at once: as shown, in one transaction, and undone as one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Changed, Conflict, Rejected
from donorhub.models import AuditRecord, Donor, Entry, Gift, IdentityKey, Match, PayerBatch, PayerUse, Task
from donorhub.services.bank.matching import entries, payer_batch_undo, payer_batches, unknown_payers
from donorhub.services.bank.matching.payer_batches import PayerChoice
from donorhub.services.bank.matching.unknown_payers import UnknownPayers, find_unknown_payers
from donorhub.services.donors import donors, search
from donorhub.services.donors.identity_keys import hash_key
from donorhub.services.giving import gifts
from tests.races import run_second, skip_without_locks
from tests.services.bank.bank import ANNA, BESA, OURS, Paid, assert_sound, rows
from tests.services.bank.matching.matching_world import DAY, donor, import_and_match

ME = "user:1"
CELA = "PL10105000997603123456789123"
DORA = "PL60102010260000042270201111"
EWA = "PL70102010260000042270201111"


def receive() -> None:
    """Two certain payers, one of them twice, and five of whom a person must say something."""
    import_and_match(
        Paid(DAY, 5000, name="KOWALSKA ANNA", account=ANNA),
        Paid(DAY + timedelta(days=1), 6000, name="KOWALSKA ANNA", account=ANNA),
        Paid(DAY, 3000, name="Krasniqi Agim", account=BESA, text="dhurim"),
        Paid(DAY, 700, name="ANTON JEREMI", account=CELA),
        Paid(DAY, 800, name="Budex Sp. z o.o.", account=DORA),
        Paid(DAY, 900, name="Ewa Zielona", account="", text="darowizna"),
        Paid(DAY, 100, name="Wójcik Jan", account=EWA, text="za obiad"),
        Paid(DAY, -400, name="Sklep", account=""),
    )


def see(account_id: int | None = None) -> UnknownPayers:
    return find_unknown_payers(bank_account_id=account_id)


def names() -> list[str]:
    db.session.commit()
    return sorted(one.name for one in search.find_donors("").rows)


def row_id(name: str, view: UnknownPayers | None = None) -> str:
    return next(one.row_id for one in (view or see()).payers if one.parsed_name.name == name)


def read_waiting() -> list[tuple[object, ...]]:
    """The entries as they are, and what the engine says of each."""
    db.session.commit()
    return [tuple(row) for row in db.session.execute(select(*Entry.__table__.columns).order_by(Entry.id))]


def make(view: UnknownPayers | None = None, **more: object) -> PayerBatch:
    batch = payer_batches.make_donors((view or see()).digest, now=clock.now(), actor=ME, **more)  # type: ignore[arg-type]
    db.session.commit()
    return batch


def undo(batch_id: int) -> None:
    digest = payer_batch_undo.show_undo(batch_id).digest
    payer_batch_undo.undo_batch(batch_id, digest, now=clock.now() + timedelta(minutes=5), actor=ME)
    db.session.commit()


def read_audit(*words: str) -> list[tuple[object, ...]]:
    """Who did what to which batch, with what figures, in the order in which it was done."""
    db.session.commit()
    columns = (AuditRecord.what, AuditRecord.actor, AuditRecord.subject_id, AuditRecord.data)
    query = select(*columns).where(AuditRecord.what.in_(words), AuditRecord.subject_type == "payer_batch")
    return [tuple(row) for row in db.session.execute(query.order_by(AuditRecord.id))]


def test_payers_are_grouped_with_their_reasons(database: Flask) -> None:
    """Each payer stands once with all their money, the certain ones first; money that left is no payer's."""
    receive()
    view = see()
    assert [(one.parsed_name.name, len(one.credits), list(one.doubts)) for one in view.payers] == [
        ("Anna Kowalska", 2, []),
        ("Agim Krasniqi", 1, []),
        ("Anton Jeremi", 1, ["two_given_names"]),
        ("Budex Sp. z o.o.", 1, ["organisation"]),
        ("Ewa Zielona", 1, ["no_account"]),
        ("Jan Wójcik", 1, ["once_without_words"]),
    ]
    assert [str(one) for one in unknown_payers.sum_payers(view.ready)] == ["140.00 PLN"]


def test_one_click_makes_donors_and_gifts(database: Flask) -> None:
    """The certain payers become donors with all their money, their accounts are known from then on, and what
    is old is not thanked; again changes nothing."""
    receive()
    digest = see().digest
    batch = make()
    assert (batch.donors_count, batch.gifts_count) == (2, 3)
    assert names() == ["Agim Krasniqi", "Anna Kowalska"]
    anna = db.session.scalars(select(Donor).where(Donor.name == "Anna Kowalska")).one()
    assert (anna.given_name, anna.family_name, anna.kind, anna.source) == (
        "Anna",
        "Kowalska",
        "person",
        "bank",
    )
    assert donors.get_donor(anna.id).code.startswith("DH-") and search.find_by_code(anna.code) == anna
    owned = select(Gift.donor_id, Gift.amount_minor).order_by(Gift.amount_minor)
    assert [minor for id_, minor in db.session.execute(owned) if id_ == anna.id] == [5000, 6000]
    holder_ids = select(IdentityKey.donor_id).filter_by(kind="iban", value_hash=hash_key("iban", ANNA))
    assert db.session.scalars(holder_ids).all() == [anna.id]
    of_account = select(PayerUse.hits).where(PayerUse.donor_id == anna.id)
    assert db.session.scalars(of_account).all() == [2]
    thanks = db.session.scalars(select(Task).where(Task.kind == "thank_you")).all()
    assert {(task.state, task.outcome) for task in thanks} == {("cancelled", "too_old")}
    assert db.session.scalars(select(Task).where(Task.kind == "new_donor")).all() == []
    assert_sound()
    before = rows()
    assert payer_batches.make_donors(digest, now=clock.now(), actor=ME).id == batch.id
    db.session.commit()
    assert rows() == before


def test_fresh_gifts_are_thanked(database: Flask) -> None:
    import_and_match(Paid(date(2026, 11, 20), 5000, name="KOWALSKA ANNA"))
    make()
    assert [task.state for task in db.session.scalars(select(Task).where(Task.kind == "thank_you"))] == [
        "planned"
    ]


def test_choice_of_a_person_wins(database: Flask) -> None:
    """Whoever is left stays unknown; a flagged name is written by a person; a donor who is there gets the
    money."""
    known = donor("Budex")
    receive()
    view = see()
    make(
        view,
        leave=[row_id("Agim Krasniqi", view)],
        take={
            row_id("Anton Jeremi", view): PayerChoice(given_name="Jeremi", family_name="Anton"),
            row_id("Budex Sp. z o.o.", view): PayerChoice(donor_id=known.id),
        },
    )
    assert names() == ["Anna Kowalska", "Budex", "Jeremi Anton"]
    jeremi = db.session.scalars(select(Donor).where(Donor.name == "Jeremi Anton")).one()
    assert (jeremi.given_name, jeremi.family_name) == ("Jeremi", "Anton")
    assert db.session.scalars(select(Gift.amount_minor).where(Gift.donor_id == known.id)).all() == [800]
    assert {one.parsed_name.name for one in see().payers} == {"Agim Krasniqi", "Ewa Zielona", "Jan Wójcik"}
    assert_sound()


def test_flagged_name_is_kept_whole(database: Flask) -> None:
    """Of a flagged name that nobody wrote anew, nothing goes into given and family name."""
    receive()
    view = see()
    leave = [one.row_id for one in view.ready]
    make(view, leave=leave, take={row_id("Anton Jeremi", view): PayerChoice()})
    made = db.session.scalars(select(Donor)).one()
    assert (made.name, made.given_name, made.family_name) == ("Anton Jeremi", "", "")


def test_two_accounts_of_one_name_stay_two(database: Flask) -> None:
    import_and_match(
        Paid(DAY, 5000, name="KOWALSKA ANNA", account=ANNA),
        Paid(DAY, 6000, name="Anna Kowalska", account=BESA),
    )
    make()
    assert names() == ["Anna Kowalska", "Anna Kowalska"]
    assert_sound()


def test_known_payers_are_not_listed(database: Flask) -> None:
    """Whose account or code is a donor's waits in the ordinary list; a namesake is only offered."""
    anna, ewa = donor(iban=ANNA), donor("Ewa Zielona")
    kasia = donor("Katarzyna Nowak")
    import_and_match(
        Paid(DAY, 5000, name="KOWALSKA ANNA", account=ANNA),
        Paid(DAY, 5000, name="Zielona Ewa", account=BESA),
        Paid(DAY, 5000, name="NOWAK KASIA", account=CELA),
        Paid(DAY, 5000, name="Lis Jan", account=DORA, text=f"darowizna {anna.code}"),
    )
    view = see()
    assert {one.parsed_name.name: (list(one.donor_ids), list(one.doubts)) for one in view.payers} == {
        "Ewa Zielona": ([ewa.id], ["may_be_known"]),
        "Kasia Nowak": ([kasia.id], ["may_be_known"]),
    }


def test_own_account_is_no_payer(database: Flask) -> None:
    import_and_match(Paid(DAY, 5000, name="Fundacja", account=OURS))
    assert see().payers == ()


def test_nobody_chosen_makes_nothing(database: Flask) -> None:
    receive()
    view, before = see(), rows()
    with pytest.raises(Rejected) as refused:
        payer_batches.make_donors(
            view.digest, leave=[one.row_id for one in view.ready], now=clock.now(), actor=ME
        )
    assert refused.value.specific_code == "nobody_chosen"
    db.session.rollback()
    assert rows() == before


def test_stale_digest_shows_those_of_now(database: Flask) -> None:
    """Where a payer was decided meanwhile nothing is made, and the new view comes back."""
    receive()
    digest = see().digest
    first = db.session.scalars(select(Entry.id).order_by(Entry.id)).first()
    entries.mark_not_a_gift(first or 0, "other", now=clock.now(), actor=ME)
    db.session.commit()
    before = rows()
    with pytest.raises(Changed) as changed:
        payer_batches.make_donors(digest, now=clock.now(), actor=ME)
    assert isinstance(changed.value.now, UnknownPayers) and changed.value.now.digest == see().digest
    db.session.rollback()
    assert rows() == before


def test_undo_leaves_everything_as_before(database: Flask) -> None:
    """The entries wait with the day that they had, nobody is in the lists, the same is proposed; again
    changes nothing, and it can be done anew."""
    receive()
    digest, before = see().digest, read_waiting()
    batch_id = make().id
    undo(batch_id)
    assert read_waiting() == before
    assert (names(), see().digest) == ([], digest)
    assert db.session.scalars(select(IdentityKey)).all() == db.session.scalars(select(PayerUse)).all() == []
    assert all(
        match.undone_at for match in db.session.scalars(select(Match).where(Match.gift_id.is_not(None)))
    )
    assert_sound()
    state = rows()
    payer_batch_undo.undo_batch(batch_id, "", now=clock.now(), actor=ME)
    db.session.commit()
    assert rows() == state
    again = make()
    assert again.id != batch_id and names() == ["Agim Krasniqi", "Anna Kowalska"]
    assert_sound()


def test_undo_takes_money_from_a_known_donor(database: Flask) -> None:
    known = donor("Budex")
    receive()
    view = see()
    before = read_waiting()
    batch = make(view, take={row_id("Budex Sp. z o.o.", view): PayerChoice(donor_id=known.id)})
    undo(batch.id)
    assert (names(), read_waiting()) == (["Budex"], before)
    assert_sound()


def give_more(giver: Donor, now: datetime) -> None:
    gifts.record_gift(
        giver.id,
        gifts.get_gift(1).amount,
        received_on=DAY,
        source="manual",
        source_ref="later",
        now=now,
        actor=ME,
    )


OBSTACLES: dict[str, Callable[[Donor, datetime], object]] = {
    "gift": give_more,
    "changed": lambda giver, now: donors.change_donor(giver, {"city": "Łódź"}, now=now, actor=ME),
    "refund": lambda giver, now: gifts.correct_gift(
        db.session.scalars(select(Gift.id).where(Gift.donor_id == giver.id)).first() or 0,
        reason="x",
        source_ref="c",
        now=now,
        actor=ME,
    ),
}


@pytest.mark.parametrize("kind", OBSTACLES)
def test_undo_leaves_whom_something_hangs_on(database: Flask, kind: str) -> None:
    """A donor with more by now is named and stays with the gifts; all the others go."""
    receive()
    batch_id = make().id
    anna = db.session.scalars(select(Donor).where(Donor.name == "Anna Kowalska")).one()
    OBSTACLES[kind](anna, clock.now())
    db.session.commit()
    view = payer_batch_undo.show_undo(batch_id)
    assert {(one.name, one.kind) for one in view.obstacles} == {("Anna Kowalska", kind)}
    assert (view.donors_count, len(view.rows)) == (1, 1)
    undo(batch_id)
    assert names() == ["Anna Kowalska"]
    assert db.session.get_one(PayerBatch, batch_id).undone_at is None
    with pytest.raises(Rejected) as refused:
        undo(batch_id)
    assert refused.value.specific_code == "nothing_to_undo"
    db.session.rollback()
    assert_sound()


def test_stale_undo_does_nothing(database: Flask) -> None:
    receive()
    batch_id = make().id
    digest = payer_batch_undo.show_undo(batch_id).digest
    anna = db.session.scalars(select(Donor).where(Donor.name == "Anna Kowalska")).one()
    donors.change_donor(anna, {"city": "Łódź"}, now=clock.now(), actor=ME)
    db.session.commit()
    before = rows()
    with pytest.raises(Changed):
        payer_batch_undo.undo_batch(batch_id, digest, now=clock.now(), actor=ME)
    db.session.rollback()
    assert rows() == before


def test_batch_and_undo_are_audited(database: Flask) -> None:
    """The audit says once who made how much of it and who took it back, and nothing of a second click."""
    receive()
    digest = see().digest
    batch_id = make().id
    made = ("payer_batch.made", ME, batch_id, {"donors": 2, "gifts": 3})
    assert read_audit("payer_batch.made", "payer_batch.undone") == [made]
    payer_batches.make_donors(digest, now=clock.now(), actor="user:2")
    undo(batch_id)
    payer_batch_undo.undo_batch(batch_id, "", now=clock.now(), actor="user:2")
    undone = ("payer_batch.undone", ME, batch_id, {"donors": 2, "gifts": 3, "left": 0})
    assert read_audit("payer_batch.made", "payer_batch.undone") == [made, undone]


def test_two_who_press_the_button_make_them_once(database: Flask) -> None:
    """The second waits for the first, and gets what the first made."""
    skip_without_locks(database)
    receive()
    digest = see().digest
    db.session.commit()
    payer_batches.make_donors(digest, now=clock.now(), actor=ME)
    other = run_second(
        database, lambda: payer_batches.make_donors(digest, now=clock.now(), actor="user:2").id
    )
    assert other.waited and other.error is None
    assert names() == ["Agim Krasniqi", "Anna Kowalska"]
    assert_sound()


def test_button_and_new_donor_make_one(database: Flask) -> None:
    """Whoever presses "new donor" on one of the entries while all are made is told that it is decided."""
    skip_without_locks(database)
    receive()
    digest = see().digest
    first = db.session.scalars(select(Entry.id).order_by(Entry.id)).first() or 0
    db.session.commit()
    payer_batches.make_donors(digest, now=clock.now(), actor=ME)
    other = run_second(database, lambda: entries.create_donor_from(first, now=clock.now(), actor="user:2"))
    assert isinstance(other.error, Conflict)
    assert names() == ["Agim Krasniqi", "Anna Kowalska"]


def test_entry_decided_meanwhile_is_told(database: Flask) -> None:
    """Where somebody is deciding one of the entries, the button waits, and then says that it is decided."""
    skip_without_locks(database)
    receive()
    digest = see().digest
    first = db.session.scalars(select(Entry.id).order_by(Entry.id)).first() or 0
    db.session.commit()
    entries.mark_not_a_gift(first, "other", now=clock.now(), actor="user:2")
    other = run_second(database, lambda: payer_batches.make_donors(digest, now=clock.now(), actor=ME))
    assert other.waited and isinstance(other.error, Conflict)
    assert names() == []


def test_two_who_undo_do_it_once(database: Flask) -> None:
    skip_without_locks(database)
    receive()
    batch_id = make().id
    digest = payer_batch_undo.show_undo(batch_id).digest
    db.session.commit()
    payer_batch_undo.undo_batch(batch_id, digest, now=clock.now(), actor=ME)
    other = run_second(
        database,
        lambda: payer_batch_undo.undo_batch(batch_id, digest, now=clock.now(), actor="user:2").undone_by,
    )
    assert (other.waited, other.error, other.result) == (True, None, ME)
    assert names() == []
