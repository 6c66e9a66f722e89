"""The same money from two doors is one gift: the bank after the move, and the move after the bank."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Entry, Gift, ImportFile
from donorhub.services.bank.matching import entries
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import accounts, donors
from donorhub.services.moving import record_undo
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


def test_the_move_beyond_three_days(database: Flask) -> None:
    """Four days apart it is another gift."""
    bring(b"Name;Date;Amount\nAnna Kowalska;2026-10-05;50\n", Answers(currency="PLN", system="old"))
    bring(b"Name;Date;Amount\nAnna Kowalska;2026-10-09;50\n", Answers(currency="PLN", system="new"))
    assert sum_gifts() == 10000


def test_undo_leaves_the_banks_gift(database: Flask) -> None:
    """Taking the move away leaves the gift of the bank that its row was."""
    test_the_move_after_the_bank(database, "2026-10-05")
    file_id = db.session.scalar(select(func.max(ImportFile.id)))
    assert file_id is not None
    view = record_undo.show_taking_back(file_id)
    assert len(view.gift_ids) == 1
