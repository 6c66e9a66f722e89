"""A gift, its return, and taking both back: nothing counts that no entry explains."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Entry, Gift, ImportFile
from donorhub.services.bank import import_undo
from donorhub.services.bank.matching import entries
from donorhub.services.donors import accounts, donors
from donorhub.services.giving import gifts
from tests.services.bank.bank import ANNA, Paid, assert_sound, camt, match, open_account, send

DAY = date(2026, 10, 5)


@pytest.fixture
def gift(database: Flask) -> Gift:
    """Anna's gift, which her bank took back, both in one file and both decided by the program."""
    made = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor="user:1")
    accounts.learn_account(made.id, ANNA, now=clock.now())
    open_account("auto")
    send(
        camt(
            [
                Paid(DAY, 5000, text=made.code, end_to_end="E1"),
                Paid(date(2026, 10, 9), -5000, text="zwrot", end_to_end="E1", return_code="AM04"),
            ]
        )
    )
    match()
    found = db.session.scalars(select(Gift)).all()
    if not found:
        entry = db.session.scalars(select(Entry).where(Entry.amount_minor > 0)).one()
        entries.accept_shares(entry.id, [entries.Share(made.id, 5000)], now=clock.now(), actor="user:5")
        db.session.commit()
    gift = db.session.scalars(select(Gift)).one()
    if gifts.compute_remainder(gift).minor:
        back = db.session.scalars(select(Entry).where(Entry.amount_minor < 0)).one()
        entries.accept_return(back.id, gift.id, now=clock.now(), actor="user:5")
        db.session.commit()
    return gift


def test_undone_gift_stays_out(gift: Gift, now: datetime) -> None:
    """The gift that is undone before its return does not come back when the return is undone."""
    paid, back = db.session.scalars(select(Entry.id).order_by(Entry.booked_on)).all()
    entries.undo_entry(paid, now=now, actor="user:5")
    db.session.commit()
    entries.undo_entry(back, now=now, actor="user:5")
    db.session.commit()
    assert gifts.compute_remainder(gift).minor == 0
    assert_sound()


def test_gift_and_return_leave_together(gift: Gift, now: datetime) -> None:
    """An import that holds a gift and its return is taken back whole."""
    file_id = db.session.scalars(select(ImportFile.id)).one()
    import_undo.take_back_import(file_id, reason="x", undo_decisions=True, now=now, actor="user:5")
    db.session.commit()
    assert gifts.compute_remainder(gift).minor == 0
    assert_sound()
