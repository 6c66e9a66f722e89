"""The same money from two doors is one gift: the bank after the move, and the move after the bank."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.errors import Changed, Conflict
from donorhub.models import Correction, Entry, Gift, ImportFile
from donorhub.services.bank.matching import entries, same_gifts
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import accounts, donors
from donorhub.services.giving import gifts
from donorhub.services.moving import record_undo
from donorhub.services.reports import invariants
from tests.services.bank.bank import ANNA, Paid, camt, match, open_account, send
from tests.services.moving.records import ME, bring, count

DAY = date(2026, 10, 5)
TABLE = f"Name;Date;Amount;IBAN\nAnna Kowalska;2026-10-04;50;{ANNA}\n".encode()


def send_bank() -> None:
    """Import the bank's file of the same period, and let the engine settle what is certain."""
    open_account("auto")
    send(camt([Paid(DAY, 5000, ref="R1", text="darowizna")]))
    match()


def sum_gifts() -> int:
    """Return the sum of all gifts."""
    db.session.rollback()
    return db.session.scalar(select(func.coalesce(func.sum(Gift.amount_minor), 0))) or 0


def test_the_bank_after_the_move(database: Flask) -> None:
    """An entry that covers a gift of the move waits for a person, and counts nothing by itself."""
    bring(TABLE)
    send_bank()
    assert sum_gifts() == 5000
    assert db.session.scalars(select(Entry.state)).all() == ["suspense"]


@pytest.mark.parametrize("days", ["2026-10-02", "2026-10-05", "2026-10-08"])
def test_the_move_after_the_bank(database: Flask, days: str) -> None:
    """A row that covers a gift of the bank is that gift, up to three days before or after."""
    anna = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor=ME)
    accounts.learn_account(anna.id, ANNA, now=clock.now())
    db.session.commit()
    open_account("suggest")
    send(camt([Paid(DAY, 5000, ref="R1", text="darowizna")]))
    match()
    (entry,) = db.session.scalars(select(Entry)).all()
    entries.accept_shares(entry.id, [Share(anna.id, 5000)], equal_ids=[], now=clock.now(), actor=ME)
    db.session.commit()
    other = "Jan Lis;2026-10-05;50;\n"
    bring(TABLE.replace(b"2026-10-04", days.encode()) + other.encode())
    assert (sum_gifts(), count(Gift)) == (10000, 2)


def join_all() -> int:
    """Join what agrees, as a person confirms it."""
    view = same_gifts.list_same_gifts()
    count = same_gifts.join_shown_gifts(view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    return count


def test_bank_entries_are_the_gifts_of_the_move(database: Flask) -> None:
    """After the move the bank's entries are joined to its gifts at once, and again changes nothing."""
    names = [f"Jan Nowak{chr(97 + n)}" for n in range(1, 20)]
    text = "".join(f"{name};2026-10-0{1 + n % 7};{50 + n};\n" for n, name in enumerate(names, 1))
    bring(TABLE + text.encode())
    open_account("auto")
    paid = [Paid(DAY, 5000, ref="R1", text="darowizna")]
    paid += [
        Paid(date(2026, 10, 2 + n % 7), 5000 + 100 * n, ref=f"N{n}", name=name.upper(), account="")
        for n, name in enumerate(names, 1)
    ]
    paid.sort(key=lambda one: one.on)
    send(camt(paid))
    match()
    before = sum_gifts()
    assert join_all() == 20
    assert (sum_gifts(), count(Gift)) == (before, 20)
    assert set(db.session.scalars(select(Entry.state))) == {"matched"}
    assert join_all() == 0
    send(camt(paid))
    match()
    assert (sum_gifts(), count(Gift)) == (before, 20)
    assert not any(invariants.check_all(now=clock.now()).values())


def test_equal_gifts_are_joined_one_by_one(database: Flask) -> None:
    """Three entries and two gifts of one sum: two are joined, the third waits for a person."""
    bring(TABLE + f"Anna Kowalska;2026-10-05;50;{ANNA}\n".encode())
    open_account("auto")
    send(camt([Paid(DAY, 5000, ref=f"R{n}", text="darowizna") for n in range(3)]))
    match()
    assert join_all() == 2
    assert join_all() == 0
    assert sorted(db.session.scalars(select(Entry.state))) == ["matched", "matched", "suspense"]


def test_what_changed_is_not_joined(database: Flask) -> None:
    """Where an entry was decided since it was shown, nothing is joined."""
    bring(TABLE)
    send_bank()
    view = same_gifts.list_same_gifts()
    bring(TABLE.replace(b";50;", b";70;").replace(b"10-04", b"10-06"), filename="more.csv")
    send(camt([Paid(DAY, 7000, ref="R2", text="darowizna")], opening=5000, name="S2"))
    match()
    with pytest.raises(Changed):
        same_gifts.join_shown_gifts(view.digest, now=clock.now(), actor=ME)
    db.session.rollback()
    assert set(db.session.scalars(select(Entry.state))) == {"suspense"}


def test_a_joined_entry_can_be_undone(database: Flask) -> None:
    """The gift of the move stays as it is, and the entry waits again; it can be joined once more."""
    file = bring(TABLE)
    send_bank()
    join_all()
    (entry,) = db.session.scalars(select(Entry)).all()
    (obstacle,) = record_undo.show_taking_back(file.id).obstacles[:1]
    assert (obstacle.kind, obstacle.row_id) == ("entry", entry.id)
    entries.undo_entry(entry.id, now=clock.now(), actor=ME)
    db.session.commit()
    assert (sum_gifts(), entry.state) == (5000, "suspense")
    assert count(Correction) == 0
    assert record_undo.show_taking_back(file.id).obstacles == ()
    assert join_all() == 1


def test_all_rows_are_other_money(database: Flask) -> None:
    """A person says once for the whole file that its money is not what is here already."""
    test_the_move_after_the_bank(database, "2026-10-05")
    text = TABLE + b"Jan Lis;2026-10-05;50;\n"
    bring(text, Answers(currency="PLN", system="other"))
    assert count(Gift) == 2
    bring(text + b"\n", Answers(currency="PLN", system="third", same_money="another"))
    assert count(Gift) == 4


def test_the_move_beyond_three_days(database: Flask) -> None:
    """Four days apart it is another gift."""
    bring(b"Name;Date;Amount\nAnna Kowalska;2026-10-05;50\n", Answers(currency="PLN", system="old"))
    bring(b"Name;Date;Amount\nAnna Kowalska;2026-10-09;50\n", Answers(currency="PLN", system="new"))
    assert sum_gifts() == 10000


@pytest.mark.parametrize("day", [5, 12, 31])
@pytest.mark.parametrize("month_day", ["first", "last"])
def test_the_bank_after_money_of_a_month(
    database: Flask, day: int, month_day: Literal["first", "last"]
) -> None:
    """A gift that stood below a month is the payment of any day of it, whatever day was chosen for it."""
    table = f"Name;IBAN;08.2026;09.2026\nAnna Kowalska;{ANNA};50;50\n".encode()
    bring(table, Answers(currency="PLN", month_day=month_day))
    open_account("auto")
    send(camt([Paid(date(2026, 8, day), 5000, ref="R1", text="darowizna")]))
    match()
    assert (sum_gifts(), count(Gift)) == (10000, 2)
    assert join_all() == 1
    assert (sum_gifts(), count(Gift)) == (10000, 2)


def test_undo_leaves_the_banks_gift(database: Flask) -> None:
    """Taking the move away leaves the gift of the bank that its row was."""
    test_the_move_after_the_bank(database, "2026-10-05")
    file_id = db.session.scalar(select(func.max(ImportFile.id)))
    assert file_id is not None
    view = record_undo.show_taking_back(file_id)
    assert len(view.gift_ids) == 1


def bring_month(amount: str) -> None:
    table = f"Name;IBAN;08.2026;09.2026\nAnna Kowalska;{ANNA};{amount};50\n".encode()
    bring(table, Answers(currency="PLN", month_day="last"))


def test_parts_of_a_month_wait_for_a_person(database: Flask) -> None:
    """The sum of a month that the bank had in two payments is not counted twice: each waits, naming the gift;
    a person who takes the sum out lets both be gifts, and every total is as it was."""
    bring_month("100")
    open_account("auto")
    paid = [Paid(date(2026, 8, day), 5000, ref=f"R{day}", text="darowizna") for day in (4, 18)]
    send(camt([*paid, Paid(date(2026, 9, 4), 5000, ref="R3", text="darowizna")]))
    match()
    assert (sum_gifts(), count(Gift)) == (15000, 2)
    waiting = db.session.scalars(select(Entry).where(Entry.state == "suspense")).all()
    assert [entry.booked_on.day for entry in waiting] == [4, 18, 4]
    assert join_all() == 1  # September's is the gift of September; a part of August is not all of it
    donor_id = db.session.scalars(select(Gift.donor_id)).first()
    assert donor_id is not None
    with pytest.raises(Conflict) as refused:
        entries.accept_shares(waiting[0].id, [Share(donor_id, 5000)], now=clock.now(), actor=ME, equal_ids=())
    db.session.rollback()
    august = db.session.scalars(select(Gift).where(Gift.amount_minor == 10000)).one()
    assert refused.value.facts["gift_ids"] == [august.id]
    gifts.correct_gift(august.id, reason="told by the bank", source_ref="x", now=clock.now(), actor=ME)
    for entry in waiting[:2]:
        entries.accept_shares(entry.id, [Share(donor_id, 5000)], now=clock.now(), actor=ME, equal_ids=())
    db.session.commit()
    left = sum_gifts() - (db.session.scalar(select(func.sum(Correction.amount_minor))) or 0)
    assert left == 15000
    assert not any(invariants.check_all(now=clock.now()).values())


@pytest.mark.parametrize(("amount", "gift_count"), [("100", 3), ("120", 4)])
def test_the_month_after_its_payments(database: Flask, amount: str, gift_count: int) -> None:
    """A cell that sums what the bank had in several payments of its month is these; another sum is a gift."""
    donor = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor=ME)
    accounts.record_accounts([(donor.id, ANNA)], source="form", now=clock.now())
    db.session.commit()
    open_account("auto")
    send(camt([Paid(date(2026, 8, day), 5000, ref=f"R{day}", text="darowizna") for day in (4, 18)]))
    match()
    for entry in db.session.scalars(select(Entry).where(Entry.state == "suspense")):
        entries.accept_shares(entry.id, [Share(donor.id, 5000)], now=clock.now(), actor=ME, equal_ids=())
    db.session.commit()
    assert (sum_gifts(), count(Gift)) == (10000, 2)
    bring_month(amount)
    assert count(Gift) == gift_count


def test_parts_of_a_gift_wait_for_a_person(database: Flask) -> None:
    """A gift of the move that the bank had in two payments about its day is not counted twice."""
    bring(TABLE.replace(b";50;", b";100;"))
    open_account("auto")
    paid = [Paid(date(2026, 10, day), minor, ref=f"R{day}") for day, minor in ((3, 6000), (5, 4000))]
    send(camt(paid))
    match()
    donor_id = db.session.scalars(select(Gift.donor_id)).one()
    for entry in db.session.scalars(select(Entry)):
        shares = [Share(donor_id, entry.amount_minor)]
        with pytest.raises(Conflict) as refused:
            entries.accept_shares(entry.id, shares, now=clock.now(), actor=ME, equal_ids=())
        assert refused.value.facts["gift_ids"] == [db.session.scalars(select(Gift.id)).one()]
        db.session.rollback()
    assert (sum_gifts(), join_all()) == (10000, 0)
    assert set(db.session.scalars(select(Entry.state))) == {"suspense"}
